//! A run told on the command line: what is stuck while it goes on, its stages and results at the end.

use crate::output::{Paint, Table};
use quarterdeck_core::actions::{Outcome, RunId, RunView, StageState, StepState};
use quarterdeck_core::clock::human_duration;
use quarterdeck_core::resources::Level;
use quarterdeck_core::session::Session;
use quarterdeck_core::text::clean_line;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a run is looked at: a person reads it.
const LOOK: Duration = Duration::from_millis(250);

/// Says on standard error what a run waits for, once for each thing. Does not end.
pub async fn told(session: &Session, run: RunId, plain: bool) -> Option<Outcome> {
    let paint = Paint::stderr(plain);
    let mut said = BTreeMap::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(view) = session.run_view(run) else { continue };
        for (i, step) in view.steps.iter().enumerate() {
            let stuck = step.stages.iter().find_map(|s| s.blocked.as_ref().map(|b| (s, b)));
            let Some((stage, blocked)) = stuck else { continue };
            let next = if blocked.next.is_empty() { String::new() } else { format!(". Next: {}", blocked.next) };
            let words = format!("  {}: {} waits for {}: {}{next}", i + 1, stage.title, blocked.name, blocked.why);
            if said.insert(i, words.clone()).as_ref() != Some(&words) {
                eprintln!("{}", paint.level(Level::Warn, &clean_line(&words)));
            }
        }
    }
}

fn level(state: StageState) -> (Level, &'static str) {
    match state {
        StageState::Waiting => (Level::Off, "not begun"),
        StageState::Going => (Level::Busy, "going on"),
        StageState::Done => (Level::Good, "done"),
        StageState::Failed => (Level::Bad, "failed"),
        StageState::Skipped => (Level::Off, "skipped"),
    }
}

/// The stages of each object, one line each.
pub fn stages(view: &RunView, paint: Paint) -> String {
    let mut table = Table::new(&["object", "stage", "state", "time", "usually", "seen"]);
    for step in &view.steps {
        for stage in &step.stages {
            let took = match (stage.started, stage.ended) {
                (Some(from), Some(to)) => human_duration(to - from),
                _ => String::new(),
            };
            let usual = stage.usual.map(human_duration).unwrap_or_default();
            let (level, word) = level(stage.state);
            let cells = [&step.name, &stage.title, word, &took, &usual, &stage.text];
            table.row_with(cells.iter().map(|c| clean_line(c).into_owned()).collect(), level);
        }
    }
    if table.is_empty() { String::new() } else { table.text(true, paint) }
}

/// One line an object: outcome and time.
pub fn results(outcome: &Outcome, paint: Paint) -> String {
    let mut table = Table::new(&["object", "outcome", "time", "seen"]);
    for result in &outcome.results {
        let (level, word) = match result.state {
            StepState::Waiting => (Level::Off, "not touched"),
            StepState::Accepted => (Level::Busy, "accepted"),
            StepState::Done => (Level::Good, "done"),
            StepState::Failed => (Level::Bad, "failed"),
        };
        let took = result.took.map(human_duration).unwrap_or_default();
        let text = if result.state == StepState::Waiting { "" } else { &result.text };
        let cells = [&result.object, word, &took, text];
        table.row_with(cells.iter().map(|c| clean_line(c).into_owned()).collect(), level);
    }
    table.text(true, paint)
}
