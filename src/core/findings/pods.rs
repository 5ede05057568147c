//! The dictionary of pods: why a pod or a container does not run, in plain words.

/// What a container's waiting or terminated reason means; how hard it blocks (higher is nearer the root).
pub fn container(reason: &str, message: &str, restarts: u32, exit_code: Option<i32>) -> (u8, String) {
    let again = if restarts > 0 { format!(", {restarts} restarts") } else { String::new() };
    match reason {
        "CrashLoopBackOff" | "Error" => {
            let exit = exit_code.map(|c| format!(" (exit {c})")).unwrap_or_default();
            (60, format!("crashes again and again{exit}{again}"))
        }
        "OOMKilled" => (62, format!("runs out of memory{again}")),
        "ImagePullBackOff" | "ErrImagePull" | "ErrImageNeverPull" | "RegistryUnavailable" => {
            (70, format!("image cannot be pulled{}", quoted_image(message)))
        }
        "InvalidImageName" | "ImageInspectError" => (70, "image name is wrong".into()),
        "CreateContainerConfigError" | "CreateContainerError" => {
            (68, format!("cannot be created: {}", super::cause::line(message, 100)))
        }
        "RunContainerError" | "StartError" | "PostStartHookError" => {
            (64, format!("cannot be started: {}", super::cause::line(message, 100)))
        }
        "DeadlineExceeded" => (50, "took longer than allowed".into()),
        "ContainerCreating" | "PodInitializing" => (20, "is being created".into()),
        "Completed" => (30, format!("ends by itself{again}")),
        "" => (10, "is not ready".into()),
        other => (40, super::cause::line(&format!("{other} {message}"), 100)),
    }
}

/// Why a pod has no node, from its `PodScheduled` condition.
pub fn unschedulable(message: &str) -> (u8, String) {
    if message.contains("PersistentVolumeClaim") || message.contains("persistentvolumeclaim") {
        return (90, "volume not bound".into());
    }
    let what = if message.contains("Insufficient cpu") {
        "no node has enough CPU"
    } else if message.contains("Insufficient memory") {
        "no node has enough memory"
    } else if message.contains("Too many pods") {
        "the nodes are full of pods"
    } else if message.contains("taint") {
        "no node tolerates it (taints)"
    } else if message.contains("affinity") || message.contains("selector") {
        "no node matches its selector or affinity"
    } else if message.contains("exceeded quota") {
        "the quota is used up"
    } else if message.contains("volume node affinity") {
        "its volume is on another node"
    } else {
        return (80, format!("no node: {}", super::cause::line(message, 100)));
    };
    (80, what.into())
}

fn quoted_image(message: &str) -> String {
    super::cause::between(message, "image \"", "\"")
        .map(|i| format!(": {}", super::cause::line(i, 80)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_volume_is_named_before_the_scheduler() {
        let (rank, words) = unschedulable("0/4 nodes are available: pod has unbound immediate PersistentVolumeClaims.");
        assert_eq!(words, "volume not bound");
        assert!(rank > container("CrashLoopBackOff", "", 4, Some(1)).0);
        assert_eq!(container("CrashLoopBackOff", "", 4, Some(1)).1, "crashes again and again (exit 1), 4 restarts");
    }
}
