//! What the home page remembers and answers.

use crate::keymap::{Command, Verb};
use crate::pages::board::overview::Watched;
use crate::pages::page::{Findable, Hint, Opens, PageState};
use crate::state::cursor::{Cursor, RowId, Rows, Shown};
use crate::state::input::{Mouse, MouseWhat};
use crate::state::{Cx, Order, Place, age};
use quarterdeck_core::Result;
use quarterdeck_core::findings::{Finding, Topic};
use quarterdeck_core::journal::Entry;
use quarterdeck_core::overview::since::{Change, Looked};
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::store::Freshness;

/// Findings as the cursor needs them, in the order of their groups.
pub(super) struct Findings<'a>(pub &'a [Finding]);

fn id(finding: &Finding) -> String {
    format!("{}/{}/{}/{}/{}", finding.code, finding.kind, finding.namespace, finding.name, finding.uid)
}

impl Rows for Findings<'_> {
    type Row = Finding;
    fn len(&self) -> usize {
        self.0.len()
    }
    fn row(&self, index: usize) -> Option<Finding> {
        self.0.get(index).cloned()
    }
    fn id(row: &Finding) -> RowId {
        id(row).into()
    }
    fn position(&self, wanted: &str) -> Option<usize> {
        self.0.iter().position(|f| id(f) == wanted)
    }
}

/// A line of the page.
pub(super) enum Line {
    /// A group's headline: level, title, since when.
    Head(Level, String, Option<i64>),
    /// A finding: its place among all.
    Finding(usize, Box<Shown<Finding>>),
    /// How many are well, by page.
    Counts,
    Heading(String),
    Done(Box<Entry>),
    Changed(Box<Change>),
}

/// What is wrong right now.
pub struct Home {
    pub(super) watched: Option<Watched>,
    /// All findings in the order of their groups.
    pub(super) findings: Vec<Finding>,
    pub(super) cursor: Cursor<Finding>,
    pub(super) done: Vec<Entry>,
    /// The platform when it was looked at before this program began.
    looked: Option<Looked>,
    pub(super) changes: Vec<Change>,
    /// When the picture of the platform was kept last.
    kept: i64,
    now: i64,
    problem: Option<quarterdeck_core::Problem>,
}

/// Changes that are shown.
const SHOWN: usize = 8;
/// Seconds between two pictures of the platform.
const KEPT: i64 = 60;

impl Home {
    pub(super) fn problem(&self) -> Option<&quarterdeck_core::Problem> {
        self.problem.as_ref()
    }
    fn step(&mut self, by: isize) {
        self.cursor.step(&Findings(&self.findings), by, usize::MAX / 4);
    }
    /// All lines, and which of them the cursor is on.
    pub(super) fn lines(&self) -> (Vec<Line>, usize) {
        let (mut lines, mut at) = (Vec::new(), 0);
        let groups = self.watched.as_ref().map(|w| w.seen.groups.as_slice()).unwrap_or_default();
        let mut last: Option<Topic> = None;
        for (i, shown) in self.cursor.window(&Findings(&self.findings), usize::MAX / 4).into_iter().enumerate() {
            let topic = shown.row.topic();
            if last != Some(topic) {
                last = Some(topic);
                lines.push(match groups.iter().find(|g| g.topic == topic) {
                    Some(group) => Line::Head(group.level, group.title.clone(), group.since),
                    None => Line::Head(Level::Off, "mended meanwhile".into(), None),
                });
            }
            if shown.cursor {
                at = lines.len();
            }
            lines.push(Line::Finding(i, Box::new(shown)));
        }
        lines.push(Line::Counts);
        let since = self.looked.as_ref().map_or(i64::MIN, |l| l.at);
        let news = self.done.iter().any(|e| e.at >= since) || !self.changes.is_empty();
        match &self.looked {
            Some(looked) if news => {
                lines.push(Line::Heading(format!("Since you last looked, {} ago", age::length(self.now - looked.at))));
                let done = self.done.iter().filter(|e| e.at >= since);
                let mut all: Vec<(Option<i64>, Line)> = done.map(|e| (Some(e.at), Line::Done(Box::new(e.clone())))).collect();
                all.extend(self.changes.iter().map(|c| (c.at, Line::Changed(Box::new(c.clone())))));
                all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
                lines.extend(all.into_iter().take(SHOWN).map(|(_, line)| line));
            }
            _ if !self.done.is_empty() => {
                lines.push(Line::Heading("Lately done from here".into()));
                lines.extend(self.done.iter().take(5).map(|e| Line::Done(Box::new(e.clone()))));
            }
            _ => {}
        }
        (lines, at)
    }
    /// The first line that is shown, so that the cursor and its headline are seen.
    pub(super) fn first_line(at: usize, count: usize, height: usize) -> usize {
        if count <= height || at < height.saturating_sub(1) {
            0
        } else {
            (at + 2).saturating_sub(height).min(count - height)
        }
    }
    fn go(&self, verb: Verb, cx: &mut Cx<'_>) {
        let Some(finding) = self.cursor.current() else { return };
        let Some(object) = finding.object.clone() else {
            let words = format!("{} {} is not an object of this cluster", finding.kind, finding.name);
            cx.say(Level::Off, words);
            return;
        };
        let seen = self.watched.as_ref().map(|w| &w.seen);
        let place = match verb {
            Verb::Open => {
                let app = seen.and_then(|s| s.app(&finding.title));
                let route = seen.and_then(|s| {
                    let same = s.routes.iter().filter(|r| r.object.uid == object.uid && r.code == Some(finding.code));
                    same.clone().find(|r| finding.title.starts_with(&*r.host)).or_else(|| same.clone().next())
                });
                if object.kind.plural == "certificates" {
                    Place::object("certificate", object)
                } else if let Some(r) = route {
                    let place = Place::object("route", r.object.clone());
                    place.with("host", &*r.host).with("path", &*r.path).with("extra", &*r.extra)
                } else if let Some(app) = app {
                    Place::name("app", &*app.name)
                } else if seen.is_some_and(|s| s.tenant(&finding.title).is_some()) {
                    Place::name("tenant", &*finding.title)
                } else {
                    Place::object("describe", object)
                }
            }
            Verb::EditExternal => Place::object("edit", object).with("with", "editor"),
            verb => Place::object(verb.name(), object),
        };
        cx.go(place);
    }
}

