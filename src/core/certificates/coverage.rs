//! Which hosts have no certificate with their name, and which certificates nobody uses.

use super::names::any_covers;
use super::{CertificateView, users};
use crate::Str;
use crate::overview::index::Index;
use crate::resources::{Level, ObjectRef, Verdict};
use crate::routes::RouteView;
use rustc_hash::FxHashSet;

/// A host whose route serves no certificate with its name.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Uncovered {
    pub host: Str,
    /// The first route that has it.
    #[serde(skip)]
    pub object: ObjectRef,
    pub kind: String,
    pub namespace: Str,
    pub name: Str,
    #[serde(skip)]
    pub path: Str,
    #[serde(skip)]
    pub extra: Str,
    /// The Secret that the route names.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub secret: Str,
    pub verdict: Verdict,
    /// Certificates that have the name, as NAMESPACE/NAME.
    pub near: Vec<String>,
}

/// Both sides.
#[derive(Clone, Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Hosts of routes, without those that nobody can ask for from outside.
    pub hosts: usize,
    pub uncovered: Vec<Uncovered>,
    /// UIDs of certificates that nobody uses: no route, nothing that [`users`] knows.
    #[serde(skip)]
    pub unused: Vec<Str>,
    /// Whether all users could be read; else `unused` is empty.
    pub users_known: bool,
}

/// A host that a certificate can be for: no pattern of everything, no name of the cluster's own.
fn public(host: &str) -> bool {
    let inner = host.ends_with(".svc") || host.ends_with(".cluster.local") || !host.contains('.');
    !host.is_empty() && !inner && !host.starts_with('~') && host != "*"
}

/// Both sides of a cluster at a moment (seconds since 1970).
pub fn of(index: &Index<'_>, certificates: &[CertificateView], routes: &[RouteView], now: i64) -> Coverage {
    let mut coverage = Coverage::default();
    let mut hosts: FxHashSet<&str> = FxHashSet::default();
    let mut told: FxHashSet<&str> = FxHashSet::default();
    for route in routes.iter().filter(|r| public(&r.host)) {
        hosts.insert(&route.host);
        let near = || {
            let has = |c: &&CertificateView| {
                let names = c.leaf.as_ref().map_or(&c.hosts, |l| &l.names);
                any_covers(names, &route.host)
            };
            let found = certificates.iter().filter(has);
            found.take(3).map(|c| format!("{}/{}", c.namespace, c.name)).collect::<Vec<_>>()
        };
        let (level, why, near) = match (route.tls.mode, route.tls.found, route.tls.covers) {
            ("secret", Some(false), _) if route.tls.under_way => continue,
            ("secret", Some(false), _) => (Level::Bad, format!("its Secret {} is missing", route.tls.secret), near()),
            ("secret", _, Some(false)) => {
                (Level::Bad, format!("the certificate in Secret {} does not have this name", route.tls.secret), near())
            }
            // What is served by default is known: a certificate of Traefik's TLSStore.
            ("default", _, Some(true)) => continue,
            ("default", _, Some(false)) => {
                let why =
                    format!("the default certificate is served, and that in Secret {} lacks it", route.tls.secret);
                (Level::Bad, why, near())
            }
            ("default" | "none", ..) => {
                let near = near();
                if !near.is_empty() {
                    continue;
                }
                let how =
                    if route.tls.mode == "none" { "served without TLS" } else { "the default certificate is served" };
                (Level::Warn, format!("{how}, and no certificate here has this name"), near)
            }
            _ => continue,
        };
        if !told.insert(&route.host) {
            continue;
        }
        let next = match near.first() {
            Some(name) => format!("{name} has the name: let the route use it, or issue one for this host"),
            None => "create a Certificate for the host, and name its Secret in the route".into(),
        };
        coverage.uncovered.push(Uncovered {
            host: route.host.clone(),
            object: route.object.clone(),
            kind: route.kind.clone(),
            namespace: route.namespace.clone(),
            name: route.name.clone(),
            path: route.path.clone(),
            extra: route.extra.clone(),
            secret: route.tls.secret.clone(),
            verdict: Verdict::new(level, "No name").why(why).next(next),
            near,
        });
    }
    coverage.hosts = hosts.len();
    coverage.uncovered.sort_by(|a, b| (b.verdict.level, &a.host).cmp(&(a.verdict.level, &b.host)));
    coverage.users_known = index.snapshot.pods.known() && index.snapshot.tls_secrets.known();
    if coverage.users_known {
        let mut used = users::secrets(index, now);
        used.extend(routes.iter().map(|r| (&*r.tls.namespace, &*r.tls.secret)));
        let free = |c: &&CertificateView| c.used_by.is_empty() && !used.contains(&(&*c.namespace, &*c.secret));
        coverage.unused = certificates.iter().filter(free).map(|c| c.uid.clone()).collect();
    }
    coverage
}
