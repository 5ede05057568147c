//! The status a kubelet reports for a pod in a given state.

use super::pod::condition;
use super::{names, times};
use crate::value::{list, text, uid};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What a pod is going through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodState {
    /// `running`, `notready`, `crashloop`, `oom`, `imagepull`, `configerror`, `unschedulable`,
    /// `creating`, `init`, `initcrash`, `completed`, `failed`, `evicted`; empty means `running`.
    pub kind: String,
    /// Restarts of the first container so far.
    pub restarts: i64,
    /// The kubelet's or scheduler's own words, where the state has some.
    pub message: String,
    /// Seconds since the state began (for crash loops: since the last restart). 0: since the pod began.
    pub since: i64,
    /// Exit code of the last end; 0 takes the state's usual one.
    pub exit_code: i64,
    /// Which container is affected; empty means the first.
    pub container: String,
}

/// Writes the status. `begun` is when the containers were started first.
pub fn apply(pod: &mut Value, state: &PodState, begun: Timestamp, now: Timestamp, node_ip: &str, pod_ip: &str) {
    let id = uid(pod).to_owned();
    let qos = pod["status"]["qosClass"].clone();
    let changed = if state.since > 0 { times::shift(now, -state.since).max(begun) } else { begun };
    if state.kind == "unschedulable" {
        let mut scheduled = condition("PodScheduled", false, begun);
        scheduled["reason"] = "Unschedulable".into();
        scheduled["message"] = state.message.clone().into();
        pod["status"] = json!({"phase": "Pending", "conditions": [scheduled], "qosClass": qos});
        return;
    }
    let initialized = !matches!(state.kind.as_str(), "init" | "initcrash");
    let finished = matches!(state.kind.as_str(), "completed" | "failed" | "evicted");
    let containers: Vec<Value> = list(pod, "spec.containers")
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let hit = if state.container.is_empty() { i == 0 } else { c["name"] == state.container.as_str() };
            container(c, state, hit, &id, begun, changed)
        })
        .collect();
    let init: Vec<Value> =
        list(pod, "spec.initContainers").iter().map(|c| init_container(c, state, &id, begun, changed)).collect();
    let ready = containers.iter().all(|c| c["ready"] == true) && !finished;
    let unready: Vec<&str> = containers.iter().filter(|c| c["ready"] != true).map(|c| text(c, "name")).collect();
    let readiness = |kind: &str| {
        let mut c = condition(kind, ready, changed);
        if !ready {
            let (reason, message) = match state.kind.as_str() {
                "completed" => ("PodCompleted", String::new()),
                _ => ("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" "))),
            };
            c["reason"] = reason.into();
            if !message.is_empty() {
                c["message"] = message.into();
            }
        }
        c
    };
    let mut initialized_condition = condition("Initialized", initialized, begun);
    if !initialized {
        initialized_condition["reason"] = "ContainersNotInitialized".into();
        let waiting: Vec<&str> = init.iter().filter(|c| c["ready"] != true).map(|c| text(c, "name")).collect();
        initialized_condition["message"] = format!("containers with incomplete status: [{}]", waiting.join(" ")).into();
    } else if state.kind == "completed" {
        initialized_condition["reason"] = "PodCompleted".into();
    }
    let phase = match state.kind.as_str() {
        "completed" => "Succeeded",
        "failed" | "evicted" => "Failed",
        "imagepull" | "configerror" | "creating" | "init" | "initcrash" => "Pending",
        _ => "Running",
    };
    let started = phase != "Pending" || !init.is_empty();
    let mut status = json!({
        "phase": phase,
        "conditions": [
            condition("PodReadyToStartContainers", !matches!(state.kind.as_str(), "creating" | "completed"), begun),
            initialized_condition, readiness("Ready"), readiness("ContainersReady"), condition("PodScheduled", true, begun),
        ],
        "hostIP": node_ip, "hostIPs": [{"ip": node_ip}],
        "startTime": times::text(begun),
    });
    if started && state.kind != "evicted" {
        status["podIP"] = pod_ip.into();
        status["podIPs"] = json!([{"ip": pod_ip}]);
    }
    if state.kind == "evicted" {
        status["reason"] = "Evicted".into();
        status["message"] = state.message.clone().into();
    } else {
        if !init.is_empty() {
            status["initContainerStatuses"] = init.into();
        }
        status["containerStatuses"] = containers.into();
    }
    status["qosClass"] = qos;
    pod["status"] = status;
}

fn base(container: &Value, pod_uid: &str, restarts: i64) -> Value {
    let (name, image) = (text(container, "name"), text(container, "image"));
    let full = match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) => image.to_owned(),
        Some(_) => format!("docker.io/{image}"),
        None => format!("docker.io/library/{image}"),
    };
    let repository = full.rsplit_once(':').map_or(full.as_str(), |(r, _)| r);
    json!({
        "name": name, "image": full, "imageID": format!("{repository}@sha256:{}", names::long_id(&[image])),
        "containerID": format!("containerd://{}", names::long_id(&[pod_uid, name, &restarts.to_string()])),
        "restartCount": restarts, "ready": true, "started": true, "lastState": {},
    })
}

