//! Tenants as rows.

use crate::keymap::{Command, Verb};
use crate::pages::board::overview::Watched;
use crate::pages::board::{Source, column, row, wide};
use crate::pages::page::Hint;
use crate::state::{Cx, Order, Place};
use quarterdeck_core::Result;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, ObjectRef, Scope};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::tenants::TenantView;

/// Tenants of the platform.
pub struct TenantSource {
    watched: Watched,
}

impl TenantSource {
    fn view(&self, row: &RowArc) -> Option<&TenantView> {
        self.watched.seen.tenants.iter().find(|t| t.name == row.meta.name)
    }
}

impl Source for TenantSource {
    const NAME: &'static str = "tenants";
    const TITLE: &'static str = "tenants, with all that belongs to them";
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { watched: Watched::open(cx)? })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 0, 12),
            column("Name", ColumnType::Text, 0, 14),
            column("Ready", ColumnType::Ratio, 1, 5),
            column("Certs", ColumnType::Ratio, 3, 5),
            column("Quota", ColumnType::Text, 4, 5),
            column("Findings", ColumnType::Int, 5, 3),
            column("Why", ColumnType::Text, 2, 20),
            column("Hosts", ColumnType::Text, 6, 18),
            column("Age", ColumnType::Time, 7, 4),
            wide("Namespaces", ColumnType::Text, 10),
            wide("Since", ColumnType::Time, 5),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let here = |t: &&TenantView| t.namespaces.iter().any(|n| cx.scope.contains(n));
        Some(
            self.watched
                .seen
                .tenants
                .iter()
                .filter(here)
                .map(|t| {
                    let quota = t.fullest.map_or(Cell::None, |f| Cell::Text(format!("{:.0}%", f * 100.0).into()));
                    let cells = vec![
                        Cell::Status(t.verdict.level, t.verdict.word.clone()),
                        Cell::Text(t.name.clone()),
                        Cell::Ratio(t.ready, t.total),
                        Cell::Ratio(t.certificates_ready, t.certificates),
                        quota,
                        Cell::Int(i64::from(t.findings)),
                        Cell::Text(t.verdict.why.as_str().into()),
                        Cell::Text(t.hosts.join(",").into()),
                        t.created.map_or(Cell::None, Cell::Time),
                        Cell::Text(t.namespaces.join(",").into()),
                        t.since.map_or(Cell::None, Cell::Time),
                    ];
                    row(&t.uid, t.namespaces.first().map_or("", |n| &**n), &t.name, t.verdict.level, cells)
                })
                .collect(),
        )
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        cx.go(Place::name("tenant", &*row.meta.name));
    }
    fn object(&self, row: &RowArc) -> Option<ObjectRef> {
        self.view(row).map(|t| t.object.clone())
    }
    fn command(&mut self, command: &Command, row: Option<&RowArc>, cx: &mut Cx<'_>) -> bool {
        if command.verb != Verb::Warp {
            return false;
        }
        // From now on look at this tenant's namespaces only.
        if let Some(tenant) = row.and_then(|row| self.view(row)) {
            let scope = Scope::of(tenant.namespaces.iter().map(|n| &**n));
            cx.order(Order::SetScope(scope));
        }
        true
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Warp, "its namespaces only")]
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
    fn notes(&self) -> Vec<(Level, String)> {
        self.watched.notes()
    }
    fn empty(&self) -> String {
        "this platform has no tenants, or none in these namespaces".into()
    }
}
