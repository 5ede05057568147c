//! Apps as rows.

use crate::keymap::{Command, Verb};
use crate::pages::app::{browse, opened};
use crate::pages::board::overview::Watched;
use crate::pages::board::{Source, column, row, wide};
use crate::pages::page::Hint;
use crate::state::{Answer, Cx, Place};
use quarterdeck_core::platform::AppView;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, ObjectRef};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Result, Str};
use serde_json::Value;

/// How the rows are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum By {
    #[default]
    Nothing,
    Type,
    Tenant,
    Stage,
}

impl By {
    const ALL: [(Self, &str); 4] =
        [(Self::Nothing, ""), (Self::Type, "type"), (Self::Tenant, "tenant"), (Self::Stage, "stage")];
    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(by, _)| *by == self).map_or("", |(_, name)| name)
    }
    fn named(name: &str) -> Self {
        Self::ALL.iter().find(|(_, n)| *n == name).map_or(Self::Nothing, |(by, _)| *by)
    }
    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|(by, _)| *by == self).unwrap_or_default();
        Self::ALL[(at + 1) % Self::ALL.len()].0
    }
}

/// Apps of the platform.
pub struct AppSource {
    watched: Watched,
    by: By,
}

impl AppSource {
    fn view(&self, row: &RowArc) -> Option<&AppView> {
        self.watched.seen.app(&row.meta.name)
    }
    fn stage_of(&self, name: &str) -> Option<u32> {
        self.watched.seen.stages.iter().find(|s| s.apps.iter().any(|a| &**a == name)).map(|s| s.number)
    }
}

fn cells(a: &AppView) -> Vec<Cell> {
    let types: Vec<&str> = a.types.iter().map(|t| t.word()).collect();
    // The version that runs, and the declared one where it is another.
    let differs = a.compared.iter().any(|c| c.what == "version" && !c.agrees());
    let version = if differs { format!("{} ({})", a.version, a.declared) } else { a.version.to_string() };
    vec![
        Cell::Status(a.verdict.level, a.verdict.word.clone()),
        Cell::Text(a.name.clone()),
        Cell::Ratio(a.ready, a.total),
        Cell::Text(types.join(",").into()),
        Cell::Text(version.as_str().into()),
        Cell::Text(a.sync.clone()),
        Cell::Text(a.health.clone()),
        a.since.filter(|_| a.verdict.level >= Level::Busy).map_or(Cell::None, Cell::Time),
        Cell::Text(a.verdict.why.as_str().into()),
        Cell::Text(a.hosts.first().cloned().unwrap_or_default()),
        Cell::Text(a.tenant.clone().unwrap_or_default()),
        Cell::Text(a.namespaces.join(",").into()),
        Cell::Text(a.chart.as_str().into()),
        Cell::Text(a.needs.join(",").into()),
    ]
}

