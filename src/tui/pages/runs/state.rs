//! Runs as rows.

use crate::keymap::{Command, Verb};
use crate::pages::board::{Source, column, row};
use crate::pages::page::Hint;
use crate::state::{Cx, Place};
use quarterdeck_core::Result;
use quarterdeck_core::actions::{RunView, StageState};
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level};

/// The runs of this session.
pub struct RunsSource {
    runs: Vec<RunView>,
    read: bool,
}

fn state(run: &RunView) -> (Level, &'static str) {
    let stuck = run.steps.iter().flat_map(|s| &s.stages).any(|s| s.blocked.is_some());
    match &run.outcome {
        Some(outcome) if outcome.ok => (Level::Good, "done"),
        Some(_) => (Level::Bad, "failed"),
        None if stuck => (Level::Warn, "stuck"),
        None => (Level::Busy, "running"),
    }
}

/// What it is at, or how it ended.
fn words(run: &RunView) -> String {
    if let Some(outcome) = &run.outcome {
        return outcome.text.clone();
    }
    let going = run.steps.iter().flat_map(|s| &s.stages).filter(|s| s.state == StageState::Going);
    let waits = going.clone().find_map(|s| s.blocked.as_ref().map(|b| format!("{} waits for {}: {}", s.title, b.name, b.why)));
    let stage = going.clone().next().map(|s| format!("{}: {}", s.title, s.text));
    waits.or(stage).unwrap_or_else(|| "begins".into())
}

impl Source for RunsSource {
    const NAME: &'static str = "runs";
    const TITLE: &'static str = "what is being done now, and what was done in this session";
    const LEAD: &'static str = "Title";
    fn open(_place: &Place, _cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { runs: Vec::new(), read: false })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 0, 8),
            column("Age", ColumnType::Time, 1, 4),
            column("Title", ColumnType::Text, 0, 24),
            column("State", ColumnType::Text, 2, 20),
            column("Context", ColumnType::Text, 4, 8),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        let latest = cx.session.runs();
        if self.read && latest == self.runs {
            return None;
        }
        (self.runs, self.read) = (latest, true);
        let rows = self.runs.iter().map(|run| {
            let (level, word) = state(run);
            let cells = vec![
                Cell::Status(level, word.into()),
                Cell::Time(run.started),
                Cell::Text(run.title.as_str().into()),
                Cell::Text(words(run).as_str().into()),
                Cell::Text(run.context.as_str().into()),
            ];
            row(&run.id.to_string(), "", &run.title, level, cells)
        });
        Some(rows.collect())
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        cx.go(Place::name("run", &*row.meta.uid));
    }
    fn command(&mut self, command: &Command, row: Option<&RowArc>, cx: &mut Cx<'_>) -> bool {
        if command.verb != Verb::Stop {
            return false;
        }
        let run = row.and_then(|row| self.runs.iter().find(|r| r.id.to_string() == *row.meta.uid));
        match run {
            Some(run) if run.outcome.is_none() => {
                cx.session.cancel(run.id);
                cx.say(Level::Warn, "stopped before its next step; the journal says what was done");
            }
            Some(_) => cx.say(Level::Off, "it has ended"),
            None => {}
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Stop, "stop")]
    }
    fn empty(&self) -> String {
        "nothing was done in this session so far".into()
    }
}
