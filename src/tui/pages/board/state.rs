//! What a board remembers and answers.

use super::rows::{Lines, is_heading};
use crate::keymap::{Command, Verb};
use crate::pages::page::{Findable, Hint, Opens, PageState};
use crate::pages::table::columns::{Widths, counted, short, tsv};
use crate::palette::choices;
use crate::state::cursor::{Cursor, Rows};
use crate::state::input::{Mouse, MouseWhat};
use crate::state::{Answer, Cx, Order, Place, age};
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, Level, ObjectRef, Query};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, Result, Str};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a board shows, and where it leads.
pub trait Source: Sized {
    const NAME: &'static str;
    const TITLE: &'static str;
    /// The column that names a row.
    const LEAD: &'static str = "Name";
    /// A scope of the key map before the page's own, where tables of a kind have the page's name too.
    const SCOPE: Option<&'static str> = None;
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self>;
    fn columns(&self) -> Vec<Column>;
    /// The rows, in their own order, when they have changed since the last call.
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>>;
    /// Enter.
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>);
    /// The object behind a row, to act on.
    fn object(&self, _row: &RowArc) -> Option<ObjectRef> {
        None
    }
    /// What declares the thing of a row: the keys of its kind are the row's.
    fn declared_by(&self, _row: &RowArc) -> Option<ObjectRef> {
        None
    }
    /// The group of a row, when rows are grouped.
    fn group(&self, _row: &RowArc) -> Option<Str> {
        None
    }
    /// The heading over the rows of a group: its identity begins with `group/`.
    fn heading(&self, name: &str, rows: &[RowArc]) -> RowArc {
        let level = rows.iter().map(|r| r.level).max().unwrap_or(Level::Off);
        super::row(&format!("group/{name}"), "", name, level, vec![Cell::Text(name.into())])
    }
    /// Headings that are known beforehand, in their order; then [`Source::heading`] makes none.
    fn headings(&self) -> &[RowArc] {
        &[]
    }
    /// Whether such a heading stands there without rows too.
    fn alone(&self, _name: &str) -> bool {
        false
    }
    /// Drawn above the rows, line by line.
    fn chart(&self) -> &[Vec<(Level, String)>] {
        &[]
    }
    /// What is worth keeping of it between starts.
    fn remember(&self) -> Value {
        Value::Null
    }
    fn recall(&mut self, _kept: &Value) {}
    /// Commands of its own; `row` is the one under the cursor.
    fn command(&mut self, _command: &Command, _row: Option<&RowArc>, _cx: &mut Cx<'_>) -> bool {
        false
    }
    fn answer(&mut self, _answer: Answer, _cx: &mut Cx<'_>) {}
    fn hints(&self) -> Vec<Hint> {
        Vec::new()
    }
    fn freshness(&self) -> Option<Freshness> {
        None
    }
    /// Said above the rows: what could not be read, or a summary.
    fn notes(&self) -> Vec<(Level, String)> {
        Vec::new()
    }
    /// Said when there is nothing.
    fn empty(&self) -> String {
        "nothing here".into()
    }
    /// Why there is nothing, when something went wrong.
    fn problem(&self) -> Option<&Problem> {
        None
    }
}

/// A board of something.
pub struct Board<S> {
    pub source: S,
    pub(super) columns: Vec<Column>,
    pub(super) lines: Lines,
    pub(super) cursor: Cursor<RowArc>,
    pub(super) filter: String,
    query: Query,
    pub(super) sort: Option<(usize, bool)>,
    pub(super) wide: bool,
    pub(super) skipped: usize,
    pending_cursor: Option<String>,
    /// Groups of which only the heading is shown.
    folded: BTreeSet<String>,
    pub(super) widths: Widths,
}

