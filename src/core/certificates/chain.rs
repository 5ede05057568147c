//! The chain from a Certificate to those who use its Secret: each link with its state in words.

use super::budget;
use super::diagnose::{Role, Trail};
use super::key::KeyState;
use super::solver::Solver;
use super::verdict::{Judged, clock_time, judge};
use crate::findings::cause::line;
use crate::findings::{acme, cert_manager, dns01};
use crate::overview::index::Index;
use crate::resources::{Kind, Level, ObjectRef};

/// One object in the chain.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    pub role: Role,
    pub level: Level,
    /// What is shown as its kind: `Challenge  http-01`.
    pub title: String,
    pub name: String,
    /// One line about its state.
    pub words: String,
    /// When it got into this state, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// The object, where it is there.
    #[serde(skip)]
    pub object: Option<ObjectRef>,
    pub uid: String,
}

/// All links and the first broken one.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    pub links: Vec<Link>,
    /// Index into `links`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<usize>,
}

struct Builder {
    links: Vec<Link>,
}

impl Builder {
    fn add(
        &mut self,
        role: Role,
        level: Level,
        title: &str,
        object: Option<ObjectRef>,
        name: &str,
        words: impl Into<String>,
    ) -> &mut Link {
        let uid = object.as_ref().map(|o| o.uid.to_string()).unwrap_or_default();
        self.links.push(Link {
            role,
            level,
            title: title.into(),
            name: name.into(),
            words: words.into(),
            since: None,
            object,
            uid,
        });
        let last = self.links.len() - 1;
        &mut self.links[last]
    }
}

/// The chain of a certificate. `used_by`: who uses its Secret, as object and words.
pub fn chain(trail: &Trail<'_>, index: &Index<'_>, used_by: &[(Level, ObjectRef, String)], now: i64) -> Chain {
    let judged = judge(trail, now);
    let mut b = Builder { links: Vec::new() };
    certificate(&mut b, trail, &judged);
    request(&mut b, trail);
    order(&mut b, trail);
    challenges(&mut b, trail);
    solver(&mut b, trail, index);
    issuer(&mut b, trail, index, now);
    secret(&mut b, trail, now);
    for (level, object, words) in used_by {
        let name = object.short();
        b.add(Role::UsedBy, *level, &object.kind.kind, Some(object.clone()), &name, words.as_str());
    }
    if used_by.is_empty() {
        let known = index.snapshot.pods.known() || index.snapshot.workloads.known();
        let words = if known { "nothing here uses its Secret" } else { "no route uses its Secret" };
        b.add(Role::UsedBy, Level::Off, "used by", None, "", words);
    }
    let broken = judged.broken.and_then(|role| {
        let broken = |l: &Link| l.role == role && l.level >= Level::Warn;
        b.links.iter().position(broken).or_else(|| b.links.iter().position(|l| l.role == role))
    });
    if let Some(link) = broken.and_then(|i| b.links.get_mut(i)) {
        link.level = link.level.max(judged.verdict.level);
    }
    Chain { links: b.links, broken }
}

fn reference(kind: &Kind, meta: &crate::resources::Meta) -> Option<ObjectRef> {
    Some(ObjectRef::with_meta(kind.clone(), meta))
}

fn certificate(b: &mut Builder, trail: &Trail<'_>, judged: &Judged) {
    let c = trail.certificate;
    let names = c.names();
    let count = if names.len() == 1 { "1 name".to_owned() } else { format!("{} names", names.len()) };
    let sort =
        trail.issuer.map(|(_, i)| i.sort()).filter(|s| !s.is_empty()).map(|s| format!(", {s}")).unwrap_or_default();
    let lifetime = match (c.status.not_before, c.status.not_after) {
        (Some(from), Some(to)) => format!(", {}", days(to - from)),
        _ => String::new(),
    };
    let issuing = c.issuing().map(|i| format!("; {}", cert_manager::why_issuing(&i.reason))).unwrap_or_default();
    let level = if judged.broken == Some(Role::Certificate) { judged.verdict.level } else { Level::Good };
    let object = reference(trail.kind, c.meta());
    b.add(
        Role::Certificate,
        level,
        "Certificate",
        object,
        &c.meta().name,
        format!("{count}{sort}{lifetime}{issuing}"),
    )
    .since = judged.since;
}

