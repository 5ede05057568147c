//! Drafts as rows.

use crate::keymap::{Command, Verb};
use crate::pages::board::{Source, column, row};
use crate::pages::page::Hint;
use crate::state::{Cx, Place};
use quarterdeck_core::Result;
use quarterdeck_core::drafts::Draft;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Kind, Level, ObjectRef};

/// Text of edits that the server did not take so far.
pub struct DraftSource {
    drafts: Vec<Draft>,
    read: bool,
}

/// The object that a draft is of. The UID is that of the object that was edited.
fn object(draft: &Draft, cx: &Cx<'_>) -> ObjectRef {
    let (group, version) = draft.api_version.rsplit_once('/').unwrap_or(("", &draft.api_version));
    let named = Kind::of(group, version, &draft.kind, &draft.resource, !draft.namespace.is_empty());
    let kind = cx.kinds.get(group, &draft.resource).cloned().unwrap_or(named);
    ObjectRef { uid: draft.uid.as_str().into(), ..ObjectRef::new(kind, &draft.namespace, &draft.name) }
}

impl Source for DraftSource {
    const NAME: &'static str = "drafts";
    const TITLE: &'static str = "text of edits that wait";
    fn open(_place: &Place, _cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { drafts: Vec::new(), read: false })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Age", ColumnType::Time, 1, 4),
            column("Kind", ColumnType::Text, 2, 8),
            column("Namespace", ColumnType::Text, 3, 8),
            column("Name", ColumnType::Text, 0, 16),
            column("Context", ColumnType::Text, 4, 8),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        let latest = cx.session.drafts().list();
        if self.read && latest == self.drafts {
            return None;
        }
        (self.drafts, self.read) = (latest, true);
        let rows = self.drafts.iter().map(|d| {
            let cells = vec![
                Cell::Time(d.saved),
                Cell::Text(d.kind.as_str().into()),
                Cell::Text(d.namespace.as_str().into()),
                Cell::Text(d.name.as_str().into()),
                Cell::Text(d.context.as_str().into()),
            ];
            row(&d.id, &d.namespace, &d.name, Level::Warn, cells)
        });
        Some(rows.collect())
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        let Some(draft) = self.drafts.iter().find(|d| *d.id == *row.meta.uid) else { return };
        if draft.context != cx.context {
            cx.say(Level::Warn, format!("this draft is of context {}: `:ctx {}` first", draft.context, draft.context));
            return;
        }
        let object = object(draft, cx);
        cx.go(Place::object("edit", object));
    }
    fn command(&mut self, command: &Command, row: Option<&RowArc>, cx: &mut Cx<'_>) -> bool {
        if command.verb != Verb::Clear {
            return false;
        }
        if let Some(row) = row {
            cx.session.drafts().remove(&row.meta.uid);
            cx.say(Level::Good, format!("draft of {} dropped", row.meta.name));
            self.read = false;
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Clear, "drop")]
    }
    fn empty(&self) -> String {
        "no edit waits".into()
    }
}
