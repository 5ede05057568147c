//! The verdict over an app: its origins, its workloads, and down to the first blocking object.

use super::origin::{Origin, Trouble};
use super::view::Operation;
use super::{Block, WorkloadView};
use crate::resources::{Level, Verdict};

/// An origin whose trouble is this near to the root is the cause, unless a workload knows better.
const OWN_CAUSE: u8 = 70;

/// What is the matter with an app.
pub struct Judged {
    pub verdict: Verdict,
    pub code: Option<&'static str>,
    pub since: Option<i64>,
    pub blocks: Vec<Block>,
}

/// How near to the root the chain of a workload goes.
fn depth(w: &WorkloadView) -> u8 {
    w.blocks.iter().map(|b| b.rank).max().unwrap_or_default()
}

/// The verdict over origins and workloads together.
pub fn judge(origins: &[Origin], workloads: &[WorkloadView], installed: bool) -> Judged {
    let good = |verdict| Judged { verdict, code: None, since: None, blocks: Vec::new() };
    if !installed {
        return good(Verdict::new(Level::Off, "Not installed"));
    }
    let sick = workloads.iter().filter(|w| w.verdict.level > Level::Busy);
    let worst = sick.max_by_key(|w| (depth(w), w.verdict.level));
    // Of several origins the one that is nearest to the root: an Application before the release it brought.
    let trouble =
        origins.iter().rev().filter_map(|o| Some((o.trouble.as_ref()?, o.since))).max_by_key(|(t, _)| t.rank());
    match (worst, trouble) {
        (Some(w), Some((t, since))) if depth(w) < 40 && t.rank() >= OWN_CAUSE => of_origin(t, since),
        (Some(w), trouble) => of_workload(w, workloads, trouble.map(|(t, _)| t)),
        (None, Some((t, since))) => of_origin(t, since),
        (None, None) => good(fine(origins, workloads)),
    }
}

fn of_origin(trouble: &Trouble, since: Option<i64>) -> Judged {
    let since = trouble.blocks.first().and_then(|b| b.since).or(since);
    Judged { verdict: trouble.verdict.clone(), code: trouble.code, since, blocks: trouble.blocks.clone() }
}

fn of_workload(root: &WorkloadView, workloads: &[WorkloadView], trouble: Option<&Trouble>) -> Judged {
    let since = workloads.iter().filter(|w| w.verdict.level > Level::Busy).filter_map(|w| w.since).min();
    let all_down = workloads.iter().all(|w| w.ready == 0 || w.wanted == 0);
    let level = workloads.iter().map(|w| w.verdict.level).max().unwrap_or(Level::Bad);
    let word = match (all_down, level) {
        (true, Level::Bad) => "Down".into(),
        (_, Level::Warn) if root.ready >= root.wanted => root.verdict.word.clone(),
        _ => "Degraded".into(),
    };
    // A pod that cannot even start holds up the rest; one that crashes is itself the trouble.
    let waits = root.blocks.first().is_some_and(|b| b.rank >= 70 || b.rank <= 20);
    let why = match root.blocks.first() {
        Some(b) if waits && b.name != root.name => format!("waits for {}: {}", b.name, b.words),
        Some(b) if b.name == root.name => format!("{}: {}", b.name, b.words),
        _ => root.verdict.why.clone(),
    };
    // What its origin says about it comes first, unless that is only that something differs.
    let mut blocks: Vec<Block> =
        trouble.filter(|t| t.rank() >= 10).and_then(|t| t.blocks.first()).cloned().into_iter().collect();
    blocks.push(Block {
        object: root.object.clone(),
        kind: root.kind.clone(),
        namespace: root.namespace.clone(),
        name: root.name.clone(),
        words: format!("{} of {} ready", root.ready, root.wanted),
        next: root.verdict.next.clone(),
        since: root.since,
        rank: 1,
        app: None,
    });
    blocks.extend(root.blocks.iter().cloned());
    let mut verdict = Verdict::new(level, "").why(why).next(root.verdict.next.clone());
    verdict.word = word;
    Judged { verdict, code: Some("APP_DEGRADED"), since, blocks }
}

fn fine(origins: &[Origin], workloads: &[WorkloadView]) -> Verdict {
    let starting = workloads.iter().find(|w| w.verdict.level == Level::Busy);
    if starting.is_some() || origins.iter().any(|o| &*o.view.health == "Progressing" || &*o.view.sync == "Reconciling")
    {
        return Verdict::new(Level::Busy, "Starting").why(starting.map(|w| w.verdict.why.clone()).unwrap_or_default());
    }
    if origins.iter().any(|o| o.view.suspended) {
        return Verdict::new(Level::Off, "Suspended").why("its reconciliation is suspended");
    }
    if !workloads.is_empty() && workloads.iter().all(|w| w.verdict.level == Level::Off) {
        return Verdict::new(Level::Off, "Scaled to 0");
    }
    Verdict::new(Level::Good, "Healthy")
}

/// The operations of all origins, the latest first.
pub fn operations(origins: &[Origin]) -> Vec<Operation> {
    let mut all: Vec<Operation> = origins.iter().flat_map(|o| o.operations.iter().cloned()).collect();
    all.sort_by_key(|o| std::cmp::Reverse(o.at));
    all.truncate(20);
    all
}
