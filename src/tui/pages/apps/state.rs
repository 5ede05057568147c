//! Apps as rows.

use crate::keymap::{Command, Verb};
use crate::pages::board::overview::Watched;
use crate::pages::board::{Source, column, row, wide};
use crate::pages::page::Hint;
use crate::state::{Cx, Effect, Place};
use quarterdeck_core::Result;
use quarterdeck_core::platform::AppView;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, ObjectRef};
use quarterdeck_core::store::Freshness;

/// Apps of the platform.
pub struct AppSource {
    watched: Watched,
}

impl AppSource {
    fn view(&self, row: &RowArc) -> Option<&AppView> {
        self.watched.seen.app(&row.meta.name)
    }
}

impl Source for AppSource {
    const NAME: &'static str = "apps";
    const TITLE: &'static str = "apps of the platform, with what they wait for";
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { watched: Watched::open(cx)? })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 0, 12),
            column("Name", ColumnType::Text, 0, 14),
            column("Ready", ColumnType::Ratio, 1, 5),
            column("Type", ColumnType::Text, 5, 6),
            column("Version", ColumnType::Text, 4, 8),
            column("Sync", ColumnType::Text, 3, 8),
            column("Why", ColumnType::Text, 2, 20),
            column("Namespaces", ColumnType::Text, 6, 10),
            wide("Host", ColumnType::Text, 18),
            wide("Since", ColumnType::Time, 5),
            wide("Needs", ColumnType::Text, 10),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let here = |a: &&AppView| a.namespaces.is_empty() || a.namespaces.iter().any(|n| cx.scope.contains(n));
        Some(
            self.watched
                .seen
                .apps
                .iter()
                .filter(here)
                .map(|a| {
                    let types: Vec<&str> = a.types.iter().map(|t| t.word()).collect();
                    let cells = vec![
                        Cell::Status(a.verdict.level, a.verdict.word.clone()),
                        Cell::Text(a.name.clone()),
                        Cell::Ratio(a.ready, a.total),
                        Cell::Text(types.join(",").into()),
                        Cell::Text(a.version.clone()),
                        Cell::Text(a.sync.clone()),
                        Cell::Text(a.verdict.why.as_str().into()),
                        Cell::Text(a.namespaces.join(",").into()),
                        Cell::Text(a.hosts.join(",").into()),
                        a.since.map_or(Cell::None, Cell::Time),
                        Cell::Text(a.needs.join(",").into()),
                    ];
                    let namespace = a.namespaces.first().map_or("", |n| &**n);
                    row(&format!("app/{}", a.name), namespace, &a.name, a.verdict.level, cells)
                })
                .collect(),
        )
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        cx.go(Place::name("app", &*row.meta.name));
    }
    fn object(&self, row: &RowArc) -> Option<ObjectRef> {
        self.view(row).and_then(AppView::object).cloned()
    }
    fn command(&mut self, command: &Command, row: Option<&RowArc>, cx: &mut Cx<'_>) -> bool {
        if command.verb != Verb::Browse {
            return false;
        }
        let Some(app) = row.and_then(|row| self.view(row)) else { return true };
        match &app.url {
            Some(url) => cx.effect(Effect::OpenLink(url.clone())),
            None => cx.say(Level::Off, format!("no address is known of {}", app.name)),
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Browse, "open in browser")]
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
    fn notes(&self) -> Vec<(Level, String)> {
        self.watched.notes()
    }
    fn empty(&self) -> String {
        "no apps were recognised in these namespaces".into()
    }
}
