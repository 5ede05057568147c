//! What a page about one thing remembers and answers.

use crate::keymap::{Command, Verb};
use crate::pages::page::{Findable, Hint, Opens, PageState};
use crate::state::cursor::{Cursor, RowId, Rows};
use crate::state::input::{Mouse, MouseWhat};
use crate::state::{Answer, Cx, Effect, Order, Place, age, reading};
use quarterdeck_core::Result;
use quarterdeck_core::resources::{Level, ObjectRef, Verdict};
use quarterdeck_core::store::Freshness;

/// A part of the thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// `None`: a heading.
    pub level: Option<Level>,
    /// What it is: `Challenge`.
    pub title: String,
    pub name: String,
    /// Its state in words.
    pub words: String,
    pub since: Option<i64>,
    /// The first broken link.
    pub broken: bool,
    pub object: Option<ObjectRef>,
    /// Where Enter leads; else to the object's description.
    pub place: Option<Place>,
    /// What Enter does, where it does something else than lead on.
    pub command: Option<Command>,
}

impl Item {
    pub fn heading(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }
    pub fn new(level: Level, title: &str, name: impl Into<String>, words: impl Into<String>) -> Self {
        Self { level: Some(level), title: title.into(), name: name.into(), words: words.into(), ..Self::default() }
    }
    #[must_use]
    pub fn object(mut self, object: Option<ObjectRef>) -> Self {
        self.object = object;
        self
    }
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }
    #[must_use]
    pub fn since(mut self, since: Option<i64>) -> Self {
        self.since = since;
        self
    }
}

/// What a page tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub verdict: Verdict,
    pub since: Option<i64>,
    pub items: Vec<Item>,
}

/// A thing with its parts.
pub trait Story: Sized {
    const NAME: &'static str;
    /// For the palette; empty where it needs an object.
    const TITLE: &'static str = "";
    /// `certificates ▪ client-acme/api-tls` without the separator.
    fn crumb(&self) -> String;
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self>;
    /// What there is to tell, when it has changed since the last call; `None` inside: it is gone.
    fn tell(&mut self, cx: &mut Cx<'_>) -> Option<Option<Told>>;
    /// The object that actions are done to while the cursor is on no other.
    fn object(&self) -> Option<ObjectRef>;
    /// What declares it, see [`PageState::origin`].
    fn origin(&self) -> Option<ObjectRef> {
        None
    }
    /// See [`PageState::aim`].
    fn aim(&self, _action: &str) -> Option<ObjectRef> {
        None
    }
    /// See [`PageState::why_not`].
    fn why_not(&self, _action: &str) -> Option<String> {
        None
    }
    /// Its address.
    fn url(&self) -> Option<String> {
        None
    }
    /// Commands of its own.
    fn command(&mut self, _command: &Command, _cx: &mut Cx<'_>) -> bool {
        false
    }
    /// The answer to one of its asks; told anew afterwards.
    fn answer(&mut self, _answer: Answer, _cx: &mut Cx<'_>) {}
    fn hints(&self) -> Vec<Hint> {
        Vec::new()
    }
    fn freshness(&self) -> Option<Freshness> {
        None
    }
}

struct Parts<'a>(&'a [Item]);

fn identity(item: &Item) -> String {
    format!("{}/{}/{}", item.title, item.name, item.object.as_ref().map_or("", |o| &*o.uid))
}

impl Rows for Parts<'_> {
    type Row = Item;
    fn len(&self) -> usize {
        self.0.len()
    }
    fn row(&self, index: usize) -> Option<Item> {
        self.0.get(index).cloned()
    }
    fn id(row: &Item) -> RowId {
        identity(row).into()
    }
    fn position(&self, id: &str) -> Option<usize> {
        self.0.iter().position(|item| identity(item) == id)
    }
}

/// A page about one thing.
pub struct Detail<S> {
    pub story: S,
    pub(super) told: Option<Told>,
    /// It was there and is no more.
    pub(super) gone: bool,
    pub(super) cursor: Cursor<Item>,
}

impl<S: Story> Detail<S> {
    /// Everything below the verdict; how many lines that takes is known to the view only.
    const HEIGHT: usize = usize::MAX / 4;

    fn step(&mut self, by: isize) {
        if let Some(told) = &self.told {
            self.cursor.step(&Parts(&told.items), by, Self::HEIGHT);
        }
    }
    /// The lines of all parts.
    pub(super) fn lines(&self) -> Vec<crate::state::cursor::Shown<Item>> {
        self.told.as_ref().map(|t| self.cursor.window(&Parts(&t.items), Self::HEIGHT)).unwrap_or_default()
    }
    fn current(&self) -> Option<ObjectRef> {
        self.cursor.current().and_then(|item| item.object.clone()).or_else(|| self.story.object())
    }
}

impl<S: Story> Opens for Detail<S> {
    const NAME: &'static str = S::NAME;
    const TITLE: &'static str = S::TITLE;
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { story: S::open(place, cx)?, told: None, gone: false, cursor: Cursor::default() })
    }
}

