//! Certificates as rows: of one context or several, ranked by how far each is beyond its renewal, grouped as one likes.

use super::group::{Counted, Grouping, UNCOVERED, UNUSED, together};
use crate::keymap::{Command, Verb};
use crate::pages::board::overview::within;
use crate::pages::board::several::{self, Several};
use crate::pages::board::{Source, column, row, wide};
use crate::pages::page::Hint;
use crate::palette::{Choice, Pick};
use crate::state::{Cx, Order, Place};
use quarterdeck_core::{Result, Str};
use quarterdeck_core::certificates::coverage::{Coverage, Uncovered};
use quarterdeck_core::certificates::{CertificateView, rank};
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, ObjectRef};
use quarterdeck_core::store::Freshness;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Certificates of cert-manager, and TLS Secrets that nobody manages.
pub struct CertificateSource {
    several: Several,
    own: String,
    chosen: Option<Grouping>,
    /// The grouping of the rows that were made last.
    made: Option<Grouping>,
    /// Of each row its group.
    groups: HashMap<String, Str>,
    headings: Vec<RowArc>,
    /// Groups that are told without rows too.
    alone: HashSet<String>,
    /// Of each row its context and certificate.
    at: HashMap<String, (usize, usize)>,
    uncovered: HashMap<String, (String, Uncovered)>,
}

