//! Defaults of the kinds that make pods.

use serde_json::{Value, json};

use super::{fill::set, pod};
use crate::storage::{KindInfo, ensure_object};

/// Fills in a workload and its pod template.
pub(super) fn defaults(kind: &KindInfo, object: &mut Value) {
    if !object["spec"].is_object() {
        return;
    }
    let spec = &mut object["spec"];
    match kind.plural.as_str() {
        "deployments" => {
            set(spec, "replicas", 1);
            set(spec, "strategy", json!({"type": "RollingUpdate"}));
            if spec["strategy"].as_object().is_some_and(serde_json::Map::is_empty) {
                spec["strategy"]["type"] = "RollingUpdate".into();
            }
            if spec["strategy"]["type"] == "RollingUpdate" {
                set(&mut spec["strategy"], "rollingUpdate", json!({}));
                set(&mut spec["strategy"]["rollingUpdate"], "maxUnavailable", "25%");
                set(&mut spec["strategy"]["rollingUpdate"], "maxSurge", "25%");
            }
            set(spec, "revisionHistoryLimit", 10);
            set(spec, "progressDeadlineSeconds", 600);
        }
        "replicasets" => set(spec, "replicas", 1),
        "statefulsets" => {
            set(spec, "replicas", 1);
            set(spec, "podManagementPolicy", "OrderedReady");
            set(spec, "updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
            set(spec, "revisionHistoryLimit", 10);
            set(spec, "persistentVolumeClaimRetentionPolicy", json!({"whenDeleted": "Retain", "whenScaled": "Retain"}));
        }
        "daemonsets" => {
            set(
                spec,
                "updateStrategy",
                json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}),
            );
            set(spec, "revisionHistoryLimit", 10);
        }
        "jobs" => job(spec),
        "cronjobs" => {
            set(spec, "concurrencyPolicy", "Allow");
            set(spec, "suspend", false);
            set(spec, "successfulJobsHistoryLimit", 3);
            set(spec, "failedJobsHistoryLimit", 1);
            let template = &mut spec["jobTemplate"]["spec"]["template"]["spec"];
            pod::spec(template);
            return;
        }
        _ => return,
    }
    pod::spec(&mut object["spec"]["template"]["spec"]);
}

fn job(spec: &mut Value) {
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        spec["completions"] = 1.into();
    }
    set(spec, "parallelism", 1);
    set(spec, "backoffLimit", 6);
    set(spec, "completionMode", "NonIndexed");
    set(spec, "suspend", false);
    set(spec, "podReplacementPolicy", "TerminatingOrFailed");
}

/// Ties a new job to its pods by its own UID.
pub(super) fn own_job(object: &mut Value) {
    let (uid, name) = (object["metadata"]["uid"].clone(), object["metadata"]["name"].clone());
    let spec = &mut object["spec"];
    if spec["manualSelector"] == true || !spec["selector"].is_null() || !spec["template"].is_object() {
        return;
    }
    spec["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    let labels = ensure_object(ensure_value(&mut spec["template"], "metadata"), "labels");
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        labels.entry(key).or_insert(value.clone());
    }
}

fn ensure_value<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    ensure_object(value, key);
    &mut value[key]
}
