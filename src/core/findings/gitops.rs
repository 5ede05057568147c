//! The dictionary of Argo CD and Flux: what their conditions and phases mean.

use super::cause::line;

/// What an Argo CD condition (`status.conditions[].type`) means; `None` for those that only inform.
pub fn argo_condition(kind: &str, message: &str) -> Option<(String, &'static str)> {
    let said = line(innermost(message), 120);
    let next = match kind {
        "ComparisonError" if said.contains("path does not exist") => {
            "correct spec.source.path, or add the folder in git"
        }
        "ComparisonError" if said.contains("unable to resolve") || said.contains("revision") => {
            "correct spec.source.targetRevision, or push the branch or tag"
        }
        "ComparisonError" if said.contains("authentication") || said.contains("repository not found") => {
            "check the repository's address and its credentials (a Secret with the label argocd.argoproj.io/secret-type)"
        }
        "ComparisonError" => "check path, revision and values in git",
        "SyncError" => "read the result of the last operation",
        "InvalidSpecError" if said.contains("is not permitted in project") || said.contains("do not match") => {
            "allow the source and destination in its AppProject, or choose another project"
        }
        "InvalidSpecError" => "correct project, source or destination",
        "UnknownError" => "read the log of the application controller",
        "DeletionError" => "see what its finalizer waits for",
        _ => "",
    };
    Some(match kind {
        "ComparisonError" => (format!("cannot be compared: {said}"), next),
        "SyncError" => (format!("sync failed: {said}"), next),
        "InvalidSpecError" => (format!("the Application is wrong: {said}"), next),
        "UnknownError" => (format!("failed: {said}"), next),
        "DeletionError" => (format!("cannot be deleted: {said}"), next),
        "OrphanedResourceWarning" | "ExcludedResourceWarning" | "SharedResourceWarning" | "RepeatedResourceWarning" => {
            return None;
        }
        _ => (said, next),
    })
}

/// What the message of an operation that failed means, and what to do.
pub fn argo_operation(message: &str) -> (String, &'static str) {
    let said = line(innermost(message), 160);
    if message.starts_with("ComparisonError") || message.starts_with("InvalidSpecError") {
        return (
            format!("Argo CD did not begin: {said}"),
            "correct the Application first, then refresh it and sync again",
        );
    }
    let next = match said.as_str() {
        s if s.contains("Operation terminated") => "sync again when it is wanted",
        s if s.contains("synchronization tasks are not valid") => "correct the objects that it names in git",
        s if s.contains("completed unsuccessfully") => {
            "see the objects and hooks that failed; a hook's Job or Pod has the log"
        }
        s if s.contains("Shared resource found") => "let only one Application declare the object",
        s if s.contains("another operation") => "wait for its end, or terminate it",
        s if s.contains("blocked by sync window") => "wait for the sync window of its AppProject, or change it",
        _ => "",
    };
    (said, next)
}

/// What `status.sync.status` means, in plain words with the next step.
pub fn argo_sync(status: &str, automatic: bool) -> (&'static str, &'static str) {
    match status {
        "Synced" => ("the cluster is as git declares it", ""),
        "OutOfSync" if automatic => {
            ("the cluster differs from git", "see what differs: automatic sync does not mend it")
        }
        "OutOfSync" => ("the cluster differs from git", "see what differs, then sync"),
        _ => ("Argo CD has not compared it", "see its conditions, then refresh it"),
    }
}

/// What `status.health.status` means, in plain words with the next step.
pub fn argo_health(status: &str, message: &str) -> (String, &'static str) {
    let said = line(message, 120);
    let (why, next) = match status {
        "Healthy" => ("all that it declares is healthy", ""),
        "Progressing" => ("something of it has not come up so far", "wait, or see its workloads"),
        "Degraded" => ("something of it is broken", "see its workloads and their pods"),
        "Missing" => ("something that git declares is not in the cluster", "sync it"),
        "Suspended" => ("something of it is paused", "resume what is paused"),
        _ => ("Argo CD cannot tell its health", "see its conditions; a kind of one's own needs a health check"),
    };
    (if said.is_empty() { why.to_owned() } else { format!("{why}: {said}") }, next)
}

/// What a Flux `Ready=False` reason means.
pub fn flux_reason(reason: &str, message: &str) -> (String, &'static str) {
    let said = line(message, 120);
    match reason {
        _ if said.contains("path not found") || reason == "InvalidPath" => {
            (format!("the path is not in the source: {said}"), "correct spec.path, or add the folder in git")
        }
        "ArtifactFailed" | "SourceNotReady" | "ChartNotReady" | "HelmChartNotReady" => {
            (format!("source not usable: {said}"), "look at its GitRepository, HelmRepository or path")
        }
        "GitOperationFailed"
        | "AuthenticationFailed"
        | "URLInvalid"
        | "BucketOperationFailed"
        | "OCIPullFailed"
        | "ChartPullFailed" => (
            format!("cannot be fetched: {said}"),
            "check the address, the revision and the Secret with the credentials",
        ),
        "AccessDenied" => (format!("not allowed: {said}"), "allow the reference across namespaces, or move the source"),
        "BuildFailed" => (format!("cannot be built: {said}"), "build the path locally; correct it in git"),
        "HealthCheckFailed" | "HealthCheckCanceled" | "Progressing" => {
            (format!("waits for health: {said}"), "see the workloads that it names")
        }
        "DependencyNotReady" => (format!("waits for a dependency: {said}"), "see the dependency first"),
        "PruneFailed" | "ReconciliationFailed" | "ApplyFailed" => {
            (format!("cannot be applied: {said}"), "correct the object that it names")
        }
        "InstallFailed" | "UpgradeFailed" | "TestFailed" | "RollbackFailed" | "UninstallFailed" => {
            (format!("Helm failed: {said}"), "read the release's history and the values")
        }
        "RetriesExceeded" | "Stalled" => (format!("gave up: {said}"), "correct it, then reconcile"),
        "Suspended" => (format!("suspended: {said}"), "resume it (flux-resume)"),
        _ => (said, ""),
    }
}

/// The last part of an `rpc error: code = …: desc = …` chain.
fn innermost(message: &str) -> &str {
    message.rsplit("desc = ").next().unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_path_is_told_without_the_rpc_chain() {
        let (why, next) = argo_condition("ComparisonError", "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = nowhere: app path does not exist").unwrap();
        assert_eq!(why, "cannot be compared: nowhere: app path does not exist");
        assert!(next.contains("path"));
        let (why, next) = argo_operation(
            "ComparisonError: Failed to load target state: rpc error: code = Unknown desc = nowhere: app path does not exist",
        );
        assert_eq!(why, "Argo CD did not begin: nowhere: app path does not exist");
        assert!(next.contains("Application"));
    }

    #[test]
    fn a_failed_hook_a_wrong_path_and_an_unknown_health_have_a_next_step() {
        let (_, next) = argo_operation("one or more synchronization tasks completed unsuccessfully");
        assert!(next.contains("hook"), "{next}");
        let (why, next) = flux_reason(
            "ArtifactFailed",
            "kustomization path not found: stat /tmp/x/nowhere: no such file or directory",
        );
        assert!(why.starts_with("the path is not in the source") && next.contains("spec.path"), "{why}");
        assert!(argo_health("Unknown", "").1.contains("health check"));
        assert_eq!(argo_sync("Synced", true).1, "");
        assert!(argo_sync("OutOfSync", false).1.contains("sync"));
    }
}
