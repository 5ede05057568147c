//! Tables as `kubectl get` asks for them: the forms, and pods in every state.

use crate::talk::{Keep, Talk, as_table, get, patch, post};
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/NS/pods";

fn pod(t: &Talk, name: &str, spec: Value, status: Value) {
    let mut whole = json!({"nodeName": "berth-1", "automountServiceAccountToken": false,
        "containers": [{"name": "web", "image": "web:1"}]});
    for (key, value) in spec.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    t.quietly(post(PODS, json!({"metadata": {"name": name, "labels": {"app": "web"}}, "spec": whole})));
    if !status.is_null() {
        t.quietly(patch("merge", &format!("{PODS}/{name}/status"), json!({ "status": status })));
    }
}

fn container(name: &str, ready: bool, restarts: u32, state: Value) -> Value {
    json!({"name": name, "image": "web:1", "imageID": "", "ready": ready, "restartCount": restarts, "state": state})
}

/// One row for each way in which a pod can be.
pub fn talk(t: &mut Talk) {
    // Help texts are long and nobody shows them: names, types and cells are what counts.
    let columns = Keep::Only(&[
        "/kind",
        "/apiVersion",
        "/metadata",
        "/columnDefinitions/*/name",
        "/columnDefinitions/*/type",
        "/columnDefinitions/*/format",
        "/columnDefinitions/*/priority",
        "/rows/*/cells",
        "/rows/*/object/kind",
        "/rows/*/object/metadata/name",
    ]);
    t.ask_for("an empty table", as_table(get(PODS)), columns);
    let running = json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}});
    let waiting = |reason: &str| json!({"waiting": {"reason": reason}});
    let ended = |reason: &str, code: i32| json!({"terminated": {"reason": reason, "exitCode": code}});
    let ready = json!([{"type": "Ready", "status": "True"}]);
    pod(t, "pending", json!({"nodeName": null}), Value::Null);
    pod(
        t,
        "running",
        json!({}),
        json!({"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}],
        "conditions": ready, "containerStatuses": [container("web", true, 0, running.clone())]}),
    );
    let restarted =
        json!({"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-01-01T00:00:00Z"}});
    let mut crashing = container("web", false, 7, waiting("CrashLoopBackOff"));
    crashing["lastState"] = restarted;
    t.quietly(post(
        PODS,
        json!({"metadata": {"name": "crashing"}, "spec": {"nodeName": "berth-1",
        "automountServiceAccountToken": false, "containers": [{"name": "web", "image": "web:1"}]}}),
    ));
    t.quietly(patch(
        "merge",
        &format!("{PODS}/crashing/status"),
        json!({"status": {"phase": "Running",
        "containerStatuses": [crashing]}}),
    ));
    pod(
        t,
        "image",
        json!({}),
        json!({"phase": "Pending", "containerStatuses": [container("web", false, 0, waiting("ImagePullBackOff"))]}),
    );
    pod(
        t,
        "creating",
        json!({}),
        json!({"phase": "Pending", "containerStatuses": [container("web", false, 0, waiting("ContainerCreating"))]}),
    );
    pod(
        t,
        "done",
        json!({}),
        json!({"phase": "Succeeded", "containerStatuses": [container("web", false, 0, ended("Completed", 0))]}),
    );
    pod(
        t,
        "failed",
        json!({}),
        json!({"phase": "Failed", "containerStatuses": [container("web", false, 1, ended("Error", 3))]}),
    );
    pod(
        t,
        "signal",
        json!({}),
        json!({"phase": "Failed", "containerStatuses": [
        container("web", false, 0, json!({"terminated": {"exitCode": 0, "signal": 9}}))]}),
    );
    pod(
        t,
        "code",
        json!({}),
        json!({"phase": "Failed", "containerStatuses": [
        container("web", false, 0, json!({"terminated": {"exitCode": 4}}))]}),
    );
    pod(t, "evicted", json!({}), json!({"phase": "Failed", "reason": "Evicted", "message": "no room"}));
    let two = json!({"containers": [{"name": "web", "image": "web:1"}, {"name": "proxy", "image": "proxy:1"}]});
    pod(
        t,
        "half",
        two.clone(),
        json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [container("web", true, 0, running.clone()), container("proxy", false, 2, ended("Error", 1))]}),
    );
    pod(
        t,
        "notready",
        two,
        json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [container("web", true, 0, running.clone()), container("proxy", false, 0, ended("Completed", 0))]}),
    );
    let init = json!({"initContainers": [{"name": "one", "image": "i:1"}, {"name": "two", "image": "i:1"}]});
    pod(
        t,
        "init",
        init.clone(),
        json!({"phase": "Pending", "initContainerStatuses": [
        container("one", true, 0, ended("Completed", 0)), container("two", false, 0, running.clone())],
        "containerStatuses": [container("web", false, 0, waiting("PodInitializing"))]}),
    );
    pod(
        t,
        "initerror",
        init.clone(),
        json!({"phase": "Pending", "initContainerStatuses": [
        container("one", false, 2, ended("Error", 1)), container("two", false, 0, waiting("PodInitializing"))],
        "containerStatuses": [container("web", false, 0, waiting("PodInitializing"))]}),
    );
    pod(
        t,
        "initcrash",
        init,
        json!({"phase": "Pending", "initContainerStatuses": [
        container("one", false, 3, waiting("CrashLoopBackOff")), container("two", false, 0, waiting("PodInitializing"))],
        "containerStatuses": [container("web", false, 0, waiting("PodInitializing"))]}),
    );
    let sidecar = json!({"initContainers": [{"name": "side", "image": "s:1", "restartPolicy": "Always"}]});
    let mut side = container("side", true, 1, running.clone());
    side["started"] = json!(true);
    pod(
        t,
        "sidecar",
        sidecar,
        json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
        "initContainerStatuses": [side], "containerStatuses": [container("web", true, 0, running)]}),
    );
    pod(
        t,
        "gated",
        json!({"nodeName": null, "schedulingGates": [{"name": "example.org/gate"}],
        "readinessGates": [{"conditionType": "example.org/open"}]}),
        Value::Null,
    );
    pod(t, "unknown", json!({}), json!({"phase": "Running", "reason": "NodeLost"}));
    pod(t, "nominated", json!({"nodeName": null}), json!({"nominatedNodeName": "berth-2"}));
    t.quietly(crate::talk::delete(&format!("{PODS}/unknown"), Value::Null));
    pod(t, "terminating", json!({}), json!({"phase": "Running"}));
    t.quietly(crate::talk::delete(&format!("{PODS}/terminating"), Value::Null));
    let cells = Keep::Only(&["/kind", "/apiVersion", "/rows/*/cells"]);
    t.ask_for("one pod, with its columns", as_table(get(&format!("{PODS}/running"))), columns);
    t.ask_for("every pod", as_table(get(PODS)), cells);
    let objects = Keep::Only(&[
        "/rows/0/object/kind",
        "/rows/0/object/apiVersion",
        "/rows/0/object/metadata/name",
        "/rows/0/object/spec/nodeName",
    ]);
    t.ask_for(
        "without objects",
        as_table(get(&format!("{PODS}?includeObject=None&limit=1"))),
        Keep::Only(&["/rows/0/object", "/metadata/remainingItemCount"]),
    );
    t.ask_for("with metadata", as_table(get(&format!("{PODS}?includeObject=Metadata&limit=1"))), objects);
    t.ask_for("with objects", as_table(get(&format!("{PODS}?includeObject=Object&limit=1"))), objects);
    t.ask("with something else", as_table(get(&format!("{PODS}?includeObject=Shadow"))));
    t.ask("no table of what is not there", as_table(get(&format!("{PODS}/none"))));
    let only = get(PODS).header("Accept", "application/json;as=Table;v=v2;g=meta.k8s.io");
    t.ask("no table of that version", only);
    t.watch(
        "rows as they change",
        as_table(get(&format!("{PODS}?watch=true&fieldSelector=metadata.name%3Dpending"))),
        3,
        Keep::Only(&["/type", "/object/kind", "/object/columnDefinitions/*/name", "/object/rows/*/cells"]),
        |t| {
            t.quietly(patch("merge", &format!("{PODS}/pending/status"), json!({"status": {"phase": "Running"}})));
            t.quietly(crate::talk::delete(&format!("{PODS}/pending"), json!({"gracePeriodSeconds": 0})));
        },
    );
}