fn ended(status: &Value, code: i64, reason: &str, from: Timestamp, to: Timestamp) -> Value {
    json!({"terminated": {
        "containerID": status["containerID"], "exitCode": code, "reason": reason,
        "startedAt": times::text(from), "finishedAt": times::text(to),
    }})
}

fn unstarted(status: &mut Value, reason: &str, message: &str) {
    status["ready"] = false.into();
    status["started"] = false.into();
    status["state"] = json!({"waiting": {"reason": reason}});
    if !message.is_empty() {
        status["state"]["waiting"]["message"] = message.into();
    }
}

fn never_ran(status: &mut Value, container: &Value) {
    status["imageID"] = "".into();
    status["image"] = container["image"].clone();
    if let Some(map) = status.as_object_mut() {
        map.shift_remove("containerID");
    }
}

fn container(c: &Value, state: &PodState, hit: bool, pod_uid: &str, begun: Timestamp, changed: Timestamp) -> Value {
    let restarts = if hit { state.restarts } else { 0 };
    let mut s = base(c, pod_uid, restarts);
    let running_since = if restarts > 0 { changed.max(begun) } else { begun };
    let code = |usual: i64| if state.exit_code == 0 { usual } else { state.exit_code };
    s["state"] = json!({"running": {"startedAt": times::text(running_since)}});
    if restarts > 0 {
        s["lastState"] = ended(&s, code(1), "Error", times::shift(changed, -30), times::shift(changed, -1));
    }
    match (state.kind.as_str(), hit) {
        ("creating" | "imagepull" | "configerror", false) | ("creating", true) => {
            never_ran(&mut s, c);
            unstarted(&mut s, "ContainerCreating", "");
        }
        ("init" | "initcrash", _) => {
            never_ran(&mut s, c);
            unstarted(&mut s, "PodInitializing", "");
        }
        ("notready", true) => s["ready"] = false.into(),
        ("crashloop", true) => {
            let message = format!(
                "back-off {} restarting failed container={} pod={}",
                if restarts >= 6 { "5m0s" } else { "1m20s" },
                text(c, "name"),
                state.message
            );
            s["lastState"] = ended(&s, code(1), "Error", times::shift(changed, -7), changed);
            unstarted(&mut s, "CrashLoopBackOff", message.trim_end_matches(" pod="));
        }
        ("oom", true) => {
            s["lastState"] = ended(&s, 137, "OOMKilled", times::shift(changed, -300), changed);
            unstarted(&mut s, "CrashLoopBackOff", "back-off 2m40s restarting failed container");
        }
        ("imagepull", true) => {
            never_ran(&mut s, c);
            let message = match state.message.as_str() {
                "" => format!("Back-off pulling image \"{}\"", text(c, "image")),
                given => given.to_owned(),
            };
            unstarted(&mut s, "ImagePullBackOff", &message);
        }
        ("configerror", true) => {
            never_ran(&mut s, c);
            unstarted(&mut s, "CreateContainerConfigError", &state.message);
        }
        ("completed", _) => finish(&mut s, 0, "Completed", begun, changed),
        ("failed", true) => finish(&mut s, code(1), "Error", begun, changed),
        ("failed", false) => finish(&mut s, 0, "Completed", begun, changed),
        _ => {}
    }
    s
}

fn finish(status: &mut Value, code: i64, reason: &str, begun: Timestamp, at: Timestamp) {
    let end = if at > begun { at } else { times::shift(begun, 8) };
    status["state"] = ended(status, code, reason, begun, end);
    status["ready"] = false.into();
    status["started"] = false.into();
}

fn init_container(c: &Value, state: &PodState, pod_uid: &str, begun: Timestamp, changed: Timestamp) -> Value {
    let mut s = base(c, pod_uid, if state.kind == "initcrash" { state.restarts } else { 0 });
    match state.kind.as_str() {
        "init" => {
            s["state"] = json!({"running": {"startedAt": times::text(begun)}});
            s["ready"] = false.into();
        }
        "initcrash" => {
            s["lastState"] = ended(&s, 1, "Error", times::shift(changed, -7), changed);
            unstarted(&mut s, "CrashLoopBackOff", "back-off 5m0s restarting failed container");
        }
        "creating" | "imagepull" => {
            never_ran(&mut s, c);
            unstarted(&mut s, "PodInitializing", "");
        }
        _ if c["restartPolicy"] == "Always" => s["state"] = json!({"running": {"startedAt": times::text(begun)}}),
        _ => {
            s["state"] = ended(&s, 0, "Completed", begun, times::shift(begun, 3));
            s["started"] = false.into();
        }
    }
    s
}
