//! Why is a workload not ready? From its pods to the nearest thing that blocks them.

use super::Block;
use super::objects::{ContainerStatus, Pod, WarningEvent};
use crate::findings::{cause, pods};
use crate::overview::index::Index;
use crate::resources::{Kind, Meta, ObjectRef};

pub(super) fn block(
    kind: &Kind,
    meta: &Meta,
    rank: u8,
    words: impl Into<String>,
    next: &str,
    since: Option<i64>,
) -> Block {
    Block {
        object: ObjectRef::with_meta(kind.clone(), meta),
        kind: kind.kind.clone(),
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        words: words.into(),
        next: next.into(),
        since,
        rank,
        app: None,
    }
}

/// What blocks a pod: the pod itself first, then what it waits for. Empty for one that is ready or has ended well.
pub fn pod(index: &Index<'_>, kind: &Kind, pod: &Pod) -> Vec<Block> {
    let status = &pod.status;
    if status.conditions.is("Ready") || &*status.phase == "Succeeded" {
        return Vec::new();
    }
    let since = status.conditions.not("Ready").and_then(|c| c.since).or(pod.meta.created);
    if let Some(scheduled) = status.conditions.not("PodScheduled") {
        let (rank, words) = pods::unschedulable(&scheduled.message);
        let mut blocks = vec![block(kind, &pod.meta, rank, words, "", scheduled.since.or(since))];
        let claims = pod.spec.volumes.iter().filter_map(|v| v.persistent_volume_claim.as_ref());
        for claim in claims {
            let Some((kind, claim)) = index.claims.get(&(&*pod.meta.namespace, &*claim.claim_name)) else { continue };
            if &*claim.status.phase == "Bound" {
                continue;
            }
            let class = claim.spec.storage_class_name.as_deref().unwrap_or("the default class");
            let said = warning(index, &claim.meta.uid);
            let words = said.unwrap_or_else(|| format!("not bound, storage class {class}"));
            blocks.push(block(
                kind,
                &claim.meta,
                95,
                words,
                "see the claim's storage class and its provisioner",
                claim.meta.created,
            ));
        }
        if let Some(last) = blocks.last_mut().filter(|b| b.next.is_empty()) {
            last.next = "see the pod's events: the scheduler says what each node lacks".into();
        }
        blocks.extend(event(index, &pod.meta.uid, rank));
        return blocks;
    }
    let all = status.init_container_statuses.iter().map(|c| (true, c));
    let all = all.chain(status.container_statuses.iter().map(|c| (false, c)));
    let judged = all.filter(|(_, c)| !c.ready).filter_map(|(init, c)| Some((init, c, container(c)?)));
    // Of equal ones the first: init containers run before the others.
    let worst = judged.rev().max_by_key(|(_, _, (rank, _))| *rank);
    let (rank, words) = match &worst {
        Some((true, _, (rank, words))) if *rank > 20 => (*rank, format!("init container {words}")),
        Some((_, _, found)) => found.clone(),
        None if !status.reason.is_empty() => (50, cause::line(&format!("{} {}", status.reason, status.message), 100)),
        None => (10, "is not ready".to_owned()),
    };
    let words = if rank <= 10 { warning(index, &pod.meta.uid).unwrap_or(words) } else { words };
    let next = match rank {
        70 => "check the image's name, tag and pull secret",
        60..=64 => "read the log of its last run",
        66..=69 => "create or correct what it names",
        _ => "see its events and log",
    };
    let mut blocks = vec![block(kind, &pod.meta, rank, words, next, since)];
    let probed = warning(index, &pod.meta.uid).filter(|w| w.contains("probe fails"));
    if let Some((init, c, _)) = worst.filter(|_| rank > 20) {
        let mut container = block(kind, &pod.meta, rank, last_run(c, probed.as_deref()), next, since);
        container.kind = if init { "init container".into() } else { "container".into() };
        container.name = c.name.clone();
        blocks.push(container);
    }
    blocks.extend(event(index, &pod.meta.uid, rank));
    blocks
}