fn hosts(view: &CertificateView) -> String {
    match view.hosts.as_slice() {
        [] => String::new(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

impl CertificateSource {
    fn grouping(&self) -> Grouping {
        self.chosen.unwrap_or(if self.several.many() { Grouping::Cluster } else { Grouping::None })
    }
    fn view(&self, row: &RowArc) -> Option<(&str, &CertificateView)> {
        let (context, at) = self.at.get(&*row.meta.uid)?;
        let one = self.several.iter().nth(*context)?;
        Some((&one.context, one.seen()?.certificates.get(*at)?))
    }
    fn cells(&self, context: &str, c: &CertificateView) -> Vec<Cell> {
        let time = |at: Option<i64>| at.map_or(Cell::None, Cell::Time);
        let mut cells = vec![
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
        if self.several.many() {
            cells.insert(1, Cell::Text(context.into()));
        }
        cells
    }
    fn host_cells(&self, context: &str, u: &Uncovered) -> Vec<Cell> {
        let mut cells = vec![
            Cell::Status(u.verdict.level, u.verdict.word.clone()),
            Cell::Text(u.namespace.clone()),
            Cell::Text(u.host.clone()),
            Cell::None,
            Cell::Text(u.verdict.why.as_str().into()),
            Cell::None,
            Cell::Text(format!("{} {}", u.kind, u.name).into()),
            Cell::None,
            Cell::Text(u.secret.clone()),
            Cell::None,
            Cell::None,
        ];
        if self.several.many() {
            cells.insert(1, Cell::Text(context.into()));
        }
        cells
    }
    fn all(&mut self, cx: &Cx<'_>) -> Vec<RowArc> {
        let grouping = self.grouping();
        let (mut rows, mut counted) = (Vec::new(), Vec::<Counted>::new());
        let (mut groups, mut places, mut uncovered) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut count = |key: &str, level: Option<Level>, hosts: usize| {
            let at = counted.iter().position(|c: &Counted| c.key == key).unwrap_or_else(|| {
                counted.push(Counted { key: key.to_owned(), ..Counted::default() });
                counted.len() - 1
            });
            if let Some(level) = level {
                counted[at].add(level);
            }
            counted[at].hosts += hosts;
            at
        };
        let mut troubles = Vec::new();
        let mut all: Vec<(usize, usize, &CertificateView)> = Vec::new();
        for (i, one) in self.several.iter().enumerate() {
            if self.several.many() {
                let at = count(&one.context, None, 0);
                troubles.extend(one.trouble().map(|trouble| (at, trouble)));
            }
            let Some(seen) = one.seen() else { continue };
            let coverage = if grouping == Grouping::Coverage { seen.coverage() } else { Coverage::default() };
            for u in coverage.uncovered.iter().filter(|u| cx.scope.contains(&u.namespace)) {
                let id = format!("{}\u{1f}host {}", one.context, u.host);
                rows.push(row(&id, &u.namespace, &u.host, u.verdict.level, self.host_cells(&one.context, u)));
                count(UNCOVERED, Some(u.verdict.level), 0);
                groups.insert(id.clone(), Str::from(UNCOVERED));
                uncovered.insert(id, (one.context.clone(), u.clone()));
            }
            if grouping == Grouping::Coverage {
                count(UNCOVERED, None, coverage.hosts);
                count(UNUSED, None, 0);
            }
            for (at, c) in seen.certificates.iter().enumerate().filter(|(_, c)| within(cx.scope, &c.object)) {
                all.push((i, at, c));
                let key = grouping.key(&one.context, c, coverage.unused.contains(&c.uid));
                if grouping != Grouping::None {
                    count(&key, Some(c.verdict.level), 0);
                }
                groups.insert(id(i, &one.context, c), Str::from(key));
            }
        }
        all.sort_by(|(_, _, a), (_, _, b)| rank::order(a, b, cx.now));
        let contexts: Vec<&str> = self.several.iter().map(|o| o.context.as_str()).collect();
        for (i, at, c) in all {
            let id = id(i, contexts[i], c);
            rows.push(row(&id, &c.namespace, &c.name, c.verdict.level, self.cells(contexts[i], c)));
            places.insert(id, (i, at));
        }
        for (at, (level, words, since)) in troubles {
            counted[at].trouble = Some((level, words));
            counted[at].since = since;
        }
        let (mut headings, mut lone): (Vec<RowArc>, HashSet<String>) = Default::default();
        if grouping != Grouping::None || self.several.many() {
            let budgets = match grouping {
                Grouping::Domain => {
                    together(self.several.iter().filter_map(|o| o.seen()).flat_map(|s| s.budgets.clone()))
                }
                _ => Vec::new(),
            };
            // In the order of a list: what is not covered, what is not used, the rest.
            let place = |c: &Counted| [UNCOVERED, UNUSED].iter().position(|k| *k == c.key).unwrap_or(9);
            counted.sort_by(|a, b| {
                (place(a), std::cmp::Reverse(a.level()), &a.key).cmp(&(place(b), std::cmp::Reverse(b.level()), &b.key))
            });
            for c in &counted {
                // A cluster that does not answer is told however the rows are grouped.
                let alone = c.trouble.is_some() || c.hosts > 0 || grouping == Grouping::Cluster || c.key == UNUSED;
                if alone {
                    lone.insert(c.key.clone());
                }
                let cells = c.since.map(Cell::Time).into_iter().collect();
                headings.push(row(&format!("group/{}", c.key), "", &c.title(&budgets), c.level(), cells));
            }
        }
        (self.groups, self.at, self.uncovered) = (groups, places, uncovered);
        (self.headings, self.alone) = (headings, lone);
        rows
    }
}

/// The identity of a row: two contexts can lead to the same cluster.
fn id(context: usize, name: &str, c: &CertificateView) -> String {
    if context == 0 { c.uid.to_string() } else { format!("{name}\u{1f}{}", c.uid) }
}

impl Source for CertificateSource {
    const NAME: &'static str = "certificates";
    const TITLE: &'static str = "certificates, with what keeps them from being issued";
    const SCOPE: Option<&'static str> = Some("certificate-board");
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        // Where the only context cannot be opened at all there is nothing to show.
        if cx.beside.is_empty() {
            cx.session.cluster(cx.context)?;
        }
        let mut several = Several::default();
        several.refresh(cx);
        Ok(Self {
            several,
            own: cx.context.to_owned(),
            chosen: None,
            made: None,
            groups: HashMap::new(),
            headings: Vec::new(),
            alone: HashSet::new(),
            at: HashMap::new(),
            uncovered: HashMap::new(),
        })
    }
    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![
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
        ];
        if self.several.many() {
            columns.insert(1, column("Context", ColumnType::Text, 2, 8));
        }
        columns
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        self.own = cx.context.to_owned();
        let changed = self.several.refresh(cx);
        if !changed && self.made == Some(self.grouping()) {
            return None;
        }
        self.made = Some(self.grouping());
        Some(self.all(cx))
    }
    fn group(&self, row: &RowArc) -> Option<Str> {
        // Rows that are not grouped are in no group of their own.
        self.groups.get(&*row.meta.uid).filter(|g| !g.is_empty()).cloned()
    }
    fn headings(&self) -> &[RowArc] {
        &self.headings
    }
    fn alone(&self, name: &str) -> bool {
        self.alone.contains(name)
    }
    fn remember(&self) -> Value {
        self.chosen.map(Grouping::name).into()
    }
    fn recall(&mut self, kept: &Value) {
        self.chosen = kept.as_str().and_then(Grouping::named);
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        if let Some((context, u)) = self.uncovered.get(&*row.meta.uid) {
            let place = Place::object("route", u.object.clone());
            let place = place.with("host", &*u.host).with("path", &*u.path).with("extra", &*u.extra);
            several::go(context, place, cx);
        } else if let Some((context, view)) = self.view(row) {
            several::go(context, Place::object("certificate", view.object.clone()), cx);
        }
    }
    fn command(&mut self, command: &Command, row: Option<&RowArc>, cx: &mut Cx<'_>) -> bool {
        match command.verb {
            Verb::Group => {
                match Grouping::named(&command.arg) {
                    Some(grouping) => {
                        self.chosen = Some(grouping);
                    }
                    None => {
                        let choice = |(_, name, detail): &(Grouping, &str, &str)| Choice {
                            label: (*name).into(),
                            detail: (*detail).into(),
                            command: Some(Command::new(Verb::Group, *name)),
                            ..Choice::default()
                        };
                        let pick = Pick::new("Group by", Grouping::ALL.iter().map(choice).collect());
                        cx.order(Order::Pick(pick.on(self.grouping().name())));
                    }
                }
                true
            }
            Verb::Beside => {
                several::beside(&command.arg, cx);
                true
            }
            _ => match row.and_then(|r| self.view(r)) {
                Some((context, view)) => several::elsewhere(command, context, &view.object, cx),
                None => false,
            },
        }
    }
    /// Of the program's own context only: an action is done there.
    fn object(&self, row: &RowArc) -> Option<ObjectRef> {
        if let Some((context, u)) = self.uncovered.get(&*row.meta.uid) {
            return (*context == self.own).then(|| u.object.clone());
        }
        self.view(row).filter(|(context, _)| *context == self.own).map(|(_, c)| c.object.clone())
    }
    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(Verb::Group, "group"),
            Hint::new(Command::new(Verb::Go, "timeline"), "timeline"),
            Hint::new(Verb::Beside, "clusters"),
            Hint::new(Verb::Describe, "describe"),
            Hint::new(Command::new(Verb::Sort, "Ends"), "by end"),
        ]
    }
    fn freshness(&self) -> Option<Freshness> {
        self.several.freshness()
    }
    fn notes(&self) -> Vec<(Level, String)> {
        self.several.notes()
    }
    fn empty(&self) -> String {
        "no certificates here: neither of cert-manager nor TLS Secrets".into()
    }
}
