//! From a backend's name to its Service and endpoints.

use super::claim::Backend;
use crate::Str;
use crate::overview::index::Index;

/// The backend of a Service, with its endpoints counted.
pub fn service(index: &Index<'_>, namespace: &str, name: &str, port: Str) -> Backend {
    let known = index.snapshot.services.known();
    let found = index.services.get(&(namespace, name));
    let mut backend = Backend {
        kind: "Service".into(),
        namespace: namespace.into(),
        name: name.into(),
        port,
        found: known.then_some(found.is_some()),
        ..Backend::default()
    };
    if let Some(service) = found {
        backend.external = &*service.spec.kind == "ExternalName";
        if !backend.port.is_empty() {
            let has = service.spec.ports.iter().any(|p| p.name == backend.port || p.port.to_string() == *backend.port);
            backend.port_found = Some(has || backend.external);
        }
        if index.snapshot.endpoint_slices.known() && !backend.external {
            backend.endpoints = Some(index.endpoints.get(&(namespace, name)).copied().unwrap_or_default());
        }
    }
    backend
}

/// Splits a host as meshes write it: `name`, `name.namespace`, `name.namespace.svc.cluster.local`. `None` for a host
/// outside the cluster.
pub fn cluster_host<'a>(host: &'a str, namespace: &'a str) -> Option<(&'a str, &'a str)> {
    let mut parts = host.split('.');
    let name = parts.next()?;
    match (parts.next(), parts.next()) {
        (None, _) => Some((namespace, name)),
        (Some(ns), Some("svc")) => Some((ns, name)),
        (Some(_), Some(_)) => None,
        // Two labels: `name.namespace`.
        (Some(ns), None) => Some((ns, name)),
    }
}
