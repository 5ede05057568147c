//! Deployments and replica sets: scaling and rolling updates.

use super::cluster::{Cluster, active, leaving, ready};
use crate::shapes::names;
use crate::shapes::workload::{self, Counts, Rollout};
use crate::table::age;
use crate::value::{annotation, at, condition, int, name, text};
use serde_json::Value;

const APPS: &str = "apps/v1";

/// A template without what the deployment controller adds.
fn bare(template: &Value) -> Value {
    let mut bare = template.clone();
    if let Some(labels) = bare["metadata"]["labels"].as_object_mut() {
        labels.shift_remove("pod-template-hash");
    }
    if let Some(meta) = bare["metadata"].as_object_mut() {
        meta.retain(|_, v| !v.is_null());
    }
    bare
}

fn revision(rs: &Value) -> i64 {
    annotation(rs, "deployment.kubernetes.io/revision").and_then(|r| r.parse().ok()).unwrap_or(0)
}

/// A number or a share of the replicas.
fn share(value: &Value, replicas: i64, up: bool) -> i64 {
    match value.as_str().and_then(|s| s.strip_suffix('%')).and_then(|s| s.parse::<i64>().ok()) {
        Some(percent) => (replicas * percent + if up { 99 } else { 0 }) / 100,
        None => value.as_i64().unwrap_or(0),
    }
}

