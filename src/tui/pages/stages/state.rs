//! Stages as rows.

use crate::keymap::{Command, Verb};
use crate::pages::board::overview::Watched;
use crate::pages::board::{Source, column, row, wide};
use crate::pages::page::Hint;
use crate::state::{Cx, Place};
use quarterdeck_core::Result;
use quarterdeck_core::platform::Stage;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, ObjectRef};
use quarterdeck_core::store::Freshness;

/// Stages of the platform.
pub struct StageSource {
    watched: Watched,
}

impl StageSource {
    fn stage(&self, row: &RowArc) -> Option<&Stage> {
        self.watched.seen.stages.iter().find(|s| *row.meta.uid == *format!("stage/{}", s.number))
    }
}

impl Source for StageSource {
    const NAME: &'static str = "stages";
    const TITLE: &'static str = "install order of the platform, and what holds it up";
    const LEAD: &'static str = "Stage";
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { watched: Watched::open(cx)? })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 0, 8),
            column("Stage", ColumnType::Int, 0, 3),
            column("Ready", ColumnType::Ratio, 1, 5),
            column("Apps", ColumnType::Text, 2, 18),
            column("Waits for", ColumnType::Text, 2, 12),
            column("Since", ColumnType::Time, 4, 5),
            column("Why", ColumnType::Text, 3, 16),
            wide("Blocked by", ColumnType::Text, 24),
            wide("Next step", ColumnType::Text, 20),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let rows = self.watched.seen.stages.iter().map(|s| {
            let cells = vec![
                Cell::Status(s.verdict.level, s.verdict.word.clone()),
                Cell::Int(i64::from(s.number)),
                Cell::Ratio(s.ready, s.total),
                Cell::Text(s.apps.join(", ").into()),
                Cell::Text(s.waits_for.clone().unwrap_or_default()),
                s.since.map_or(Cell::None, Cell::Time),
                Cell::Text(s.verdict.why.as_str().into()),
                Cell::Text(s.blocked_by().unwrap_or_default().as_str().into()),
                Cell::Text(s.verdict.next.as_str().into()),
            ];
            row(&format!("stage/{}", s.number), "", &format!("stage {}", s.number), s.verdict.level, cells)
        });
        Some(rows.collect())
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        let Some(stage) = self.stage(row) else { return };
        match stage.waits_for.as_ref().or(stage.apps.first()) {
            Some(app) => cx.go(Place::name("app", &**app)),
            None => cx.say(Level::Off, "no app is in this stage"),
        }
    }
    fn object(&self, row: &RowArc) -> Option<ObjectRef> {
        self.stage(row).and_then(|s| s.block.as_ref()).map(|b| b.object.clone())
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Describe, "what blocks it"), Hint::new(Command::new(Verb::Go, "apps"), "apps")]
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
    fn notes(&self) -> Vec<(Level, String)> {
        let seen = &self.watched.seen;
        let mut notes = Vec::new();
        if let Some(words) = seen.stuck() {
            notes.push((Level::Bad, words));
            let stage = seen.stages.iter().find(|s| s.verdict.level >= Level::Warn);
            notes.extend(stage.and_then(Stage::blocked_by).map(|b| (Level::Bad, format!("blocked by {b}"))));
            let next = stage.map(|s| s.verdict.next.clone());
            notes.extend(next.filter(|n| !n.is_empty()).map(|n| (Level::Off, format!("next step: {n}"))));
        }
        notes.extend(self.watched.notes());
        notes
    }
    fn empty(&self) -> String {
        "no order is known: the profile gives none, and no app says what it needs".into()
    }
}
