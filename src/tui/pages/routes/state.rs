//! Routes as rows.

use crate::keymap::{Command, Verb};
use crate::pages::board::overview::{Watched, within};
use crate::pages::board::{Source, column, row, wide};
use crate::pages::page::Hint;
use crate::state::{Cx, Effect, Place};
use quarterdeck_core::Result;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, ObjectRef};
use quarterdeck_core::routes::RouteView;
use quarterdeck_core::store::Freshness;

/// Routes of all dialects.
pub struct RouteSource {
    watched: Watched,
}

/// Tells one host and path of an object from its others.
pub fn identity(route: &RouteView) -> String {
    format!("{}/{}{}{}", route.uid, route.host, route.path, route.extra)
}

impl RouteSource {
    fn view(&self, row: &RowArc) -> Option<&RouteView> {
        self.watched.seen.routes.iter().find(|r| identity(r) == *row.meta.uid)
    }
}

fn backends(route: &RouteView) -> String {
    let all: Vec<String> = route
        .backends
        .iter()
        .map(|b| if b.port.is_empty() { b.name.to_string() } else { format!("{}:{}", b.name, b.port) })
        .collect();
    all.join(",")
}

/// The TLS of a route in few words.
pub fn tls(route: &RouteView) -> String {
    match (route.tls.mode, route.tls.found) {
        ("none", _) => "none".into(),
        ("secret", Some(false)) => format!("{} missing", route.tls.secret),
        ("secret", _) => route.tls.secret.to_string(),
        (mode, _) => mode.into(),
    }
}

impl Source for RouteSource {
    const NAME: &'static str = "routes";
    const TITLE: &'static str = "routes: host to service, over all dialects";
    const LEAD: &'static str = "Host";
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { watched: Watched::open(cx)? })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 0, 12),
            column("Host", ColumnType::Text, 0, 20),
            column("Path", ColumnType::Text, 1, 6),
            column("Ready", ColumnType::Ratio, 3, 5),
            column("Why", ColumnType::Text, 2, 18),
            column("Backend", ColumnType::Text, 4, 10),
            column("TLS", ColumnType::Text, 5, 8),
            column("Kind", ColumnType::Text, 6, 7),
            column("Namespace", ColumnType::Text, 7, 8),
            column("Name", ColumnType::Text, 8, 8),
            wide("Entry", ColumnType::Text, 8),
            wide("Middlewares", ColumnType::Text, 10),
            wide("Tenant", ColumnType::Text, 6),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let shown = self.watched.seen.routes.iter().filter(|r| within(cx.scope, &r.object));
        Some(
            shown
                .map(|r| {
                    let host = if r.host.is_empty() { "any host".into() } else { r.host.clone() };
                    let middlewares: Vec<&str> = r.middlewares.iter().map(|m| &*m.name).collect();
                    let cells = vec![
                        Cell::Status(r.verdict.level, r.verdict.word.clone()),
                        Cell::Text(host),
                        Cell::Text(r.path.clone()),
                        if r.total == 0 && r.ready == 0 { Cell::None } else { Cell::Ratio(r.ready, r.total) },
                        Cell::Text(r.verdict.why.as_str().into()),
                        Cell::Text(backends(r).into()),
                        Cell::Text(tls(r).into()),
                        Cell::Text(r.kind.as_str().into()),
                        Cell::Text(r.namespace.clone()),
                        Cell::Text(r.name.clone()),
                        Cell::Text(r.entry.clone()),
                        Cell::Text(middlewares.join(",").into()),
                        r.tenant.clone().map_or(Cell::None, Cell::Text),
                    ];
                    row(&identity(r), &r.namespace, &r.name, r.verdict.level, cells)
                })
                .collect(),
        )
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        if let Some(route) = self.view(row) {
            let place = Place::object("route", route.object.clone());
            cx.go(place.with("host", &*route.host).with("path", &*route.path).with("extra", &*route.extra));
        }
    }
    fn object(&self, row: &RowArc) -> Option<ObjectRef> {
        self.view(row).map(|r| r.object.clone())
    }
    fn command(&mut self, command: &Command, row: Option<&RowArc>, cx: &mut Cx<'_>) -> bool {
        if command.verb != Verb::Browse {
            return false;
        }
        match row.and_then(|row| self.view(row)).map(RouteView::url) {
            Some(Some(url)) => cx.effect(Effect::OpenLink(url)),
            Some(None) => cx.say(Level::Off, "this route has no single address"),
            None => {}
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
        "no routes: no Ingress, IngressRoute, HTTPRoute, VirtualService or Knative Service here".into()
    }
}
