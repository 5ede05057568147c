//! VirtualService and Gateway of networking.istio.io.

use super::backend::{cluster_host, service};
use super::claim::{Backend, Claim, Dialect, PathKind, TlsClaim};
use super::objects_mesh::{IstioGateway, IstioHttp, VirtualService};
use crate::Str;
use crate::certificates::names::covers;
use crate::overview::index::Index;
use crate::resources::{Kind, ObjectRef};
use std::sync::Arc;

/// What a VirtualService claims at gateways. One for the mesh only is no route from outside and claims nothing.
pub fn claims<'a>(index: &Index<'a>, kind: &Kind, route: &VirtualService) -> Vec<Claim> {
    let meta = &route.meta;
    let gateways: Vec<&Str> = route.spec.gateways.iter().filter(|g| &***g != "mesh").collect();
    if gateways.is_empty() {
        return Vec::new();
    }
    let mut base = Claim::new(ObjectRef::with_meta(kind.clone(), meta), meta.created, Dialect::Istio);
    base.entry = gateways.iter().map(|g| &***g).collect::<Vec<_>>().join(",").as_str().into();
    let found: Vec<&'a Arc<IstioGateway>> = gateways
        .iter()
        .filter_map(|g| {
            let (namespace, name) = g.split_once('/').unwrap_or((&meta.namespace, g));
            index.snapshot.istio_gateways.values().find(|x| &*x.meta.namespace == namespace && &*x.meta.name == name)
        })
        .collect();
    base.served_by = match gateways[0].split_once('/') {
        Some(_) => gateways[0].clone(),
        None => format!("{}/{}", meta.namespace, gateways[0]).as_str().into(),
    };
    base.entry_found = index.snapshot.istio_gateways.known().then_some(found.len() == gateways.len());
    let mut claims = Vec::new();
    for host in &route.spec.hosts {
        let tls = tls(index, &found, host);
        for rule in &route.spec.http {
            let mut claim = base.clone();
            claim.host = if &**host == "*" { "".into() } else { host.to_ascii_lowercase().as_str().into() };
            claim.tls = tls.clone();
            claim.backends = backends(index, meta.namespace.clone(), rule);
            let mut paths: Vec<(Str, PathKind)> = rule
                .matches
                .iter()
                .filter_map(|m| m.uri.as_ref())
                .filter_map(|u| {
                    let exact = u.exact.clone().map(|p| (p, PathKind::Exact));
                    exact
                        .or_else(|| u.prefix.clone().map(|p| (p, PathKind::Prefix)))
                        .or_else(|| u.regex.clone().map(|p| (p, PathKind::Regex)))
                })
                .collect();
            if paths.is_empty() {
                paths.push(("/".into(), PathKind::Prefix));
            }
            for (path, path_kind) in paths {
                claims.push(Claim { path, path_kind, ..claim.clone() });
            }
        }
    }
    claims
}

fn backends(index: &Index<'_>, namespace: Str, rule: &IstioHttp) -> Vec<Backend> {
    rule.route
        .iter()
        .map(|r| {
            let port: Str =
                r.destination.port.as_ref().and_then(|p| p.number.as_ref()).map(|n| n.text()).unwrap_or_default();
            match cluster_host(&r.destination.host, &namespace) {
                Some((ns, name)) => Backend { weight: r.weight, ..service(index, ns, name, port) },
                None => Backend {
                    kind: "external host".into(),
                    name: r.destination.host.clone(),
                    port,
                    weight: r.weight,
                    external: true,
                    ..Backend::default()
                },
            }
        })
        .collect()
}

/// The TLS of the gateway's server that takes a host.
fn tls<'a>(index: &Index<'a>, gateways: &[&'a Arc<IstioGateway>], host: &str) -> TlsClaim {
    for gateway in gateways {
        for server in &gateway.spec.servers {
            let takes = server.hosts.iter().any(|h| {
                let h = h.rsplit('/').next().unwrap_or(h);
                h == "*" || covers(h, host)
            });
            let Some(tls) = server.tls.as_ref().filter(|t| takes && !t.https_redirect) else { continue };
            if tls.mode.as_deref() == Some("PASSTHROUGH") {
                return TlsClaim::Passthrough;
            }
            if let Some(secret) = &tls.credential_name {
                let places = index.credential_namespaces(&gateway.meta);
                let there = places.iter().find(|place| index.secrets.contains_key(&(**place, &**secret)));
                let namespace = there.or(places.first()).copied().unwrap_or(&gateway.meta.namespace);
                return TlsClaim::Secret(namespace.into(), secret.clone());
            }
        }
    }
    TlsClaim::None
}