fn days(seconds: i64) -> String {
    if seconds < 10 * 86_400 {
        format!("{} h", (seconds + 1800) / 3600)
    } else {
        format!("{} d", (seconds + 43_200) / 86_400)
    }
}

fn request(b: &mut Builder, trail: &Trail<'_>) {
    let Some((kind, request)) = trail.request else {
        let level = if trail.certificate.ready() { Level::Off } else { Level::Unknown };
        b.add(Role::Request, level, "CertificateRequest", None, "", "not there");
        return;
    };
    let conditions = &request.status.conditions;
    let (level, words, since) = if conditions.is("Denied") {
        (Level::Bad, "denied".to_owned(), conditions.get("Denied").and_then(|c| c.since))
    } else if let Some(ready) = conditions.get("Ready") {
        match (&*ready.status, &*ready.reason) {
            ("True", _) => (Level::Good, "issued".into(), ready.since),
            // What failed lies further down when there is an order.
            (_, "Failed") if trail.order.is_some() => (Level::Good, "approved; its order failed".into(), ready.since),
            (_, "Failed") => (Level::Bad, line(cert_manager::inner(&ready.message), 120), ready.since),
            _ if conditions.is("Approved") && trail.order.is_some() => {
                (Level::Good, "approved".into(), conditions.get("Approved").and_then(|c| c.since))
            }
            _ if conditions.is("Approved") => (Level::Busy, line(&ready.message, 120), ready.since),
            _ => (Level::Warn, "waits for approval".into(), ready.since),
        }
    } else if conditions.is("Approved") {
        (Level::Busy, "approved".into(), conditions.get("Approved").and_then(|c| c.since))
    } else {
        (Level::Warn, "waits for approval".into(), request.meta().created)
    };
    b.add(Role::Request, level, "CertificateRequest", reference(kind, request.meta()), &request.meta().name, words)
        .since = since;
}

fn order(b: &mut Builder, trail: &Trail<'_>) {
    let Some((kind, order)) = trail.order else { return };
    let level = match &*order.status.state {
        "valid" | "ready" | "processing" => Level::Good,
        // A pending order is as good as its challenges.
        "" | "pending" => Level::Good,
        _ => Level::Bad,
    };
    let state = if order.status.state.is_empty() { "new" } else { &order.status.state };
    let words = match acme::explain(&order.status.reason, "").map(|c| c.why) {
        Some(why) => format!("{state}: {why}"),
        None if order.status.reason.trim().is_empty() => state.to_owned(),
        None => format!("{state}: {}", line(cert_manager::inner(&order.status.reason), 120)),
    };
    b.add(Role::Order, level, "Order", reference(kind, &order.meta), &order.meta.name, words).since =
        order.status.failure_time.or(order.meta.created);
}

fn challenges(b: &mut Builder, trail: &Trail<'_>) {
    for (kind, challenge) in &trail.challenges {
        let state = &*challenge.status.state;
        let level = match state {
            "valid" => Level::Good,
            "invalid" | "expired" | "errored" => Level::Bad,
            _ if challenge.status.reason.is_empty() => Level::Busy,
            _ => Level::Warn,
        };
        let dns01 = || match &*challenge.spec.kind {
            "DNS-01" => dns01::explain(&challenge.status.reason, &challenge.spec.dns_name),
            _ => None,
        };
        let words = match state {
            "valid" => "valid".to_owned(),
            _ if challenge.status.reason.is_empty() => {
                if challenge.status.presented { "presented" } else { "begun" }.into()
            }
            _ => dns01()
                .or_else(|| acme::explain(&challenge.status.reason, &challenge.spec.dns_name))
                .map_or_else(|| line(cert_manager::inner(&challenge.status.reason), 140), |c| c.why),
        };
        let title = format!("Challenge  {}", challenge.spec.kind.to_lowercase());
        b.add(Role::Challenge, level, &title, reference(kind, &challenge.meta), &challenge.meta.name, words).since =
            challenge.meta.created;
    }
}

