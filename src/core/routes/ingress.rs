//! Ingress of networking.k8s.io.

use super::backend::service;
use super::claim::{Backend, Claim, Dialect, PathKind, Reference, TlsClaim};
use super::objects::{Ingress, IngressBackend};
use crate::Str;
use crate::overview::index::Index;
use crate::resources::{Kind, ObjectRef};

/// The annotation from before `spec.ingressClassName`.
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const MIDDLEWARES: &str = "traefik.ingress.kubernetes.io/router.middlewares";
const PRIORITY: &str = "traefik.ingress.kubernetes.io/router.priority";

/// What an Ingress claims.
pub fn claims(index: &Index<'_>, kind: &Kind, ingress: &Ingress) -> Vec<Claim> {
    let meta = &ingress.head.meta;
    let mut base = Claim::new(ObjectRef::with_meta(kind.clone(), meta), meta.created, Dialect::Ingress);
    let classes = &index.snapshot.ingress_classes;
    let class = ingress
        .spec
        .ingress_class_name
        .clone()
        .or_else(|| ingress.head.annotation(CLASS_ANNOTATION).map(Str::from))
        .or_else(|| classes.values().find(|c| c.is_default()).map(|c| c.head.meta.name.clone()));
    let found = class.as_ref().and_then(|name| classes.values().find(|c| c.head.meta.name == *name));
    base.entry = class.clone().unwrap_or_default();
    // Controllers serve the old annotation without an IngressClass object.
    let by_annotation = ingress.spec.ingress_class_name.is_none() && class.is_some();
    base.entry_found = classes.known().then_some(found.is_some() || by_annotation);
    base.served_by = found.map_or_else(|| base.entry.clone(), |c| family(&c.spec.controller));
    base.hidden = meta.label("acme.cert-manager.io/http01-solver") == Some("true");
    base.priority = ingress.head.annotation(PRIORITY).and_then(|p| p.parse().ok());
    base.middlewares = middlewares(index, ingress);
    let mut claims = Vec::new();
    for rule in &ingress.spec.rules {
        let host: Str = rule.host.as_deref().unwrap_or_default().to_ascii_lowercase().as_str().into();
        let tls = tls(ingress, &host);
        for path in rule.http.iter().flat_map(|h| &h.paths) {
            let mut claim = base.clone();
            claim.host = host.clone();
            claim.tls = tls.clone();
            claim.path = path.path.clone().filter(|p| !p.is_empty()).unwrap_or_else(|| "/".into());
            claim.path_kind = if &*path.path_type == "Exact" { PathKind::Exact } else { PathKind::Prefix };
            claim.backends = backends(index, &meta.namespace, &path.backend);
            claims.push(claim);
        }
    }
    if let Some(backend) = &ingress.spec.default_backend {
        let mut claim = base;
        claim.tls = tls(ingress, "");
        claim.backends = backends(index, &meta.namespace, backend);
        claims.push(claim);
    }
    claims
}

/// The controller without its path: `traefik.io/ingress-controller` is Traefik.
fn family(controller: &str) -> Str {
    if controller.starts_with("traefik.io") { "traefik".into() } else { controller.into() }
}

fn tls(ingress: &Ingress, host: &str) -> TlsClaim {
    let entry = ingress
        .spec
        .tls
        .iter()
        .find(|t| t.hosts.iter().any(|h| crate::certificates::names::covers(h, host)))
        .or_else(|| ingress.spec.tls.iter().find(|t| t.hosts.is_empty()));
    match entry.map(|t| t.secret_name.clone().filter(|s| !s.is_empty())) {
        Some(Some(secret)) => TlsClaim::Secret(ingress.head.meta.namespace.clone(), secret),
        Some(None) => TlsClaim::Default,
        None => TlsClaim::None,
    }
}

fn backends(index: &Index<'_>, namespace: &str, backend: &IngressBackend) -> Vec<Backend> {
    match (&backend.service, &backend.resource) {
        (Some(s), _) => {
            let port = s.port.number.map_or_else(|| s.port.name.clone(), |n| n.to_string().as_str().into());
            vec![service(index, namespace, &s.name, port)]
        }
        (None, Some(r)) => {
            vec![Backend {
                kind: r.kind.clone(),
                namespace: namespace.into(),
                name: r.name.clone(),
                external: true,
                ..Backend::default()
            }]
        }
        _ => Vec::new(),
    }
}

/// Traefik's annotation names them as `NAMESPACE-NAME@kubernetescrd`; the longest namespace that exists wins.
fn middlewares(index: &Index<'_>, ingress: &Ingress) -> Vec<Reference> {
    let Some(list) = ingress.head.annotation(MIDDLEWARES) else { return Vec::new() };
    let known = index.snapshot.middlewares.known();
    list.split(',')
        .filter_map(|item| item.trim().strip_suffix("@kubernetescrd"))
        .map(|item| {
            let splits = item.match_indices('-').map(|(i, _)| (&item[..i], &item[i + 1..]));
            let hit = splits.clone().find(|split| index.middlewares.contains_key(split));
            let (namespace, name) = hit.or_else(|| item.rsplit_once('-')).unwrap_or(("", item));
            Reference {
                kind: "Middleware",
                namespace: namespace.into(),
                name: name.into(),
                found: known.then_some(hit.is_some()),
            }
        })
        .collect()
}
