//! What answers an HTTP-01 challenge, as far as the cluster's objects tell: the ingress class, the pod, the route.

use super::objects::Challenge;
use crate::Str;
use crate::findings::Cause;
use crate::overview::index::Index;
use crate::platform::objects::Pod;
use crate::resources::{Kind, ObjectRef};

/// The solver of one HTTP-01 challenge.
pub struct Solver<'a> {
    /// The ingress class that it asks for; `None` for the default one or a Gateway.
    pub class: Option<Str>,
    /// Whether a controller serves that class; `None` when it cannot be told.
    pub class_served: Option<bool>,
    pub gateway: bool,
    pub pod: Option<(&'a Kind, &'a Pod)>,
    /// The Ingress or HTTPRoute that leads to the pod.
    pub route: Option<ObjectRef>,
    pub service: bool,
}

impl<'a> Solver<'a> {
    /// The solver of a challenge; `None` for DNS-01.
    pub fn of(challenge: &Challenge, index: &Index<'a>) -> Option<Self> {
        let http = challenge.spec.solver.http01.as_ref()?;
        let uid = &challenge.meta.uid;
        let s = index.snapshot;
        let ingress = http.ingress.as_ref();
        let class = ingress.and_then(|i| i.ingress_class_name.clone().or_else(|| i.class.clone()));
        let class_served = class.as_ref().filter(|_| s.ingress_classes.known()).and_then(|class| {
            let named = s.ingress_classes.values().any(|c| c.head.meta.name == *class);
            // The old annotation needs no IngressClass object: then only a controller that is there tells.
            (named || ingress.is_some_and(|i| i.ingress_class_name.is_some())).then_some(named)
        });
        let mine = |owners: &[crate::resources::Owner]| owners.iter().any(|o| o.uid == *uid);
        let pods = index.pods.get(&*challenge.meta.namespace).map(Vec::as_slice).unwrap_or_default();
        let ingresses = s.ingresses.iter().filter(|(_, i)| mine(&i.head.meta.owners));
        let routes = s.http_routes.iter().filter(|(_, r)| mine(&r.meta.owners));
        let route = ingresses
            .map(|(k, i)| ObjectRef::with_meta(k.clone(), &i.head.meta))
            .chain(routes.map(|(k, r)| ObjectRef::with_meta(k.clone(), &r.meta)))
            .next();
        Some(Self {
            class,
            class_served,
            gateway: http.gateway_http_route.is_some(),
            pod: pods.iter().find(|(_, p)| mine(&p.meta.owners)).copied(),
            route,
            service: s.services.values().any(|x| mine(&x.meta.owners)),
        })
    }

    pub fn ready(&self) -> Option<bool> {
        self.pod.map(|(_, p)| p.status.conditions.is("Ready"))
    }

    /// `class nginx`, `gateway route`.
    pub fn class_words(&self) -> String {
        match (&self.class, self.gateway) {
            (Some(class), _) => format!("class {class}"),
            (None, true) => "gateway route".into(),
            (None, false) => "default class".into(),
        }
    }

    /// What of the solver itself keeps the challenge from being answered; `None` when the cause lies elsewhere.
    pub fn obstacle(&self, host: &str) -> Option<Cause> {
        if let (Some(class), Some(false)) = (&self.class, self.class_served) {
            return Some(Cause::new(
                "CERT_SOLVER_CLASS",
                format!("HTTP-01: nobody serves the ingress class {class} that the solver of {host} asks for"),
                "correct ingressClassName in the issuer's solver; `qd get ingressclasses` lists them",
            ));
        }
        if let (Some((_, pod)), Some(false)) = (self.pod, self.ready()) {
            let scheduled = pod.status.conditions.not("PodScheduled").map(|c| {
                let (_, words) = crate::findings::pods::unschedulable(&c.message);
                format!(": {words}")
            });
            let waiting = pod.status.container_statuses.iter().find_map(|c| {
                let waiting = c.state.waiting.as_ref()?;
                let (_, words) =
                    crate::findings::pods::container(&waiting.reason, &waiting.message, c.restart_count, None);
                Some(format!(": {words}"))
            });
            let why = scheduled.or(waiting).unwrap_or_default();
            return Some(Cause::new(
                "CERT_SOLVER_NOT_READY",
                format!("HTTP-01: the solver pod {} is not ready{why}", pod.meta.name),
                "see the pod: image, quota, node, policies",
            ));
        }
        None
    }
}

/// Addresses under which this cluster is reached from outside: those of load balancers and of routes.
pub fn addresses<'a>(index: &Index<'a>) -> Vec<&'a str> {
    let s = index.snapshot;
    let services = s.services.values().filter_map(|x| x.status.load_balancer.address());
    let mut all: Vec<&str> =
        services.chain(s.ingresses.values().filter_map(|i| i.status.load_balancer.address())).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// A host that leads to another address than this cluster's, from what the check found there.
pub fn elsewhere(reason: &str, host: &str, own: &[&str]) -> Option<Cause> {
    let found = address_in(reason)?;
    let own: Vec<&&str> = own.iter().filter(|a| a.parse::<std::net::IpAddr>().is_ok()).collect();
    if own.is_empty() || own.iter().any(|a| **a == found) || found.starts_with("127.") || found.starts_with("10.") {
        return None;
    }
    Some(Cause::new(
        "CERT_DNS_ELSEWHERE",
        format!("DNS: {host} points to {found}, not to this cluster ({})", own[0]),
        format!("point {host} to {}, or see whether a proxy before the cluster passes the challenge path on", own[0]),
    ))
}

/// The address that a check talked to: `dial tcp 1.2.3.4:80`, or Let's Encrypt's `1.2.3.4: Invalid response`.
fn address_in(text: &str) -> Option<String> {
    let dialled = text.split("dial tcp ").nth(1).and_then(|rest| rest.split(": ").next());
    if let Some(socket) = dialled.and_then(|d| d.parse::<std::net::SocketAddr>().ok()) {
        return Some(socket.ip().to_string());
    }
    text.split([' ', '[']).filter_map(|word| word.strip_suffix(':').or(word.strip_suffix(']'))).find_map(|word| {
        let ip = word.parse::<std::net::IpAddr>().ok()?;
        Some(ip.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_another_place_is_told() {
        let own = ["51.77.12.9", "lb.example"];
        let text = "Error accepting authorization: acme: authorization error for a.example: 403 urn:ietf:params:acme:error:unauthorized: 203.0.113.7: Invalid response from http://a.example/.well-known/acme-challenge/t: 404";
        let cause = elsewhere(text, "a.example", &own).expect("elsewhere");
        assert_eq!(
            (cause.code, cause.why.as_str()),
            ("CERT_DNS_ELSEWHERE", "DNS: a.example points to 203.0.113.7, not to this cluster (51.77.12.9)")
        );
        assert!(elsewhere(&text.replace("203.0.113.7", "51.77.12.9"), "a.example", &own).is_none());
        assert!(elsewhere("Get \"http://a\": dial tcp 203.0.113.7:80: i/o timeout", "a.example", &own).is_some());
        assert!(elsewhere("no address in here", "a.example", &own).is_none());
        assert!(elsewhere(text, "a.example", &[]).is_none());
    }
}
