//! What all pages that are read have in common: moving, searching, copying, saving, and an object
//! that is followed while it is read.

use super::document::Document;
use super::{Ask, Cx, Effect, Place, Subject};
use crate::keymap::{Command, Verb};
use crate::state::input::{Mouse, MouseWhat};
use quarterdeck_core::Result;
use quarterdeck_core::resources::{Level, ObjectRef, Scope};
use quarterdeck_core::store::{Freshness, TableHandle, TableRequest, TableView};

/// Answers a command by moving through a document; false when it is none of these.
pub fn read(document: &mut Document, command: &Command, name: &str, cx: &mut Cx<'_>) -> bool {
    let height = cx.height();
    let page = height.max(2) as isize - 1;
    match command.verb {
        Verb::Down => document.step(1, height),
        Verb::Up => document.step(-1, height),
        Verb::PageDown => document.step(page, height),
        Verb::PageUp => document.step(-page, height),
        Verb::HalfDown => document.step(page / 2, height),
        Verb::HalfUp => document.step(-page / 2, height),
        Verb::Top => document.step(isize::MIN / 2, height),
        Verb::Bottom => document.step(isize::MAX / 2, height),
        Verb::Left => {
            document.left = document.left.saturating_sub(8);
            true
        }
        Verb::Right => {
            let widest = document.lines().iter().map(|l| l.text.len()).max().unwrap_or(0);
            document.left = (document.left + 8).min(widest.saturating_sub(8));
            true
        }
        Verb::Wrap => {
            document.wrap = !document.wrap;
            document.left = 0;
            cx.say(
                Level::Good,
                if document.wrap { "long lines are wrapped" } else { "long lines are cut; h and l scroll" },
            );
            true
        }
        Verb::Next | Verb::Previous => {
            if document.searched().is_empty() {
                cx.say(Level::Warn, "nothing is searched for");
            } else if !document.find(command.verb == Verb::Next, false, height) {
                cx.say(Level::Warn, format!("no line has `{}`", document.searched()));
            }
            true
        }
        Verb::Search if command.arg.is_empty() => {
            cx.order(super::Order::Command(Verb::Filter.into()));
            true
        }
        Verb::Copy => {
            cx.copy(document.to_text(), format!("{} lines", document.lines().len()));
            true
        }
        Verb::Save => {
            let text = document.to_text();
            cx.effect(Effect::Save { path: name.to_owned(), text });
            true
        }
        _ => return false,
    };
    true
}

/// Goes to another page about the same object; false when the verb names none.
pub fn show(verb: Verb, object: &ObjectRef, cx: &mut Cx<'_>) -> bool {
    let object = object.clone();
    cx.go(match verb {
        Verb::EditExternal => Place::object("edit", object).with("with", "editor"),
        Verb::LogsPrevious => Place::object("logs", object).with("previous", "true"),
        Verb::Edit | Verb::Yaml | Verb::Describe | Verb::Logs => Place::object(verb.name(), object),
        Verb::Events => {
            let fields = format!("involvedObject.uid={}", object.uid);
            let namespace = object.namespace().unwrap_or("default").to_owned();
            let events = Place::about("table", Subject::Name("events".into()));
            events.with("fields", fields).with("namespace", namespace)
        }
        _ => return false,
    });
    true
}

/// Sets what is searched for while it is typed, and goes to the first match from here on.
///
/// # Errors
/// When the expression is wrong; the last search stays.
pub fn search(document: &mut Document, typed: &str, cx: &mut Cx<'_>) -> Result<()> {
    document.set_search(typed).map_err(|why| quarterdeck_core::Problem::usage("cannot search", why).on(typed))?;
    document.find(true, true, cx.height());
    Ok(())
}

/// The wheel and a click in a document.
pub fn mouse(document: &mut Document, mouse: Mouse, cx: &mut Cx<'_>) -> bool {
    let height = cx.height();
    match mouse.what {
        MouseWhat::WheelDown => document.wheel(3, height),
        MouseWhat::WheelUp => document.wheel(-3, height),
        MouseWhat::Click | MouseWhat::Menu => {
            document.go(document.top() + usize::from(mouse.y), height);
            true
        }
    }
}

/// An object that is read on a page: fetched once, and again each time the watch says that it changed.
pub struct Followed {
    pub object: ObjectRef,
    handle: Option<TableHandle>,
    view: Option<TableView>,
    asked: Option<String>,
    /// The object was deleted while it was read.
    pub gone: bool,
}

impl Followed {
    /// Begins to follow, and asks for the object.
    pub fn new(object: ObjectRef, cx: &mut Cx<'_>) -> Self {
        let scope = object.namespace().map_or(Scope::All, Scope::one);
        let mut request = TableRequest::new(object.kind.clone(), scope);
        request.fields = format!("metadata.name={}", object.name);
        // Kinds that cannot be watched are read once; refreshing asks again.
        let handle = if object.kind.can("watch") { cx.session.table(cx.context, request).ok() } else { None };
        let view = handle.as_ref().map(TableHandle::view);
        cx.ask(Ask::Object(object.clone()));
        Self { object, handle, view, asked: None, gone: false }
    }
    /// Looks whether the object changed, and asks for it if so; whether it is gone now and was not before.
    pub fn refresh(&mut self, cx: &mut Cx<'_>) -> bool {
        let (Some(handle), Some(view)) = (&self.handle, &mut self.view) else { return false };
        if !view.refresh() || handle.freshness() != Freshness::Live {
            return false;
        }
        match view.get(0) {
            Some(row) => {
                let other = !self.object.uid.is_empty() && row.meta.uid != self.object.uid;
                if other {
                    return !std::mem::replace(&mut self.gone, true);
                }
                self.object.uid = row.meta.uid.clone();
                let version = row.meta.resource_version.to_string();
                let before = self.asked.replace(version.clone());
                if before.is_some_and(|b| b != version) {
                    cx.ask(Ask::Object(self.object.clone()));
                }
                false
            }
            None => !std::mem::replace(&mut self.gone, true),
        }
    }
    pub fn freshness(&self) -> Option<Freshness> {
        self.handle.as_ref().map(TableHandle::freshness)
    }
    /// Takes over what an answer says of the object's identity.
    pub fn seen(&mut self, object: &serde_json::Value) {
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or("").into();
        self.object.uid = text("uid");
        self.object.resource_version = text("resourceVersion");
        self.asked = Some(self.object.resource_version.to_string());
    }
    /// A name for a file with this object.
    pub fn file_name(&self, ending: &str) -> String {
        let parts = [&*self.object.kind.singular, &*self.object.namespace, &*self.object.name];
        let name: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        format!("{}.{ending}", name.join("-"))
    }
}
