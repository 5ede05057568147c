//! Pods: what `kubectl get` says in its STATUS column, why, and what to do about it.

use super::{condition, int, list, since, text};
use crate::resources::levels::word_level;
use crate::resources::{Level, Verdict};
use serde_json::Value;

pub(super) fn pod(pod: &Value, now: i64) -> Verdict {
    let phase = text(pod, "/status/phase");
    let reason = text(pod, "/status/reason");
    match (phase.as_str(), reason.as_str()) {
        ("Succeeded", _) => return Verdict::new(Level::Off, "Completed"),
        ("Failed", "Evicted") => {
            return Verdict::new(Level::Bad, "Evicted")
                .why(text(pod, "/status/message"))
                .next("look at the node's memory and disk; delete the pod when it was replaced");
        }
        _ => {}
    }
    if let Some(verdict) = unscheduled(pod, now) {
        return verdict;
    }
    for (statuses, init) in [("/status/initContainerStatuses", true), ("/status/containerStatuses", false)] {
        for status in list(pod, statuses) {
            if let Some(verdict) = container(status, init) {
                return verdict;
            }
        }
    }
    if phase == "Failed" {
        let why = text(pod, "/status/message");
        let word = if reason.is_empty() { "Failed" } else { &reason };
        return Verdict::new(Level::Bad, word).why(why).next("read the logs of the container that ended");
    }
    let all = list(pod, "/status/containerStatuses").count();
    let ready = list(pod, "/status/containerStatuses").filter(|c| c["ready"] == true).count();
    if phase == "Running" && all > 0 && ready < all {
        let waiting: Vec<&str> = list(pod, "/status/containerStatuses")
            .filter(|c| c["ready"] != true)
            .filter_map(|c| c["name"].as_str())
            .collect();
        let age = since(pod, "/status/startTime", now);
        let level = if age < 60 { Level::Busy } else { Level::Warn };
        return Verdict::new(level, "Not ready")
            .why(format!("{ready} of {all} containers are ready; not yet: {}", waiting.join(", ")))
            .next("look at the readiness probe's events and at the logs");
    }
    match phase.as_str() {
        "Running" => Verdict::new(Level::Good, "Running"),
        "Pending" => Verdict::new(Level::Busy, "Starting"),
        "" | "Unknown" => Verdict::new(Level::Unknown, "Unknown")
            .why("the node has not told how the pod is")
            .next("look at the node: its kubelet may be down"),
        other => Verdict::new(word_level(other), other),
    }
}

fn unscheduled(pod: &Value, now: i64) -> Option<Verdict> {
    let scheduled = condition(pod, "PodScheduled")?;
    if scheduled["status"] == "True" {
        return None;
    }
    let reason = text(scheduled, "/reason");
    let message = text(scheduled, "/message");
    if reason == "SchedulingGated" {
        return Some(
            Verdict::new(Level::Busy, "Gated").why("a scheduling gate holds it back").next("see spec.schedulingGates"),
        );
    }
    let age = since(pod, "/metadata/creationTimestamp", now);
    let level = if age < 30 { Level::Busy } else { Level::Bad };
    let next = if message.contains("Insufficient") {
        "free or add capacity, or lower the pod's requests"
    } else if message.contains("taint") {
        "add a toleration, or use nodes without this taint"
    } else if message.contains("affinity") || message.contains("selector") {
        "compare the node selector and affinity with the nodes' labels"
    } else if message.contains("volume") || message.contains("PersistentVolumeClaim") {
        "look at the pod's volume claims"
    } else {
        "look at the scheduler's events"
    };
    Some(Verdict::new(level, "Unschedulable").why(message).next(next))
}

fn container(status: &Value, init: bool) -> Option<Verdict> {
    let name = text(status, "/name");
    let restarts = int(status, "/restartCount");
    let what = if init { format!("init container {name}") } else { format!("container {name}") };
    if let Some(waiting) = status.pointer("/state/waiting") {
        let reason = text(waiting, "/reason");
        let message = text(waiting, "/message");
        return match reason.as_str() {
            "" | "ContainerCreating" | "PodInitializing" => None,
            "CrashLoopBackOff" => {
                let last = status.pointer("/lastState/terminated");
                let code = last.map_or(0, |t| int(t, "/exitCode"));
                let cause = last.map(|t| text(t, "/reason")).unwrap_or_default();
                let (why, next) = if cause == "OOMKilled" {
                    (
                        format!("{what} used more memory than its limit, {restarts} restarts"),
                        "raise the memory limit, or find the leak",
                    )
                } else {
                    (
                        format!("{what} ends with exit code {code}, {restarts} restarts"),
                        "read the logs of the previous run",
                    )
                };
                Some(Verdict::new(Level::Bad, "CrashLoopBackOff").why(why).next(next))
            }
            "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" | "ErrImageNeverPull" | "RegistryUnavailable" => {
                let image = text(status, "/image");
                let lower = message.to_lowercase();
                let next = if lower.contains("not found") || lower.contains("manifest unknown") {
                    "check the image's name and tag"
                } else if lower.contains("unauthorized")
                    || lower.contains("denied")
                    || lower.contains("401")
                    || lower.contains("403")
                {
                    "check the pull secret and the registry's rights"
                } else if lower.contains("toomanyrequests") || lower.contains("429") {
                    "the registry limits pulls: sign in with a pull secret, or use a mirror"
                } else if reason == "InvalidImageName" {
                    "correct the image's name"
                } else {
                    "check the image's name, the pull secret, and the node's way to the registry"
                };
                let why = if message.is_empty() {
                    format!("image {image} of {what} cannot be pulled")
                } else {
                    format!("{what}, image {image}: {message}")
                };
                Some(Verdict::new(Level::Bad, &reason).why(why).next(next))
            }
            "CreateContainerConfigError" | "CreateContainerError" => Some(
                Verdict::new(Level::Bad, &reason)
                    .why(format!("{what}: {message}"))
                    .next("look for the Secret or ConfigMap, and the key, that it names"),
            ),
            _ => Some(
                Verdict::new(word_level(&reason).max(Level::Warn), &reason)
                    .why(format!("{what}: {message}"))
                    .next("look at the pod's events"),
            ),
        };
    }
    if let Some(ended) = status.pointer("/state/terminated") {
        let (reason, code) = (text(ended, "/reason"), int(ended, "/exitCode"));
        if code != 0 {
            let word = if reason.is_empty() { "Error" } else { &reason };
            let next = if reason == "OOMKilled" {
                "raise the memory limit, or find the leak"
            } else {
                "read the container's logs"
            };
            return Some(Verdict::new(Level::Bad, word).why(format!("{what} ended with exit code {code}")).next(next));
        }
    }
    None
}
