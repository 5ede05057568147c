//! The pod row: readiness, the one word for its state, restarts.

use super::age;
use super::columns::{AGE, Column, NAME, text, wide};
use crate::value::{at, condition, int, list, name, text as str_at};
use jiff::Timestamp;
use serde_json::Value;

/// Columns of `kubectl get pods`.
pub const COLUMNS: &[Column] = &[
    NAME,
    text("Ready"),
    text("Status"),
    text("Restarts"),
    AGE,
    wide("IP"),
    wide("Node"),
    wide("Nominated Node"),
    wide("Readiness Gates"),
];

/// Cells of one pod. The state word is the first thing that keeps it from
/// running: an init container, then the containers from last to first.
pub fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let summary = summarize(pod);
    let restarts = match summary.last_restart {
        Some(last) if summary.restarts != 0 => format!("{} ({} ago)", summary.restarts, age::since(Some(last), now)),
        _ => summary.restarts.to_string(),
    };
    let or_none = |s: &str| Value::from(if s.is_empty() { "<none>" } else { s });
    vec![
        name(pod).into(),
        format!("{}/{}", summary.ready, summary.total).into(),
        summary.reason.into(),
        restarts.into(),
        age::of(pod, now),
        or_none(list(pod, "status.podIPs").first().map_or("", |ip| str_at(ip, "ip"))),
        or_none(str_at(pod, "spec.nodeName")),
        or_none(str_at(pod, "status.nominatedNodeName")),
        gates(pod).into(),
    ]
}

struct Summary {
    ready: usize,
    total: usize,
    reason: String,
    restarts: i64,
    last_restart: Option<Timestamp>,
}

/// Init containers that stay beside the containers (sidecars) count as containers.
fn is_sidecar(pod: &Value, container: &str) -> bool {
    list(pod, "spec.initContainers").iter().any(|c| c["name"] == container && c["restartPolicy"] == "Always")
}

fn summarize(pod: &Value) -> Summary {
    let phase = str_at(pod, "status.phase");
    let mut reason = match str_at(pod, "status.reason") {
        "" => phase.to_owned(),
        given => given.to_owned(),
    };
    if condition(pod, "PodScheduled")["reason"] == "SchedulingGated" {
        reason = "SchedulingGated".into();
    }
    let init_specs = list(pod, "spec.initContainers");
    let sidecars = init_specs.iter().filter(|c| c["restartPolicy"] == "Always").count();
    let mut out = Summary {
        ready: 0,
        total: list(pod, "spec.containers").len() + sidecars,
        reason,
        restarts: 0,
        last_restart: None,
    };
    let (mut sidecar_restarts, mut sidecar_last) = (0, None);
    let mut initializing = false;
    for (i, status) in list(pod, "status.initContainerStatuses").iter().enumerate() {
        let finished = age::time(status, "lastState.terminated.finishedAt");
        out.restarts += int(status, "restartCount");
        out.last_restart = out.last_restart.max(finished);
        let sidecar = is_sidecar(pod, str_at(status, "name"));
        if sidecar {
            sidecar_restarts += int(status, "restartCount");
            sidecar_last = sidecar_last.max(finished);
        }
        let terminated = at(status, "state.terminated");
        let waiting = str_at(status, "state.waiting.reason");
        if !terminated.is_null() && int(terminated, "exitCode") == 0 {
            continue;
        }
        if sidecar && status["started"] == true {
            out.ready += usize::from(status["ready"] == true);
            continue;
        }
        out.reason = if !terminated.is_null() {
            format!("Init:{}", ended(terminated))
        } else if !waiting.is_empty() && waiting != "PodInitializing" {
            format!("Init:{waiting}")
        } else {
            format!("Init:{i}/{}", init_specs.len())
        };
        initializing = true;
        break;
    }
    if !initializing || condition(pod, "Initialized")["status"] == "True" {
        out.restarts = sidecar_restarts;
        out.last_restart = sidecar_last;
        containers(pod, &mut out);
    }
    let deleting = !at(pod, "metadata.deletionTimestamp").is_null();
    if deleting && str_at(pod, "status.reason") == "NodeLost" {
        out.reason = "Unknown".into();
    } else if deleting && !matches!(phase, "Succeeded" | "Failed") {
        out.reason = "Terminating".into();
    }
    out
}

