//! What an incident note can be about: a certificate, an app, a route; and what of each stands in it.

use super::note::{Note, Part, Row, plain};
use crate::certificates::facts::Facts;
use crate::certificates::truths::Looks;
use crate::certificates::{CertificateView, Chain};
use crate::findings::Finding;
use crate::journal::Entry;
use crate::link::Link;
use crate::overview::Overview;
use crate::platform::{AppView, Operation};
use crate::resources::{Level, ObjectRef};
use crate::routes::{Hop, RouteView};
use crate::text::clean_line;
use crate::{Problem, ProblemKind, Result};

/// What a note is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A Certificate, or a TLS Secret that nobody manages.
    Certificate(ObjectRef),
    App(String),
    /// A host and path, and the object that claims them.
    Route {
        object: ObjectRef,
        host: String,
        path: String,
        extra: String,
    },
}

/// Whether hosts are looked at for a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looking {
    Never,
    /// Where the configuration has pages look at them too.
    AsConfigured,
    /// Somebody asks for it.
    Wanted,
}

const CHAIN: [&str; 3] = ["what", "name", "state"];

impl About {
    /// A route.
    pub fn route(route: &RouteView) -> Self {
        Self::Route {
            object: route.object.clone(),
            host: route.host.to_string(),
            path: route.path.to_string(),
            extra: route.extra.to_string(),
        }
    }
    /// As it is shown and as a note's file is named after it.
    pub fn name(&self) -> String {
        match self {
            Self::Certificate(object) => object.short(),
            Self::App(name) => format!("app {name}"),
            Self::Route { object, host, .. } if host.is_empty() => format!("route {}", object.short()),
            Self::Route { host, path, .. } => format!("route {host}{}", if path == "/" { "" } else { path }),
        }
    }
    /// The object behind it, where it is one.
    pub fn object(&self) -> Option<&ObjectRef> {
        match self {
            Self::Certificate(object) | Self::Route { object, .. } => Some(object),
            Self::App(_) => None,
        }
    }
    fn gone(&self) -> Problem {
        Problem::new(ProblemKind::NotFound, "cannot write a note", "it is not there (any more)").on(self.name())
    }
    /// Finds it in what is seen.
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn find<'a>(&self, seen: &'a Overview) -> Result<Thing<'a>> {
        let found = match self {
            Self::Certificate(o) => seen.certificate(&o.namespace, &o.name).map(Thing::Certificate),
            Self::App(name) => seen.app(name).map(Thing::App),
            Self::Route { object, host, path, extra } => {
                let mine = |r: &&RouteView| {
                    (&r.namespace, &r.name, &r.object.kind) == (&object.namespace, &object.name, &object.kind)
                        && (&*r.host, &*r.path, &*r.extra) == (host.as_str(), path.as_str(), extra.as_str())
                };
                seen.routes.iter().find(mine).map(Thing::Route)
            }
        };
        found.ok_or_else(|| self.gone())
    }
}

