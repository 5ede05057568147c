//! Certificates as rows.

use crate::keymap::{Command, Verb};
use crate::pages::board::overview::{Watched, within};
use crate::pages::board::{Source, column, row, wide};
use crate::pages::page::Hint;
use crate::state::{Cx, Place};
use quarterdeck_core::Result;
use quarterdeck_core::certificates::CertificateView;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, ObjectRef};
use quarterdeck_core::store::Freshness;

/// Certificates of cert-manager, and TLS Secrets that nobody manages.
pub struct CertificateSource {
    watched: Watched,
}

fn hosts(view: &CertificateView) -> String {
    match view.hosts.as_slice() {
        [] => String::new(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

impl CertificateSource {
    fn view(&self, row: &RowArc) -> Option<&CertificateView> {
        self.watched.seen.certificates.iter().find(|c| c.uid == row.meta.uid)
    }
}

impl Source for CertificateSource {
    const NAME: &'static str = "certificates";
    const TITLE: &'static str = "certificates, with what keeps them from being issued";
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { watched: Watched::open(cx)? })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 0, 12),
            column("Namespace", ColumnType::Text, 2, 10),
            column("Name", ColumnType::Text, 0, 14),
            column("Ends", ColumnType::Time, 1, 7),
            column("Why", ColumnType::Text, 3, 20),
            column("Issuer", ColumnType::Text, 5, 10),
            column("Hosts", ColumnType::Text, 4, 18),
            wide("Renews", ColumnType::Time, 7),
            wide("Secret", ColumnType::Text, 10),
            wide("Attempts", ColumnType::Int, 4),
            wide("Since", ColumnType::Time, 5),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let time = |at: Option<i64>| at.map_or(Cell::None, Cell::Time);
        let shown = self.watched.seen.certificates.iter().filter(|c| within(cx.scope, &c.object));
        Some(
            shown
                .map(|c| {
                    let cells = vec![
                        Cell::Status(c.verdict.level, c.verdict.word.clone()),
                        Cell::Text(c.namespace.clone()),
                        Cell::Text(c.name.clone()),
                        time(c.not_after),
                        Cell::Text(c.verdict.why.as_str().into()),
                        Cell::Text(c.issuer.name.clone()),
                        Cell::Text(hosts(c).into()),
                        time(c.renewal_time),
                        Cell::Text(c.secret.clone()),
                        Cell::Int(c.attempts),
                        time(c.since),
                    ];
                    row(&c.uid, &c.namespace, &c.name, c.verdict.level, cells)
                })
                .collect(),
        )
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        if let Some(view) = self.view(row) {
            cx.go(Place::object("certificate", view.object.clone()));
        }
    }
    fn object(&self, row: &RowArc) -> Option<ObjectRef> {
        self.view(row).map(|c| c.object.clone())
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Describe, "describe"), Hint::new(Command::new(Verb::Sort, "Ends"), "by end")]
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
    fn notes(&self) -> Vec<(Level, String)> {
        self.watched.notes()
    }
    fn empty(&self) -> String {
        "no certificates here: neither of cert-manager nor TLS Secrets".into()
    }
}
