//! What a table page remembers and answers.

use super::columns;
use super::usage::Beside;
use crate::keymap::{Command, Verb};
use crate::pages::page::{Findable, Hint, Opens, PageState};
use crate::palette::choices;
use crate::state::cursor::{Cursor, RowId, Rows};
use crate::state::input::{Mouse, MouseWhat};
use crate::state::{Cx, Order, Place, Subject, age};
use quarterdeck_core::resources::columns::first_sort;
use quarterdeck_core::cluster::Right;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, Kind, Level, ObjectRef, Scope};
use quarterdeck_core::store::{Freshness, TableHandle, TableRequest, TableView};
use quarterdeck_core::{Problem, ProblemKind, Result};
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows of a view as a cursor needs them.
pub(super) struct Lines<'a>(pub &'a TableView);

impl Rows for Lines<'_> {
    type Row = RowArc;
    fn len(&self) -> usize {
        self.0.len()
    }
    fn row(&self, index: usize) -> Option<RowArc> {
        self.0.get(index)
    }
    fn id(row: &RowArc) -> RowId {
        row.meta.uid.clone()
    }
    fn position(&self, id: &str) -> Option<usize> {
        self.0.position(id)
    }
}

/// An open watch of a kind, and the look at it.
pub(super) struct Watched {
    pub kind: Kind,
    pub handle: TableHandle,
    pub view: TableView,
    pub columns: Arc<[Column]>,
}

/// Any kind of object as a table.
pub struct Table {
    /// The kind as it was asked for, until the server's kinds are known.
    wanted: Subject,
    labels: String,
    fields: String,
    /// Namespaces of its own (the pods of one deployment), else those of the program.
    own_scope: Option<Scope>,
    pub(super) watched: Option<Watched>,
    /// Why there is nothing to watch.
    pub(super) problem: Option<Problem>,
    pub(super) cursor: Cursor<RowArc>,
    pub(super) filter: String,
    pub(super) sort: Option<(String, bool)>,
    pub(super) wide: bool,
    /// Columns skipped at the left, after the name.
    pub(super) skipped: usize,
    /// What is taken up once there are rows.
    pending_cursor: Option<String>,
    pub(super) widths: columns::Widths,
    /// What pods and nodes use.
    pub(super) usage: Beside,
}

impl Table {
    pub fn kind(&self) -> Option<&Kind> {
        self.watched.as_ref().map(|w| &w.kind)
    }

    /// Lines for rows: all but the line of column names and the line of chips, when there is one.
    pub(super) fn rows_height(&self, height: usize) -> usize {
        height.saturating_sub(1 + usize::from(self.has_chips()) + self.notes().len()).max(1)
    }