fn containers(pod: &Value, out: &mut Summary) {
    let mut running = false;
    let mut error = String::new();
    for status in list(pod, "status.containerStatuses").iter().rev() {
        out.restarts += int(status, "restartCount");
        out.last_restart = out.last_restart.max(age::time(status, "lastState.terminated.finishedAt"));
        let waiting = str_at(status, "state.waiting.reason");
        let terminated = at(status, "state.terminated");
        if !waiting.is_empty() {
            out.reason = waiting.to_owned();
        } else if !terminated.is_null() {
            out.reason = ended(terminated);
            if int(terminated, "exitCode") != 0 {
                error = out.reason.clone();
            }
        } else if status["ready"] == true && !at(status, "state.running").is_null() {
            running = true;
            out.ready += 1;
        }
    }
    // A finished container beside running ones does not make the pod completed.
    if out.reason == "Completed" {
        if running && condition(pod, "Ready")["status"] == "True" {
            out.reason = "Running".into();
        } else if !error.is_empty() {
            out.reason = error;
        } else if running {
            out.reason = "NotReady".into();
        }
    }
}

fn ended(terminated: &Value) -> String {
    match (str_at(terminated, "reason"), int(terminated, "signal")) {
        ("", 0) => format!("ExitCode:{}", int(terminated, "exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn gates(pod: &Value) -> String {
    let gates = list(pod, "spec.readinessGates");
    if gates.is_empty() {
        return "<none>".into();
    }
    let passed = gates.iter().filter(|g| condition(pod, str_at(g, "conditionType"))["status"] == "True").count();
    format!("{passed}/{}", gates.len())
}

#[cfg(test)]
mod tests {
    use super::cells;
    use serde_json::{Value, json};

    fn row(pod: Value) -> Vec<String> {
        let now = "2026-01-01T01:00:00Z".parse().unwrap();
        cells(&pod, now).iter().map(|c| c.as_str().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_crash_loop_names_its_reason_and_the_last_restart() {
        let pod = json!({
            "metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"containers": [{}, {}], "nodeName": "n1"},
            "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}], "containerStatuses": [
                {"restartCount": 3, "ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                 "lastState": {"terminated": {"finishedAt": "2026-01-01T00:55:00Z"}}},
                {"restartCount": 0, "ready": true, "state": {"running": {}}}]},
        });
        assert_eq!(
            row(pod),
            ["a", "1/2", "CrashLoopBackOff", "3 (5m ago)", "60m", "10.0.0.1", "n1", "<none>", "<none>"]
        );
    }

    #[test]
    fn an_init_container_that_has_not_finished_hides_the_rest() {
        let pod = json!({
            "metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:59:30Z"},
            "spec": {"initContainers": [{"name": "x"}, {"name": "y"}], "containers": [{}]},
            "status": {"phase": "Pending", "initContainerStatuses": [
                {"name": "x", "state": {"terminated": {"exitCode": 0}}}, {"name": "y", "state": {"running": {}}}],
                "containerStatuses": [{"state": {"waiting": {"reason": "PodInitializing"}}}]},
        });
        assert_eq!(&row(pod)[..5], ["a", "0/1", "Init:1/2", "0", "30s"]);
    }

    #[test]
    fn a_deleted_pod_is_terminating_and_a_finished_one_completed() {
        let mut pod = json!({
            "metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:59:59Z"},
            "spec": {"containers": [{}]},
            "status": {"phase": "Running", "containerStatuses": [{"ready": true, "state": {"running": {}}}]},
        });
        assert_eq!(&row(pod.clone())[1..3], ["1/1", "Terminating"]);
        pod["status"] = json!({"phase": "Succeeded", "containerStatuses": [
            {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]});
        assert_eq!(row(pod)[2], "Completed");
    }
}
