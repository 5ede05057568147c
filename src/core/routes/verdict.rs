//! The verdict over a route: does a request to this host get an answer, and with the right certificate?

use super::claim::{Claim, TlsClaim};
use super::conflicts::{Conflict, name};
use super::view::RouteTls;
use crate::resources::{Level, Verdict};

/// The verdict and its code.
pub fn judge(
    claim: &Claim,
    claims: &[Claim],
    conflict: Option<&Conflict>,
    tls: &RouteTls,
) -> (Verdict, Option<&'static str>) {
    if let Some(found) = backend(claim) {
        return found;
    }
    if claim.entry_found == Some(false) {
        let (word, code, why, next) = if claim.dialect == super::Dialect::Ingress {
            let why = if claim.entry.is_empty() {
                "no ingress class is given and none is the default".to_owned()
            } else {
                format!("there is no ingress class {}", claim.entry)
            };
            ("No class", "ROUTE_CLASS_UNKNOWN", why, "correct ingressClassName")
        } else {
            (
                "No gateway",
                "ROUTE_GATEWAY_MISSING",
                format!("gateway {} does not exist", claim.entry),
                "create it, or correct the route",
            )
        };
        return bad(word, code, why, next);
    }
    if let Some(why) = &claim.refused {
        return bad(
            "Refused",
            "ROUTE_NOT_ACCEPTED",
            why.clone(),
            "correct the route; its status has the controller's words",
        );
    }
    if let Some(m) = claim.middlewares.iter().find(|m| m.found == Some(false)) {
        let why = format!("there is no middleware {}/{}", m.namespace, m.name);
        return bad(
            "No middleware",
            "ROUTE_MIDDLEWARE_MISSING",
            why,
            "create it, or take it out of the route: Traefik drops the whole route",
        );
    }
    if let Some(conflict) = conflict {
        let winner = &claims[conflict.winner];
        let loses = !std::ptr::eq(winner, claim);
        let others = claims.iter().find(|c| {
            !std::ptr::eq(*c, winner)
                && c.host == winner.host
                && c.path == winner.path
                && c.served_by == winner.served_by
        });
        let other = if loses { Some(claim) } else { others };
        let why = format!("{} wins over {} ({})", name(winner), other.map(name).unwrap_or_default(), conflict.why);
        let word = if loses { "Shadowed" } else { "Claimed twice" };
        let verdict = Verdict::new(Level::Warn, word)
            .why(why)
            .next("take the host out of one of them, or give one a path or a priority");
        return (verdict, Some("ROUTE_HOST_CONFLICT"));
    }
    if let Some(found) = certificate(claim, tls) {
        return found;
    }
    (Verdict::new(Level::Good, "Ready"), None)
}

fn bad(word: &str, code: &'static str, why: String, next: &str) -> (Verdict, Option<&'static str>) {
    (Verdict::new(Level::Bad, word).why(why).next(next), Some(code))
}

fn backend(claim: &Claim) -> Option<(Verdict, Option<&'static str>)> {
    // Of several weighted backends one that works is enough for an answer, but not for all of them.
    let broken = |b: &super::Backend| {
        !b.external && (b.found == Some(false) || b.port_found == Some(false) || b.endpoints.is_some_and(|e| e.0 == 0))
    };
    let first = claim.backends.iter().find(|b| broken(b))?;
    let service = format!("{}/{}", first.namespace, first.name);
    let level = if claim.backends.iter().all(broken) { Level::Bad } else { Level::Warn };
    let (word, code, why, next) = if first.found == Some(false) {
        (
            "No service",
            "ROUTE_NO_SERVICE",
            format!("there is no service {service}"),
            "create it, or correct the route".to_owned(),
        )
    } else if first.port_found == Some(false) {
        (
            "No port",
            "ROUTE_BACKEND_PORT",
            format!("service {service} has no port {}", first.port),
            "correct the port in the route".into(),
        )
    } else {
        let total = first.endpoints.map(|e| e.1).unwrap_or_default();
        let why = format!("503: service {service} has no ready endpoints (0 of {total})");
        let next = if total == 0 {
            "no pod matches the service's selector: see the workload and its labels"
        } else {
            "see why its pods are not ready"
        };
        ("No endpoints", "ROUTE_NO_ENDPOINTS", why, next.to_owned())
    };
    let (mut verdict, code) = bad(word, code, why, &next);
    verdict.level = level;
    Some((verdict, code))
}

fn certificate(claim: &Claim, tls: &RouteTls) -> Option<(Verdict, Option<&'static str>)> {
    let TlsClaim::Secret(namespace, secret) = &claim.tls else { return None };
    let warn = |word: &str, code, why: String, next: &str| {
        Some((Verdict::new(Level::Warn, word).why(why).next(next), Some(code)))
    };
    if tls.found == Some(false) && tls.under_way {
        let why = "its certificate is being issued; the default one is served until then";
        return Some((Verdict::new(Level::Busy, "Issuing").why(why), None));
    }
    if tls.found == Some(false) {
        let why =
            format!("TLS Secret {namespace}/{secret} is not there: the default certificate is served, browsers warn");
        return warn("No TLS", "ROUTE_TLS_MISSING", why, "see its certificate");
    }
    if !claim.host.is_empty() && tls.covers == Some(false) {
        let why = format!("the certificate in {secret} does not cover {}", claim.host);
        return warn(
            "Wrong name",
            "ROUTE_CERT_MISMATCH",
            why,
            "add the host to the certificate, or name another Secret",
        );
    }
    if tls.expired {
        return warn(
            "Expired TLS",
            "ROUTE_CERT_MISMATCH",
            format!("the certificate in {secret} has expired"),
            "see its certificate",
        );
    }
    None
}