    /// Namespaces that could not be read, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        let partial = self.watched.as_ref().map(|w| w.handle.partial()).unwrap_or_default();
        match partial.as_slice() {
            [] | [_] | [_, _] => partial.iter().map(Problem::line).collect(),
            [first, rest @ ..] => vec![format!("{}; and {} more namespaces", first.line(), rest.len())],
        }
    }
    /// The right that would show what the server refuses.
    pub(super) fn missing_right(&self) -> Option<Right> {
        let request = self.watched.as_ref()?.handle.request();
        let namespace = match &request.scope {
            Scope::Namespaces(set) if request.kind.namespaced => set.iter().next().map_or("", |n| &**n),
            _ => "",
        };
        Some(Right::new("list,watch", &request.kind.group, &request.kind.plural, namespace))
    }

    /// Whether rows are of several namespaces and the server names them in no column.
    pub(super) fn shows_namespace(&self) -> bool {
        let Some(watched) = &self.watched else { return false };
        let several = match &watched.handle.request().scope {
            Scope::All => true,
            Scope::Namespaces(set) => set.len() > 1,
        };
        watched.kind.namespaced && several && !watched.columns.iter().any(|c| c.name.eq_ignore_ascii_case("namespace"))
    }

    pub(super) fn has_chips(&self) -> bool {
        !self.filter.is_empty() || !self.labels.is_empty() || !self.fields.is_empty()
    }
    pub(super) fn selectors(&self) -> [&str; 2] {
        [&self.labels, &self.fields]
    }

    /// Opens the watch as soon as the kind is known.
    fn watch(&mut self, cx: &mut Cx<'_>) {
        let kind = match &self.wanted {
            Subject::Kind(kind) => {
                // Discovery knows more of a remembered kind: its verbs, its preferred version.
                cx.kinds.get(&kind.group, &kind.plural).unwrap_or(kind).clone()
            }
            Subject::Name(typed) => match cx.kinds.find(typed) {
                Some(kind) => kind.clone(),
                None if cx.kinds.is_empty() => return,
                None => {
                    let why = "the server offers no such kind";
                    self.problem = Some(
                        Problem::new(ProblemKind::NotFound, format!("cannot list `{typed}`"), why)
                            .next("ask the server again what it offers: `:refresh`"),
                    );
                    return;
                }
            },
            _ => return,
        };
        let scope = if kind.namespaced { self.own_scope.as_ref().unwrap_or(cx.scope).clone() } else { Scope::All };
        let request =
            TableRequest { labels: self.labels.clone(), fields: self.fields.clone(), ..TableRequest::new(kind.clone(), scope) };
        match cx.session.table(cx.context, request) {
            Ok(handle) => {
                let view = handle.view();
                let columns = handle.columns();
                self.problem = None;
                self.watched = Some(Watched { kind, handle, view, columns });
                let filter = self.filter.clone();
                if let Err(problem) = self.apply_filter(&filter) {
                    cx.tell(&problem);
                }
                self.apply_sort();
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    fn apply_filter(&mut self, text: &str) -> Result<()> {
        if let Some(watched) = &mut self.watched {
            columns::filter(&mut watched.view, text)?;
        }
        self.filter = text.into();
        Ok(())
    }

    fn apply_sort(&mut self) {
        let Some(watched) = &mut self.watched else { return };
        let (column, descending) = match &self.sort {
            Some((name, descending)) => {
                (watched.columns.iter().position(|c| c.name.eq_ignore_ascii_case(name)), *descending)
            }
            None => first_sort(&watched.kind, &watched.columns),
        };
        watched.view.sort_by(column, descending);
    }

    /// Sorts by a column; by the same one again reverses.
    fn sort_by(&mut self, name: &str, cx: &mut Cx<'_>) {
        let Some(watched) = &self.watched else { return };
        let found = watched.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name));
        let by_name = name.eq_ignore_ascii_case("name") || name.eq_ignore_ascii_case("namespace");
        let name = match found {
            Some(column) => column.name.to_string(),
            None if by_name => name.to_owned(),
            None => {
                cx.say(Level::Off, format!("there is no column `{name}` here"));
                return;
            }
        };
        let descending = self.sort.as_ref().is_some_and(|(now, down)| *now == name && !down);
        self.sort = Some((name, descending));
        self.apply_sort();
        self.follow(cx);
    }

    fn follow(&mut self, cx: &Cx<'_>) {
        let height = self.rows_height(cx.height());
        if let Some(watched) = &self.watched {
            let rows = Lines(&watched.view);
            if let Some(id) = &self.pending_cursor
                && self.cursor.go_to(&rows, id, height)
            {
                self.pending_cursor = None;
            }
            self.cursor.follow(&rows, height);
        }
        self.widen(cx);
    }

    /// Columns grow with the rows that come into view.
    fn widen(&mut self, cx: &Cx<'_>) {
        let height = self.rows_height(cx.height());
        if let Some(watched) = &self.watched {
            let lines = self.cursor.window(&Lines(&watched.view), height);
            let rows: Vec<RowArc> = lines.iter().map(|l| self.usage.row(&watched.columns, &l.row)).collect();
            self.widths.widen(&self.usage.columns(&watched.columns), rows.iter(), cx.size.0, cx.now);
        }
    }

    fn step(&mut self, by: isize, cx: &Cx<'_>) {
        let height = self.rows_height(cx.height());
        if let Some(watched) = &self.watched {
            let top = self.cursor.top();
            self.cursor.step(&Lines(&watched.view), by, height);
            if top != self.cursor.top() {
                self.widen(cx);
            }
        }
    }

    pub(super) fn object(&self, row: &RowArc) -> Option<ObjectRef> {
        Some(ObjectRef::with_meta(self.kind()?.clone(), &row.meta))
    }

    pub(super) fn current(&self) -> Option<ObjectRef> {
        self.object(self.cursor.current()?)
    }

    fn preset(&mut self, name: &str, cx: &mut Cx<'_>) {
        let Some((_, filter)) = choices::PRESETS.iter().find(|(n, _)| *n == name) else {
            cx.order(Order::Pick(choices::preset_pick()));
            return;
        };
        // The same preset again takes it away.
        let filter = if self.filter == *filter { "" } else { filter };
        if let Err(problem) = self.set_filter(filter, cx) {
            cx.tell(&problem);
        }
    }

    fn copy(&self, arg: &str, cx: &mut Cx<'_>) {
        let Some(watched) = &self.watched else { return };
        let rows = self.cursor.chosen(&Lines(&watched.view));
        if rows.is_empty() {
            return;
        }
        let names: Vec<String> = rows.iter().map(|r| r.meta.name.to_string()).collect();
        match arg {
            "name" => cx.copy(names.join("\n"), columns::counted(&names, "name")),
            "namespace" => {
                let mut all: Vec<String> = rows.iter().map(|r| r.meta.namespace.to_string()).collect();
                all.dedup();
                cx.copy(all.join("\n"), "namespace");
            }
            "kubectl" => {
                let lines: Vec<String> = rows
                    .iter()
                    .map(|r| {
                        let ns = if r.meta.namespace.is_empty() { String::new() } else { format!(" -n {}", r.meta.namespace) };
                        format!("kubectl --context {} get {}{ns} {} -o yaml", cx.context, watched.kind.resource(), r.meta.name)
                    })
                    .collect();
                cx.copy(lines.join("\n"), "kubectl command");
            }
            "rows" => cx.copy(columns::tsv(&watched.columns, &rows, cx.now), columns::counted(&names, "row")),
            "table" => {
                let all = watched.view.window(0..watched.view.len());
                cx.copy(columns::tsv(&watched.columns, &all, cx.now), format!("table of {} rows", all.len()));
            }
            _ => cx.order(Order::Pick(columns::copy_pick())),
        }
    }
}

