//! Scheduler and kubelet: pods find a node, start, become ready, and end.
//!
//! A pod whose annotation `sim.quarterdeck.dev/state` names a state of
//! [`crate::shapes::pod_state::PodState`] ends up in it; an image with the tag
//! `missing` or `does-not-exist` cannot be pulled.

use super::cluster::{Cluster, leaving, nodes};
use crate::shapes::event::Happening;
use crate::shapes::pod::condition;
use crate::shapes::pod_state::{self, PodState};
use crate::shapes::{names, times};
use crate::table::age;
use crate::value::{annotation, at, list, name, namespace, text, uid};
use serde_json::{Value, json};

fn pod(cluster: &Cluster, ns: &str, object: &str) -> Option<Value> {
    cluster.find("v1", "Pod", ns, object)
}

/// Notices a new or a deleted pod.
pub(super) fn reconcile(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(p) = pod(cluster, ns, object) else { return };
    if leaving(&p) {
        cluster.later(900, "pod-end", ns, object);
        return;
    }
    if text(&p, "status.phase") != "Pending" || !list(&p, "status.containerStatuses").is_empty() || waits(&p) {
        return;
    }
    let nodes = nodes(&cluster.store);
    let wanted = text(&p, "spec.nodeName");
    let chosen = match nodes.len() {
        _ if !wanted.is_empty() => Some(wanted.to_owned()),
        0 => None,
        n => Some(nodes[names::number(&["node", uid(&p)], n as u64) as usize].0.clone()),
    };
    let Some(node) = chosen else {
        let message = "no nodes available to schedule pods";
        let mut scheduled = condition("PodScheduled", false, cluster.now());
        scheduled["reason"] = "Unschedulable".into();
        scheduled["message"] = message.into();
        cluster.change(&p, "kube-scheduler", |p| p["status"]["conditions"] = json!([scheduled]));
        cluster.record(
            &p,
            &Happening {
                warning: true,
                reason: "FailedScheduling",
                message: message.into(),
                source: "default-scheduler",
                count: 1,
                ..Happening::default()
            },
        );
        return;
    };
    let message = format!("Successfully assigned {ns}/{object} to {node}");
    cluster.say(&p, "default-scheduler", "Scheduled", message);
    let now = cluster.now();
    let ip = address(&p);
    let node_ip = node_ip(cluster, &node);
    cluster.change(&p, "kubelet", |p| {
        p["spec"]["nodeName"] = node.clone().into();
        pod_state::apply(p, &PodState { kind: "creating".into(), ..PodState::default() }, now, now, &node_ip, &ip);
    });
    cluster.later(1200, "pod-start", ns, object);
}

/// A pod that the scheduler could not place is tried again only when it changes.
fn waits(p: &Value) -> bool {
    list(p, "status.conditions").iter().any(|c| c["reason"] == "Unschedulable")
}

fn address(p: &Value) -> String {
    let n = names::number(&["pod ip", uid(p)], 60_000);
    format!("10.43.{}.{}", n / 250, n % 250 + 4)
}

fn node_ip(cluster: &Cluster, node: &str) -> String {
    let found = nodes(&cluster.store).into_iter().find(|n| n.0 == node);
    found.map_or_else(|| "192.0.2.11".into(), |n| n.1)
}

fn destiny(p: &Value) -> PodState {
    let kind = annotation(p, "sim.quarterdeck.dev/state").unwrap_or_default().to_owned();
    let missing = list(p, "spec.containers").iter().any(|c| {
        let image = text(c, "image");
        image.ends_with(":missing") || image.ends_with(":does-not-exist")
    });
    let message = annotation(p, "sim.quarterdeck.dev/message").unwrap_or_default().to_owned();
    let kind = if kind.is_empty() && missing { "imagepull".into() } else { kind };
    let restarts = i64::from(matches!(kind.as_str(), "crashloop" | "oom")) * 2;
    PodState { kind, message, restarts, ..PodState::default() }
}

/// The containers start.
pub(super) fn started(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(p) = pod(cluster, ns, object) else { return };
    if leaving(&p) {
        return;
    }
    let now = cluster.now();
    let fate = destiny(&p);
    let (ip, node) = (address(&p), text(&p, "spec.nodeName").to_owned());
    let node_ip = node_ip(cluster, &node);
    let first = list(&p, "spec.containers").first().cloned().unwrap_or_default();
    let (container, image) = (text(&first, "name").to_owned(), text(&first, "image").to_owned());
    let say = |reason: &'static str, warning: bool, message: String| {
        let field = format!("spec.containers{{{container}}}");
        cluster.record(&p, &Happening { warning, reason, message, source: "kubelet", host: &node, field, count: 1 });
    };
    if fate.kind == "imagepull" {
        say(
            "Failed",
            true,
            format!(
                "Failed to pull image \"{image}\": rpc error: code = NotFound desc = failed to resolve reference \"{image}\": not found"
            ),
        );
        say("BackOff", false, format!("Back-off pulling image \"{image}\""));
    } else {
        say("Pulled", false, format!("Container image \"{image}\" already present on machine"));
        say("Created", false, format!("Created container: {container}"));
        say("Started", false, format!("Started container {container}"));
    }
    if fate.kind == "crashloop" {
        say(
            "BackOff",
            true,
            format!(
                "Back-off restarting failed container {container} in pod {}_{}({})",
                name(&p),
                namespace(&p),
                uid(&p)
            ),
        );
    }
    let probed = list(&p, "spec.containers").iter().any(|c| at(c, "readinessProbe").is_object());
    let state = if fate.kind.is_empty() && probed { PodState { kind: "notready".into(), ..fate } } else { fate };
    let becoming = state.kind == "notready" && annotation(&p, "sim.quarterdeck.dev/state").is_none();
    cluster.change(&p, "kubelet", |p| pod_state::apply(p, &state, now, now, &node_ip, &ip));
    if becoming {
        cluster.later(1300, "pod-ready", ns, object);
    }
}

/// The readiness probe succeeds.
pub(super) fn became_ready(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(p) = pod(cluster, ns, object) else { return };
    if leaving(&p) {
        return;
    }
    let now = cluster.now();
    let begun = age::time(&p, "status.startTime").unwrap_or(now);
    let (ip, node_ip) = (text(&p, "status.podIP").to_owned(), text(&p, "status.hostIP").to_owned());
    cluster.change(&p, "kubelet", |p| {
        pod_state::apply(p, &PodState::default(), begun, now, &node_ip, &ip);
        for c in p["status"]["conditions"].as_array_mut().into_iter().flatten() {
            if matches!(c["type"].as_str(), Some("Ready" | "ContainersReady")) {
                c["lastTransitionTime"] = times::text(now).into();
            }
        }
    });
}

/// A deleted pod is gone.
pub(super) fn ended(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(p) = pod(cluster, ns, object) else { return };
    if leaving(&p) {
        cluster.delete(&p, Some(0));
    }
}