/// How the last run of a container ended, with what its exit code stands for (128 + n: killed by signal n).
fn last_run(c: &ContainerStatus, probe: Option<&str>) -> String {
    let ended = c.last_state.terminated.as_ref().or(c.state.terminated.as_ref());
    let Some(ended) = ended else {
        let waiting = c.state.waiting.as_ref().map(|w| (&*w.reason, cause::line(&w.message, 140)));
        let (reason, message) = waiting.unwrap_or_default();
        return format!("{reason} {message}").trim().to_owned();
    };
    let code = ended.exit_code.unwrap_or_default();
    let meaning = match code {
        _ if &*ended.reason == "OOMKilled" => "needed more memory than its limit",
        0 => "ended by itself",
        126 => "its command cannot be executed",
        127 => "its command was not found",
        134 => "aborted",
        137 => probe.unwrap_or("was killed"),
        139 => "crashed with a memory fault",
        143 => probe.unwrap_or("was told to stop"),
        _ => "",
    };
    let meaning = if meaning.is_empty() { String::new() } else { format!(" ({meaning})") };
    let said = cause::line(&ended.message, 120);
    let said = if said.is_empty() { said } else { format!(": {said}") };
    format!("last run: {}, exit {code}{meaning}{said}", ended.reason)
}

/// The latest warning about an object as the last link: what the cluster said in its own words.
fn event(index: &Index<'_>, uid: &str, rank: u8) -> Option<Block> {
    let latest = latest(index, uid)?;
    let kind = Kind::of("", "v1", "Event", "events", true);
    let words = format!("{}: {}", latest.reason, cause::line(&latest.message, 160));
    let since = latest.last_timestamp.or(latest.event_time).or(latest.meta.created);
    Some(block(&kind, &latest.meta, rank, words, "", since))
}

/// Why no pod can be created, from `ReplicaFailure` or the controller's warning: how near the root, in words, what next.
pub(super) fn creation(message: &str) -> (u8, String, &'static str) {
    let said = cause::line(message, 140);
    if let Some(quota) = cause::between(message, "exceeded quota: ", ",") {
        return (
            92,
            format!("the quota {} is used up", cause::line(quota, 60)),
            "raise the quota, or scale something down",
        );
    }
    if message.contains("failed quota:") {
        return (
            92,
            format!("the quota wants limits that it does not set: {said}"),
            "set requests and limits, or a LimitRange",
        );
    }
    if message.contains("violates PodSecurity") {
        return (91, format!("forbidden by the namespace's pod security: {said}"), "correct its securityContext");
    }
    if let Some(hook) = cause::between(message, "admission webhook \"", "\"") {
        return (
            91,
            format!("the webhook {} refuses its pods: {said}", cause::line(hook, 60)),
            "correct what it demands",
        );
    }
    if message.contains("failed calling webhook") {
        return (93, format!("a webhook does not answer: {said}"), "see the webhook's own workload");
    }
    if message.contains("serviceaccount") && message.contains("not found") {
        return (91, format!("its service account is missing: {said}"), "create the service account");
    }
    (90, format!("pods cannot be created: {said}"), "correct what the message names")
}

/// Why a container does not run; `None` for one that ended well.
fn container(c: &ContainerStatus) -> Option<(u8, String)> {
    let last = c.last_state.terminated.as_ref();
    let (rank, words) = if let Some(waiting) = &c.state.waiting {
        let oom = last.is_some_and(|l| &*l.reason == "OOMKilled");
        let reason = if oom && &*waiting.reason == "CrashLoopBackOff" { "OOMKilled" } else { &waiting.reason };
        pods::container(reason, &waiting.message, c.restart_count, last.and_then(|l| l.exit_code))
    } else if let Some(ended) = &c.state.terminated {
        if ended.exit_code == Some(0) {
            return None;
        }
        let reason = if ended.reason.is_empty() { "Error" } else { &ended.reason };
        pods::container(reason, &ended.message, c.restart_count, ended.exit_code)
    } else {
        (10, "is not ready".to_owned())
    };
    Some((rank, words))
}

fn latest<'a>(index: &Index<'a>, uid: &str) -> Option<&'a WarningEvent> {
    let all = index.warnings.get(uid).filter(|_| !uid.is_empty())?;
    all.iter().copied().max_by_key(|w| w.last_timestamp.or(w.event_time).or(w.meta.created))
}

/// The latest warning about an object, in plain words.
pub(super) fn warning(index: &Index<'_>, uid: &str) -> Option<String> {
    let latest = latest(index, uid)?;
    let text = match &*latest.reason {
        "Unhealthy" => {
            let message = cause::line(&latest.message, 200);
            let probe = message.split(" probe").next().unwrap_or("health").to_lowercase();
            let why = message.rsplit(": ").next().unwrap_or_default().to_owned();
            format!("{probe} probe fails: {why}")
        }
        _ => cause::line(&latest.message, 120),
    };
    Some(text)
}
