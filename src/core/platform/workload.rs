//! A workload's readiness and what blocks it.

use super::objects::{Pod, Workload};
use super::{Block, WorkloadView, blocking};
use crate::findings::cause;
use crate::overview::index::Index;
use crate::resources::{Kind, Level, ObjectRef, Verdict};

/// How long a rollout may be under way before it is called broken, when nothing tells why (Kubernetes' own
/// `progressDeadlineSeconds` is 600).
const PATIENCE: i64 = 120;

/// The view of a workload at this moment.
pub fn view(index: &Index<'_>, kind: &Kind, w: &Workload, now: i64) -> WorkloadView {
    let meta = &w.head.meta;
    let daemon = kind.kind == "DaemonSet";
    let wanted = if daemon { w.status.desired_number_scheduled } else { w.spec.replicas.unwrap_or(1) };
    let ready = if daemon { w.status.number_ready } else { w.status.ready_replicas };
    let mut view = WorkloadView {
        object: ObjectRef::with_meta(kind.clone(), meta),
        uid: meta.uid.clone(),
        kind: kind.kind.clone(),
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        ready,
        wanted,
        image: w.spec.template.spec.containers.first().map(|c| c.image.clone()).unwrap_or_default(),
        since: None,
        verdict: Verdict::new(Level::Good, "Ready"),
        blocks: Vec::new(),
    };
    if wanted == 0 {
        view.verdict = Verdict::new(Level::Off, if daemon { "No nodes" } else { "Scaled to 0" });
        return view;
    }
    let stuck = w.status.conditions.not("Progressing").filter(|c| &*c.reason == "ProgressDeadlineExceeded");
    if ready >= wanted && (stuck.is_none() || w.spec.paused) {
        if w.spec.paused {
            view.verdict = Verdict::new(Level::Off, "Paused").why("its rollout is paused");
        }
        return view;
    }
    view.blocks = blocks(index, w);
    if view.blocks.is_empty() {
        view.blocks.extend(creation(index, kind, w));
    }
    let condition = w.status.conditions.not("Available").or(stuck).and_then(|c| c.since);
    let root = view.blocks.iter().rev().find(|b| b.kind != "Event");
    view.since = condition.or_else(|| view.blocks.iter().filter_map(|b| b.since).min());
    let hard = view.blocks.iter().any(|b| b.rank >= 40);
    let young = view.since.or(meta.created).is_some_and(|s| now < s + PATIENCE);
    let level = match (hard, young, ready) {
        (false, true, _) => Level::Busy,
        (_, _, 0) => Level::Bad,
        _ => Level::Warn,
    };
    let word = match level {
        Level::Busy => "Starting",
        // All pods are ready, but they are those of the revision before.
        Level::Warn if ready >= wanted => "Rollout stuck",
        Level::Warn => "Degraded",
        _ => "Not ready",
    };
    let why = match (view.blocks.first(), stuck) {
        (Some(b), _) if b.name == view.name => b.words.clone(),
        (Some(b), _) => format!("{}: {}", b.name, b.words),
        (None, Some(c)) => format!("the rollout does not go on: {}", cause::line(&c.message, 120)),
        (None, None) => "no pod is there".to_owned(),
    };
    let next = root.map(|b| b.next.clone()).filter(|n| !n.is_empty());
    let next = next.unwrap_or_else(|| "see its events".into());
    view.verdict = Verdict::new(level, word).why(why).next(next);
    view
}

/// What keeps the controller from creating pods: `ReplicaFailure` of a Deployment, else the controller's warning.
fn creation(index: &Index<'_>, kind: &Kind, w: &Workload) -> Vec<Block> {
    let meta = &w.head.meta;
    let failed = w.status.conditions.get("ReplicaFailure").filter(|c| &*c.status == "True");
    let (message, since) = match failed {
        Some(c) => (c.message.to_string(), c.since),
        None => match blocking::warning(index, &meta.uid) {
            Some(warning) => (warning, None),
            None => return Vec::new(),
        },
    };
    let (rank, words, next) = blocking::creation(&message);
    let mut found = vec![blocking::block(kind, meta, rank, words, next, since)];
    let quota = cause::between(&message, "exceeded quota: ", ",");
    let named =
        |q: &crate::platform::objects::Quota| Some(&*q.meta.name) == quota && q.meta.namespace == meta.namespace;
    if let Some((kind, q)) = index.snapshot.quotas.iter().find(|(_, q)| named(q)) {
        let full =
            q.status.hard.iter().filter_map(|(k, hard)| Some(format!("{k} {} of {hard}", q.status.used.get(k)?)));
        let words = full.collect::<Vec<_>>().join(", ");
        found.push(blocking::block(kind, &q.meta, rank, cause::line(&words, 120), next, None));
    }
    found
}

/// What blocks the workload: the chain of the pod that is nearest to a root.
fn blocks(index: &Index<'_>, w: &Workload) -> Vec<Block> {
    let selector = &w.spec.selector.match_labels;
    if selector.is_empty() {
        return Vec::new();
    }
    let pods = index.pods.get(&*w.head.meta.namespace).map(Vec::as_slice).unwrap_or_default();
    let mine = |p: &&Pod| selector.iter().all(|(k, v)| p.meta.label(k) == Some(&**v));
    pods.iter()
        .filter(|(_, p)| mine(p))
        .map(|(kind, p)| blocking::pod(index, kind, p))
        .max_by_key(|blocks| blocks.iter().map(|b| b.rank).max())
        .unwrap_or_default()
}
