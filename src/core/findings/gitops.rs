//! The dictionary of Argo CD and Flux: what their conditions and phases mean.

use super::cause::line;

/// What an Argo CD condition (`status.conditions[].type`) means; `None` for those that only inform.
pub fn argo_condition(kind: &str, message: &str) -> Option<(String, &'static str)> {
    let said = line(innermost(message), 120);
    Some(match kind {
        "ComparisonError" => (format!("cannot be compared: {said}"), "check path, revision and values in git"),
        "SyncError" => (format!("sync failed: {said}"), "read the result of the last operation"),
        "InvalidSpecError" => (format!("the Application is wrong: {said}"), "correct project, source or destination"),
        "UnknownError" => (format!("failed: {said}"), "read the log of the application controller"),
        "DeletionError" => (format!("cannot be deleted: {said}"), "see what its finalizer waits for"),
        "OrphanedResourceWarning" | "ExcludedResourceWarning" | "SharedResourceWarning" | "RepeatedResourceWarning" => {
            return None;
        }
        _ => (said, ""),
    })
}

/// What the message of an operation that failed means, and what to do.
pub fn argo_operation(message: &str) -> (String, &'static str) {
    (line(innermost(message), 160), "")
}

/// What a Flux `Ready=False` reason means.
pub fn flux_reason(reason: &str, message: &str) -> (String, &'static str) {
    let said = line(message, 120);
    match reason {
        "ArtifactFailed" | "SourceNotReady" | "ChartNotReady" | "HelmChartNotReady" => {
            (format!("source not usable: {said}"), "look at its GitRepository, HelmRepository or path")
        }
        "BuildFailed" => (format!("cannot be built: {said}"), "build the path locally; correct it in git"),
        "HealthCheckFailed" | "Progressing" => (format!("waits for health: {said}"), "see the workloads that it names"),
        "DependencyNotReady" => (format!("waits for a dependency: {said}"), "see the dependency first"),
        "PruneFailed" | "ReconciliationFailed" | "ApplyFailed" => {
            (format!("cannot be applied: {said}"), "correct the object that it names")
        }
        "InstallFailed" | "UpgradeFailed" | "TestFailed" | "RollbackFailed" | "UninstallFailed" => {
            (format!("Helm failed: {said}"), "read the release's history and the values")
        }
        "RetriesExceeded" | "Stalled" => (format!("gave up: {said}"), "correct it, then reconcile"),
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
    }
}
