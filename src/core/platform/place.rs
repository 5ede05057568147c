//! Where an app is reached: hosts of the routes that lead to it, one instance a tenant, or a port of a Service.

use super::AppView;
use super::profile::{AppEntry, ForwardTo};
use super::view::{Address, WayIn};
use crate::overview::index::Index;
use crate::resources::ObjectRef;
use crate::routes::RouteView;

/// Fills in hosts, address, the tenants' addresses and the way in without a host.
pub fn tell(index: &Index<'_>, app: &mut AppView, routes: &[RouteView], entry: Option<&AppEntry>) {
    let shared = entry.is_some_and(|e| !e.workloads.is_empty());
    let path = entry.map(|e| e.path.as_str()).unwrap_or_default();
    let address = |route: &RouteView| {
        // A path that the profile gives stands in for the route's.
        let base = |u: String| match path {
            "" => u,
            _ => u.strip_suffix(&*route.path).unwrap_or(&u).to_owned(),
        };
        route.url().map(|u| format!("{}{path}", base(u).trim_end_matches('/')))
    };
    for route in routes {
        let label = route.host.split('.').next().unwrap_or_default();
        if let (Some(tenant), Some(e)) = (&route.tenant, entry)
            && e.host_of(tenant).is_some_and(|host| host == label)
            && !app.addresses.iter().any(|a| a.tenant.as_ref() == Some(tenant))
        {
            app.addresses.extend(address(route).map(|url| Address { tenant: Some(tenant.clone()), url }));
            continue;
        }
        let here = app.namespaces.contains(&route.namespace)
            || route.backends.iter().any(|b| app.namespaces.contains(&b.namespace) && !b.namespace.is_empty());
        let named = entry.is_some_and(|e| !e.host.is_empty() && label == e.host);
        let leads = route
            .backends
            .iter()
            .any(|b| app.workloads.iter().any(|w| b.namespace == w.namespace && b.name.starts_with(&*w.name)));
        let mine = match entry {
            // In a shared namespace only its own host is surely its own: gateways carry everybody's.
            Some(e) if shared => named || (leads && !e.host.is_empty()),
            Some(_) => here,
            None => leads,
        };
        if mine && !route.host.is_empty() && !app.hosts.contains(&route.host) {
            if app.url.is_none() || named {
                app.url = address(route);
            }
            app.hosts.push(route.host.clone());
        }
    }
    if app.url.is_none() {
        app.entry = match entry.and_then(|e| e.forward.as_ref()) {
            Some(to) => forward(index, app, to),
            None => way_in(index, app, path),
        };
    }
}

/// The Service that the profile names, when it is there.
fn forward(index: &Index<'_>, app: &AppView, to: &ForwardTo) -> Option<WayIn> {
    let namespace = if to.namespace.is_empty() { &**app.namespaces.first()? } else { to.namespace.as_str() };
    let mut services = index.snapshot.services.iter();
    let (kind, service) = services.find(|(_, s)| *s.meta.namespace == *namespace && *s.meta.name == *to.service)?;
    Some(WayIn {
        object: ObjectRef::with_meta(kind.clone(), &service.meta),
        namespace: service.meta.namespace.clone(),
        service: service.meta.name.clone(),
        port: to.port,
        path: to.path.clone(),
    })
}

/// Ends of names of Services behind which there is a page for people.
const PAGES: [&str; 4] = ["dashboard", "console", "-ui", "webui"];

/// The Service of an app without a host that carries its page.
fn way_in(index: &Index<'_>, app: &AppView, path: &str) -> Option<WayIn> {
    let services = index.snapshot.services.iter();
    let mine = services.filter(|(_, s)| app.namespaces.contains(&s.meta.namespace) && !s.spec.selector.is_empty());
    let rank = |name: &str| PAGES.iter().position(|p| name.ends_with(p));
    let (_, kind, service) = mine
        .filter_map(|(k, s)| Some((rank(&s.meta.name)?, k, s)))
        .min_by_key(|(r, _, s)| (*r, s.meta.name.clone()))?;
    let port = service.spec.ports.first().and_then(|p| u16::try_from(p.port).ok())?;
    // Traefik answers 404 on everything but this path.
    let traefik = service.meta.name.contains("traefik") && service.meta.name.contains("dashboard");
    let path = if path.is_empty() && traefik { "/dashboard/" } else { path };
    Some(WayIn {
        object: ObjectRef::with_meta(kind.clone(), &service.meta),
        namespace: service.meta.namespace.clone(),
        service: service.meta.name.clone(),
        port,
        path: path.to_owned(),
    })
}
