//! The journal as rows.

use crate::keymap::{Command, Verb};
use crate::pages::board::{Source, column, row, wide};
use crate::pages::page::Hint;
use crate::palette::{Choice, Pick};
use crate::state::{Cx, Effect, Order, Place};
use quarterdeck_core::Result;
use quarterdeck_core::journal::{Entry, ExportFormat};
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level};

/// What was done from here.
pub struct JournalSource {
    entries: Vec<Entry>,
    read: bool,
}

fn state(entry: &Entry) -> (Level, &'static str) {
    match (entry.ok, &entry.undone_by) {
        (_, Some(_)) => (Level::Off, "undone"),
        (true, None) => (Level::Good, "done"),
        (false, None) => (Level::Bad, "failed"),
    }
}

impl Source for JournalSource {
    const NAME: &'static str = "journal";
    const TITLE: &'static str = "what was done from here, and taking it back";
    const LEAD: &'static str = "Title";
    fn open(_place: &Place, _cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { entries: Vec::new(), read: false })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 0, 8),
            column("Age", ColumnType::Time, 1, 4),
            column("Title", ColumnType::Text, 0, 24),
            column("Outcome", ColumnType::Text, 2, 16),
            column("User", ColumnType::Text, 4, 8),
            column("Context", ColumnType::Text, 5, 8),
            column("Reason", ColumnType::Text, 3, 10),
            wide("Id", ColumnType::Text, 8),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        let latest = cx.session.journal();
        if self.read && latest == self.entries {
            return None;
        }
        (self.entries, self.read) = (latest, true);
        let rows = self.entries.iter().map(|e| {
            let (level, word) = state(e);
            let cells = vec![
                Cell::Status(level, word.into()),
                Cell::Time(e.at),
                Cell::Text(e.title.as_str().into()),
                Cell::Text(e.outcome.as_str().into()),
                Cell::Text(e.user.as_str().into()),
                Cell::Text(e.context.as_str().into()),
                Cell::Text(e.reason.as_str().into()),
                Cell::Text(e.id.as_str().into()),
            ];
            row(&e.id, "", &e.title, level, cells)
        });
        Some(rows.collect())
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        let Some(entry) = self.entries.iter().find(|e| *e.id == *row.meta.uid) else { return };
        let line = |label: &str, detail: &str| Choice { label: label.into(), detail: detail.into(), ..Choice::default() };
        let mut choices = vec![
            line(&entry.title, &entry.outcome),
            line("by", &format!("{} in {}", entry.user, entry.context)),
            line("when", &quarterdeck_core::clock::format_time(entry.at)),
        ];
        if !entry.reason.is_empty() {
            choices.push(line("reason", &entry.reason));
        }
        choices.extend(entry.objects.iter().map(|o| line("object", o)));
        choices.push(Choice {
            command: Some(Command::new(Verb::Undo, &entry.id)),
            why_not: match (&entry.undone_by, entry.can_undo) {
                (Some(by), _) => Some(format!("taken back by {by}")),
                (None, false) => Some("cannot be taken back".into()),
                _ => None,
            },
            ..line("take it back", "shows the plan first")
        });
        cx.order(Order::Pick(Pick::new(&format!("Entry {}", entry.id), choices)));
    }
    fn command(&mut self, command: &Command, row: Option<&RowArc>, cx: &mut Cx<'_>) -> bool {
        match command.verb {
            Verb::Undo if command.arg.is_empty() => {
                if let Some(row) = row {
                    cx.order(Order::Command(Command::new(Verb::Undo, &*row.meta.uid)));
                }
            }
            Verb::Export => {
                let text = cx.session.export_journal(ExportFormat::Markdown);
                let stamp = quarterdeck_core::clock::format_time(cx.now).replace(':', "-");
                cx.effect(Effect::Save { path: format!("qd-journal-{stamp}.md"), text });
            }
            _ => return false,
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Undo, "take back"), Hint::new(Verb::Export, "export")]
    }
    fn empty(&self) -> String {
        "nothing was done from here so far".into()
    }
}
