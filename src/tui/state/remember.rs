//! Where the user was, kept between starts and offered back; drafts that wait.

use super::app::State;
use super::place::Place;
use crate::keymap::Verb;
use quarterdeck_core::overview::since::Looked;
use quarterdeck_core::resources::{Level, Scope};
use serde_json::{Value, json};

impl State {
    fn memory_key(&self) -> String {
        format!("view/{}", self.context)
    }

    /// Keeps where we are. Called when a page is opened or left, and before the end.
    pub fn remember_here(&self) {
        let Some(entry) = self.top() else { return };
        // Who only looks at the first page does not lose where they were.
        if self.stack.len() < 2 && self.kept.is_some() {
            return;
        }
        let Some(place) = entry.place.to_json() else { return };
        let namespaces: Vec<String> = match &self.scope {
            Scope::All => Vec::new(),
            Scope::Namespaces(set) => set.iter().map(ToString::to_string).collect(),
        };
        let kept = json!({"place": place, "namespaces": namespaces, "kept": entry.page.state().remember()});
        self.session.memory().set(&self.memory_key(), &kept);
    }

    /// Keeps a picture of the platform as it was looked at last. Called before the end.
    pub fn keep_looked(&self) {
        // Only what is watched already: leaving asks nothing.
        if self.stack.first().is_none_or(|e| e.place.page != "home") {
            return;
        }
        if let Ok(handle) = self.session.overview(&self.context)
            && let overview = handle.get()
            && overview.loaded
        {
            self.session.memory().set(&Looked::key(&self.context), &Looked::of(&overview, self.now()));
        }
    }

    fn cut_off_key(&self) -> String {
        format!("cut-off/{}", self.context)
    }

    /// The terminal has gone under the program: the next start opens this place by itself.
    pub fn cut_off(&self) {
        self.session.memory().set(&self.cut_off_key(), &true);
    }

    /// Goes to the place where the user was when the terminal went, or offers the one where they left.
    pub(super) fn offer_last_place(&mut self) {
        // It is about this start alone, whatever comes of it: a place that ends the program is not opened twice by itself.
        let key = self.cut_off_key();
        let cut_off = self.session.memory().get::<bool>(&key) == Some(true);
        if cut_off {
            self.session.memory().set(&key, &false);
        }
        let Some(kept) = self.session.memory().get::<Value>(&self.memory_key()) else { return };
        let Some(place) = kept.get("place").and_then(Place::from_json) else { return };
        if place.page == "home" {
            return;
        }
        if cut_off {
            self.kept = Some(kept);
            self.go(place);
            self.recall_here();
            self.say(Level::Good, "the terminal was cut off: here you were");
            return;
        }
        let keys = {
            let scopes = self.scopes();
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            self.keymap.keys_of(&scopes, Verb::Last)
        };
        self.left = Some(place);
        self.kept = Some(kept);
        self.say(Level::Good, format!("`{keys}` goes back to where you were"));
    }

    /// Takes up filter, cursor and namespaces of the place that was just opened, if it is the one that was kept.
    pub(super) fn recall_here(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        let Some(place) = kept.get("place").and_then(Place::from_json) else { return };
        let here = self.top().is_some_and(|e| e.place == place);
        if !here {
            return;
        }
        let namespaces: Vec<String> =
            kept.get("namespaces").and_then(|n| serde_json::from_value(n.clone()).ok()).unwrap_or_default();
        self.set_scope(Scope::of(namespaces.iter().map(String::as_str)));
        if let Some(kept) = kept.get("kept") {
            self.with_top(|page, cx| page.recall(kept, cx));
        }
    }

    /// Says that text of an earlier edit waits.
    pub(super) fn offer_drafts(&mut self) {
        let mine = self.session.drafts().list().into_iter().filter(|d| d.context == self.context).count();
        if mine > 0 {
            let what =
                if mine == 1 { "1 draft of an edit waits".into() } else { format!("{mine} drafts of edits wait") };
            self.say(Level::Warn, format!("{what}: `:drafts`"));
        }
    }
}
