//! Which hosts have no certificate with their name, and which certificates nobody uses.

use super::names::any_covers;
use super::{CertificateView, copies};
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
    /// UIDs of certificates that no route, gateway, issuer, copy or pod uses.
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

/// Both sides of a cluster.
pub fn of(index: &Index<'_>, certificates: &[CertificateView], routes: &[RouteView]) -> Coverage {
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
        let used = users(index, routes);
        // Istio looks for a credential in the namespace of its gateway's pods, whichever that is.
        let servers = index.snapshot.istio_gateways.values().flat_map(|g| &g.spec.servers);
        let credentials: FxHashSet<&str> =
            servers.filter_map(|server| server.tls.as_ref()?.credential_name.as_deref()).collect();
        let free = |c: &&CertificateView| {
            c.used_by.is_empty() && !used.contains(&(&*c.namespace, &*c.secret)) && !credentials.contains(&*c.secret)
        };
        coverage.unused = certificates.iter().filter(free).map(|c| c.uid.clone()).collect();
    }
    coverage
}

/// Secrets that somebody uses, by namespace and name.
fn users<'a>(index: &Index<'a>, routes: &'a [RouteView]) -> FxHashSet<(&'a str, &'a str)> {
    let s = index.snapshot;
    let mut used: FxHashSet<(&str, &str)> = FxHashSet::default();
    used.extend(routes.iter().map(|r| (&*r.tls.namespace, &*r.tls.secret)));
    for pod in s.pods.values() {
        used.extend(pod.secrets.iter().map(|name| (&*pod.meta.namespace, &**name)));
    }
    for issuer in s.issuers.values() {
        let Some(ca) = &issuer.spec.ca else { continue };
        // A ClusterIssuer's Secret is in cert-manager's own namespace, whichever that is.
        let own = Some(&*issuer.meta.namespace).filter(|n| !n.is_empty());
        let manager = index.cert_manager.values().map(|(_, w)| &*w.head.meta.namespace).next();
        used.insert((own.or(manager).unwrap_or("cert-manager"), &ca.secret_name));
    }
    for gateway in s.gateways.values() {
        for tls in gateway.spec.listeners.iter().filter_map(|l| l.tls.as_ref()) {
            for reference in &tls.certificate_refs {
                let namespace = reference.namespace.as_deref().unwrap_or(&gateway.meta.namespace);
                used.insert((namespace, &reference.name));
            }
        }
    }
    for secret in s.tls_secrets.values() {
        if let Some(source) = copies::source(secret, index) {
            used.insert((&source.head.meta.namespace, &source.head.meta.name));
        }
    }
    used
}
