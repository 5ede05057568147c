//! A route as it is shown: a host and path, what serves it, and where it ends.

use super::claim::{Backend, Claim, Dialect, PathKind, Reference, TlsClaim};
use super::{conflicts, gateway, ingress, istio, knative, traefik, verdict};
use crate::Str;
use crate::certificates::CertificateView;
use crate::certificates::names::any_covers;
use crate::findings::Finding;
use crate::overview::index::Index;
use crate::resources::{Level, ObjectRef, Verdict};
use rustc_hash::FxHashMap;

/// The TLS of a route.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteTls {
    /// `none`, `default`, `secret` or `passthrough`.
    pub mode: &'static str,
    /// Namespace and name of the Secret; of what is served by default only where it is Traefik's: another route's or a
    /// TLSStore's that has the name, else the TLSStore's default.
    pub namespace: Str,
    pub secret: Str,
    /// Whether the Secret is there; `None` when it cannot be told.
    pub found: Option<bool>,
    /// Whether its certificate covers the host.
    pub covers: Option<bool>,
    pub expired: bool,
    /// Its certificate is being issued.
    pub under_way: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<i64>,
    /// UID of the certificate (a [`CertificateView`]) that is behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Str>,
}

/// A route.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteView {
    #[serde(skip)]
    pub object: ObjectRef,
    pub uid: Str,
    pub kind: String,
    pub namespace: Str,
    pub name: Str,
    pub dialect: Dialect,
    /// Empty for any host.
    pub host: Str,
    pub path: Str,
    pub path_kind: PathKind,
    /// What else a request must have (headers, methods).
    #[serde(skip_serializing_if = "str::is_empty")]
    pub extra: Str,
    /// Ingress class, entry points or gateways.
    pub entry: Str,
    pub middlewares: Vec<Reference>,
    pub backends: Vec<Backend>,
    /// Ready endpoints and all of them, over all backends.
    pub ready: u32,
    pub total: u32,
    pub tls: RouteTls,
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Str>,
}

impl RouteTls {
    /// Whether what is served there is a certificate's Secret, as far as the objects tell.
    pub fn is_of(&self, certificate: &CertificateView) -> bool {
        self.serves(&certificate.namespace, &certificate.secret)
    }
    /// Whether what is served there is in this Secret, as far as the objects tell.
    pub fn serves(&self, namespace: &str, secret: &str) -> bool {
        matches!(self.mode, "secret" | "default") && *self.secret == *secret && *self.namespace == *namespace
    }
}

impl RouteView {
    /// `https://host/path`, where there is a host.
    pub fn url(&self) -> Option<String> {
        let plain = !self.host.is_empty() && !self.host.starts_with(['*', '~']);
        let scheme = if self.tls.mode == "none" { "http" } else { "https" };
        plain.then(|| format!("{scheme}://{}{}", self.host, if &*self.path == "/" { "" } else { &self.path }))
    }
    /// Its finding, if something is wrong.
    pub fn finding(&self) -> Option<Finding> {
        let code = self.code?;
        let host = if self.host.is_empty() { self.object.short() } else { self.host.to_string() };
        let title = if &*self.path == "/" { host } else { format!("{host}{}", self.path) };
        let mut finding = Finding::new(code, &self.object, self.verdict.why.clone())
            .titled(title)
            .next(self.verdict.next.clone())
            .since(self.since)
            .evidence("route", self.object.to_string());
        finding.level = self.verdict.level;
        Some(finding)
    }
}

/// Positions of the certificates of each Secret.
type BySecret = FxHashMap<(Str, Str), Vec<usize>>;

/// All routes, the worst first, then by host and path. Routes of the machinery (ACME solvers) are left out.
pub fn all(index: &Index<'_>, certificates: &mut [CertificateView]) -> Vec<RouteView> {
    let s = index.snapshot;
    let mut claims: Vec<Claim> = Vec::new();
    for (kind, i) in s.ingresses.iter() {
        claims.extend(ingress::claims(index, kind, i));
    }
    for (kind, r) in s.ingress_routes.iter() {
        claims.extend(traefik::claims(index, kind, r));
    }
    for (kind, r) in s.http_routes.iter() {
        claims.extend(gateway::claims(index, kind, r));
    }
    for (kind, r) in s.virtual_services.iter() {
        claims.extend(istio::claims(index, kind, r));
    }
    for (kind, r) in s.knative_services.iter() {
        claims.extend(knative::claims(kind, r));
    }
    let conflicts = conflicts::find(&claims);
    let mut by_secret = BySecret::default();
    for (i, c) in certificates.iter().enumerate() {
        by_secret.entry((c.namespace.clone(), c.secret.clone())).or_default().push(i);
    }
    let loaded = loaded(index, &claims, certificates, &by_secret);
    let mut views = Vec::with_capacity(claims.len());
    for (i, claim) in claims.iter().enumerate() {
        if claim.hidden {
            continue;
        }
        let tls = tls(index, claim, certificates, (&by_secret, &loaded));
        let conflict = conflicts.get(&i);
        let (verdict, code) = verdict::judge(claim, &claims, conflict, &tls);
        // A host claimed twice is so since the later claim came.
        let since = match (code, conflict) {
            (Some("ROUTE_HOST_CONFLICT"), Some(_)) => {
                claims.iter().filter(|c| c.host == claim.host && c.path == claim.path).filter_map(|c| c.created).max()
            }
            _ => None,
        };
        let (ready, total) =
            claim.backends.iter().filter_map(|b| b.endpoints).fold((0, 0), |a, e| (a.0 + e.0, a.1 + e.1));
        views.push(RouteView {
            uid: claim.object.uid.clone(),
            kind: claim.object.kind.kind.clone(),
            namespace: claim.object.namespace.clone(),
            name: claim.object.name.clone(),
            object: claim.object.clone(),
            dialect: claim.dialect,
            host: claim.host.clone(),
            path: claim.path.clone(),
            path_kind: claim.path_kind,
            extra: claim.extra.clone(),
            entry: claim.entry.clone(),
            middlewares: claim.middlewares.clone(),
            backends: claim.backends.clone(),
            ready,
            total,
            tls,
            verdict,
            code,
            since,
            tenant: None,
        });
    }
    views.sort_by(|a, b| {
        (b.verdict.level, &a.host, &a.path, &a.namespace, &a.name).cmp(&(
            a.verdict.level,
            &b.host,
            &b.path,
            &b.namespace,
            &b.name,
        ))
    });
    views
}

