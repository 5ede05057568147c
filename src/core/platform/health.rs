//! The verdict over an app: its origins, its workloads, and down to the first blocking object.

use super::origin::Origin;
use super::{Block, WorkloadView};
use crate::resources::{Level, Verdict};

/// What is the matter with an app.
pub struct Judged {
    pub verdict: Verdict,
    pub code: Option<&'static str>,
    pub since: Option<i64>,
    pub blocks: Vec<Block>,
}

/// The verdict over origins and workloads together.
pub fn judge(origins: &[Origin], workloads: &[WorkloadView], installed: bool) -> Judged {
    let good = |verdict| Judged { verdict, code: None, since: None, blocks: Vec::new() };
    if !installed {
        return good(Verdict::new(Level::Off, "Not installed"));
    }
    let worst = workloads
        .iter()
        .filter(|w| w.verdict.level > Level::Busy)
        .max_by_key(|w| (w.blocks.last().map_or(100, |b| b.rank), w.verdict.level));
    let trouble = origins.iter().find_map(|o| o.trouble.clone().map(|t| (t, o.since)));
    if let Some(root) = worst {
        let since = workloads.iter().filter(|w| w.verdict.level > Level::Busy).filter_map(|w| w.since).min();
        let all_down = workloads.iter().all(|w| w.ready == 0 || w.wanted == 0);
        let level = workloads.iter().map(|w| w.verdict.level).max().unwrap_or(Level::Bad);
        let word = if all_down && level == Level::Bad { "Down" } else { "Degraded" };
        // A pod that cannot even start holds up the rest; one that crashes is itself the trouble.
        let waits = root.blocks.first().is_some_and(|b| b.rank >= 70 || b.rank <= 20);
        let why = match root.blocks.first() {
            Some(b) if waits => format!("waits for {}: {}", b.name, b.words),
            _ => root.verdict.why.clone(),
        };
        let mut blocks = vec![Block {
            object: root.object.clone(),
            kind: root.kind.clone(),
            namespace: root.namespace.clone(),
            name: root.name.clone(),
            words: format!("{} of {} ready", root.ready, root.wanted),
            next: String::new(),
            since: root.since,
            rank: 1,
        }];
        blocks.extend(root.blocks.iter().cloned());
        let verdict = Verdict::new(level, word).why(why).next(root.verdict.next.clone());
        return Judged { verdict, code: Some("APP_DEGRADED"), since, blocks };
    }
    if let Some(((verdict, code), since)) = trouble {
        return Judged { verdict, code: Some(code), since, blocks: Vec::new() };
    }
    if origins.iter().any(|o| &*o.view.health == "Degraded") {
        let verdict = Verdict::new(Level::Bad, "Degraded")
            .why("Argo CD finds it degraded")
            .next("see the resources of the Application");
        return Judged {
            verdict,
            code: Some("APP_DEGRADED"),
            since: origins.iter().filter_map(|o| o.since).min(),
            blocks: Vec::new(),
        };
    }
    if workloads.iter().any(|w| w.verdict.level == Level::Busy)
        || origins.iter().any(|o| &*o.view.health == "Progressing")
    {
        return good(Verdict::new(Level::Busy, "Starting"));
    }
    if origins.iter().any(|o| o.view.suspended) {
        return good(Verdict::new(Level::Off, "Suspended").why("its reconciliation is suspended"));
    }
    if !workloads.is_empty() && workloads.iter().all(|w| w.verdict.level == Level::Off) {
        return good(Verdict::new(Level::Off, "Scaled to 0"));
    }
    good(Verdict::new(Level::Good, "Healthy"))
}
