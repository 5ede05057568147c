//! Four truths about a certificate: what its spec wants, what its status says, what the Secret holds, what is served.
//! Where they differ, something is wrong; which of them is right decides what to do.

use super::CertificateView;
use super::objects::Certificate;
use super::served::differences;
use super::verdict::clock_time;
use crate::findings::Finding;
use crate::probe::{Served, TlsFault, TlsTarget};
use crate::resources::Level;

/// What was found when a host was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub target: TlsTarget,
    /// Whether the address is that of the route; else where DNS leads.
    pub by_route: bool,
    pub found: Result<Served, TlsFault>,
}

/// All looks at the hosts of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Seconds since 1970.
    pub at: i64,
    pub looks: Vec<Look>,
    /// Why nothing was looked at.
    pub none: String,
}

/// One of the four.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Truth {
    /// `wanted`, `status`, `secret` or `served`.
    pub truth: &'static str,
    pub level: Level,
    /// What it is about: names, the Secret, a host.
    pub of: String,
    pub words: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next: String,
}

impl Truth {
    fn new(truth: &'static str, level: Level, of: impl Into<String>, words: impl Into<String>) -> Self {
        Self { truth, level, of: of.into(), words: words.into(), next: String::new() }
    }
}

/// What is wrong with what is served, the worst first.
pub fn findings(view: &CertificateView, looks: &Looks, now: i64) -> Vec<Finding> {
    let served = looks.looks.iter().filter_map(|l| l.found.as_ref().ok());
    let mut all: Vec<Finding> = served.flat_map(|s| differences(view, s, now)).collect();
    // The same through the route and through DNS is told once.
    let mut told: Vec<(&'static str, String)> = Vec::new();
    all.retain(|f| {
        let key = (f.code, f.reason.clone());
        let new = !told.contains(&key);
        told.push(key);
        new
    });
    all.sort_by_key(|f| std::cmp::Reverse(f.level));
    all
}

/// The truths. `certificate`: the object, where cert-manager manages it. `looks`: `None` while they are under way.
pub fn truths(
    view: &CertificateView,
    certificate: Option<&Certificate>,
    looks: Option<&Looks>,
    now: i64,
) -> Vec<Truth> {
    let mut all = Vec::new();
    if let Some(c) = certificate {
        all.push(wanted(view, c));
        all.push(status(view, c, now));
    }
    all.push(held(view, now));
    match looks {
        None => all.push(Truth::new("served", Level::Busy, "", "looking at the hosts …")),
        Some(looks) if looks.looks.is_empty() => {
            all.push(Truth::new("served", Level::Unknown, "", format!("not looked at: {}", looks.none)));
        }
        Some(looks) => all.extend(looks.looks.iter().map(|l| served(view, l, now))),
    }
    all
}

fn wanted(view: &CertificateView, c: &Certificate) -> Truth {
    let key = c.spec.private_key.as_ref().map(|k| format!(", {}", k.words())).unwrap_or_default();
    let duration = c.spec.duration.as_ref().map(|d| format!(", for {d}")).unwrap_or_default();
    let words = format!("by {} {}{key}{duration}", view.issuer.kind, view.issuer.name);
    Truth::new("wanted", Level::Off, view.hosts.join(", "), words)
}

fn status(view: &CertificateView, c: &Certificate, now: i64) -> Truth {
    let revision = c.status.revision.map(|r| format!("revision {r}")).unwrap_or_else(|| "no revision".into());
    let until = c.status.not_after.map(|at| format!("valid until {}", clock_time(at, now)));
    let said = match c.status.conditions.get("Ready") {
        Some(ready) if &*ready.status == "True" => "Ready".to_owned(),
        Some(ready) => format!("not Ready ({})", ready.reason),
        None => "says nothing yet".into(),
    };
    let words = [Some(said), until].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let mut truth = Truth::new("status", if c.ready() { Level::Good } else { Level::Warn }, revision, words);
    let held = view.leaf.as_ref().map(|l| l.not_after);
    if let (Some(said), Some(held)) = (c.status.not_after, held)
        && said != held
    {
        truth.level = Level::Warn;
        truth.words.push_str(&format!(", but the Secret's ends {}", clock_time(held, now)));
        truth.next = "see who else writes the Secret; cert-manager looks at it again when it changes".into();
    }
    truth
}

fn held(view: &CertificateView, now: i64) -> Truth {
    let of = view.secret.to_string();
    let Some(leaf) = &view.leaf else {
        return Truth::new("secret", Level::Bad, of, "holds no certificate that can be read");
    };
    let by = if leaf.self_signed { "self-signed".to_owned() } else { format!("by {}", leaf.issuer) };
    let missing: Vec<&str> = view.hosts.iter().map(|h| &**h).filter(|h| !has(&leaf.names, h)).collect();
    let end = if leaf.not_after < now { "expired" } else { "until" };
    let words = format!("{end} {}, {by}, {}", clock_time(leaf.not_after, now), print(&leaf.sha256));
    if missing.is_empty() {
        return Truth::new("secret", if leaf.not_after < now { Level::Bad } else { Level::Good }, of, words);
    }
    Truth::new("secret", Level::Warn, of, format!("{words}, without {}", missing.join(", ")))
}

fn has(names: &[crate::Str], wanted: &str) -> bool {
    names.iter().any(|n| n.eq_ignore_ascii_case(wanted)) || super::names::any_covers(names, wanted)
}

/// The beginning of a fingerprint: enough to tell two apart by eye.
fn print(sha256: &str) -> String {
    format!("SHA-256 {}…", sha256.get(..8).unwrap_or(sha256))
}

fn served(view: &CertificateView, look: &Look, now: i64) -> Truth {
    let host = &*look.target.host;
    let way = match (look.by_route, look.target.address) {
        (true, Some(address)) => format!("at {address}"),
        _ => "through DNS".into(),
    };
    let served = match &look.found {
        Ok(served) => served,
        Err(fault) => {
            let level = if matches!(fault, TlsFault::Handshake(_)) { Level::Warn } else { Level::Unknown };
            return Truth::new("served", level, host, format!("cannot be seen from here {way}: {}", fault.words()));
        }
    };
    let findings = differences(view, served, now);
    match findings.iter().max_by_key(|f| f.level) {
        Some(worst) => {
            let reason = worst.reason.strip_prefix(host).unwrap_or(&worst.reason);
            let mut truth = Truth::new("served", worst.level, host, reason.trim_start_matches([':', ' ']));
            truth.words.push_str(&format!(" ({way})"));
            truth.next.clone_from(&worst.next);
            truth
        }
        None => {
            let end = served.leaf().map(|l| format!(", until {}", clock_time(l.not_after, now))).unwrap_or_default();
            let trust = served.troubles.iter().find(|t| t.code == "noRoots").map(|_| ", trust not checked");
            let words = format!("the Secret's certificate {way}{end}{}", trust.unwrap_or_default());
            Truth::new("served", Level::Good, host, words)
        }
    }
}