/// Where the certificates are that Traefik has, by the names in them: of whatever route one is, it is served for its
/// names. A TLSStore's come first.
fn loaded(
    index: &Index<'_>,
    claims: &[Claim],
    certificates: &[CertificateView],
    by_secret: &BySecret,
) -> FxHashMap<Str, (Str, Str)> {
    let stores = index.snapshot.traefik_tls.iter().filter(|(kind, _)| kind.kind == "TLSStore");
    let of_stores =
        stores.flat_map(|(_, s)| s.spec.certificates.iter().map(|c| (s.meta.namespace.clone(), c.secret_name.clone())));
    let of_routes = claims.iter().filter(|c| &*c.served_by == "traefik").filter_map(|c| match &c.tls {
        TlsClaim::Secret(namespace, secret) => Some((namespace.clone(), secret.clone())),
        _ => None,
    });
    let mut by_name = FxHashMap::default();
    if !claims.iter().any(|c| c.tls == TlsClaim::Default && &*c.served_by == "traefik") {
        return by_name;
    }
    for secret in of_stores.chain(of_routes) {
        let leaves = by_secret.get(&secret).into_iter().flatten().filter_map(|i| certificates[*i].leaf.as_ref());
        for name in leaves.flat_map(|leaf| &leaf.names) {
            by_name.entry(name.to_ascii_lowercase().as_str().into()).or_insert_with(|| secret.clone());
        }
    }
    by_name
}

/// What Traefik has for a host: by its own name, else by the wildcard over it (RFC 9525 §6.3: one label deep).
fn for_host<'a>(loaded: &'a FxHashMap<Str, (Str, Str)>, host: &str) -> Option<&'a (Str, Str)> {
    let over = || host.split_once('.').and_then(|(_, parent)| loaded.get(format!("*.{parent}").as_str()));
    loaded.get(host).or_else(over)
}

/// Looks up the Secret behind a claim, and notes the host at its certificate.
fn tls(
    index: &Index<'_>,
    claim: &Claim,
    certificates: &mut [CertificateView],
    (by_secret, loaded): (&BySecret, &FxHashMap<Str, (Str, Str)>),
) -> RouteTls {
    let (mode, namespace, secret): (_, Str, Str) = match &claim.tls {
        TlsClaim::None => return RouteTls { mode: "none", ..RouteTls::default() },
        // Traefik takes what it has for the name, and says what it serves where it has none.
        TlsClaim::Default if &*claim.served_by == "traefik" => {
            let fallback = || index.traefik_default.map(|(namespace, secret)| (namespace.into(), secret.into()));
            match for_host(loaded, &claim.host).cloned().or_else(fallback) {
                Some((namespace, secret)) => ("default", namespace, secret),
                None => return RouteTls { mode: "default", ..RouteTls::default() },
            }
        }
        TlsClaim::Default => return RouteTls { mode: "default", ..RouteTls::default() },
        TlsClaim::Passthrough => return RouteTls { mode: "passthrough", ..RouteTls::default() },
        TlsClaim::Secret(namespace, secret) => ("secret", namespace.clone(), secret.clone()),
    };
    let there = index.secrets.contains_key(&(&*namespace, &*secret));
    let mut tls = RouteTls {
        mode,
        found: index.snapshot.tls_secrets.known().then_some(there),
        namespace: namespace.clone(),
        secret: secret.clone(),
        ..RouteTls::default()
    };
    for i in by_secret.get(&(namespace, secret)).into_iter().flatten() {
        let certificate = &mut certificates[*i];
        if !claim.host.is_empty() && !certificate.used_by.contains(&claim.host) {
            certificate.used_by.push(claim.host.clone());
        }
        tls.certificate = Some(certificate.uid.clone());
        tls.not_after = certificate.not_after;
        tls.under_way = certificate.verdict.level == Level::Busy;
        tls.expired = certificate.verdict.word.as_ref() == "Expired";
        if let Some(leaf) = &certificate.leaf {
            tls.covers = Some(claim.host.starts_with('~') || any_covers(&leaf.names, &claim.host));
        }
    }
    tls
}
