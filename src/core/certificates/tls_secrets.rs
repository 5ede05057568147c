//! TLS Secrets that no Certificate of cert-manager writes: brought by hand, copied, or made by other controllers.

use super::copies;
use super::diagnose::Role;
use super::key::KeyState;
use super::objects::IssuerRef;
use super::verdict::{Judged, clock_time};
use super::view::{CertificateView, share};
use super::{Leaf, TlsSecret};
use crate::overview::index::Index;
use crate::resources::{Level, ObjectRef, Verdict};

/// The share of the lifetime after which a certificate that nobody renews is told of. Two thirds is when cert-manager
/// renews its own.
const TELL_AT: f64 = 2.0 / 3.0;

/// Of the type in which istiod keeps the authority that it has made for itself. It renews it by itself when a fifth of its
/// life is left (CITADEL_SELF_SIGNED_ROOT_CERT_GRACE_PERIOD_PERCENTILE), and looks once an hour.
const MESH_ROOT: &str = "istio.io/ca-root";
const MESH_ROOT_AT: f64 = 0.85;

/// Adds the views of all Secrets that are not the Secret of a Certificate. `is_ca` certificates and Helm's are shown too.
///
/// None while the Certificates are still being listed: what is wrong with a Secret would be told of it for a moment, and
/// whoever opens it then lands on the Secret instead of its Certificate.
pub fn unmanaged(index: &Index<'_>, now: i64, views: &mut Vec<CertificateView>) {
    if index.snapshot.sources.loading("certificates.cert-manager.io") {
        return;
    }
    for ((namespace, name), (kind, secret)) in &index.secrets {
        if index.by_secret.contains_key(&(*namespace, *name)) || temporary(secret) || foreign(secret) {
            continue;
        }
        let leaf = secret.leaf.as_ref().ok();
        let source = copies::source(secret, index).filter(|source| copies::is_old(secret, source));
        let used = share(leaf.map(|l| l.not_before), leaf.map(|l| l.not_after), now);
        let meta = &secret.head.meta;
        let own_root = &*secret.kind == MESH_ROOT;
        let who = if own_root { "istiod has not renewed it" } else { "nobody renews it" };
        let mut judged = match (&secret.leaf, leaf) {
            (Err(why), _) => {
                let mut j = Judged::new(Level::Bad, "Unreadable");
                j.verdict.why = format!("Secret {name}: {why}");
                j.verdict.next = "put a certificate and its key into the Secret".into();
                j.code = Some("CERT_SECRET_BROKEN");
                j
            }
            (_, Some(leaf)) if leaf.not_after <= now => {
                let mut j = Judged::new(Level::Bad, "Expired");
                j.verdict.why = format!("expired {}; {who}", clock_time(leaf.not_after, now));
                j.verdict.next = next(secret, "replace it, or let cert-manager issue it");
                j.code = Some("CERT_EXPIRED");
                j.since = Some(leaf.not_after);
                j
            }
            (_, Some(_)) if secret.key == KeyState::Differs => {
                let mut j = Judged::new(Level::Bad, "Key differs");
                j.verdict.why = format!("the key in Secret {name} does not belong to its certificate");
                j.verdict.next = "put the key that belongs to it into the Secret".into();
                j.code = Some("CERT_KEY_MISMATCH");
                j
            }
            (_, Some(leaf)) if leaf.oddities.first().is_some_and(|_| !leaf.is_ca) => {
                let mut j = Judged::new(Level::Warn, "Odd");
                j.verdict.why = leaf.oddities.join("; ");
                j.verdict.next = "replace it".into();
                j.code = Some("CERT_ODD");
                j.until = Some(leaf.not_after);
                j
            }
            (_, Some(leaf)) => {
                let due = if own_root { MESH_ROOT_AT } else { TELL_AT };
                let tell = leaf.not_before + ((leaf.not_after - leaf.not_before) as f64 * due) as i64;
                if tell <= now {
                    let mut j = Judged::new(Level::Warn, "Ageing");
                    j.verdict.why = format!("valid until {}; {who}", clock_time(leaf.not_after, now));
                    j.verdict.next = next(secret, "replace it in time, or let cert-manager issue it");
                    j.code = Some("CERT_UNMANAGED_EXPIRING");
                    j.since = Some(tell);
                    j.until = Some(leaf.not_after);
                    j
                } else {
                    let mut j = Judged::new(Level::Good, "Valid");
                    j.since = Some(leaf.not_before);
                    j.until = Some(tell);
                    j
                }
            }
            (Ok(_), None) => continue,
        };
        if let (Some(source), Some(leaf)) = (source, leaf) {
            judged = old_copy(source, leaf, now);
        }
        if judged.code.is_some() {
            judged.broken = Some(Role::Secret);
        }
        let view = CertificateView {
            object: ObjectRef::with_meta((*kind).clone(), meta),
            uid: meta.uid.clone(),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            managed: false,
            hosts: leaf.map(|l| l.names.clone()).unwrap_or_default(),
            issuer: IssuerRef {
                name: leaf.map(|l| l.issuer.clone()).unwrap_or_default(),
                kind: "".into(),
                group: "".into(),
            },
            staging: leaf.is_some_and(|l| l.issuer.contains("STAGING")),
            secret: meta.name.clone(),
            not_before: leaf.map(|l| l.not_before),
            not_after: leaf.map(|l| l.not_after),
            renewal_time: None,
            used,
            revision: None,
            attempts: 0,
            next_try: None,
            since: None,
            verdict: Verdict::new(Level::Unknown, "Unknown"),
            code: None,
            broken: None,
            used_by: Vec::new(),
            leaf: leaf.cloned(),
            tenant: None,
            until: None,
        };
        views.push(view.put(judged));
    }
}

/// What to do with one that ends: the authority of a mesh is not simply replaced.
fn next(secret: &TlsSecret, usual: &str) -> String {
    match (&*secret.kind, &*secret.head.meta.name) {
        (MESH_ROOT, _) => "see istiod's log".to_owned(),
        (_, "cacerts") => "put a new authority under the same root into it, then restart istiod".to_owned(),
        _ => usual.to_owned(),
    }
}

/// A Secret that only has the name of a mesh's authority: trust stores of Java are called `cacerts` too.
pub fn foreign(secret: &TlsSecret) -> bool {
    secret.empty && &*secret.kind != "kubernetes.io/tls" && &*secret.kind != MESH_ROOT
}

/// cert-manager's Secret for the next private key: it holds no certificate and is gone soon.
pub fn temporary(secret: &TlsSecret) -> bool {
    secret.head.meta.label("cert-manager.io/next-private-key").is_some()
}

/// A copy of a Secret that was renewed since.
fn old_copy(source: &TlsSecret, leaf: &Leaf, now: i64) -> Judged {
    let from = &source.head.meta;
    let mut judged = Judged::new(if leaf.not_after <= now { Level::Bad } else { Level::Warn }, "Old copy");
    judged.verdict.why = format!("older than its source {}/{}, which was renewed since", from.namespace, from.name);
    judged.verdict.next = "delete the copy: it is made anew from its source".into();
    judged.code = Some("CERT_COPY_OLD");
    judged.since = source.leaf.as_ref().ok().map(|l| l.not_before);
    judged.until = Some(leaf.not_after).filter(|at| *at > now);
    judged
}
