//! The way of a request over a route, from its TLS to the endpoints: as pages and notes tell it.

use super::view::RouteView;
use crate::Str;
use crate::certificates::CertificateView;
use crate::resources::{Kind, Level, ObjectRef};

/// One thing that a request passes.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    pub level: Level,
    /// `TLS`, `entry`, `Middleware`, `Service`, `endpoints`, the kind of the route.
    pub what: Str,
    pub name: String,
    pub words: String,
    /// The object that it is, where it is one that is there.
    pub object: Option<ObjectRef>,
}

impl Hop {
    fn new(level: Level, what: &str, name: impl Into<String>, words: impl Into<String>) -> Self {
        Self { level, what: what.into(), name: name.into(), words: words.into(), object: None }
    }
    fn at(self, object: Option<ObjectRef>) -> Self {
        Self { object, ..self }
    }
}

/// The way over a route. `certificate`: what is behind its TLS.
pub fn way(route: &RouteView, certificate: Option<&CertificateView>) -> Vec<Hop> {
    let mut way = vec![tls(route, certificate)];
    if !route.entry.is_empty() {
        way.push(Hop::new(Level::Off, "entry", &*route.entry, route.dialect.word()));
    }
    let extra = if route.extra.is_empty() { String::new() } else { format!(", {}", route.extra) };
    let rule = format!("{:?} {}{extra}", route.path_kind, route.path);
    way.push(Hop::new(Level::Good, &route.kind, route.object.short(), rule).at(Some(route.object.clone())));
    for m in &route.middlewares {
        let (level, words) = match m.found {
            Some(true) => (Level::Good, ""),
            Some(false) => (Level::Bad, "is not there"),
            None => (Level::Unknown, "cannot be told"),
        };
        way.push(Hop::new(level, m.kind, format!("{}/{}", m.namespace, m.name), words));
    }
    for b in &route.backends {
        let service = Kind::of("", "v1", "Service", "services", true);
        let there = &*b.kind == "Service" && b.found == Some(true);
        let object = there.then(|| ObjectRef::new(service, &b.namespace, &b.name));
        let (level, words) = match (b.found, b.port_found) {
            (Some(false), _) => (Level::Bad, "is not there".to_owned()),
            (_, Some(false)) => (Level::Bad, format!("has no port {}", b.port)),
            (None, _) => (Level::Unknown, "cannot be told".into()),
            _ => (Level::Good, b.weight.map(|w| format!("weight {w}")).unwrap_or_default()),
        };
        let name = if b.port.is_empty() { b.name.to_string() } else { format!("{}:{}", b.name, b.port) };
        way.push(Hop::new(level, &b.kind, name, words).at(object));
        match b.endpoints {
            Some((0, 0)) if !b.external => way.push(Hop::new(Level::Bad, "endpoints", "none", "no pod is selected")),
            Some((ready, all)) => {
                let level = match ready {
                    0 => Level::Bad,
                    _ if ready < all => Level::Warn,
                    _ => Level::Good,
                };
                way.push(Hop::new(level, "endpoints", format!("{ready} of {all} ready"), ""));
            }
            None => {}
        }
    }
    way
}

fn tls(route: &RouteView, certificate: Option<&CertificateView>) -> Hop {
    let tls = &route.tls;
    let name = match tls.mode {
        "secret" => tls.secret.to_string(),
        "default" if !tls.secret.is_empty() => format!("{} by default", tls.secret),
        mode => mode.to_owned(),
    };
    let (level, words) = match (tls.mode, tls.found, tls.covers, tls.expired) {
        ("none", ..) => (Level::Off, "plain HTTP".to_owned()),
        ("default", ..) if tls.secret.is_empty() => (Level::Warn, "the controller's default certificate".into()),
        ("passthrough", ..) => (Level::Good, "passed through to the backend".into()),
        (_, Some(false), ..) if tls.under_way => {
            (Level::Busy, "its certificate is being issued; the default one is served until then".into())
        }
        (_, Some(false), ..) => (Level::Bad, "the Secret is not there: the default certificate is served".into()),
        (_, _, _, true) => (Level::Bad, "expired".to_owned()),
        (_, _, Some(false), _) => (Level::Bad, "its certificate does not cover this host".into()),
        _ => match certificate {
            Some(c) => (c.verdict.level, format!("{} {}", c.verdict.word, c.verdict.why).trim_end().to_owned()),
            None => (Level::Unknown, "no certificate is known of it".to_owned()),
        },
    };
    Hop::new(level, "TLS", name, words).at(certificate.map(|c| c.object.clone()))
}
