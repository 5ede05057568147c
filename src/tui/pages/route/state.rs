//! What is told of a route: from the host to the pods.

use crate::keymap::{Command, Verb};
use crate::pages::board::overview::Watched;
use crate::pages::Hint;
use crate::pages::detail::{Item, Story, Told};
use crate::pages::routes::tls;
use crate::state::{Cx, Place, Subject, age};
use quarterdeck_core::resources::{Kind, Level, ObjectRef};
use quarterdeck_core::routes::RouteView;
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

/// The TLS of a route.
fn tls_item(route: &RouteView, watched: &Watched, now: i64) -> Item {
    let certificate = watched.seen.certificates.iter().find(|c| Some(&c.uid) == route.tls.certificate.as_ref());
    let ends = route.tls.not_after.map(|at| format!("ends {}", age::age(at, now))).unwrap_or_default();
    let (level, words) = match (route.tls.mode, route.tls.found, route.tls.covers, route.tls.expired) {
        ("none", ..) => (Level::Off, "plain HTTP".to_owned()),
        ("default", ..) if route.tls.secret.is_empty() => (Level::Warn, "the controller's default certificate".into()),
        ("passthrough", ..) => (Level::Good, "passed through to the backend".into()),
        (_, Some(false), ..) => (Level::Bad, "the Secret is not there: the default certificate is served".into()),
        (_, _, _, true) => (Level::Bad, format!("expired; {ends}")),
        (_, _, Some(false), _) => (Level::Bad, "its certificate does not cover this host".into()),
        _ => (certificate.map_or(Level::Good, |c| c.verdict.level), ends),
    };
    let item = Item::new(level, "TLS", tls(route), words);
    match certificate {
        Some(c) => item.object(Some(c.object.clone())).place(Place::object("certificate", c.object.clone())),
        None => item,
    }
}

fn items(route: &RouteView, watched: &Watched, now: i64) -> Vec<Item> {
    let mut items = vec![tls_item(route, watched, now)];
    if !route.entry.is_empty() {
        items.push(Item::new(Level::Off, "entry", &*route.entry, route.dialect.word()));
    }
    let rule = format!("{:?} {}", route.path_kind, route.path);
    let extra = if route.extra.is_empty() { String::new() } else { format!(", {}", route.extra) };
    items.push(Item::new(Level::Good, &route.kind, route.object.short(), rule + &extra).object(Some(route.object.clone())));
    for m in &route.middlewares {
        let (level, words) = match m.found {
            Some(true) => (Level::Good, ""),
            Some(false) => (Level::Bad, "is not there"),
            None => (Level::Unknown, "cannot be told"),
        };
        items.push(Item::new(level, m.kind, format!("{}/{}", m.namespace, m.name), words));
    }
    for b in &route.backends {
        let service = Kind::of("", "v1", "Service", "services", true);
        let object = (&*b.kind == "Service" && b.found == Some(true)).then(|| ObjectRef::new(service, &b.namespace, &b.name));
        let (level, words) = match (b.found, b.port_found) {
            (Some(false), _) => (Level::Bad, "is not there".to_owned()),
            (_, Some(false)) => (Level::Bad, format!("has no port {}", b.port)),
            (None, _) => (Level::Unknown, "cannot be told".into()),
            _ => (Level::Good, b.weight.map(|w| format!("weight {w}")).unwrap_or_default()),
        };
        let name = if b.port.is_empty() { b.name.to_string() } else { format!("{}:{}", b.name, b.port) };
        items.push(Item::new(level, &b.kind, name, words).object(object));
        match b.endpoints {
            Some((0, 0)) if !b.external => items.push(Item::new(Level::Bad, "endpoints", "none", "no pod is selected")),
            Some((ready, all)) => {
                let level = if ready == 0 { Level::Bad } else if ready < all { Level::Warn } else { Level::Good };
                items.push(Item::new(level, "endpoints", format!("{ready} of {all} ready"), ""));
            }
            None => {}
        }
    }
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
