//! How good or bad the words of Kubernetes are, and a row as a whole.

use super::{Cell, Column, Kind, Level, Meta};

/// The level of a state's word, as controllers and `kubectl get` write it. Words that nobody knows
/// are [`Level::Good`]: a custom resource's own vocabulary must not paint the screen red.
pub fn word_level(word: &str) -> Level {
    let word = word.trim();
    if let Some(rest) = word.strip_prefix("Init:") {
        // `Init:0/1` is on its way, `Init:CrashLoopBackOff` is not.
        return if rest.starts_with(|c: char| c.is_ascii_digit()) {
            Level::Busy
        } else {
            word_level(rest).max(Level::Bad)
        };
    }
    if let Some(rest) = word.strip_prefix("Signal:").or_else(|| word.strip_prefix("ExitCode:")) {
        return if rest == "0" { Level::Off } else { Level::Bad };
    }
    match word {
        "Running" | "Ready" | "True" | "Active" | "Bound" | "Available" | "Healthy" | "Synced" | "Established"
        | "Approved" | "Issued" | "Valid" | "deployed" | "Deployed" | "Normal" | "Accepted" | "Programmed"
        | "valid" | "true" => Level::Good,
        "Completed" | "Succeeded" | "Complete" | "Suspended" | "superseded" | "Disabled" | "Inactive" => Level::Off,
        "Pending" | "ContainerCreating" | "PodInitializing" | "Terminating" | "Progressing" | "Creating"
        | "Provisioning" | "Updating" | "Reconciling" | "Deploying" | "Installing" | "Upgrading" | "Waiting"
        | "processing" | "pending" | "ready" | "SuccessCriteriaMet" | "FailureTarget" | "Deleting"
        | "pending-install" | "pending-upgrade" | "pending-rollback" | "uninstalling" => Level::Busy,
        "Unknown" | "<unknown>" | "" | "<none>" => Level::Unknown,
        "OutOfSync"
        | "Warning"
        | "Released"
        | "Available,SchedulingDisabled"
        | "Ready,SchedulingDisabled"
        | "SchedulingDisabled"
        | "NearLimit"
        | "Paused" => Level::Warn,
        "Failed"
        | "Error"
        | "Lost"
        | "Degraded"
        | "Missing"
        | "NotReady"
        | "Denied"
        | "Invalid"
        | "invalid"
        | "False"
        | "false"
        | "failed"
        | "errored"
        | "expired"
        | "Expired"
        | "Evicted"
        | "OOMKilled"
        | "NodeLost"
        | "NodeAffinity"
        | "DeadlineExceeded"
        | "ContainerStatusUnknown"
        | "Unschedulable"
        | "Rejected"
        | "UnexpectedAdmissionError"
        | "StartError"
        | "ContainerCannotRun"
        | "SchedulingGated"
        | "Shutdown"
        | "OutOfcpu"
        | "OutOfmemory"
        | "OutOfpods"
        | "PreStopHookError"
        | "PostStartHookError"
        | "Stalled" => Level::Bad,
        _ if word.ends_with("BackOff") || word.starts_with("Err") || word.ends_with("Error") => Level::Bad,
        _ if word.starts_with("Failed") || word.starts_with("Invalid") || word.starts_with("NotReady") => Level::Bad,
        _ => Level::Good,
    }
}

/// The level of a row: the worst of its states, and what its numbers say.
pub fn row_level(kind: &Kind, columns: &[Column], cells: &[Cell], meta: &Meta) -> Level {
    let cell = |name: &str| columns.iter().position(|c| &*c.name == name).and_then(|i| cells.get(i));
    let int = |name: &str| match cell(name) {
        Some(Cell::Int(n)) => Some(*n),
        _ => None,
    };
    let worst = cells.iter().filter_map(|c| if let Cell::Status(level, _) = c { Some(*level) } else { None }).max();
    let ratio = match cell("Ready") {
        Some(Cell::Ratio(ready, wanted)) => Some((i64::from(*ready), i64::from(*wanted))),
        _ => None,
    };
    let level = match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => match (worst, ratio) {
            (Some(Level::Good), Some((ready, wanted))) if ready < wanted => Level::Warn,
            (worst, _) => worst.unwrap_or(Level::Unknown),
        },
        ("apps", "deployments" | "statefulsets") => of_ratio(ratio),
        ("apps", "replicasets") => of_ratio(int("Ready").zip(int("Desired"))),
        ("apps", "daemonsets") => of_ratio(int("Ready").zip(int("Desired"))),
        ("batch", "cronjobs") => match cell("Suspend") {
            Some(Cell::Status(..) | Cell::Text(_)) if cell("Suspend").is_some_and(|c| c.text(0) == "True") => {
                Level::Off
            }
            _ => Level::Good,
        },
        // Only the Type column (Normal, Warning) says how bad an event is.
        ("" | "events.k8s.io", "events") => match cell("Type") {
            Some(Cell::Status(level, _)) => *level,
            _ => Level::Good,
        },
        _ => worst.unwrap_or(Level::Good),
    };
    if meta.deleting.is_some() { level.max(Level::Busy) } else { level }
}

fn of_ratio(ratio: Option<(i64, i64)>) -> Level {
    match ratio {
        Some((_, 0)) => Level::Off,
        Some((0, _)) => Level::Bad,
        Some((ready, wanted)) if ready < wanted => Level::Warn,
        Some(_) => Level::Good,
        None => Level::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_the_level_an_operator_gives_them() {
        for (word, level) in [
            ("Running", Level::Good),
            ("CrashLoopBackOff", Level::Bad),
            ("Init:CrashLoopBackOff", Level::Bad),
            ("Init:0/2", Level::Busy),
            ("ErrImagePull", Level::Bad),
            ("CreateContainerConfigError", Level::Bad),
            ("Completed", Level::Off),
            ("Pending", Level::Busy),
            ("Ready,SchedulingDisabled", Level::Warn),
            ("NotReady,SchedulingDisabled", Level::Bad),
            ("ExitCode:0", Level::Off),
            ("Bananas", Level::Good),
        ] {
            assert_eq!(word_level(word), level, "{word}");
        }
    }
}