impl<S: Source> Board<S> {
    /// Lines above the rows: column names, chips, notes.
    pub(super) fn above(&self) -> usize {
        1 + usize::from(!self.filter.is_empty()) + self.source.notes().len().min(3) + self.source.chart().len()
    }
    fn height(&self, cx: &Cx<'_>) -> usize {
        cx.height().saturating_sub(self.above()).max(1)
    }
    fn arrange(&mut self, cx: &Cx<'_>) {
        self.lines.arrange(&self.columns, &self.query, self.sort, cx.now);
        if !self.source.headings().is_empty() {
            let (source, folded) = (&self.source, &self.folded);
            self.lines.group_under(
                source.headings(),
                &|row| source.group(row).unwrap_or_default(),
                &|name| source.alone(name),
                &|name| folded.contains(name),
            );
        } else if self.lines.all.first().is_some_and(|row| self.source.group(row).is_some()) {
            let source = &self.source;
            let folded = &self.folded;
            self.lines.group(
                &|row| source.group(row).unwrap_or_default(),
                &|name, rows| source.heading(name, rows),
                &|name| folded.contains(name),
            );
        }
        let height = self.height(cx);
        if let Some(id) = &self.pending_cursor
            && self.cursor.go_to(&self.lines, id, height)
        {
            self.pending_cursor = None;
        }
        self.cursor.follow(&self.lines, height);
        // A board is short: its columns are as wide as all its rows want.
        self.widths = Widths::default();
        self.widths.widen(&self.columns, self.lines.all.iter().take(500), cx.size.0, cx.now);
    }
    fn step(&mut self, by: isize, cx: &Cx<'_>) {
        let height = self.height(cx);
        self.cursor.step(&self.lines, by, height);
    }
    fn sort_by(&mut self, name: &str, cx: &mut Cx<'_>) {
        // Where names are called otherwise (hosts), the leading column is meant.
        let name = if name == "Name" && !self.columns.iter().any(|c| &*c.name == "Name") { S::LEAD } else { name };
        match self.columns.iter().position(|c| c.name.eq_ignore_ascii_case(name)) {
            Some(at) => {
                let descending = self.sort == Some((at, false));
                self.sort = Some((at, descending));
                self.arrange(cx);
            }
            None => cx.say(Level::Off, format!("there is no column `{name}` here")),
        }
    }
    fn copy(&self, arg: &str, cx: &mut Cx<'_>) {
        let mut rows = self.cursor.chosen(&self.lines);
        rows.retain(|r| !is_heading(r));
        if rows.is_empty() {
            return;
        }
        let names: Vec<String> = rows.iter().map(|r| r.meta.name.to_string()).collect();
        match arg {
            "name" => cx.copy(names.join("\n"), counted(&names, "name")),
            "namespace" => {
                let mut all: Vec<String> = rows.iter().map(|r| r.meta.namespace.to_string()).collect();
                all.dedup();
                cx.copy(all.join("\n"), "namespace");
            }
            "table" => {
                let all: Vec<RowArc> = (0..self.lines.len()).filter_map(|i| self.lines.row(i)).collect();
                cx.copy(tsv(&self.columns, &all, cx.now), format!("table of {} rows", all.len()));
            }
            _ => cx.copy(tsv(&self.columns, &rows, cx.now), counted(&names, "row")),
        }
    }
}

impl<S: Source> Opens for Board<S> {
    const NAME: &'static str = S::NAME;
    const TITLE: &'static str = S::TITLE;
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let source = S::open(place, cx)?;
        let mut board = Self {
            columns: source.columns(),
            source,
            lines: Lines::default(),
            cursor: Cursor::default(),
            filter: place.arg("filter").into(),
            query: Query::default(),
            sort: None,
            wide: false,
            skipped: 0,
            pending_cursor: None,
            folded: BTreeSet::new(),
            widths: Widths::default(),
        };
        let filter = board.filter.clone();
        board.set_filter(&filter, cx)?;
        Ok(board)
    }
}