impl Opens for Table {
    const NAME: &'static str = "table";
    const TITLE: &'static str = "";
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let own = place.arg("namespace");
        let mut table = Self {
            wanted: place.subject.clone(),
            labels: place.arg("labels").into(),
            fields: place.arg("fields").into(),
            own_scope: (!own.is_empty()).then(|| Scope::of(own.split(','))),
            watched: None,
            problem: None,
            cursor: Cursor::default(),
            filter: place.arg("filter").into(),
            sort: None,
            wide: false,
            skipped: 0,
            pending_cursor: None,
            widths: columns::Widths::default(),
            usage: Beside::default(),
        };
        table.watch(cx);
        Ok(table)
    }
}

impl PageState for Table {
    fn crumb(&self) -> String {
        let name = match (&self.watched, &self.wanted) {
            (Some(watched), _) => watched.kind.plural.clone(),
            (None, Subject::Kind(kind)) => kind.plural.clone(),
            (None, Subject::Name(typed)) => typed.clone(),
            _ => String::new(),
        };
        let Some(watched) = &self.watched else { return name };
        let (shown, all) = (watched.view.len(), watched.handle.len());
        let more = if watched.handle.freshness() == Freshness::Loading { "+" } else { "" };
        let marks = match self.cursor.marks().len() {
            0 => String::new(),
            n => format!(", {n} marked"),
        };
        let polled = watched.handle.polled().map(|s| format!(", asked every {s}s")).unwrap_or_default();
        let end = format!("{more}{marks}{polled}{}", self.usage.words());
        if shown == all { format!("{name} {all}{end}") } else { format!("{name} {shown} of {all}{end}") }
    }