/// What a note is about, as it is seen.
#[derive(Clone, Copy, Debug)]
pub enum Thing<'a> {
    Certificate(&'a CertificateView),
    App(&'a AppView),
    Route(&'a RouteView),
}

/// What was asked of the cluster for a note.
pub struct Asked<'a> {
    pub context: &'a str,
    pub seen: &'a Overview,
    pub facts: &'a [Facts],
    pub untold: &'a [Problem],
    /// What is served; `None`: not looked at.
    pub looks: Option<&'a Looks>,
    /// What is wrong with what is served.
    pub served: &'a [Finding],
    /// The revisions of an app's Deployments.
    pub revisions: &'a [Operation],
    pub done: &'a [Entry],
    /// Seconds since 1970.
    pub now: i64,
}

fn open(context: &str, object: &ObjectRef, view: &str) -> String {
    format!("`qd open {}`", Link::to(context, object, view))
}

fn address(url: &str) -> String {
    format!("<{}>", clean_line(url).replace(['<', '>', ' '], ""))
}

/// The note about a certificate. `chain`: that of cert-manager, if it manages it.
pub fn certificate<'a>(view: &'a CertificateView, chain: Option<&Chain>, a: &Asked<'a>) -> Note<'a> {
    let links = chain.map(|c| c.links.as_slice()).unwrap_or_default();
    let rows = links.iter().enumerate().map(|(i, link)| Row {
        first: chain.is_some_and(|c| c.broken == Some(i)),
        ..Row::new(link.level, &*link.title, &*link.name, &*link.words)
    });
    let truths = a.seen.truths(view, a.looks);
    let mut parts = vec![Part { heading: "Chain", columns: CHAIN, rows: rows.collect() }];
    if chain.is_none() {
        let users = a.seen.used_by(view).into_iter();
        let rows = users.map(|(level, o, words)| Row::new(level, o.kind.kind.as_str(), o.short(), words)).collect();
        parts.push(Part { heading: "Used by", columns: CHAIN, rows });
    }
    parts.push(Part {
        heading: "Wanted, said, held, served",
        columns: ["truth", "of", "words"],
        rows: truths.iter().map(|t| Row::new(t.level, t.truth, &*t.of, &*t.words)).collect(),
    });
    let mut moments = Vec::new();
    moments.extend(view.next_try.map(|at| (at, "cert-manager tries again".to_owned())));
    moments.extend(view.renewal_time.map(|at| (at, "renewal is due".to_owned())));
    moments.extend(view.not_after.map(|at| (at, "the certificate ends".to_owned())));
    let why = format!("`qd cert why {} --context {}`", view.object.short(), plain(a.context));
    let hosts = view.used_by.iter().filter(|h| !h.starts_with(['*', '~']));
    Note {
        context: a.context,
        title: view.object.to_string(),
        verdict: &view.verdict,
        since: view.since,
        code: view.code,
        served: a.served,
        parts,
        facts: a.facts,
        moments,
        untold: a.untold,
        objects: std::iter::once(view.object.clone()).chain(links.iter().filter_map(|l| l.object.clone())).collect(),
        done: a.done,
        links: [open(a.context, &view.object, "chain"), why]
            .into_iter()
            .chain(hosts.map(|host| address(&format!("https://{host}"))))
            .collect(),
        now: a.now,
    }
}

fn operation(o: &Operation) -> Option<(i64, String)> {
    let by = if o.by.is_empty() { String::new() } else { format!(" by {}", o.by) };
    Some((o.at?, format!("{} {}: {}{by}", o.manager, o.what, o.outcome)))
}

/// The note about an app.
pub fn app<'a>(app: &'a AppView, a: &Asked<'a>) -> Note<'a> {
    let root = app.blocks.iter().rposition(|b| b.kind != "Event");
    let chain = app.blocks.iter().enumerate().map(|(i, b)| Row {
        first: root == Some(i),
        ..Row::new(if b.kind == "Event" { Level::Off } else { Level::Bad }, &*b.kind, b.object.short(), &*b.words)
    });
    let mut workloads = Vec::new();
    for w in &app.workloads {
        let why = if w.verdict.why.is_empty() { String::new() } else { format!(", {}", w.verdict.why) };
        let words = format!("{}/{} ready, {}{why}", w.ready, w.wanted, w.image);
        workloads.push(Row::new(w.verdict.level, &*w.kind, w.object.short(), words));
        let pods = a.seen.pods_of(w).into_iter().filter(|p| p.level >= Level::Busy).take(8);
        workloads.extend(pods.map(|p| Row::new(p.level, "Pod", p.object.short(), p.words)));
    }
    let from = app.origins.iter().map(|o| {
        let words = [&*o.sync, &*o.health, &*o.revision, &o.source].into_iter().filter(|w| !w.is_empty());
        let level = if o.suspended { Level::Off } else { Level::Unknown };
        Row::new(level, &*o.kind, o.object.short(), words.collect::<Vec<_>>().join(", "))
    });
    let mut reached: Vec<Row> = a.seen.routes_of(app).into_iter().map(route_row).collect();
    reached.extend(a.seen.certificates_of(app).into_iter().map(|c| {
        Row::new(c.verdict.level, "Certificate", c.object.short(), format!("{} {}", c.verdict.word, c.verdict.why))
    }));
    let needs = app.needs.iter().map(|name| match a.seen.app(name) {
        Some(other) => {
            let words = format!("{} {}", other.verdict.word, other.verdict.why);
            Row::new(other.verdict.level, "needs", &**name, words.trim_end())
        }
        None => Row::new(Level::Unknown, "needs", &**name, "not found"),
    });
    let compared = a.seen.compared_of(app).into_iter().map(|c| {
        let sides = [("declared", &c.declared), ("effective", &c.effective), ("observed", &c.observed)];
        let sides = sides.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| format!("{n} {v}"));
        let level = if c.agrees() { Level::Good } else { Level::Warn };
        Row::new(level, "compared", &*c.what, sides.collect::<Vec<_>>().join(", "))
    });
    let parts = vec![
        Part { heading: "Chain", columns: CHAIN, rows: chain.collect() },
        Part { heading: "Workloads", columns: CHAIN, rows: workloads },
        Part { heading: "Comes from", columns: CHAIN, rows: from.collect() },
        Part { heading: "Needs", columns: CHAIN, rows: needs.collect() },
        Part { heading: "Reached by", columns: CHAIN, rows: reached },
        Part { heading: "Declared, effective, observed", columns: ["", "what", "words"], rows: compared.collect() },
    ];
    let mut objects: Vec<ObjectRef> = app.blocks.iter().map(|b| b.object.clone()).collect();
    objects.extend(app.workloads.iter().map(|w| w.object.clone()));
    objects.extend(app.origins.iter().map(|o| o.object.clone()));
    objects.extend(a.seen.certificates_of(app).iter().map(|c| c.object.clone()));
    let mut links = vec![format!("`qd app why {} --context {}`", plain(&app.name), plain(a.context))];
    links.extend(app.object().map(|object| open(a.context, object, "describe")));
    links.extend(app.url.iter().chain(app.addresses.iter().map(|one| &one.url)).map(|url| address(url)));
    Note {
        context: a.context,
        title: format!("App {}", app.name),
        verdict: &app.verdict,
        since: app.since,
        code: app.code,
        served: &[],
        parts,
        facts: a.facts,
        moments: app.operations.iter().chain(a.revisions).filter_map(operation).collect(),
        untold: a.untold,
        objects,
        done: a.done,
        links,
        now: a.now,
    }
}

