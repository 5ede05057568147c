//! Copies of TLS Secrets in other namespaces: Otomi's `copy-TEAM-NAME`, and those of the usual replicators. A copy that is
//! older than its source is served after the source was renewed.

use super::TlsSecret;
use crate::overview::index::Index;

/// Annotations in which replicators name the source as NAMESPACE/NAME.
const SOURCES: [&str; 3] = [
    "reflector.v1.k8s.emberstack.com/reflects",
    "replicator.v1.mittwald.de/replicate-from",
    "kubed.appscode.com/origin",
];

/// The Secret that this one is a copy of, if it is one and the source is there.
pub fn source<'a>(copy: &TlsSecret, index: &Index<'a>) -> Option<&'a TlsSecret> {
    let at = |namespace: &str, name: &str| index.secrets.get(&(namespace, name)).map(|(_, s)| *s);
    let named = SOURCES.iter().find_map(|key| copy.head.annotation(key)?.split_once('/'));
    if let Some((namespace, name)) = named {
        return at(namespace, name);
    }
    // `copy-demo-tls` is of team-demo (Otomi), `copy-team-demo-tls` too (its operator).
    let rest = copy.head.meta.name.strip_prefix("copy-")?;
    rest.match_indices('-').find_map(|(i, _)| {
        let (owner, name) = (&rest[..i], &rest[i + 1..]);
        at(owner, name).or_else(|| at(&format!("team-{owner}"), name))
    })
}

/// Whether the copy holds another certificate than its source, and an older one.
pub fn is_old(copy: &TlsSecret, source: &TlsSecret) -> bool {
    match (&copy.leaf, &source.leaf) {
        (Ok(copy), Ok(source)) => copy.sha256 != source.sha256 && copy.not_before <= source.not_before,
        _ => false,
    }
}