    fn scopes(&self) -> Vec<String> {
        let mut scopes: Vec<String> = self.kind().map(|k| k.plural.clone()).into_iter().collect();
        scopes.extend(["table".into(), "list".into()]);
        scopes
    }

    fn hints(&self) -> Vec<Hint> {
        let mut hints = vec![Hint::new(Verb::Open, "open")];
        match self.kind().map(|k| k.plural.as_str()) {
            Some("pods") => hints.push(Hint::new(Verb::Logs, "logs")),
            Some("deployments" | "statefulsets") => {
                hints.push(Hint::action("scale", "scale"));
                hints.push(Hint::action("restart", "restart"));
            }
            Some("certificaterequests" | "certificatesigningrequests") => {
                hints.push(Hint::action("approve", "approve"));
                hints.push(Hint::action("deny", "deny"));
            }
            _ => {}
        }
        hints.extend([
            Hint::new(Verb::Yaml, "yaml"),
            Hint::new(Verb::Describe, "describe"),
            Hint::new(Verb::Filter, "filter"),
            Hint::new(Command::new(Verb::Preset, "failing"), "failing"),
            Hint::new(Verb::Mark, "mark"),
            Hint::new(Verb::Edit, "edit"),
        ]);
        hints
    }

    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        let page = self.rows_height(cx.height()) as isize;
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
            Verb::Right => self.skipped = (self.skipped + 1).min(columns::scrollable(self)),
            Verb::Wide => self.wide = !self.wide,
            Verb::Mark => {
                if self.cursor.mark() {
                    self.step(1, cx);
                }
            }
            Verb::MarkRange => {
                if let Some(watched) = &self.watched {
                    self.cursor.mark_range(&Lines(&watched.view));
                }
            }
            Verb::MarkAll => {
                if let Some(watched) = &self.watched {
                    self.cursor.mark_all(&Lines(&watched.view));
                }
            }
            Verb::MarkClear => {
                self.cursor.clear_marks();
            }
            // Esc first takes the marks away.
            Verb::Back if !self.cursor.marks().is_empty() => {
                self.cursor.clear_marks();
            }
            Verb::Sort => self.sort_by(&command.arg, cx),
            Verb::SortReverse => {
                let (name, down) = self.sort.clone().unwrap_or_else(|| ("Name".into(), false));
                self.sort = Some((name, !down));
                self.apply_sort();
                self.follow(cx);
            }
            Verb::SortPick => {
                if let Some(watched) = &self.watched {
                    let sorted = self.sort.as_ref().map(|(n, _)| n.as_str());
                    let names = watched.columns.iter().map(|c| &*c.name);
                    cx.order(Order::Pick(choices::columns(names, sorted)));
                }
            }
            Verb::Preset => self.preset(&command.arg, cx),
            Verb::CopyName => self.copy("name", cx),
            Verb::CopyNamespace => self.copy("namespace", cx),
            Verb::Copy => self.copy(&command.arg, cx),
            Verb::Open => self.open_current(cx),
            Verb::Yaml | Verb::Describe | Verb::Events | Verb::Edit | Verb::EditExternal | Verb::Logs
            | Verb::LogsPrevious => self.show(command.verb, cx),
            Verb::Owner => self.owner(cx),
            Verb::Children => self.children(cx),
            Verb::Warp => self.warp(cx),
            _ => return false,
        }
        true
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) -> bool {
        match mouse.what {
            MouseWhat::WheelDown => self.step(3, cx),
            MouseWhat::WheelUp => self.step(-3, cx),
            MouseWhat::Click | MouseWhat::Menu => {
                let first = 1 + usize::from(self.has_chips()) + self.notes().len();
                let Some(line) = usize::from(mouse.y).checked_sub(first) else { return false };
                let target = self.cursor.top() + line;
                let Some(watched) = &self.watched else { return false };
                if target >= self.cursor.lines(&Lines(&watched.view)) {
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
        if self.watched.is_none() {
            self.watch(cx);
        }
        let Some(watched) = &mut self.watched else { return true };
        let columns = watched.handle.columns();
        let new_columns = columns != watched.columns;
        if new_columns {
            watched.columns = columns;
        }
        let changed = watched.view.refresh();
        if new_columns {
            self.apply_sort();
        }
        self.tick(cx);
        self.follow(cx);
        changed || new_columns
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if let Some(watched) = &self.watched {
            self.usage.refresh(&watched.kind, &watched.handle.request().scope, cx);
        }
    }

    fn answer(&mut self, answer: crate::state::Answer, cx: &mut Cx<'_>) {
        match answer {
            crate::state::Answer::Usage(scope, told) => {
                self.usage.answered(&scope, told, cx.now);
                self.follow(cx);
            }
            other => self.drilled(other, cx),
        }
    }

    fn scope_changed(&mut self, cx: &mut Cx<'_>) {
        if self.own_scope.is_none() && self.kind().is_none_or(|k| k.namespaced) {
            self.watched = None;
            self.cursor = Cursor::default();
            self.watch(cx);
        }
    }

    fn targets(&self) -> Vec<ObjectRef> {
        let Some(watched) = &self.watched else { return Vec::new() };
        self.cursor.chosen(&Lines(&watched.view)).iter().filter_map(|row| self.object(row)).collect()
    }
    fn on_ghost(&self) -> bool {
        self.cursor.on_ghost() && self.cursor.marks().is_empty()
    }

    fn next_change(&self, now: i64) -> Option<i64> {
        let watched = self.watched.as_ref()?;
        let top = self.cursor.top();
        let rows = watched.view.window(top..top + 200.min(watched.view.len()));
        let times = rows.iter().flat_map(|r| r.cells.iter()).filter_map(|c| match c {
            Cell::Time(at) => Some(*at),
            _ => None,
        });
        age::next_of(times, now).into_iter().chain(self.usage.next_change()).min()
    }

    fn freshness(&self) -> Option<Freshness> {
        self.watched.as_ref().map(|w| w.handle.freshness())
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.filter)
    }
    fn set_filter(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<()> {
        let result = self.apply_filter(text);
        self.follow(cx);
        result
    }

    fn findable(&self) -> Vec<Findable> {
        let Some(watched) = &self.watched else { return Vec::new() };
        let rows = watched.view.window(0..watched.view.len().min(2_000));
        rows.iter()
            .map(|r| Findable { id: r.meta.uid.to_string(), label: columns::short(r) })
            .collect()
    }
    fn find(&mut self, id: &str, cx: &mut Cx<'_>) {
        let height = self.rows_height(cx.height());
        if let Some(watched) = &self.watched {
            self.cursor.go_to(&Lines(&watched.view), id, height);
        }
    }

    fn remember(&self) -> Value {
        json!({"filter": self.filter, "sort": self.sort, "wide": self.wide,
            "cursor": self.cursor.id().map(|id| id.to_string())})
    }
    fn recall(&mut self, kept: &Value, cx: &mut Cx<'_>) {
        if let Some(filter) = kept.get("filter").and_then(Value::as_str) {
            // A filter that a newer version wrote may not be understood: then there is none.
            let _ = self.apply_filter(filter);
        }
        self.sort = kept.get("sort").and_then(|s| serde_json::from_value(s.clone()).ok()).unwrap_or_default();
        self.wide = kept.get("wide").and_then(Value::as_bool).unwrap_or_default();
        self.pending_cursor = kept.get("cursor").and_then(Value::as_str).map(String::from);
        self.apply_sort();
        self.refresh(cx);
    }
}
