//! What is told of a route: from the host to the pods.

use crate::keymap::{Command, Verb};
use crate::pages::board::overview::Watched;
use crate::pages::Hint;
use crate::pages::detail::{Item, Story, Told};
use crate::state::{Cx, Place, Subject, age};
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::routes::{Hop, RouteView};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, Result};

/// A route and what a request passes on its way.
pub struct RouteStory {
    object: ObjectRef,
    host: String,
    path: String,
    extra: String,
    url: Option<String>,
    watched: Watched,
}

fn items(route: &RouteView, watched: &Watched, now: i64) -> Vec<Item> {
    let item = |hop: Hop| {
        let ends = route.tls.not_after.filter(|_| &*hop.what == "TLS");
        let ends = ends.map(|at| match age::age(at, now) {
            gone if at <= now => format!("ended {gone} ago"),
            left => format!("ends {left}"),
        });
        let words = [Some(hop.words), ends].into_iter().flatten().filter(|w| !w.is_empty());
        let item = Item::new(hop.level, &hop.what, hop.name, words.collect::<Vec<_>>().join(", "));
        match hop.object {
            Some(object) if &*hop.what == "TLS" => {
                item.object(Some(object.clone())).place(Place::object("certificate", object))
            }
            object => item.object(object),
        }
    };
    let mut items: Vec<Item> = watched.seen.way(route).into_iter().map(item).collect();
    if let Some(first) = items.iter_mut().find(|i| i.level == Some(Level::Bad)) {
        first.broken = true;
    }
    items
}

impl Story for RouteStory {
    const NAME: &'static str = "route";
    fn crumb(&self) -> String {
        let host = if self.host.is_empty() { "any host" } else { &self.host };
        format!("routes {host}{}", self.path)
    }
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Object(object) = &place.subject else {
            return Err(Problem::usage("cannot open a route", "the place names none"));
        };
        let (host, path, extra) = (place.arg("host").into(), place.arg("path").into(), place.arg("extra").into());
        Ok(Self { object: object.clone(), host, path, extra, url: None, watched: Watched::open(cx)? })
    }
    fn tell(&mut self, cx: &mut Cx<'_>) -> Option<Option<Told>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let mine = |r: &&RouteView| {
            r.namespace == self.object.namespace
                && r.name == self.object.name
                && r.object.kind == self.object.kind
                && (&*r.host, &*r.path, &*r.extra) == (&*self.host, &*self.path, &*self.extra)
        };
        let Some(route) = self.watched.seen.routes.iter().find(mine) else { return Some(None) };
        let told = Told {
            verdict: route.verdict.clone(),
            since: route.since,
            items: items(route, &self.watched, cx.now),
        };
        (self.object, self.url) = (route.object.clone(), route.url());
        Some(Some(told))
    }
    fn command(&mut self, command: &Command, cx: &mut Cx<'_>) -> bool {
        if command.verb != Verb::Note {
            return false;
        }
        let place = Place::object("note", self.object.clone());
        cx.go(place.with("host", &*self.host).with("path", &*self.path).with("extra", &*self.extra));
        true
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(Verb::Note, "incident note")]
    }
    fn object(&self) -> Option<ObjectRef> {
        Some(self.object.clone())
    }
    fn url(&self) -> Option<String> {
        self.url.clone()
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
}
