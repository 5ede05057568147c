//! Deployments, replica sets, stateful sets, daemon sets and jobs as their
//! controllers leave them: defaults, owned objects, status.

use super::pod::{default_template, fill};
use super::{names, times};
use crate::value::{int, name, namespace, owned_by};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// How many pods of a workload are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Wanted.
    pub desired: i64,
    /// There.
    pub current: i64,
    /// Of the newest template.
    pub updated: i64,
    /// Ready.
    pub ready: i64,
}

/// Fills the defaults of a deployment.
pub fn default_deployment(d: &mut Value) {
    let spec = &mut d["spec"];
    fill(spec, "replicas", 1);
    fill(
        spec,
        "strategy",
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}),
    );
    fill(spec, "revisionHistoryLimit", 10);
    fill(spec, "progressDeadlineSeconds", 600);
    default_template(&mut spec["template"]["spec"]);
}

/// Fills the defaults of a stateful set.
pub fn default_statefulset(s: &mut Value) {
    let spec = &mut s["spec"];
    fill(spec, "replicas", 1);
    fill(spec, "podManagementPolicy", "OrderedReady");
    fill(spec, "updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
    fill(spec, "revisionHistoryLimit", 10);
    fill(spec, "persistentVolumeClaimRetentionPolicy", json!({"whenDeleted": "Retain", "whenScaled": "Retain"}));
    default_template(&mut spec["template"]["spec"]);
}

/// Fills the defaults of a daemon set.
pub fn default_daemonset(d: &mut Value) {
    let spec = &mut d["spec"];
    fill(
        spec,
        "updateStrategy",
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}),
    );
    fill(spec, "revisionHistoryLimit", 10);
    default_template(&mut spec["template"]["spec"]);
}

/// Fills the defaults of a job.
pub fn default_job(j: &mut Value, uid: &str) {
    let job_name = name(j).to_owned();
    let spec = &mut j["spec"];
    fill(spec, "parallelism", 1);
    fill(spec, "completions", 1);
    fill(spec, "backoffLimit", 6);
    fill(spec, "completionMode", "NonIndexed");
    fill(spec, "suspend", false);
    fill(spec, "selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
    fill(&mut spec["template"]["spec"], "restartPolicy", "Never");
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", job_name.as_str()),
        ("controller-uid", uid),
        ("job-name", job_name.as_str()),
    ] {
        spec["template"]["metadata"]["labels"][key] = value.into();
    }
    default_template(&mut spec["template"]["spec"]);
}

/// The `pod-template-hash` of a template: changes with its content.
pub fn template_hash(template: &Value) -> String {
    names::suffix(&["template", &template.to_string()], 10)
}

/// The replica set of a deployment for one template.
pub fn replicaset(
    deployment: &Value,
    template: &Value,
    hash: &str,
    replicas: i64,
    revision: i64,
    created: Timestamp,
) -> Value {
    let rs_name = format!("{}-{hash}", name(deployment));
    let mut template = template.clone();
    let mut selector = deployment["spec"]["selector"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = hash.into();
    selector["matchLabels"]["pod-template-hash"] = hash.into();
    let desired = int(deployment, "spec.replicas");
    let mut annotations = Map::new();
    annotations.insert("deployment.kubernetes.io/desired-replicas".into(), desired.to_string().into());
    annotations
        .insert("deployment.kubernetes.io/max-replicas".into(), (desired + (desired + 3) / 4).to_string().into());
    annotations.insert("deployment.kubernetes.io/revision".into(), revision.to_string().into());
    for key in ["meta.helm.sh/release-name", "meta.helm.sh/release-namespace"] {
        if let Some(value) = crate::value::annotation(deployment, key) {
            annotations.insert(key.into(), value.into());
        }
    }
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": rs_name, "namespace": namespace(deployment),
            "uid": names::uid(&["ReplicaSet", namespace(deployment), &rs_name, crate::value::uid(deployment)]),
            "creationTimestamp": times::text(created), "generation": 1,
            "labels": template["metadata"]["labels"], "annotations": annotations,
            "ownerReferences": [owned_by(deployment)],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
        "status": {"replicas": replicas, "observedGeneration": 1},
    })
}

/// What a ControllerRevision keeps of the template of a stateful set or daemon set.
pub fn revision_data(owner: &Value) -> Value {
    let mut template = owner["spec"]["template"].clone();
    template["$patch"] = "replace".into();
    json!({"spec": {"template": template}})
}

/// The ControllerRevision of the present template of a stateful set or daemon set.
pub fn controller_revision(owner: &Value, number: i64, created: Timestamp) -> Value {
    let revision_name = format!("{}-{}", name(owner), template_hash(&owner["spec"]["template"]));
    json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision",
        "metadata": {
            "name": revision_name, "namespace": namespace(owner),
            "uid": names::uid(&["ControllerRevision", namespace(owner), &revision_name, crate::value::uid(owner)]),
            "creationTimestamp": times::text(created),
            "labels": owner["spec"]["template"]["metadata"]["labels"], "ownerReferences": [owned_by(owner)],
        },
        "data": revision_data(owner), "revision": number,
    })
}

