//! What the home page remembers and answers.

use crate::keymap::{Command, Verb};
use crate::pages::page::{Findable, Hint, Opens, PageState};
use crate::state::cursor::{Cursor, RowId, Rows};
use crate::state::input::{Mouse, MouseWhat};
use crate::state::{Cx, Order, Place, age};
use quarterdeck_core::Result;
use quarterdeck_core::findings::Finding;
use quarterdeck_core::overview::Overview;
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::session::OverviewHandle;
use std::sync::Arc;

/// Findings as the cursor needs them.
pub(super) struct Findings<'a>(pub &'a [Finding]);

fn id(finding: &Finding) -> String {
    format!("{}/{}/{}/{}", finding.code, finding.kind, finding.namespace, finding.name)
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

/// What is wrong right now.
pub struct Home {
    pub(super) handle: OverviewHandle,
    pub(super) seen: Arc<Overview>,
    pub(super) cursor: Cursor<Finding>,
    kinds: Arc<quarterdeck_core::resources::Kinds>,
}

impl Home {
    /// Each finding takes a line for what and one for why.
    fn rows_height(height: usize) -> usize {
        (height.saturating_sub(4) / 2).max(1)
    }
    fn step(&mut self, by: isize, cx: &Cx<'_>) {
        let height = Self::rows_height(cx.height());
        self.cursor.step(&Findings(&self.seen.findings), by, height);
    }
    fn object(&self) -> Option<ObjectRef> {
        let finding = self.cursor.current()?;
        let kind = self.kinds.iter().find(|k| k.group == finding.group && k.kind == finding.kind)?;
        let mut object = ObjectRef::new(kind.clone(), &finding.namespace, &finding.name);
        object.uid = finding.uid.as_str().into();
        Some(object)
    }
}

impl Opens for Home {
    const NAME: &'static str = "home";
    const TITLE: &'static str = "what is wrong right now";
    fn open(_place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let handle = match cx.session.overview(cx.context) {
            Ok(handle) => handle,
            Err(problem) => {
                cx.tell(&problem);
                OverviewHandle::default()
            }
        };
        Ok(Self { seen: handle.get(), handle, cursor: Cursor::default(), kinds: cx.kinds.clone() })
    }
}

impl PageState for Home {
    fn crumb(&self) -> String {
        "home".into()
    }
    fn scopes(&self) -> Vec<String> {
        vec!["home".into(), "list".into()]
    }
    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(Verb::Open, "open"),
            Hint::new(Verb::Yaml, "yaml"),
            Hint::new(Verb::Describe, "describe"),
        ]
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        let page = Self::rows_height(cx.height()) as isize;
        match command.verb {
            Verb::Down => self.step(1, cx),
            Verb::Up => self.step(-1, cx),
            Verb::PageDown => self.step(page, cx),
            Verb::PageUp => self.step(-page, cx),
            Verb::HalfDown => self.step(page / 2, cx),
            Verb::HalfUp => self.step(-page / 2, cx),
            Verb::Top => self.step(isize::MIN / 2, cx),
            Verb::Bottom => self.step(isize::MAX / 2, cx),
            Verb::Open | Verb::Describe | Verb::Yaml | Verb::Events | Verb::Edit => match self.object() {
                Some(object) if command.verb == Verb::Open && object.kind.plural == "certificates" => {
                    cx.go(Place::object("certificate", object));
                }
                Some(object) if command.verb == Verb::Open => cx.go(Place::object("describe", object)),
                Some(object) => cx.go(Place::object(command.verb.name(), object)),
                None => {
                    if let Some(finding) = self.cursor.current() {
                        let words = format!("{} {} is not an object of this cluster", finding.kind, finding.name);
                        cx.say(Level::Off, words);
                    }
                }
            },
            Verb::CopyName => {
                if let Some(finding) = self.cursor.current() {
                    cx.copy(finding.name.clone(), format!("name {}", finding.name));
                }
            }
            _ => return false,
        }
        true
    }
    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) -> bool {
        match mouse.what {
            MouseWhat::WheelDown => self.step(1, cx),
            MouseWhat::WheelUp => self.step(-1, cx),
            MouseWhat::Click | MouseWhat::Menu => {
                let target = self.cursor.top() + usize::from(mouse.y) / 2;
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
        self.kinds = cx.kinds.clone();
        let latest = self.handle.get();
        let changed = !Arc::ptr_eq(&latest, &self.seen);
        self.seen = latest;
        let height = Self::rows_height(cx.height());
        self.cursor.follow(&Findings(&self.seen.findings), height);
        changed
    }
    fn targets(&self) -> Vec<ObjectRef> {
        self.object().into_iter().collect()
    }
    fn on_ghost(&self) -> bool {
        self.cursor.on_ghost()
    }
    fn next_change(&self, now: i64) -> Option<i64> {
        age::next_of(self.seen.findings.iter().filter_map(|f| f.since), now)
    }
    fn findable(&self) -> Vec<Findable> {
        self.seen.findings.iter().map(|f| Findable { id: id(f), label: format!("{} {}", f.kind, f.name) }).collect()
    }
    fn find(&mut self, wanted: &str, cx: &mut Cx<'_>) {
        let height = Self::rows_height(cx.height());
        self.cursor.go_to(&Findings(&self.seen.findings), wanted, height);
    }
}
