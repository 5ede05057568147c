//! Namespaces as rows: from the server's list where it may be read, and from everywhere else.

use crate::keymap::Verb;
use crate::pages::board::overview::Watched;
use crate::pages::board::{Source, column, row};
use crate::pages::page::Hint;
use crate::state::{Answer, Ask, Cx, Order, Place, Subject};
use quarterdeck_core::Result;
use quarterdeck_core::cluster::Namespaces;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Kind, Level, ObjectRef, Scope};
use quarterdeck_core::store::{TableHandle, TableRequest, TableView};
use std::collections::BTreeSet;

/// Namespaces that are known.
pub struct NamespaceSource {
    known: Option<Namespaces>,
    watched: Watched,
    /// Tells that a namespace came or went, where the list may be read.
    news: Option<TableView>,
    fresh: bool,
}

impl Source for NamespaceSource {
    const NAME: &'static str = "namespaces";
    const TITLE: &'static str = "namespaces that are known; marks make a set";
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        cx.ask(Ask::Namespaces);
        Ok(Self { known: None, watched: Watched::open(cx)?, news: None, fresh: true })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 0, 10),
            column("Name", ColumnType::Text, 0, 20),
            column("Tenant", ColumnType::Text, 1, 10),
            column("Findings", ColumnType::Int, 2, 4),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        if self.news.as_mut().is_some_and(TableView::refresh) {
            cx.ask(Ask::Namespaces);
        }
        if !(self.watched.refresh(cx) | std::mem::take(&mut self.fresh)) {
            return None;
        }
        let remembered = cx.session.memory().namespaces(cx.context);
        let mut names: BTreeSet<&str> = remembered.iter().map(String::as_str).collect();
        names.extend(self.known.iter().flat_map(|k| k.names.iter().map(String::as_str)));
        let seen = &self.watched.seen;
        let looked_at = |name: &str| match cx.scope {
            Scope::All => false,
            scope => scope.contains(name),
        };
        let rows = names.into_iter().map(|name| {
            let mine: Vec<_> = seen.findings.iter().filter(|f| f.namespace == name).collect();
            let worst = mine.iter().map(|f| f.level).max().unwrap_or(Level::Good);
            let word = match worst {
                _ if looked_at(name) => "looked at",
                Level::Good => "fine",
                _ => "findings",
            };
            let tenant = seen.tenant(name).map_or(Cell::None, |t| Cell::Text(t.name.clone()));
            let count = i64::try_from(mine.len()).unwrap_or(i64::MAX);
            let cells = vec![Cell::Status(worst, word.into()), Cell::Text(name.into()), tenant, Cell::Int(count)];
            row(name, "", name, worst, cells)
        });
        Some(rows.collect())
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        cx.order(Order::SetScope(Scope::one(&row.meta.name)));
        cx.go(Place::about("table", Subject::Name("pods".into())));
    }
    fn object(&self, row: &RowArc) -> Option<ObjectRef> {
        Some(ObjectRef::new(Kind::of("", "v1", "Namespace", "namespaces", false), "", &row.meta.name))
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        if let Answer::Namespaces(known) = answer {
            if known.complete
                && self.news.is_none()
                && let Some(kind) = cx.kinds.get("", "namespaces")
            {
                let table = cx.session.table(cx.context, TableRequest::new(kind.clone(), Scope::All)).ok();
                self.news = table.as_ref().map(TableHandle::view);
            }
            self.known = Some(known);
            self.fresh = true;
        }
    }
    fn notes(&self) -> Vec<(Level, String)> {
        match &self.known {
            Some(known) if !known.complete => {
                vec![(Level::Warn, "the server's list may not be read: there may be more; `:ns NAME` goes to any".into())]
            }
            _ => Vec::new(),
        }
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::NamespacePick, "choose a set")]
    }
    fn empty(&self) -> String {
        match self.known {
            None => "asking the server…".into(),
            Some(_) => "no namespace is known; `:ns NAME` goes to one".into(),
        }
    }
}
