//! The order in which a platform comes up, with the state of each stage and what holds it up: a profile's stages, else
//! the order that follows from what needs what.

use super::{AppView, Block};
use crate::Str;
use crate::resources::{Level, Verdict};

/// Apps that come up together, after those of the stages before.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    /// Counted from 1.
    pub number: u32,
    pub apps: Vec<Str>,
    /// Apps that are well, and all of them.
    pub ready: u32,
    pub total: u32,
    pub verdict: Verdict,
    /// The app that holds it up; it may be one of another stage that an app of this one needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<Str>,
    /// The first blocking object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

impl Stage {
    /// The first blocking object, in words: `PersistentVolumeClaim homer/data-postgres-0: storage class … not found`.
    pub fn blocked_by(&self) -> Option<String> {
        let block = self.block.as_ref()?;
        let place = if block.namespace.is_empty() { String::new() } else { format!("{}/", block.namespace) };
        Some(format!("{} {place}{}: {}", block.kind, block.name, block.words))
    }
}

/// All stages, the first first.
pub fn all(apps: &[AppView]) -> Vec<Stage> {
    let mut turns: Vec<(u32, &AppView)> = apps.iter().filter_map(|a| Some((a.stage?, a))).collect();
    if turns.is_empty() {
        turns = by_needs(apps);
    }
    turns.sort_by_key(|(turn, _)| *turn);
    let mut stages: Vec<Stage> = Vec::new();
    let mut stuck: Option<u32> = None;
    for (i, group) in turns.chunk_by(|a, b| a.0 == b.0).enumerate() {
        let stage = stage(i as u32 + 1, group, apps, stuck);
        if stage.verdict.level >= Level::Warn {
            stuck = stuck.or(Some(stage.number));
        }
        stages.push(stage);
    }
    stages
}

/// In words, when the platform does not come up: `stage 3 of 7 waits for cert-manager: …`.
pub fn stuck(stages: &[Stage]) -> Option<String> {
    let stage = stages.iter().find(|s| s.verdict.level >= Level::Warn)?;
    let app = stage.waits_for.as_ref()?;
    Some(format!("stage {} of {} waits for {app}: {}", stage.number, stages.len(), stage.verdict.why))
}

fn stage(number: u32, group: &[(u32, &AppView)], apps: &[AppView], stuck: Option<u32>) -> Stage {
    let mine: Vec<&AppView> = group.iter().map(|(_, a)| *a).collect();
    let well = |a: &&&AppView| a.verdict.level <= Level::Off || (a.verdict.level == Level::Warn && !a.holds_up());
    let ready = mine.iter().filter(well).count() as u32;
    let mut stage = Stage {
        number,
        apps: mine.iter().map(|a| a.name.clone()).collect(),
        ready,
        total: mine.len() as u32,
        verdict: Verdict::new(Level::Good, "Ready"),
        waits_for: None,
        block: None,
        since: None,
    };
    let held =
        mine.iter().filter(|a| a.holds_up()).min_by_key(|a| (std::cmp::Reverse(a.verdict.level), a.cause.is_some()));
    if let Some(app) = held {
        // What it waits for may be an app of its own stage, or of a later one that was ordered wrongly.
        let cause = app.cause.as_ref().and_then(|c| apps.iter().find(|a| a.name == *c));
        let root = cause.unwrap_or(app);
        stage.waits_for = Some(app.cause.clone().unwrap_or_else(|| app.name.clone()));
        stage.block = app.root().cloned();
        stage.since = root.since;
        let why = if cause.is_none() && app.cause.is_some() {
            "it is not installed".into()
        } else {
            root.verdict.why.clone()
        };
        let word = if stuck.is_some() { "Waits" } else { "Stuck" };
        stage.verdict = Verdict::new(app.verdict.level, word).why(why).next(app.verdict.next.clone());
        return stage;
    }
    if let Some(app) = mine.iter().find(|a| matches!(a.verdict.level, Level::Busy | Level::Unknown)) {
        // One that starts may wait for another one already.
        stage.waits_for = Some(app.cause.clone().unwrap_or_else(|| app.name.clone()));
        stage.block = app.cause.as_ref().and(app.root()).cloned();
        stage.since = app.since;
        stage.verdict = Verdict::new(Level::Busy, "Starting").why(app.verdict.why.clone());
    } else if mine.iter().all(|a| a.verdict.level == Level::Off) {
        stage.verdict = match stuck {
            Some(before) => Verdict::new(Level::Off, "Not reached").why(format!("after stage {before}")),
            None => Verdict::new(Level::Off, mine.first().map_or("Off", |a| &*a.verdict.word)),
        };
    }
    stage
}

/// Without stages in the profile: what needs nothing first, then what needs only that, and so on. Apps that neither need
/// nor are needed stand in no order.
fn by_needs(apps: &[AppView]) -> Vec<(u32, &AppView)> {
    let depth = |app: &AppView| {
        let (mut level, mut trail, mut front) = (1, vec![app.name.clone()], vec![app]);
        // A circle of needs ends where it began.
        loop {
            let next: Vec<&AppView> = front
                .iter()
                .flat_map(|a| &a.needs)
                .filter(|n| !trail.contains(n))
                .filter_map(|n| apps.iter().find(|a| a.name == *n))
                .collect();
            if next.is_empty() || level > apps.len() as u32 {
                return level;
            }
            trail.extend(front.iter().map(|a| a.name.clone()));
            front = next;
            level += 1;
        }
    };
    apps.iter().filter(|a| !a.needs.is_empty() || !a.needed_by.is_empty()).map(|a| (depth(a), a)).collect()
}
