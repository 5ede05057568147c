//! What a page is, and how the list of pages becomes one type.

use crate::keymap::{Command, Key};
use crate::state::input::Mouse;
use crate::state::{Answer, Cx, Place};
use quarterdeck_core::Result;
use quarterdeck_core::resources::ObjectRef;
use quarterdeck_core::store::Freshness;
use serde_json::Value;

/// A key that is worth showing in the hint line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub command: Command,
    pub label: String,
}

impl Hint {
    pub fn new(command: impl Into<Command>, label: &str) -> Self {
        Self { command: command.into(), label: label.into() }
    }
    /// An action of the catalogue.
    pub fn action(name: &str, label: &str) -> Self {
        Self { command: Command::new(crate::keymap::Verb::Do, name), label: label.into() }
    }
}

/// Something of the page that can be found by name in the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findable {
    pub id: String,
    pub label: String,
}

/// What a page remembers and how it answers. Its drawing is in its `view.rs`:
/// `pub fn draw(page: &ThePage, seen: &Seen<'_>, canvas: &mut Canvas<'_>)`.
pub trait PageState {
    /// Where we are, for the header line: `pods`, `certificates ▪ client-acme/api-tls`.
    fn crumb(&self) -> String;
    /// Scopes of the key map, the narrowest first; `global` is added.
    fn scopes(&self) -> Vec<String>;
    /// Answers a command; false when the page has nothing to say to it, then the program answers.
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool;
    /// The keys that matter most here, the most important first.
    fn hints(&self) -> Vec<Hint> {
        Vec::new()
    }
    /// Every key before the key map, for pages into which text is typed; true: it is done with.
    fn key(&mut self, _key: Key, _cx: &mut Cx<'_>) -> bool {
        false
    }
    /// Pasted text; true: taken.
    fn paste(&mut self, _text: &str, _cx: &mut Cx<'_>) -> bool {
        false
    }
    /// A click or the wheel; lines and columns of the page. True: something changed.
    fn mouse(&mut self, _mouse: Mouse, _cx: &mut Cx<'_>) -> bool {
        false
    }
    /// Takes over what changed in the core; whether something visible changed. Also called once after
    /// opening, after a resize, and when the page comes to the front again.
    fn refresh(&mut self, _cx: &mut Cx<'_>) -> bool {
        false
    }
    /// The answer to one of its asks.
    fn answer(&mut self, _answer: Answer, _cx: &mut Cx<'_>) {}
    /// A run of the core that this page started went on.
    fn run(&mut self, _run: u64, _event: &quarterdeck_core::actions::RunEvent, _cx: &mut Cx<'_>) {}
    /// The namespaces that are looked at have changed.
    fn scope_changed(&mut self, _cx: &mut Cx<'_>) {}
    /// The objects that an action would be done to: the marked ones, else the one under the cursor.
    /// Empty when there is none, or when it is gone.
    fn targets(&self) -> Vec<ObjectRef> {
        Vec::new()
    }
    /// What declares the thing that the page is about (an Application, a Kustomization): what can be done to that kind,
    /// and not to what the cursor is on, is done to it.
    fn origin(&self) -> Option<ObjectRef> {
        None
    }
    /// What this action would be done to wherever the cursor is; `None` for most: then it is that of [`PageState::targets`].
    fn aim(&self, _action: &str) -> Option<ObjectRef> {
        None
    }
    /// Why an action finds nothing here that it could be done to.
    fn why_not(&self, _action: &str) -> Option<String> {
        None
    }
    /// Whether the cursor is on something that is gone.
    fn on_ghost(&self) -> bool {
        false
    }
    /// When something visible changes by itself (seconds since 1970), e.g. an age.
    fn next_change(&self, _now: i64) -> Option<i64> {
        None
    }
    /// A moment that [`PageState::next_change`] named has come; only the page in front is told.
    fn tick(&mut self, _cx: &mut Cx<'_>) {}
    /// How fresh its data is, for the header line.
    fn freshness(&self) -> Option<Freshness> {
        None
    }
    /// The filter in words, when the page has one; `Some("")`: none is set.
    fn filter(&self) -> Option<&str> {
        None
    }
    /// Sets the filter while it is typed. A filter that is wrong is told, and the last right one stays.
    fn set_filter(&mut self, _text: &str, _cx: &mut Cx<'_>) -> Result<()> {
        Ok(())
    }
    /// What the palette can jump to in this page.
    fn findable(&self) -> Vec<Findable> {
        Vec::new()
    }
    /// Puts the cursor on something [`PageState::findable`] named.
    fn find(&mut self, _id: &str, _cx: &mut Cx<'_>) {}
    /// What is worth keeping between starts (filter, sort, cursor), beside the place.
    fn remember(&self) -> Value {
        Value::Null
    }
    /// Takes up what was kept.
    fn recall(&mut self, _kept: &Value, _cx: &mut Cx<'_>) {}
}

/// A page that can be gone to.
pub trait Opens: PageState + Sized {
    /// As places and key maps name it: `go NAME`.
    const NAME: &'static str;
    /// For the palette; empty when it needs an object and cannot be gone to by name.
    const TITLE: &'static str;
    /// Opens it.
    ///
    /// # Errors
    /// When the place does not say what the page needs.
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self>;
}

/// Makes the type of all pages from their list.
macro_rules! pages {
    ($($module:ident :: $page:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// Any page.
        pub enum Page { $($page(Box<$module::$page>)),* }

        impl Page {
            /// Opens the page of a place.
            ///
            /// # Errors
            /// When there is no such page, or the place does not say what it needs.
            pub fn open(
                place: &$crate::state::Place,
                cx: &mut $crate::state::Cx<'_>,
            ) -> quarterdeck_core::Result<Self> {
                $(if place.page == <$module::$page as $crate::pages::page::Opens>::NAME {
                    return <$module::$page as $crate::pages::page::Opens>::open(place, cx)
                        .map(|page| Self::$page(Box::new(page)));
                })*
                Err(quarterdeck_core::Problem::usage(
                    format!("cannot go to `{}`", place.page),
                    "there is no such page",
                ))
            }
            /// Names and titles of the pages that can be gone to by name.
            pub fn named() -> Vec<(&'static str, &'static str)> {
                let mut all = vec![$((
                    <$module::$page as $crate::pages::page::Opens>::NAME,
                    <$module::$page as $crate::pages::page::Opens>::TITLE,
                )),*];
                all.retain(|(_, title)| !title.is_empty());
                all
            }
            pub fn state(&self) -> &dyn $crate::pages::page::PageState {
                match self { $(Self::$page(page) => &**page),* }
            }
            pub fn state_mut(&mut self) -> &mut dyn $crate::pages::page::PageState {
                match self { $(Self::$page(page) => &mut **page),* }
            }
            /// Draws it.
            pub fn draw(&self, seen: &$crate::view::Seen<'_>, canvas: &mut $crate::widgets::Canvas<'_>) {
                match self { $(Self::$page(page) => $module::view::draw(page, seen, canvas)),* }
            }
        }
    };
}
pub(crate) use pages;
