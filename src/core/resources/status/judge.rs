//! From a kind to its rule, and the small questions that all rules ask.

use serde_json::Value;

use super::{generic, pod, workload};
use crate::resources::Verdict;

/// The verdict on an object. `now`: seconds since 1970. Kinds without a rule of their own are judged
/// by their conditions.
pub fn verdict(object: &Value, now: i64) -> Verdict {
    let group = object["apiVersion"].as_str().and_then(|v| v.split_once('/')).map_or("", |(g, _)| g);
    let verdict = match (group, object["kind"].as_str().unwrap_or("")) {
        ("", "Pod") => pod::pod(object, now),
        ("apps", "Deployment") => workload::deployment(object),
        ("apps", "StatefulSet") => workload::stateful_set(object),
        ("apps", "DaemonSet") => workload::daemon_set(object),
        ("apps", "ReplicaSet") => workload::replica_set(object),
        ("batch", "Job") => workload::job(object),
        ("batch", "CronJob") => workload::cron_job(object),
        ("", "PersistentVolumeClaim") => generic::claim(object, now),
        ("", "PersistentVolume") => generic::volume(object),
        ("", "Node") => generic::node(object),
        ("", "Namespace") => generic::namespace(object, now),
        ("", "Service") => generic::service(object, now),
        _ => generic::conditions(object),
    };
    generic::deleting(object, verdict, now)
}

/// Text of the cluster at a path, harmless and cut; empty when there is none.
pub(super) fn text(object: &Value, pointer: &str) -> String {
    crate::intern::bounded(object.pointer(pointer).and_then(Value::as_str).unwrap_or("")).into_owned()
}

pub(super) fn int(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

/// A condition by its type.
pub(super) fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").find(|c| c["type"] == name)
}

pub(super) fn list<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Seconds since a time at a path; 0 when there is none.
pub(super) fn since(object: &Value, pointer: &str, now: i64) -> i64 {
    object.pointer(pointer).and_then(Value::as_str).and_then(crate::clock::parse_time).map_or(0, |at| (now - at).max(0))
}