/// Brings the replica sets of a deployment towards its template and size.
pub(super) fn deployment(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(d) = cluster.find(APPS, "Deployment", ns, object).filter(|d| !leaving(d)) else { return };
    let mut sets = cluster.owned(APPS, "ReplicaSet", &d);
    sets.sort_by_key(revision);
    let template = bare(&d["spec"]["template"]);
    let desired = at(&d, "spec.replicas").as_i64().unwrap_or(1);
    let newest = sets.last().map_or(0, revision);
    let current = sets.iter().rposition(|rs| bare(&rs["spec"]["template"]) == template);
    let Some(current) = current.filter(|_| at(&d, "spec.paused") != true || newest > 0) else {
        if at(&d, "spec.paused") == true {
            return;
        }
        let next = newest + 1;
        let hash = workload::template_hash(&d["spec"]["template"]);
        let first = if sets.is_empty() { desired } else { share(&surge(&d), desired, true).max(1).min(desired) };
        let rs = workload::replicaset(&d, &d["spec"]["template"], &hash, first, next, cluster.now());
        let rs_name = name(&rs).to_owned();
        cluster.change(&d, "kube-controller-manager", |d| {
            d["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = next.to_string().into();
        });
        cluster.put(rs, "kube-controller-manager");
        cluster.say(
            &d,
            "deployment-controller",
            "ScalingReplicaSet",
            format!("Scaled up replica set {rs_name} from 0 to {first}"),
        );
        return;
    };
    let new = sets.remove(current);
    if revision(&new) < newest {
        // Back to a former template: it becomes the newest revision.
        let next = (newest + 1).to_string();
        cluster.change(&new, "kube-controller-manager", |r| {
            r["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = next.clone().into()
        });
        cluster.change(&d, "kube-controller-manager", |d| {
            d["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = next.into()
        });
    }
    if at(&d, "spec.paused") != true {
        roll(cluster, &d, &new, &sets, desired);
    }
    status(cluster, &d, &new, &sets, desired);
}

fn surge(d: &Value) -> Value {
    match at(d, "spec.strategy.rollingUpdate.maxSurge") {
        Value::Null => "25%".into(),
        given => given.clone(),
    }
}

/// One step of a rolling update: as many new pods as the surge allows, then
/// as few old ones as availability allows.
fn roll(cluster: &Cluster, d: &Value, new: &Value, old: &[Value], desired: i64) {
    let recreate = text(d, "spec.strategy.type") == "Recreate";
    let unavailable = match at(d, "spec.strategy.rollingUpdate.maxUnavailable") {
        Value::Null => share(&"25%".into(), desired, false),
        given => share(given, desired, false),
    };
    let surge = if recreate { 0 } else { share(&surge(d), desired, true) };
    let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
    let new_wanted = int(new, "spec.replicas");
    let old_wanted: i64 = old.iter().map(|r| int(r, "spec.replicas")).sum();
    let old_there: i64 = old.iter().map(|r| int(r, "status.replicas")).sum();
    let room = if recreate { if old_there > 0 { 0 } else { desired } } else { desired + surge - old_wanted };
    let target = if new_wanted > desired { desired } else { room.clamp(new_wanted.min(desired), desired) };
    if target != new_wanted {
        scale(cluster, d, new, target);
    }
    if old_wanted == 0 {
        return;
    }
    let ready_new = int(new, "status.readyReplicas");
    let ready_old: i64 = old.iter().map(|r| int(r, "status.readyReplicas")).sum();
    // Old pods that are not ready protect nothing and go first.
    let unready_old = old_wanted - ready_old.min(old_wanted);
    let mut spare =
        if recreate { old_wanted } else { (ready_new + ready_old - (desired - unavailable)).max(0) + unready_old };
    for rs in old {
        let wanted = int(rs, "spec.replicas");
        let cut = spare.min(wanted);
        if cut > 0 {
            scale(cluster, d, rs, wanted - cut);
            spare -= cut;
        }
    }
}

fn scale(cluster: &Cluster, d: &Value, rs: &Value, to: i64) {
    let from = int(rs, "spec.replicas");
    cluster.change(rs, "kube-controller-manager", |r| {
        r["spec"]["replicas"] = to.into();
        r["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] =
            int(d, "spec.replicas").to_string().into();
    });
    let direction = if to > from { "up" } else { "down" };
    cluster.say(
        d,
        "deployment-controller",
        "ScalingReplicaSet",
        format!("Scaled {direction} replica set {} from {from} to {to}", name(rs)),
    );
}

fn status(cluster: &mut Cluster, d: &Value, new: &Value, old: &[Value], desired: i64) {
    let sum = |path: &str| int(new, path) + old.iter().map(|r| int(r, path)).sum::<i64>();
    let counts = Counts {
        desired,
        current: sum("status.replicas"),
        updated: int(new, "status.replicas"),
        ready: sum("status.readyReplicas"),
    };
    let done = counts.updated == desired && counts.current == desired && counts.ready == desired;
    let now = cluster.now();
    let progressing = condition(d, "Progressing");
    let observed = int(d, "status.observedGeneration") == int(d, "metadata.generation");
    let was_complete = progressing["reason"] == "NewReplicaSetAvailable";
    // The deadline counts from the last progress, a new generation begins anew.
    let moved = !observed
        || ["replicas", "updatedReplicas", "readyReplicas"].iter().any(|k| {
            let path = format!("status.{k}");
            int(d, &path)
                != match *k {
                    "replicas" => counts.current,
                    "updatedReplicas" => counts.updated,
                    _ => counts.ready,
                }
        });
    let since = if moved { now } else { age::time(progressing, "lastUpdateTime").unwrap_or(now) };
    let deadline = at(d, "spec.progressDeadlineSeconds").as_i64().unwrap_or(600);
    let rollout = if done || (was_complete && observed) {
        Rollout::Complete
    } else if now.duration_since(since).as_secs() >= deadline {
        Rollout::Stuck
    } else {
        cluster.later(deadline * 1000 + 1000, "deployment", crate::value::namespace(d), name(d));
        Rollout::Running
    };
    let mut status = workload::deployment_status(d, counts, rollout, name(new), now, now);
    keep_times(&mut status, d, moved && rollout == Rollout::Running);
    cluster.set_status(d, "kube-controller-manager", status);
}

/// Conditions that say the same keep their times.
fn keep_times(status: &mut Value, before: &Value, progress: bool) {
    for c in status["conditions"].as_array_mut().into_iter().flatten() {
        let old = condition(before, text(c, "type"));
        if old["status"] == c["status"] {
            c["lastTransitionTime"] = old["lastTransitionTime"].clone();
            let told = old["reason"] == c["reason"] && old["message"] == c["message"];
            if told && !(progress && c["type"] == "Progressing") {
                c["lastUpdateTime"] = old["lastUpdateTime"].clone();
            }
        }
    }
}

/// Makes or removes pods until a replica set has as many as it wants.
pub(super) fn replicaset(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(rs) = cluster.find(APPS, "ReplicaSet", ns, object).filter(|r| !leaving(r)) else { return };
    let mut pods = cluster.owned("v1", "Pod", &rs);
    pods.retain(active);
    let wanted = at(&rs, "spec.replicas").as_i64().unwrap_or(1);
    let there = pods.len() as i64;
    for _ in there..wanted {
        let fresh = cluster.fresh();
        let pod_name = format!("{}-{}", name(&rs), names::suffix(&[crate::value::uid(&rs), &fresh], 5));
        cluster.spawn(&rs, &rs["spec"]["template"], pod_name, Vec::new(), true);
    }
    if there > wanted {
        // Those that are not ready first, then the youngest.
        pods.sort_by_key(|p| (ready(p), std::cmp::Reverse(text(p, "metadata.creationTimestamp").to_owned())));
        for p in pods.iter().take((there - wanted) as usize) {
            cluster.say(&rs, "replicaset-controller", "SuccessfulDelete", format!("Deleted pod: {}", name(p)));
            cluster.delete(p, None);
        }
        pods.drain(..(there - wanted) as usize);
    }
    let up = pods.iter().filter(|p| ready(p)).count() as i64;
    let status = workload::replicaset_status(wanted.min(there.max(wanted)), up, int(&rs, "metadata.generation"));
    cluster.set_status(&rs, "kube-controller-manager", status);
}
