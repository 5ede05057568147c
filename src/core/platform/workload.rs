//! A workload's readiness and what blocks it.

use super::objects::{Pod, Workload};
use super::{Block, WorkloadView, blocking};
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
    if ready >= wanted {
        if w.spec.paused {
            view.verdict = Verdict::new(Level::Off, "Paused").why("its rollout is paused");
        }
        return view;
    }
    view.blocks = blocks(index, w);
    let condition = w.status.conditions.not("Available").and_then(|c| c.since);
    let root = view.blocks.last();
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
        Level::Warn => "Degraded",
        _ => "Not ready",
    };
    let why = view.blocks.first().map_or_else(
        || {
            let failed = w.status.conditions.get("ReplicaFailure").filter(|c| &*c.status == "True");
            failed.map_or_else(|| "no pod is there".to_owned(), |c| crate::findings::cause::line(&c.message, 140))
        },
        |b| format!("{}: {}", b.name, b.words),
    );
    let next = root.map(|b| b.next.clone()).unwrap_or_else(|| "see its events: pods cannot be created".into());
    view.verdict = Verdict::new(level, word).why(why).next(next);
    view
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
        .max_by_key(|blocks| blocks.last().map(|b| b.rank))
        .unwrap_or_default()
}