fn route_row(route: &RouteView) -> Row {
    let words = format!("{} {}", route.verdict.word, route.verdict.why);
    Row::new(route.verdict.level, &*route.kind, format!("{}{}", route.host, route.path), words.trim_end())
}

/// From its TLS to the endpoints, as its page tells it.
fn way(route: &RouteView, seen: &Overview) -> Vec<Row> {
    let hops = seen.way(route);
    let first = hops.iter().position(|h| h.level == Level::Bad);
    let row =
        |(i, h): (usize, &Hop)| Row { first: first == Some(i), ..Row::new(h.level, &*h.what, &*h.name, &*h.words) };
    hops.iter().enumerate().map(row).collect()
}

/// The note about a route.
pub fn route<'a>(route: &'a RouteView, a: &Asked<'a>) -> Note<'a> {
    let others = a.seen.routes.iter().filter(|r| !route.host.is_empty() && r.host == route.host && r.uid != route.uid);
    let looks = a.looks.map(|l| l.looks.as_slice()).unwrap_or_default();
    let served = looks.iter().filter(|l| l.target.host == *route.host).map(|l| match &l.found {
        Ok(found) => {
            let leaf = found.leaf();
            let words = leaf.map(|l| format!("{}, by {}", l.names.join(", "), l.issuer)).unwrap_or_default();
            let level = if found.troubles.is_empty() { Level::Good } else { Level::Warn };
            Row::new(level, "served", found.address.to_string(), words)
        }
        Err(fault) => Row::new(Level::Unknown, "served", "", format!("cannot be seen from here: {}", fault.words())),
    });
    let certificate = a.seen.certificates.iter().find(|c| Some(&c.uid) == route.tls.certificate.as_ref());
    let mut moments: Vec<(i64, String)> =
        route.since.map(|at| (at, "it is so since then".to_owned())).into_iter().collect();
    moments.extend(route.tls.not_after.map(|at| (at, "its certificate ends".to_owned())));
    let mut objects = vec![route.object.clone()];
    objects.extend(certificate.map(|c| c.object.clone()));
    let mut links = vec![open(a.context, &route.object, "describe")];
    links.extend(certificate.map(|c| format!("`qd cert why {} --context {}`", c.object.short(), plain(a.context))));
    links.extend(route.url().map(|url| address(&url)));
    Note {
        context: a.context,
        title: About::route(route).name().replacen("route", "Route", 1),
        verdict: &route.verdict,
        since: route.since,
        code: route.code,
        served: a.served,
        parts: vec![
            Part { heading: "Chain", columns: CHAIN, rows: way(route, a.seen) },
            Part { heading: "Served", columns: ["", "address", "leaf"], rows: served.collect() },
            Part { heading: "The same host elsewhere", columns: CHAIN, rows: others.map(route_row).collect() },
        ],
        facts: a.facts,
        moments,
        untold: a.untold,
        objects,
        done: a.done,
        links,
        now: a.now,
    }
}
