use super::verdict;
use crate::clock::format_time;
use crate::resources::Level;
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;

fn pod(status: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "creationTimestamp": format_time(NOW - 3600)}, "status": status})
}

/// Level, word, a part of the reason and a part of the next step.
fn says(object: &Value, level: Level, word: &str, why: &str, next: &str) {
    let v = verdict(object, NOW);
    assert_eq!((v.level, &*v.word), (level, word), "{v:?}");
    assert!(v.why.contains(why), "{v:?}");
    assert!(v.next.contains(next), "{v:?}");
}

#[test]
fn pods_tell_what_is_wrong_and_what_to_do() {
    let waiting = |reason: &str, message: &str| {
        pod(
            json!({"phase": "Pending", "containerStatuses": [{"name": "main", "image": "r/a:1", "restartCount": 7, "ready": false,
            "state": {"waiting": {"reason": reason, "message": message}}, "lastState": {"terminated": {"exitCode": 2, "reason": "Error"}}}]}),
        )
    };
    says(&waiting("CrashLoopBackOff", ""), Level::Bad, "CrashLoopBackOff", "exit code 2, 7 restarts", "previous run");
    says(&waiting("ImagePullBackOff", "manifest unknown"), Level::Bad, "ImagePullBackOff", "r/a:1", "name and tag");
    says(&waiting("ErrImagePull", "401 Unauthorized"), Level::Bad, "ErrImagePull", "401", "pull secret");
    says(
        &waiting("CreateContainerConfigError", "secret \"db\" not found"),
        Level::Bad,
        "CreateContainerConfigError",
        "db",
        "Secret",
    );
    says(&waiting("ContainerCreating", ""), Level::Busy, "Starting", "", "");
    let memory = pod(json!({"phase": "Running", "containerStatuses": [{"name": "main", "restartCount": 1,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]}));
    says(&memory, Level::Bad, "CrashLoopBackOff", "more memory than its limit", "memory limit");
    let nowhere = pod(
        json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/3 nodes are available: 3 Insufficient cpu."}]}),
    );
    says(&nowhere, Level::Bad, "Unschedulable", "Insufficient cpu", "capacity");
    let slow = pod(json!({"phase": "Running", "startTime": format_time(NOW - 600),
        "containerStatuses": [{"name": "a", "ready": true, "state": {"running": {}}}, {"name": "b", "ready": false, "state": {"running": {}}}]}));
    says(&slow, Level::Warn, "Not ready", "1 of 2 containers are ready; not yet: b", "readiness");
    says(&pod(json!({"phase": "Succeeded"})), Level::Off, "Completed", "", "");
    says(
        &pod(json!({"phase": "Running", "containerStatuses": [{"name": "a", "ready": true}]})),
        Level::Good,
        "Running",
        "",
        "",
    );
}

#[test]
fn workloads_tell_how_far_they_are() {
    let of = |kind: &str, spec: Value, status: Value| json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"generation": 2}, "spec": spec, "status": status});
    let seen = |mut status: Value| {
        status["observedGeneration"] = json!(2);
        status
    };
    let stuck = seen(
        json!({"readyReplicas": 1, "updatedReplicas": 1, "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}),
    );
    says(&of("Deployment", json!({"replicas": 3}), stuck), Level::Bad, "Rollout stuck", "1 of 3", "undo");
    let fine = seen(json!({"replicas": 3, "readyReplicas": 3, "updatedReplicas": 3}));
    says(&of("Deployment", json!({"replicas": 3}), fine.clone()), Level::Good, "Ready", "", "");
    says(&of("Deployment", json!({"replicas": 0}), seen(json!({}))), Level::Off, "Scaled to 0", "", "");
    says(
        &of(
            "Deployment",
            json!({"replicas": 3}),
            json!({"readyReplicas": 3, "updatedReplicas": 3, "observedGeneration": 1}),
        ),
        Level::Busy,
        "Rolling out",
        "",
        "",
    );
    says(
        &of("StatefulSet", json!({"replicas": 3}), seen(json!({"readyReplicas": 2, "updatedReplicas": 3}))),
        Level::Warn,
        "Degraded",
        "2 of 3",
        "pods",
    );
    says(
        &of(
            "DaemonSet",
            json!({}),
            seen(json!({"desiredNumberScheduled": 4, "numberReady": 0, "updatedNumberScheduled": 4})),
        ),
        Level::Bad,
        "Down",
        "",
        "pods",
    );
    let quota =
        seen(json!({"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]}));
    says(&of("Deployment", json!({"replicas": 1}), quota), Level::Bad, "Cannot create pods", "quota", "quotas");
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "status": {"failed": 4, "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}});
    says(&job, Level::Bad, "Failed", "4 pods", "logs");
}

#[test]
fn the_rest_is_judged_by_what_it_says() {
    let node = |conditions: Value| json!({"apiVersion": "v1", "kind": "Node", "status": {"conditions": conditions}});
    says(
        &node(json!([{"type": "Ready", "status": "Unknown"}])),
        Level::Bad,
        "Not ready",
        "stopped reporting",
        "API server",
    );
    says(
        &node(json!([{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "True"}])),
        Level::Bad,
        "DiskPressure",
        "disk",
        "images",
    );
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"creationTimestamp": format_time(NOW - 600)},
        "spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"}});
    says(&claim, Level::Bad, "Pending", "fast", "events");
    let custom = json!({"apiVersion": "x.io/v1", "kind": "Thing", "status": {"conditions": [{"type": "Ready", "status": "False", "message": "no\u{1b}[2J way"}]}});
    says(&custom, Level::Bad, "Not ready", "no\u{fffd}[2J way", "conditions");
    let stuck = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"deletionTimestamp": format_time(NOW - 3600), "finalizers": ["a.io/b"]}});
    says(&stuck, Level::Warn, "Terminating", "a.io/b", "controller");
    says(&json!({}), Level::Good, "Present", "", "");
}
