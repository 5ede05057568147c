//! Deployments and their kin, and jobs.

use super::{condition, int, text};
use crate::resources::{Level, Verdict};
use serde_json::Value;

const PODS: &str = "look at its pods";

/// Ready of wanted, when nothing else is known.
fn of(ready: i64, wanted: i64, rolling: bool) -> Verdict {
    if wanted == 0 {
        return Verdict::new(Level::Off, "Scaled to 0");
    }
    let why = format!("{ready} of {wanted} pods are ready");
    match (ready, rolling) {
        (r, false) if r >= wanted => Verdict::new(Level::Good, "Ready"),
        (_, true) => Verdict::new(Level::Busy, "Rolling out").why(why),
        (0, _) => Verdict::new(Level::Bad, "Down").why("no pod is ready").next(PODS),
        _ => Verdict::new(Level::Warn, "Degraded").why(why).next(PODS),
    }
}

/// Whether the controller has not seen the latest change yet.
fn unseen(object: &Value) -> bool {
    int(object, "/status/observedGeneration") < int(object, "/metadata/generation")
}

fn wanted(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

pub(super) fn deployment(d: &Value) -> Verdict {
    let (ready, wanted) = (int(d, "/status/readyReplicas"), wanted(d));
    if let Some(progress) = condition(d, "Progressing")
        && progress["reason"] == "ProgressDeadlineExceeded"
    {
        let why = format!(
            "the rollout is stuck: {} of {wanted} new pods are ready",
            int(d, "/status/updatedReplicas").min(ready)
        );
        return Verdict::new(Level::Bad, "Rollout stuck")
            .why(why)
            .next("look at the newest ReplicaSet's pods; undo the rollout if it was wrong");
    }
    if let Some(failure) = condition(d, "ReplicaFailure").filter(|c| c["status"] == "True") {
        return Verdict::new(Level::Bad, "Cannot create pods")
            .why(text(failure, "/message"))
            .next("look at quotas, limits and admission rules of the namespace");
    }
    if d.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        return Verdict::new(Level::Off, "Paused").why("rollouts are paused");
    }
    let updated = int(d, "/status/updatedReplicas");
    let rolling = unseen(d) || updated < wanted || int(d, "/status/replicas") > updated;
    of(ready, wanted, rolling)
}

pub(super) fn stateful_set(s: &Value) -> Verdict {
    let (ready, wanted) = (int(s, "/status/readyReplicas"), wanted(s));
    let manual = s.pointer("/spec/updateStrategy/type").is_some_and(|t| t == "OnDelete");
    let partition = int(s, "/spec/updateStrategy/rollingUpdate/partition");
    let revisions = text(s, "/status/currentRevision") != text(s, "/status/updateRevision");
    let rolling = unseen(s) || (revisions && !manual && int(s, "/status/updatedReplicas") < wanted - partition);
    let mut verdict = of(ready, wanted, rolling);
    if verdict.level == Level::Busy && ready < wanted {
        verdict = verdict.next("pods are replaced one by one; look at the one that is not ready");
    }
    verdict
}

pub(super) fn replica_set(r: &Value) -> Verdict {
    if let Some(failure) = condition(r, "ReplicaFailure").filter(|c| c["status"] == "True") {
        return Verdict::new(Level::Bad, "Cannot create pods")
            .why(text(failure, "/message"))
            .next("look at quotas, limits and admission rules of the namespace");
    }
    of(int(r, "/status/readyReplicas"), wanted(r), unseen(r))
}

pub(super) fn daemon_set(d: &Value) -> Verdict {
    let wanted = int(d, "/status/desiredNumberScheduled");
    if wanted == 0 && !unseen(d) {
        return Verdict::new(Level::Off, "No nodes").why("no node matches its selector and tolerations");
    }
    let rolling = unseen(d) || int(d, "/status/updatedNumberScheduled") < wanted;
    let manual = d.pointer("/spec/updateStrategy/type").is_some_and(|t| t == "OnDelete");
    of(int(d, "/status/numberReady"), wanted, rolling && !manual)
}

pub(super) fn job(job: &Value) -> Verdict {
    if let Some(failed) = condition(job, "Failed").filter(|c| c["status"] == "True") {
        let why = match &*text(failed, "/reason") {
            "BackoffLimitExceeded" => format!("{} pods failed, and no more are tried", int(job, "/status/failed")),
            "DeadlineExceeded" => "it ran longer than its deadline".to_owned(),
            _ => text(failed, "/message"),
        };
        return Verdict::new(Level::Bad, "Failed")
            .why(why)
            .next("read the logs of its pods; delete the job to try again");
    }
    if condition(job, "Complete").is_some_and(|c| c["status"] == "True") {
        return Verdict::new(Level::Off, "Complete");
    }
    if job.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
        return Verdict::new(Level::Off, "Suspended");
    }
    let failed = int(job, "/status/failed");
    if failed > 0 {
        return Verdict::new(Level::Warn, "Retrying")
            .why(format!("{failed} pods failed so far"))
            .next("read the logs of its pods");
    }
    Verdict::new(Level::Busy, "Running")
}

pub(super) fn cron_job(c: &Value) -> Verdict {
    if c.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
        return Verdict::new(Level::Off, "Suspended");
    }
    if c.pointer("/status/active").and_then(Value::as_array).is_some_and(|a| !a.is_empty()) {
        return Verdict::new(Level::Good, "Running");
    }
    Verdict::new(Level::Good, "Scheduled")
}
