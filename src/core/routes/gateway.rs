//! HTTPRoute and Gateway of gateway.networking.k8s.io.

use super::backend::service;
use super::claim::{Backend, Claim, Dialect, PathKind, Reference, TlsClaim};
use super::objects_mesh::{Gateway, HttpRoute, ParentRef};
use crate::Str;
use crate::certificates::names::covers;
use crate::findings::cause::line;
use crate::overview::index::Index;
use crate::resources::{Kind, ObjectRef};
use std::sync::Arc;

/// What an HTTPRoute claims.
pub fn claims(index: &Index<'_>, kind: &Kind, route: &HttpRoute) -> Vec<Claim> {
    let meta = &route.meta;
    let mut base = Claim::new(ObjectRef::with_meta(kind.clone(), meta), meta.created, Dialect::GatewayApi);
    let gateways: Vec<(&ParentRef, Option<&Arc<Gateway>>)> = route
        .spec
        .parent_refs
        .iter()
        .filter(|p| p.kind.as_deref().is_none_or(|k| k == "Gateway"))
        .map(|p| {
            let namespace = p.namespace.as_ref().unwrap_or(&meta.namespace);
            let found =
                index.snapshot.gateways.values().find(|g| g.meta.namespace == *namespace && g.meta.name == p.name);
            (p, found)
        })
        .collect();
    let names: Vec<&str> = gateways.iter().map(|(p, _)| &*p.name).collect();
    base.entry = names.join(",").as_str().into();
    base.served_by = gateways
        .first()
        .map(|(p, _)| format!("{}/{}", p.namespace.as_ref().unwrap_or(&meta.namespace), p.name))
        .unwrap_or_default()
        .as_str()
        .into();
    base.entry_found = index.snapshot.gateways.known().then(|| gateways.iter().any(|(_, g)| g.is_some()));
    base.refused = refused(route);
    base.hidden = meta.label("acme.cert-manager.io/http01-solver") == Some("true");
    let any = [Str::from("")];
    let hosts = if route.spec.hostnames.is_empty() { &any[..] } else { &route.spec.hostnames[..] };
    let mut claims = Vec::new();
    for host in hosts {
        let tls = tls(&gateways, host);
        for rule in &route.spec.rules {
            let mut claim = base.clone();
            claim.host = host.to_ascii_lowercase().as_str().into();
            claim.tls = tls.clone();
            claim.middlewares = rule
                .filters
                .iter()
                .map(|f| Reference { kind: "Filter", namespace: "".into(), name: f.kind.clone(), found: None })
                .collect();
            claim.backends = rule
                .backend_refs
                .iter()
                .map(|b| {
                    let namespace = b.namespace.as_ref().unwrap_or(&meta.namespace);
                    if b.kind.as_deref().is_some_and(|k| k != "Service") {
                        let kind = b.kind.clone().unwrap_or_default();
                        return Backend {
                            kind,
                            namespace: namespace.clone(),
                            name: b.name.clone(),
                            external: true,
                            ..Backend::default()
                        };
                    }
                    let port = b.port.map(|p| p.to_string()).unwrap_or_default();
                    let mut backend = service(index, namespace, &b.name, port.as_str().into());
                    backend.weight = b.weight;
                    backend
                })
                .collect();
            if rule.matches.is_empty() {
                claims.push(claim);
                continue;
            }
            for m in &rule.matches {
                let mut claim = claim.clone();
                if let Some(path) = &m.path {
                    claim.path = if path.value.is_empty() { "/".into() } else { path.value.clone() };
                    claim.path_kind = match &*path.kind {
                        "Exact" => PathKind::Exact,
                        "RegularExpression" => PathKind::Regex,
                        _ => PathKind::Prefix,
                    };
                }
                let headers: Vec<&str> = m.headers.iter().map(|h| &*h.name).collect();
                claim.extra =
                    format!("{} {}", m.method.as_deref().unwrap_or_default(), headers.join(",")).trim().into();
                claims.push(claim);
            }
        }
    }
    claims
}

/// What the controllers object to.
fn refused(route: &HttpRoute) -> Option<String> {
    let conditions = route.status.parents.iter().map(|p| &p.conditions);
    let bad = conditions.filter_map(|c| c.not("Accepted").or_else(|| c.not("ResolvedRefs")));
    bad.map(|c| line(format!("{}: {}", c.reason, c.message).trim_end_matches(": "), 160)).next()
}

/// The TLS of the listener that takes a host: a listener's own host name first, then one without.
fn tls(gateways: &[(&ParentRef, Option<&Arc<Gateway>>)], host: &str) -> TlsClaim {
    let mut best = TlsClaim::None;
    for (parent, gateway) in gateways {
        let Some(gateway) = gateway else { continue };
        let section = |name: &str| parent.section_name.as_deref().is_none_or(|s| s == name);
        for listener in gateway.spec.listeners.iter().filter(|l| section(&l.name)) {
            let takes = listener.hostname.as_deref().is_none_or(|h| h.is_empty() || covers(h, host));
            let Some(tls) = listener.tls.as_ref().filter(|_| takes) else { continue };
            if tls.mode.as_deref() == Some("Passthrough") {
                best = TlsClaim::Passthrough;
            } else if let Some(r) = tls.certificate_refs.first() {
                let namespace = r.namespace.clone().unwrap_or_else(|| gateway.meta.namespace.clone());
                best = TlsClaim::Secret(namespace, r.name.clone());
            }
        }
    }
    best
}
