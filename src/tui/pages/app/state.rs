//! What is told of an app.

use crate::pages::board::overview::Watched;
use crate::pages::detail::{Item, Story, Told};
use crate::state::{Cx, Place, Subject};
use quarterdeck_core::platform::{AppView, WorkloadView};
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, Result};

/// An app and what it hangs on.
pub struct AppStory {
    name: String,
    object: Option<ObjectRef>,
    url: Option<String>,
    watched: Watched,
}

/// A workload as a line.
pub fn workload(w: &WorkloadView) -> Item {
    let words = if w.verdict.why.is_empty() { format!("{}/{} ready", w.ready, w.wanted) } else {
        format!("{}/{} ready, {}", w.ready, w.wanted, w.verdict.why)
    };
    let since = w.since.filter(|_| w.ready < w.wanted);
    Item::new(w.verdict.level, &w.kind, &*w.name, words).object(Some(w.object.clone())).since(since)
}

fn items(app: &AppView, watched: &Watched) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for o in &app.origins {
        let level = match (&*o.health, o.suspended) {
            (_, true) => Level::Off,
            ("Degraded" | "Missing", _) => Level::Bad,
            ("Progressing", _) => Level::Busy,
            _ if matches!(&*o.sync, "OutOfSync" | "Unknown") => Level::Warn,
            _ => Level::Good,
        };
        let words: Vec<&str> = [&*o.sync, &*o.health, &*o.revision].into_iter().filter(|w| !w.is_empty()).collect();
        let title = format!("{} {}", o.manager, o.kind);
        items.push(Item::new(level, title.trim(), &*o.name, words.join(", ")).object(Some(o.object.clone())));
    }
    items.extend(app.workloads.iter().map(workload));
    let last = app.blocks.len().saturating_sub(1);
    for (i, b) in app.blocks.iter().enumerate() {
        let mut item = Item::new(Level::Bad, &b.kind, &*b.name, &b.words).object(Some(b.object.clone())).since(b.since);
        item.broken = i == last;
        items.push(item);
    }
    for need in &app.needs {
        let (level, words) = match watched.seen.app(need) {
            Some(other) => (other.verdict.level, format!("needed: {}", other.verdict.word)),
            None => (Level::Unknown, "needed, but not found".into()),
        };
        items.push(Item::new(level, "needs", &**need, words).place(Place::name("app", &**need)));
    }
    for user in &app.needed_by {
        items.push(Item::new(Level::Off, "needed by", &**user, "").place(Place::name("app", &**user)));
    }
    items.push(Item::heading("Facts"));
    let types: Vec<&str> = app.types.iter().map(|t| t.word()).collect();
    let mut fact = |title: &str, name: String| {
        if !name.is_empty() {
            items.push(Item::new(Level::Off, title, name, ""));
        }
    };
    fact("type", types.join(", "));
    fact("namespaces", app.namespaces.join(", "));
    fact("version", app.version.to_string());
    fact("declared version", if app.declared == app.version { String::new() } else { app.declared.to_string() });
    fact("address", app.url.clone().unwrap_or_else(|| app.hosts.join(", ")));
    fact("values", app.values.clone());
    fact("sign-in", app.sign_in.clone());
    items
}

impl Story for AppStory {
    const NAME: &'static str = "app";
    fn crumb(&self) -> String {
        format!("apps {}", self.name)
    }
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Name(name) = &place.subject else {
            return Err(Problem::usage("cannot open an app", "the place names none"));
        };
        Ok(Self { name: name.clone(), object: None, url: None, watched: Watched::open(cx)? })
    }
    fn tell(&mut self, cx: &mut Cx<'_>) -> Option<Option<Told>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let Some(app) = self.watched.seen.app(&self.name) else { return Some(None) };
        self.object = app.object().cloned();
        self.url = app.url.clone();
        let items = items(app, &self.watched);
        Some(Some(Told { verdict: app.verdict.clone(), since: app.since, items }))
    }
    fn object(&self) -> Option<ObjectRef> {
        self.object.clone()
    }
    fn url(&self) -> Option<String> {
        self.url.clone()
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
}
