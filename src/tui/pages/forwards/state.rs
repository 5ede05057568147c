//! Open port-forwards as rows.

use crate::keymap::{Command, Verb};
use crate::pages::board::{Source, column, row};
use crate::pages::page::Hint;
use crate::state::{Cx, Effect, Place};
use quarterdeck_core::Result;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level};
use quarterdeck_core::session::OpenForward;

/// Port-forwards that are open.
pub struct ForwardSource {
    shown: Option<Vec<OpenForward>>,
}

impl Source for ForwardSource {
    const NAME: &'static str = "forwards";
    const TITLE: &'static str = "open port-forwards";
    fn open(_place: &Place, _cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { shown: None })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 1, 8),
            column("Name", ColumnType::Text, 0, 12),
            column("Address", ColumnType::Text, 0, 22),
            column("Target", ColumnType::Text, 3, 20),
            column("Pod", ColumnType::Text, 4, 12),
            column("Open", ColumnType::Int, 5, 4),
            column("Context", ColumnType::Text, 6, 8),
            column("Why", ColumnType::Text, 2, 12),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        let latest = cx.session.forwards();
        if self.shown.as_ref() == Some(&latest) {
            return None;
        }
        let rows = latest.iter().map(|f| {
            let (level, word, why) = match (&f.state.gone, &f.state.problem) {
                (Some(pod), _) => (Level::Warn, "Waiting", format!("{pod} has gone, its successor is waited for")),
                (None, Some(problem)) => (Level::Bad, "Failing", problem.line()),
                (None, None) => (Level::Good, "Open", String::new()),
            };
            let cells = vec![
                Cell::Status(level, word.into()),
                Cell::Text(f.label.as_str().into()),
                Cell::Text(f.url.as_str().into()),
                Cell::Text(f.target.as_str().into()),
                Cell::Text(f.state.pod.as_str().into()),
                Cell::Int(i64::try_from(f.state.open).unwrap_or_default()),
                Cell::Text(f.context.as_str().into()),
                Cell::Text(why.as_str().into()),
            ];
            row(&f.id.to_string(), "", &f.label, level, cells)
        });
        let rows = rows.collect();
        self.shown = Some(latest);
        Some(rows)
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        if let Some(f) = self.shown.iter().flatten().find(|f| *f.id.to_string() == *row.meta.uid) {
            cx.effect(Effect::OpenLink(f.url.clone()));
        }
    }
    fn command(&mut self, command: &Command, row: Option<&RowArc>, cx: &mut Cx<'_>) -> bool {
        match (command.verb, row) {
            (Verb::Browse, Some(row)) => self.enter(row, cx),
            (Verb::Clear, Some(row)) => {
                let id = row.meta.uid.parse().unwrap_or_default();
                if cx.session.close_forward(id) {
                    cx.say(Level::Good, format!("port-forward to {} closed", row.meta.name));
                }
            }
            _ => return false,
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Clear, "close"), Hint::new(Verb::Browse, "open in browser")]
    }
    fn empty(&self) -> String {
        "no port-forward is open; o on an app without a host opens one".into()
    }
}