impl Source for AppSource {
    const NAME: &'static str = "apps";
    const TITLE: &'static str = "apps of the platform, with what they wait for";
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { watched: Watched::open(cx)?, by: By::named(place.arg("group")) })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 0, 10),
            column("Name", ColumnType::Text, 0, 14),
            column("Ready", ColumnType::Ratio, 1, 5),
            column("Type", ColumnType::Text, 7, 6),
            column("Version", ColumnType::Text, 5, 8),
            column("Sync", ColumnType::Text, 4, 8),
            column("Health", ColumnType::Text, 8, 8),
            column("Since", ColumnType::Time, 3, 5),
            column("Why", ColumnType::Text, 2, 14),
            column("Host", ColumnType::Text, 6, 18),
            column("Tenant", ColumnType::Text, 9, 6),
            wide("Namespaces", ColumnType::Text, 10),
            wide("Chart", ColumnType::Text, 10),
            wide("Needs", ColumnType::Text, 10),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let here = |a: &&AppView| a.namespaces.is_empty() || a.namespaces.iter().any(|n| cx.scope.contains(n));
        let listed = match self.by {
            By::Nothing => self.watched.seen.apps_listed(),
            _ => self.watched.seen.apps.iter().collect(),
        };
        let mut apps: Vec<&AppView> = listed.into_iter().filter(here).collect();
        // Groups stand in the order of their first rows.
        match self.by {
            By::Nothing => {}
            By::Type => apps.sort_by_key(|a| a.types.first().map_or(u8::MAX, |t| *t as u8)),
            By::Tenant => apps.sort_by_key(|a| (a.tenant.is_some(), a.tenant.clone())),
            By::Stage => apps.sort_by_key(|a| self.stage_of(&a.name).unwrap_or(u32::MAX)),
        }
        let rows = apps.into_iter().map(|a| {
            let namespace = a.namespaces.first().map_or("", |n| &**n);
            row(&format!("app/{}", a.name), namespace, &a.name, a.verdict.level, cells(a))
        });
        Some(rows.collect())
    }
    fn group(&self, row: &RowArc) -> Option<Str> {
        let app = self.view(row);
        Some(match self.by {
            By::Nothing => return None,
            By::Type => app.and_then(|a| a.types.first()).map_or("others", |t| t.word()).into(),
            By::Tenant => app.and_then(|a| a.tenant.clone()).unwrap_or_else(|| "the platform".into()),
            By::Stage => match self.stage_of(&row.meta.name) {
                Some(number) => format!("stage {number}").as_str().into(),
                None => "no order".into(),
            },
        })
    }
    fn heading(&self, name: &str, rows: &[RowArc]) -> RowArc {
        let level = rows.iter().map(|r| r.level).max().unwrap_or(Level::Off);
        let well = rows.iter().filter(|r| r.level < Level::Warn).count() as u32;
        let words = if rows.len() == 1 { "1 app".to_owned() } else { format!("{} apps", rows.len()) };
        let cells = vec![
            Cell::Status(level, name.into()),
            Cell::Text(words.as_str().into()),
            Cell::Ratio(well, rows.len() as u32),
        ];
        row(&format!("group/{name}"), "", "", level, cells)
    }
    fn remember(&self) -> Value {
        self.by.name().into()
    }
    fn recall(&mut self, kept: &Value) {
        self.by = By::named(kept.as_str().unwrap_or_default());
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        cx.go(Place::name("app", &*row.meta.name));
    }
    fn object(&self, row: &RowArc) -> Option<ObjectRef> {
        self.view(row).and_then(AppView::object).cloned()
    }
    fn declared_by(&self, row: &RowArc) -> Option<ObjectRef> {
        self.view(row).and_then(AppView::declared_by).cloned()
    }
    fn command(&mut self, command: &Command, row: Option<&RowArc>, cx: &mut Cx<'_>) -> bool {
        match command.verb {
            Verb::Browse => {
                if let Some(app) = row.and_then(|row| self.view(row)) {
                    browse(app, command, cx);
                }
            }
            Verb::Group => {
                self.by = if command.arg.is_empty() { self.by.next() } else { By::named(&command.arg) };
                self.watched.forget();
                let by = self.by.name();
                cx.say(Level::Off, if by.is_empty() { "not grouped".into() } else { format!("grouped by {by}") });
            }
            _ => return false,
        }
        true
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        opened(answer, cx);
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Browse, "its page"), Hint::new(Verb::Group, "group"), Hint::new(Command::new(Verb::Go, "stages"), "stages")]
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
    fn notes(&self) -> Vec<(Level, String)> {
        let mut notes: Vec<(Level, String)> =
            self.watched.seen.stuck().filter(|_| self.by == By::Stage).map(|s| (Level::Bad, s)).into_iter().collect();
        notes.extend(self.watched.notes());
        notes
    }
    fn empty(&self) -> String {
        "no apps were recognised in these namespaces".into()
    }
}
