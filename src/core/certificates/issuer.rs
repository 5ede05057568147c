//! The state of an issuer in words: its account, its authority's own certificate, its sign-in.

use super::objects::Issuer;
use super::secret::TlsSecret;
use super::verdict::clock_time;
use crate::findings::{Finding, cert_manager};
use crate::overview::index::Index;
use crate::resources::{Level, ObjectRef};

/// An issuer's level and state in words.
pub fn state(issuer: &Issuer, index: &Index<'_>, now: i64) -> (Level, String) {
    let Some(ready) = issuer.status.conditions.get("Ready") else {
        return (Level::Busy, "not looked at by cert-manager yet".into());
    };
    if &*ready.status != "True" {
        return (Level::Bad, cert_manager::issuer(&ready.reason, &ready.message, &issuer.meta.name).why);
    }
    let vault = issuer.spec.vault.as_ref();
    let words = match issuer.sort() {
        "ACME" if issuer.is_staging() => "account valid, staging: trusted by no browser".into(),
        "ACME" => "account valid".into(),
        "CA" => return authority(issuer, index, now).unwrap_or((Level::Good, "ready, CA".into())),
        "Vault" => vault.map_or_else(String::new, |v| format!("ready, Vault {} {}", v.path, v.auth.words())),
        "Venafi" => {
            let zone = issuer.spec.venafi.as_ref().map(|v| &*v.zone).unwrap_or_default();
            format!("ready, Certificate Manager {zone}").trim_end().to_owned()
        }
        "" => "ready".into(),
        sort => format!("ready, {sort}"),
    };
    (Level::Good, words)
}

/// The Secret with the key pair of a CA issuer. A ClusterIssuer's lies in the namespace of cert-manager.
pub fn ca_secret<'a>(issuer: &Issuer, index: &Index<'a>) -> Option<&'a TlsSecret> {
    let name = &*issuer.spec.ca.as_ref()?.secret_name;
    let own = index.cert_manager.get("controller").map_or("cert-manager", |(_, w)| &*w.head.meta.namespace);
    let namespace = if issuer.meta.namespace.is_empty() { own } else { &*issuer.meta.namespace };
    index.secrets.get(&(namespace, name)).map(|(_, s)| *s)
}

/// A CA issuer by its own certificate: cert-manager does not look at how long that lasts.
fn authority(issuer: &Issuer, index: &Index<'_>, now: i64) -> Option<(Level, String)> {
    let leaf = ca_secret(issuer, index)?.leaf.as_ref().ok()?;
    let end = clock_time(leaf.not_after, now);
    Some(match leaf.not_after {
        at if at <= now => (Level::Bad, format!("its CA {} has expired {end}", leaf.subject)),
        _ if !leaf.is_ca => {
            (Level::Warn, format!("{} in its Secret is no CA: clients refuse what it signs", leaf.subject))
        }
        _ => (Level::Good, format!("ready, CA {} until {end}", leaf.subject)),
    })
}

/// What is wrong with issuers that are ready by cert-manager's word.
pub fn findings(index: &Index<'_>, now: i64) -> Vec<Finding> {
    let mut found = Vec::new();
    for (kind, issuer) in index.snapshot.issuers.iter() {
        if !issuer.status.conditions.is("Ready") {
            continue;
        }
        let (level, words) = state(issuer, index, now);
        if level >= Level::Warn {
            let object = ObjectRef::with_meta(kind.clone(), &issuer.meta);
            let mut finding = Finding::new("ISSUER_CA_ENDS", &object, words)
                .next("renew the authority's certificate, then what it has signed");
            finding.level = level;
            found.push(finding);
        }
    }
    found
}