impl<S: Source> PageState for Board<S> {
    fn crumb(&self) -> String {
        let (shown, all) = (self.lines.counted(), self.lines.all.len());
        let marks = match self.cursor.marks().len() {
            0 => String::new(),
            n => format!(", {n} marked"),
        };
        if shown == all { format!("{} {all}{marks}", S::NAME) } else { format!("{} {shown} of {all}{marks}", S::NAME) }
    }
    fn scopes(&self) -> Vec<String> {
        let declared = self.cursor.current().and_then(|row| self.source.declared_by(row));
        let keys = declared.map(|o| o.kind.plural.clone());
        let own = S::SCOPE.into_iter().chain([S::NAME, "list"]).map(String::from);
        keys.into_iter().chain(own).collect()
    }
    fn hints(&self) -> Vec<Hint> {
        let mut hints = vec![Hint::new(Verb::Open, "open")];
        hints.extend(self.source.hints());
        hints.extend([
            Hint::new(Verb::Filter, "filter"),
            Hint::new(Command::new(Verb::Preset, "failing"), "failing"),
            Hint::new(Verb::SortPick, "sort"),
        ]);
        hints
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        let current = self.cursor.current().cloned();
        if let (Verb::Open | Verb::Fold, Some(heading)) = (command.verb, current.as_ref().filter(|r| is_heading(r))) {
            let name = heading.meta.uid.trim_start_matches("group/").to_owned();
            if !self.folded.remove(&name) {
                self.folded.insert(name);
            }
            self.arrange(cx);
            return true;
        }
        if self.source.command(command, current.as_ref(), cx) {
            self.refresh(cx);
            // A heading is no thing whose going would have to be shown.
            let heading = current.filter(is_heading).map(|r| r.meta.uid.clone());
            if heading.is_some_and(|id| self.lines.position(&id).is_none()) {
                self.cursor = Cursor::default();
                self.arrange(cx);
            }
            return true;
        }
        let page = self.height(cx) as isize;
        match command.verb {
            Verb::Down => self.step(1, cx),
            Verb::Up => self.step(-1, cx),
            Verb::PageDown => self.step(page, cx),
            Verb::PageUp => self.step(-page, cx),
            Verb::HalfDown => self.step(page / 2, cx),
            Verb::HalfUp => self.step(-page / 2, cx),
            Verb::Top => self.step(isize::MIN / 2, cx),
            Verb::Bottom => self.step(isize::MAX / 2, cx),
            Verb::Left => self.skipped = self.skipped.saturating_sub(1),
            Verb::Right => self.skipped = (self.skipped + 1).min(self.columns.len().saturating_sub(2)),
            Verb::Wide => self.wide = !self.wide,
            Verb::Mark => {
                if current.as_ref().is_some_and(is_heading) || self.cursor.mark() {
                    self.step(1, cx);
                }
            }
            Verb::MarkRange => self.cursor.mark_range(&self.lines),
            Verb::MarkAll => self.cursor.mark_all(&self.lines),
            Verb::MarkClear => {
                self.cursor.clear_marks();
            }
            Verb::Back if !self.cursor.marks().is_empty() => {
                self.cursor.clear_marks();
            }
            Verb::Sort => self.sort_by(&command.arg, cx),
            Verb::SortReverse => {
                let (at, down) = self.sort.unwrap_or((0, false));
                self.sort = Some((at, !down));
                self.arrange(cx);
            }
            Verb::SortPick => {
                let sorted = self.sort.map(|(i, _)| self.columns[i].name.to_string());
                let names = self.columns.iter().map(|c| &*c.name);
                cx.order(Order::Pick(choices::columns(names, sorted.as_deref())));
            }
            Verb::Preset => match choices::PRESETS.iter().find(|(n, _)| *n == command.arg) {
                Some((_, filter)) => {
                    let filter = if self.filter == *filter { "" } else { filter };
                    if let Err(problem) = self.set_filter(filter, cx) {
                        cx.tell(&problem);
                    }
                }
                None => cx.order(Order::Pick(choices::preset_pick())),
            },
            Verb::CopyName => self.copy("name", cx),
            Verb::CopyNamespace => self.copy("namespace", cx),
            Verb::Copy => self.copy(&command.arg, cx),
            Verb::Open => {
                if let Some(row) = current {
                    self.source.enter(&row, cx);
                }
            }
            Verb::Yaml | Verb::Describe | Verb::Events | Verb::Edit | Verb::EditExternal => {
                let Some(row) = current else { return true };
                match self.source.object(&row) {
                    Some(object) if command.verb == Verb::EditExternal => {
                        cx.go(Place::object("edit", object).with("with", "editor"));
                    }
                    Some(object) => cx.go(Place::object(command.verb.name(), object)),
                    None => cx.say(Level::Off, format!("{} is no object of the cluster", row.meta.name)),
                }
            }
            _ => return false,
        }
        true
    }
    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) -> bool {
        match mouse.what {
            MouseWhat::WheelDown => self.step(3, cx),
            MouseWhat::WheelUp => self.step(-3, cx),
            MouseWhat::Click | MouseWhat::Menu => {
                let Some(line) = usize::from(mouse.y).checked_sub(self.above()) else { return false };
                let target = self.cursor.top() + line;
                if target >= self.cursor.lines(&self.lines) {
                    return false;
                }
                if target == self.cursor.index() {
                    cx.order(Order::Command(Verb::Open.into()));
                } else {
                    self.step(target as isize - self.cursor.index() as isize, cx);
                }
            }
        }
        true
    }
    fn refresh(&mut self, cx: &mut Cx<'_>) -> bool {
        let rows = self.source.rows(cx);
        let changed = rows.is_some();
        if let Some(rows) = rows {
            self.lines.all = rows;
            let columns = self.source.columns();
            if columns.len() != self.columns.len() {
                self.columns = columns;
                self.sort = None;
                self.query = Query::parse(&self.filter, &self.columns).unwrap_or_default();
            }
        }
        self.arrange(cx);
        changed
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        self.source.answer(answer, cx);
        self.refresh(cx);
    }
    fn scope_changed(&mut self, cx: &mut Cx<'_>) {
        self.refresh(cx);
    }
    fn targets(&self) -> Vec<ObjectRef> {
        let mut all: Vec<ObjectRef> = Vec::new();
        for object in self.cursor.chosen(&self.lines).iter().filter_map(|row| self.source.object(row)) {
            // Several rows can be of one object (the hosts of an ingress).
            if !all.contains(&object) {
                all.push(object);
            }
        }
        all
    }
    fn on_ghost(&self) -> bool {
        self.cursor.on_ghost() && self.cursor.marks().is_empty()
    }
    fn next_change(&self, now: i64) -> Option<i64> {
        let cells = self.lines.all.iter().take(500).flat_map(|r| r.cells.iter());
        let times = cells.filter_map(|c| match c {
            Cell::Time(at) | Cell::Counted(_, at) => Some(*at),
            _ => None,
        });
        age::next_of(times, now)
    }
    fn freshness(&self) -> Option<Freshness> {
        self.source.freshness()
    }
    fn filter(&self) -> Option<&str> {
        Some(&self.filter)
    }
    fn set_filter(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<()> {
        self.query = Query::parse(text, &self.columns)?;
        self.filter = text.into();
        self.arrange(cx);
        Ok(())
    }
    fn findable(&self) -> Vec<Findable> {
        let rows = (0..self.lines.len().min(2_000)).filter_map(|i| self.lines.row(i));
        rows.map(|r| Findable { id: r.meta.uid.to_string(), label: short(&r) }).collect()
    }
    fn find(&mut self, id: &str, cx: &mut Cx<'_>) {
        let height = self.height(cx);
        self.cursor.go_to(&self.lines, id, height);
    }
    fn remember(&self) -> Value {
        json!({"filter": self.filter, "sort": self.sort, "wide": self.wide,
            "cursor": self.cursor.id().map(|id| id.to_string()), "source": self.source.remember()})
    }
    fn recall(&mut self, kept: &Value, cx: &mut Cx<'_>) {
        self.sort = kept.get("sort").and_then(|s| serde_json::from_value(s.clone()).ok()).unwrap_or_default();
        self.sort = self.sort.filter(|(i, _)| *i < self.columns.len());
        self.wide = kept.get("wide").and_then(Value::as_bool).unwrap_or_default();
        self.source.recall(kept.get("source").unwrap_or(&Value::Null));
        self.pending_cursor = kept.get("cursor").and_then(Value::as_str).map(String::from);
        let filter = kept.get("filter").and_then(Value::as_str).unwrap_or("");
        // A filter that a newer version wrote may not be understood: then there is none.
        if self.set_filter(filter, cx).is_err() {
            self.arrange(cx);
        }
    }
}