/// The status of a replica set.
pub fn replicaset_status(current: i64, ready: i64, generation: i64) -> Value {
    let mut status = json!({"replicas": current, "observedGeneration": generation});
    if current > 0 {
        status["fullyLabeledReplicas"] = current.into();
    }
    if ready > 0 {
        status["readyReplicas"] = ready.into();
        status["availableReplicas"] = ready.into();
    }
    status
}

/// Where a roll-out stands, for the `Progressing` condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollout {
    /// Everything wanted is there.
    Complete,
    /// On its way.
    Running,
    /// Past its deadline.
    Stuck,
}

/// The status of a deployment. `changed` is when its availability changed last.
pub fn deployment_status(
    d: &Value,
    counts: Counts,
    rollout: Rollout,
    rs: &str,
    created: Timestamp,
    changed: Timestamp,
) -> Value {
    let mut status = json!({"observedGeneration": int(d, "metadata.generation").max(1)});
    if counts.current > 0 {
        status["replicas"] = counts.current.into();
    }
    if counts.updated > 0 {
        status["updatedReplicas"] = counts.updated.into();
    }
    if counts.ready > 0 {
        status["readyReplicas"] = counts.ready.into();
        status["availableReplicas"] = counts.ready.into();
    }
    let missing = counts.desired.max(counts.current) - counts.ready;
    if missing > 0 {
        status["unavailableReplicas"] = missing.into();
    }
    let tolerated = counts.desired / 4;
    let available = counts.desired - counts.ready <= tolerated;
    let (reason, message) = if available {
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let condition = |kind: &str, holds: bool, reason: &str, message: String, at: Timestamp| {
        json!({
            "type": kind, "status": if holds { "True" } else { "False" }, "reason": reason, "message": message,
            "lastUpdateTime": times::text(changed.max(at)), "lastTransitionTime": times::text(at),
        })
    };
    let progress = match rollout {
        Rollout::Complete => condition(
            "Progressing",
            true,
            "NewReplicaSetAvailable",
            format!("ReplicaSet \"{rs}\" has successfully progressed."),
            created,
        ),
        Rollout::Running => {
            condition("Progressing", true, "ReplicaSetUpdated", format!("ReplicaSet \"{rs}\" is progressing."), created)
        }
        Rollout::Stuck => condition(
            "Progressing",
            false,
            "ProgressDeadlineExceeded",
            format!("ReplicaSet \"{rs}\" has timed out progressing."),
            changed,
        ),
    };
    status["conditions"] = json!([condition("Available", available, reason, message.to_owned(), changed), progress]);
    status
}

/// The status of a stateful set.
pub fn statefulset_status(s: &Value, counts: Counts) -> Value {
    let revision = format!("{}-{}", name(s), template_hash(&s["spec"]["template"]));
    let mut status = json!({
        "observedGeneration": int(s, "metadata.generation").max(1), "replicas": counts.current,
        "availableReplicas": counts.ready, "currentRevision": revision, "updateRevision": revision, "collisionCount": 0,
    });
    for (key, n) in
        [("readyReplicas", counts.ready), ("currentReplicas", counts.current), ("updatedReplicas", counts.updated)]
    {
        if n > 0 {
            status[key] = n.into();
        }
    }
    status
}

/// The status of a daemon set.
pub fn daemonset_status(d: &Value, counts: Counts) -> Value {
    let mut status = json!({
        "observedGeneration": int(d, "metadata.generation").max(1), "currentNumberScheduled": counts.current,
        "desiredNumberScheduled": counts.desired, "numberMisscheduled": 0, "numberReady": counts.ready,
    });
    for (key, n) in [
        ("updatedNumberScheduled", counts.updated),
        ("numberAvailable", counts.ready),
        ("numberUnavailable", counts.desired - counts.ready),
    ] {
        if n > 0 {
            status[key] = n.into();
        }
    }
    status
}

/// How a job ended or goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// A pod is at work.
    Active,
    /// All completions are there.
    Complete,
    /// The backoff limit is reached, after that many pods.
    Failed(i64),
}

/// The status of a job that started then and, if it ended, took that many seconds.
pub fn job_status(state: JobState, started: Timestamp, took: i64) -> Value {
    let end = times::text(times::shift(started, took));
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({"type": kind, "status": "True", "reason": reason, "message": message,
               "lastProbeTime": end, "lastTransitionTime": end})
    };
    let start = times::text(started);
    let none = json!({});
    match state {
        JobState::Active => {
            json!({"startTime": start, "active": 1, "ready": 1, "terminating": 0, "uncountedTerminatedPods": none})
        }
        JobState::Complete => json!({
            "startTime": start, "completionTime": end, "succeeded": 1, "ready": 0, "terminating": 0, "uncountedTerminatedPods": none,
            "conditions": [
                condition("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"),
                condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods")],
        }),
        JobState::Failed(n) => json!({
            "startTime": start, "failed": n, "ready": 0, "terminating": 0, "uncountedTerminatedPods": none,
            "conditions": [
                condition("FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit"),
                condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")],
        }),
    }
}
