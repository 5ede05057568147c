//! Why is a workload not ready? From its pods to the nearest thing that blocks them.

use super::Block;
use super::objects::{ContainerStatus, Pod};
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
        return blocks;
    }
    let all = status.init_container_statuses.iter().chain(&status.container_statuses);
    let worst = all.filter(|c| !c.ready).filter_map(container).max_by_key(|(rank, _)| *rank);
    let (rank, words) = match worst {
        Some(found) => found,
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
    vec![block(kind, &pod.meta, rank, words, next, since)]
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

/// The latest warning about an object, in plain words.
fn warning(index: &Index<'_>, uid: &str) -> Option<String> {
    let all = index.warnings.get(uid)?;
    let latest = all.iter().max_by_key(|w| w.last_timestamp.or(w.event_time).or(w.meta.created))?;
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