impl Opens for Home {
    const NAME: &'static str = "home";
    const TITLE: &'static str = "what is wrong right now";
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let (watched, problem) = match Watched::open(cx) {
            Ok(watched) => (Some(watched), None),
            Err(problem) => (None, Some(problem)),
        };
        Ok(Self {
            watched,
            findings: Vec::new(),
            cursor: Cursor::default(),
            done: Vec::new(),
            looked: cx.session.memory().at_start(&Looked::key(cx.context)),
            changes: Vec::new(),
            kept: 0,
            now: cx.now,
            problem,
        })
    }
}

impl PageState for Home {
    fn crumb(&self) -> String {
        match &self.watched {
            Some(w) if !w.seen.platform.id.is_empty() => w.seen.platform.id.clone(),
            _ => "home".into(),
        }
    }
    fn scopes(&self) -> Vec<String> {
        vec!["home".into(), "list".into()]
    }
    fn hints(&self) -> Vec<Hint> {
        let go = |page: &str| Hint::new(Command::new(Verb::Go, page), page);
        vec![Hint::new(Verb::Open, "open"), go("apps"), go("tenants"), go("certificates"), go("routes")]
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        let page = (cx.height() / 2).max(1) as isize;
        match command.verb {
            Verb::Down => self.step(1),
            Verb::Up => self.step(-1),
            Verb::PageDown => self.step(page),
            Verb::PageUp => self.step(-page),
            Verb::HalfDown => self.step(page / 2),
            Verb::HalfUp => self.step(-page / 2),
            Verb::Top => self.step(isize::MIN / 2),
            Verb::Bottom => self.step(isize::MAX / 2),
            Verb::Open | Verb::Describe | Verb::Yaml | Verb::Events | Verb::Edit | Verb::EditExternal => {
                self.go(command.verb, cx);
            }
            Verb::CopyName => {
                if let Some(finding) = self.cursor.current() {
                    cx.copy(finding.name.clone(), format!("name {}", finding.name));
                }
            }
            Verb::CopyNamespace => {
                if let Some(finding) = self.cursor.current() {
                    cx.copy(finding.namespace.clone(), "namespace");
                }
            }
            _ => return false,
        }
        true
    }
    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) -> bool {
        match mouse.what {
            MouseWhat::WheelDown => self.step(1),
            MouseWhat::WheelUp => self.step(-1),
            MouseWhat::Click | MouseWhat::Menu => {
                let (lines, at) = self.lines();
                let first = Self::first_line(at, lines.len(), cx.height());
                let Some(Line::Finding(target, _)) = lines.get(first + usize::from(mouse.y)) else { return false };
                if *target == self.cursor.index() {
                    cx.order(Order::Command(Verb::Open.into()));
                } else {
                    self.step(*target as isize - self.cursor.index() as isize);
                }
            }
        }
        true
    }
    fn refresh(&mut self, cx: &mut Cx<'_>) -> bool {
        let mut done = cx.session.journal();
        done.retain(|e| e.context == cx.context);
        done.truncate(SHOWN);
        self.now = cx.now;
        let mut changed = done != self.done;
        self.done = done;
        if let Some(watched) = &mut self.watched
            && watched.refresh(cx)
        {
            let members = watched.seen.groups.iter().flat_map(|g| &g.members);
            self.findings = members.filter(|f| cx.scope.contains(&f.namespace)).cloned().collect();
            self.cursor.follow(&Findings(&self.findings), usize::MAX / 4);
            changed = true;
            if watched.seen.loaded {
                self.changes = self.looked.as_ref().map(|l| l.changes(&watched.seen)).unwrap_or_default();
                // Kept now and then, so that a program that is killed has looked too.
                if cx.now - self.kept >= KEPT {
                    self.kept = cx.now;
                    let looked = Looked::of(&watched.seen, cx.now);
                    cx.session.memory().set(&Looked::key(cx.context), &looked);
                }
            }
        }
        changed
    }
    fn scope_changed(&mut self, cx: &mut Cx<'_>) {
        self.refresh(cx);
    }
    fn targets(&self) -> Vec<ObjectRef> {
        self.cursor.current().and_then(|f| f.object.clone()).into_iter().collect()
    }
    fn on_ghost(&self) -> bool {
        self.cursor.on_ghost()
    }
    fn freshness(&self) -> Option<Freshness> {
        self.watched.as_ref().map(Watched::freshness)
    }
    fn next_change(&self, now: i64) -> Option<i64> {
        let times = self.findings.iter().filter_map(|f| f.since).chain(self.done.iter().map(|e| e.at));
        let changes = self.changes.iter().filter_map(|c| c.at);
        age::next_of(times.chain(changes), now)
    }
    fn findable(&self) -> Vec<Findable> {
        let label = |f: &Finding| format!("{} {}", f.kind, f.title);
        self.findings.iter().map(|f| Findable { id: id(f), label: label(f) }).collect()
    }
    fn find(&mut self, wanted: &str, _cx: &mut Cx<'_>) {
        self.cursor.go_to(&Findings(&self.findings), wanted, usize::MAX / 4);
    }
}