impl<S: Story> PageState for Detail<S> {
    fn crumb(&self) -> String {
        self.story.crumb()
    }
    fn scopes(&self) -> Vec<String> {
        // The keys of what declares it are its keys.
        let origin = self.story.origin().map(|o| o.kind.plural.clone());
        origin.into_iter().chain([S::NAME.into(), "list".into()]).collect()
    }
    fn hints(&self) -> Vec<Hint> {
        let mut hints = vec![Hint::new(Verb::Open, "open")];
        hints.extend(self.story.hints());
        if self.story.url().is_some() {
            hints.push(Hint::new(Verb::Browse, "open in browser"));
        }
        hints.extend([
            Hint::new(Verb::Describe, "describe"),
            Hint::new(Verb::Yaml, "yaml"),
            Hint::new(Verb::Events, "events"),
            Hint::new(Verb::Edit, "edit"),
        ]);
        hints
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        if self.story.command(command, cx) {
            self.refresh(cx);
            return true;
        }
        let page = (cx.height() / 2).max(1) as isize;
        match command.verb {
            Verb::Down => self.step(1),
            Verb::Up => self.step(-1),
            Verb::PageDown | Verb::HalfDown => self.step(page),
            Verb::PageUp | Verb::HalfUp => self.step(-page),
            Verb::Top => self.step(isize::MIN / 2),
            Verb::Bottom => self.step(isize::MAX / 2),
            Verb::Open => match self.cursor.current().map(|i| (i.command.clone(), i.place.clone(), i.object.clone())) {
                Some((Some(command), ..)) => cx.order(Order::Command(command)),
                Some((_, Some(place), _)) => cx.go(place),
                Some((_, None, Some(object))) => cx.go(Place::object("describe", object)),
                _ => cx.say(Level::Off, "this line leads nowhere"),
            },
            Verb::Yaml | Verb::Describe | Verb::Events | Verb::Edit | Verb::EditExternal => match self.current() {
                Some(object) => {
                    reading::show(command.verb, &object, cx);
                }
                None => cx.say(Level::Off, "there is no object behind this"),
            },
            Verb::Browse => match self.story.url() {
                Some(url) => cx.effect(Effect::OpenLink(url)),
                None => cx.say(Level::Off, "no address is known"),
            },
            Verb::CopyName => {
                let name = self.cursor.current().map(|i| i.name.clone()).filter(|n| !n.is_empty());
                if let Some(name) = name.or_else(|| self.story.object().map(|o| o.name.to_string())) {
                    cx.copy(name.clone(), format!("name {name}"));
                }
            }
            Verb::CopyNamespace => {
                if let Some(object) = self.current() {
                    cx.copy(object.namespace.to_string(), "namespace");
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
                let Some(told) = &self.told else { return false };
                let Some(item) = super::view::item_at(self, told, cx.size, cx.now, mouse.y) else { return false };
                if item == self.cursor.index() {
                    cx.order(Order::Command(Verb::Open.into()));
                } else {
                    self.step(item as isize - self.cursor.index() as isize);
                }
            }
        }
        true
    }
    fn refresh(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(told) = self.story.tell(cx) else { return false };
        match told {
            Some(told) => {
                let first = self.told.is_none();
                let broken = told.items.iter().position(|i| i.broken);
                self.told = Some(told);
                self.gone = false;
                if let Some(told) = &self.told {
                    self.cursor.follow(&Parts(&told.items), Self::HEIGHT);
                    // The page opens on what is broken.
                    if let (true, Some(at)) = (first, broken) {
                        self.cursor.go(&Parts(&told.items), at, Self::HEIGHT);
                    }
                }
            }
            // What was told stays, marked as gone: nobody loses what they were reading.
            None => self.gone = self.freshness() != Some(Freshness::Loading),
        }
        true
    }
    fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        self.story.answer(answer, cx);
        self.refresh(cx);
    }
    fn targets(&self) -> Vec<ObjectRef> {
        if self.gone { Vec::new() } else { self.current().into_iter().collect() }
    }
    fn origin(&self) -> Option<ObjectRef> {
        self.story.origin().filter(|_| !self.gone)
    }
    fn aim(&self, action: &str) -> Option<ObjectRef> {
        self.story.aim(action).filter(|_| !self.gone)
    }
    fn why_not(&self, action: &str) -> Option<String> {
        self.story.why_not(action)
    }
    fn on_ghost(&self) -> bool {
        self.gone || self.cursor.on_ghost()
    }
    fn next_change(&self, now: i64) -> Option<i64> {
        let told = self.told.as_ref()?;
        age::next_of(told.items.iter().filter_map(|i| i.since).chain(told.since), now)
    }
    fn freshness(&self) -> Option<Freshness> {
        self.story.freshness()
    }
    fn findable(&self) -> Vec<Findable> {
        let items = self.told.iter().flat_map(|t| &t.items).filter(|i| i.level.is_some());
        items.map(|i| Findable { id: identity(i), label: format!("{} {}", i.title, i.name) }).collect()
    }
    fn find(&mut self, id: &str, _cx: &mut Cx<'_>) {
        if let Some(told) = &self.told {
            self.cursor.go_to(&Parts(&told.items), id, Self::HEIGHT);
        }
    }
}