/// The pod that answers an HTTP-01 challenge, or the provider that writes the record of a DNS-01 challenge.
fn solver(b: &mut Builder, trail: &Trail<'_>, index: &Index<'_>) {
    let Some((_, challenge)) = trail.challenges.first() else { return };
    let spec = &challenge.spec.solver;
    if let Some(provider) = spec.dns01.as_ref().and_then(|d| d.keys().find(|k| &***k != "cnameStrategy")) {
        let (level, words) = if challenge.status.presented {
            (Level::Good, "record written")
        } else if &*challenge.status.state == "pending" && challenge.status.reason.is_empty() {
            (Level::Busy, "record not written yet")
        } else {
            (Level::Unknown, "record taken away again")
        };
        b.add(Role::Solver, level, "Solver", None, provider, words);
        return;
    }
    let Some(found) = Solver::of(challenge, index) else { return };
    if &*challenge.status.state == "valid" && found.pod.is_none() {
        return;
    }
    let class = found.class_words();
    let (object, name, level, words) = match (found.pod, found.ready()) {
        (Some((kind, pod)), ready) => {
            let (level, words) = match (ready, found.service, &found.route) {
                (Some(false), ..) => (Level::Warn, "pod not ready"),
                (_, _, None) => (Level::Warn, "pod ready, no route to it"),
                (_, false, _) if index.snapshot.services.known() => (Level::Warn, "pod ready, no service before it"),
                _ => (Level::Good, "pod and route ready"),
            };
            (reference(kind, &pod.meta), pod.meta.name.to_string(), level, words)
        }
        (None, _) if challenge.status.presented => (None, String::new(), Level::Unknown, "pod not there"),
        (None, _) => (None, String::new(), Level::Unknown, "no pod now"),
    };
    let level = if found.class_served == Some(false) { Level::Bad } else { level };
    let nobody = if found.class_served == Some(false) { " that nobody serves" } else { "" };
    b.add(Role::Solver, level, "Solver", object, &name, format!("{words}, {class}{nobody}"));
    if let Some(route) = found.route {
        let name = route.name.to_string();
        b.add(
            Role::Solver,
            Level::Good,
            "Solver route",
            Some(route.clone()),
            &name,
            format!("{}, {class}", route.kind.kind),
        );
    }
}

fn issuer(b: &mut Builder, trail: &Trail<'_>, index: &Index<'_>, now: i64) {
    let named = &trail.certificate.spec.issuer_ref;
    let Some((kind, issuer)) = trail.issuer else {
        let (level, words) = match (trail.issuer_known, named.is_own()) {
            (true, _) => (Level::Bad, "there is no such issuer".to_owned()),
            (false, true) => (Level::Unknown, "could not be read".into()),
            (false, false) => (Level::Unknown, format!("external issuer of {}", named.group)),
        };
        b.add(Role::Issuer, level, &named.kind, None, &named.name, words);
        return;
    };
    let (level, mut words) = super::issuer::state(issuer, index, now);
    if level == Level::Good && budget::limited(issuer) {
        let domains: Vec<&str> =
            trail.certificate.spec.dns_names.iter().filter_map(|n| budget::registered(n)).collect();
        let used = budget::all(index, now);
        let most = used.iter().filter(|b| domains.contains(&&*b.domain)).max_by_key(|b| b.certificates);
        words.extend(most.map(|b| format!(", {}", b.words())));
    }
    b.add(Role::Issuer, level, issuer.kind(), reference(kind, &issuer.meta), &issuer.meta.name, words).since =
        issuer.status.conditions.get("Ready").and_then(|c| c.since).filter(|s| *s <= now);
}

fn secret(b: &mut Builder, trail: &Trail<'_>, now: i64) {
    let name = &*trail.certificate.spec.secret_name;
    match trail.secret {
        Some((kind, secret)) => {
            let (level, words) = match &secret.leaf {
                Ok(leaf) if leaf.not_after <= now => {
                    (Level::Bad, format!("expired {}", clock_time(leaf.not_after, now)))
                }
                Ok(_) if secret.key == KeyState::Differs => {
                    (Level::Bad, "its key belongs to another certificate".into())
                }
                Ok(leaf) => {
                    let key = &leaf.public_key;
                    let until = clock_time(leaf.not_after, now);
                    (Level::Good, format!("valid until {until}, {key}, by {}", leaf.issuer))
                }
                Err(why) => (Level::Bad, why.to_string()),
            };
            b.add(Role::Secret, level, "Secret", reference(kind, &secret.head.meta), name, words);
        }
        None if trail.secret_known => {
            let had = trail.certificate.status.revision.is_some();
            let (level, words) = if had { (Level::Bad, "is gone") } else { (Level::Off, "not there yet") };
            b.add(Role::Secret, level, "Secret", None, name, words);
        }
        None => {
            b.add(Role::Secret, Level::Unknown, "Secret", None, name, "could not be read");
        }
    }
}
