//! Volumes, nodes, namespaces, services, and everything that has conditions.

use super::{condition, int, list, since, text};
use crate::clock::human_duration;
use crate::resources::levels::word_level;
use crate::resources::{Level, Verdict};
use serde_json::Value;

/// An object that has been waiting for its finalizers for long says so first.
pub(super) fn deleting(object: &Value, verdict: Verdict, now: i64) -> Verdict {
    if object.pointer("/metadata/deletionTimestamp").is_none_or(Value::is_null) {
        return verdict;
    }
    let waiting = since(object, "/metadata/deletionTimestamp", now);
    let finalizers: Vec<&str> = list(object, "/metadata/finalizers").filter_map(Value::as_str).collect();
    if finalizers.is_empty() || waiting < 120 {
        let level = if waiting > 600 { Level::Warn } else { Level::Busy };
        return Verdict::new(level, "Terminating");
    }
    let names = crate::intern::bounded(&finalizers.join(", ")).into_owned();
    Verdict::new(Level::Warn, "Terminating")
        .why(format!("for {} it has waited for: {names}", human_duration(waiting)))
        .next("look at the controller that has to remove the finalizer")
}

pub(super) fn claim(claim: &Value, now: i64) -> Verdict {
    match text(claim, "/status/phase").as_str() {
        "Bound" => Verdict::new(Level::Good, "Bound"),
        "Lost" => Verdict::new(Level::Bad, "Lost")
            .why("its volume is gone")
            .next("restore from a backup, or make a new claim"),
        _ => {
            let class = text(claim, "/spec/storageClassName");
            let age = since(claim, "/metadata/creationTimestamp", now);
            let level = if age < 60 { Level::Busy } else { Level::Bad };
            let verdict = Verdict::new(level, "Pending");
            if class.is_empty() {
                verdict
                    .why("no volume fits and it names no storage class")
                    .next("name a storage class, or mark one as the default")
            } else {
                verdict
                    .why(format!("storage class {class} has not provided a volume"))
                    .next("look at its events; with WaitForFirstConsumer it waits for a pod that uses it")
            }
        }
    }
}

pub(super) fn volume(volume: &Value) -> Verdict {
    let phase = text(volume, "/status/phase");
    match phase.as_str() {
        "Released" => Verdict::new(Level::Warn, "Released")
            .why("its claim is gone and the data is kept")
            .next("delete it, or clear spec.claimRef to use it again"),
        "Failed" => {
            Verdict::new(Level::Bad, "Failed").why(text(volume, "/status/message")).next("look at the storage provider")
        }
        "" => Verdict::new(Level::Unknown, "Unknown"),
        other => Verdict::new(word_level(other), other),
    }
}

pub(super) fn node(node: &Value) -> Verdict {
    let ready = condition(node, "Ready");
    match ready.and_then(|c| c["status"].as_str()) {
        Some("True") => {}
        Some("False") => {
            return Verdict::new(Level::Bad, "Not ready")
                .why(ready.map(|c| text(c, "/message")).unwrap_or_default())
                .next("look at the kubelet and the container runtime on the node");
        }
        _ => {
            return Verdict::new(Level::Bad, "Not ready")
                .why("the node has stopped reporting")
                .next("check that it is switched on and can reach the API server");
        }
    }
    for (pressure, what, next) in [
        ("DiskPressure", "the disk is nearly full", "remove images and logs, or enlarge the disk"),
        ("MemoryPressure", "memory is nearly used up", "look for pods without a memory limit"),
        ("PIDPressure", "there are too many processes", "look for a pod that starts processes without end"),
        ("NetworkUnavailable", "its network is not set up", "look at the network plugin's pods"),
    ] {
        if condition(node, pressure).is_some_and(|c| c["status"] == "True") {
            return Verdict::new(Level::Bad, pressure).why(what).next(next);
        }
    }
    if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        return Verdict::new(Level::Warn, "Cordoned")
            .why("no new pods are placed here")
            .next("uncordon it when the work is done");
    }
    Verdict::new(Level::Good, "Ready")
}

pub(super) fn namespace(namespace: &Value, now: i64) -> Verdict {
    if text(namespace, "/status/phase") != "Terminating" {
        return Verdict::new(Level::Good, "Active");
    }
    let waiting = since(namespace, "/metadata/deletionTimestamp", now);
    let reason = list(namespace, "/status/conditions").find(|c| c["status"] == "True").map(|c| text(c, "/message"));
    let level = if waiting > 120 { Level::Warn } else { Level::Busy };
    Verdict::new(level, "Terminating").why(reason.unwrap_or_default())
}

pub(super) fn service(service: &Value, now: i64) -> Verdict {
    if text(service, "/spec/type") != "LoadBalancer" {
        return Verdict::new(Level::Good, "Active");
    }
    if list(service, "/status/loadBalancer/ingress").next().is_some() {
        return Verdict::new(Level::Good, "Active");
    }
    let level = if since(service, "/metadata/creationTimestamp", now) < 120 { Level::Busy } else { Level::Bad };
    Verdict::new(level, "No address")
        .why("the load balancer has no address")
        .next("look at its events and at what provides load balancers here")
}

/// Any object: by `Ready` or what stands for it, else by conditions that say that something failed.
pub(super) fn conditions(object: &Value) -> Verdict {
    for name in ["Ready", "Available", "Established", "Healthy", "Accepted", "Programmed", "Synced"] {
        let Some(found) = condition(object, name) else { continue };
        let (reason, message) = (text(found, "/reason"), text(found, "/message"));
        let why = if message.is_empty() { reason } else { message };
        let stale = found
            .get("observedGeneration")
            .and_then(Value::as_i64)
            .is_some_and(|g| g < int(object, "/metadata/generation"));
        return match found["status"].as_str() {
            _ if stale => Verdict::new(Level::Busy, "Updating").why("its controller has not seen the latest change"),
            Some("True") => Verdict::new(Level::Good, name),
            Some("False") => Verdict::new(Level::Bad, &format!("Not {}", name.to_lowercase()))
                .why(why)
                .next("look at its conditions and events"),
            _ => Verdict::new(Level::Unknown, "Unknown").why(why),
        };
    }
    for name in ["Failed", "Degraded", "Stalled", "Denied"] {
        if let Some(found) = condition(object, name).filter(|c| c["status"] == "True") {
            return Verdict::new(Level::Bad, name)
                .why(text(found, "/message"))
                .next("look at its conditions and events");
        }
    }
    match text(object, "/status/phase") {
        phase if phase.is_empty() => Verdict::new(Level::Good, "Present"),
        phase => Verdict::new(word_level(&phase), &phase),
    }
}
