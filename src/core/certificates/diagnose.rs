//! Follows a Certificate to the request, order and challenges of its present attempt, and finds what stands in the way.

use super::controller;
use super::objects::{Certificate, CertificateRequest, Challenge, Issuer, Order};
use super::secret::TlsSecret;
use super::solver::{self, Solver};
use crate::findings::cause::line;
use crate::findings::{Cause, acme, cert_manager, dns01};
use crate::overview::index::Index;
use crate::resources::Kind;

/// How long an issuance may take before it is called stuck. Self checks need some tries until DNS and routes have
/// spread.
pub const GRACE: i64 = 180;

/// The objects of a Certificate's present attempt, as far as they are there.
pub struct Trail<'a> {
    pub kind: &'a Kind,
    pub certificate: &'a Certificate,
    pub request: Option<(&'a Kind, &'a CertificateRequest)>,
    pub order: Option<(&'a Kind, &'a Order)>,
    /// The most broken one first.
    pub challenges: Vec<(&'a Kind, &'a Challenge)>,
    pub issuer: Option<(&'a Kind, &'a Issuer)>,
    /// Whether issuers of this kind could be read, so that a missing one is missing.
    pub issuer_known: bool,
    pub secret: Option<(&'a Kind, &'a TlsSecret)>,
    pub secret_known: bool,
    /// The solvers of the challenges that are not met yet, where they answer by HTTP.
    pub solvers: Vec<Solver<'a>>,
    /// Addresses of this cluster; empty where no challenge needs them.
    pub addresses: Vec<&'a str>,
    /// Why cert-manager itself does nothing.
    pub controller: Option<Cause>,
    /// Certificates of the same Secret, the owner first by cert-manager's rule; empty when this is the only one.
    pub rivals: Vec<&'a Certificate>,
}

/// Which link of the chain is the first broken one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    Certificate,
    Request,
    Order,
    Challenge,
    Solver,
    Issuer,
    Secret,
    UsedBy,
}

impl<'a> Trail<'a> {
    pub fn of(kind: &'a Kind, certificate: &'a Certificate, index: &Index<'a>) -> Self {
        let meta = certificate.meta();
        let under_way = certificate.issuing().is_some() || certificate.next_try().is_some() || !certificate.ready();
        let done = certificate.status.revision.unwrap_or_default();
        let wanted = if under_way { done.saturating_add(1) } else { done };
        let requests = index.requests.get(&*meta.uid).map(Vec::as_slice).unwrap_or_default();
        let request = requests
            .iter()
            .find(|(_, r)| r.revision() == Some(wanted))
            .or_else(|| requests.iter().max_by_key(|(_, r)| (r.revision(), r.meta().created)))
            .copied();
        let order = request
            .and_then(|(_, r)| index.orders.get(&*r.meta().uid))
            .and_then(|orders| orders.iter().max_by_key(|(_, o)| o.meta.created).copied());
        let mut challenges = order.and_then(|(_, o)| index.challenges.get(&*o.meta.uid)).cloned().unwrap_or_default();
        challenges.sort_by_key(|(_, c)| match &*c.status.state {
            "invalid" | "expired" | "errored" => 0,
            "valid" => 3,
            _ if !c.status.reason.is_empty() => 1,
            _ => 2,
        });
        let unmet = challenges.iter().filter(|(_, c)| &*c.status.state != "valid");
        let solvers: Vec<Solver<'a>> = unmet.filter_map(|(_, c)| Solver::of(c, index)).collect();
        let reference = &certificate.spec.issuer_ref;
        let secret = index.secrets.get(&(&*meta.namespace, &*certificate.spec.secret_name)).copied();
        let parts = index.snapshot.issuers.known();
        Self {
            kind,
            certificate,
            request,
            order,
            challenges,
            issuer: index.issuer(reference, &meta.namespace),
            issuer_known: parts && reference.is_own(),
            secret,
            secret_known: index.snapshot.tls_secrets.known(),
            addresses: if solvers.is_empty() { Vec::new() } else { solver::addresses(index) },
            solvers,
            controller: controller::obstacle(index),
            rivals: rivals(certificate, secret.map(|(_, s)| s), index),
        }
    }

    /// What stands in the way of the present attempt, and at which link; `None` when nothing does so far.
    pub fn obstacle(&self) -> Option<(Role, Cause)> {
        let c = self.certificate;
        let host = c.spec.dns_names.first().map(|h| &**h).unwrap_or_default();
        let issuer_name = &*c.spec.issuer_ref.name;
        // An order that ended badly tells most; its challenge tells why.
        if let Some((_, order)) = self.order {
            let bad = matches!(&*order.status.state, "invalid" | "errored" | "expired");
            if bad || !matches!(&*order.status.state, "valid" | "ready" | "processing") {
                for (_, challenge) in &self.challenges {
                    let reason = &*challenge.status.reason;
                    if &*challenge.status.state == "valid" || reason.is_empty() {
                        continue;
                    }
                    if let Some(cause) = self.solvers.iter().find_map(|s| s.obstacle(&challenge.spec.dns_name)) {
                        return Some((Role::Solver, cause));
                    }
                    let cause = self.challenge_cause(challenge).unwrap_or_else(|| {
                        let code = if &*challenge.status.state == "pending" || challenge.status.state.is_empty() {
                            "CERT_CHALLENGE_PENDING"
                        } else {
                            "CERT_CHALLENGE_INVALID"
                        };
                        Cause::new(code, line(cert_manager::inner(reason), 160), "see the challenge's events")
                    });
                    return Some((Role::Challenge, cause));
                }
            }
            if bad {
                let reason = match order.status.reason.trim() {
                    "" => self.failure_message(),
                    reason => reason,
                };
                if &*order.status.state == "expired" {
                    let why = "the authority gave the order up: it was not completed in time";
                    let next = "see what kept its challenges; cert-manager makes a new order at the next try";
                    return Some((Role::Order, Cause::new("CERT_ORDER_EXPIRED", why, next)));
                }
                let cause = acme::explain(reason, host).unwrap_or_else(|| {
                    let why = match line(cert_manager::inner(reason), 160) {
                        why if why.is_empty() => format!("the order is {}", order.status.state),
                        why => why,
                    };
                    Cause::new("CERT_ORDER_FAILED", why, "see the order; cert-manager makes a new one at the next try")
                });
                return Some((Role::Order, cause));
            }
        }
        if self.issuer_known && self.issuer.is_none() {
            let kind = &*c.spec.issuer_ref.kind;
            return Some((
                Role::Issuer,
                Cause::new(
                    "CERT_ISSUER_MISSING",
                    format!("there is no {kind} {issuer_name}"),
                    "create it, or correct issuerRef in the Certificate (or the annotation of its ingress)",
                ),
            ));
        }
        if let Some((_, issuer)) = self.issuer
            && self.order.is_none()
            && let Some(ready) = issuer.status.conditions.not("Ready")
        {
            return Some((Role::Issuer, cert_manager::issuer(&ready.reason, &ready.message, issuer_name)));
        }
        if let Some((_, request)) = self.request {
            let conditions = &request.status.conditions;
            if conditions.is("Denied") {
                let message = conditions.get("Denied").map(|d| &*d.message).unwrap_or_default();
                return cert_manager::request("Denied", message, issuer_name).map(|c| (Role::Request, c));
            }
            if conditions.is("InvalidRequest") {
                let message = conditions.get("InvalidRequest").map(|d| &*d.message).unwrap_or_default();
                return cert_manager::request("InvalidRequest", message, issuer_name).map(|c| (Role::Request, c));
            }
            if let Some(ready) = conditions.not("Ready") {
                if let Some(cause) = cert_manager::request(&ready.reason, &ready.message, issuer_name) {
                    let role = if cause.code.starts_with("CERT_ISSUER") { Role::Issuer } else { Role::Request };
                    return Some((role, cause));
                }
                if &*ready.reason == "Failed" {
                    let words = cert_manager::inner(&ready.message);
                    let cause = acme::explain(words, host)
                        .unwrap_or_else(|| Cause::new("CERT_UNKNOWN", line(words, 160), "see the request's events"));
                    return Some((Role::Request, cause));
                }
            }
            if !conditions.is("Approved") && !conditions.is("Ready") {
                return Some((
                    Role::Request,
                    Cause::new(
                        "CERT_NOT_APPROVED",
                        "the request waits for approval",
                        "approve or deny it; see who approves requests here",
                    ),
                ));
            }
        }
        if c.status.failed_issuance_attempts.unwrap_or_default() > 0 {
            let words = cert_manager::inner(self.failure_message());
            let cause = acme::explain(words, host)
                .unwrap_or_else(|| Cause::new("CERT_UNKNOWN", line(words, 160), "see the Certificate's events"));
            return Some((Role::Request, cause));
        }
        None
    }

    /// What the reason of a challenge means, with what the cluster's own objects add to it.
    fn challenge_cause(&self, challenge: &Challenge) -> Option<Cause> {
        let (reason, host) = (&*challenge.status.reason, &*challenge.spec.dns_name);
        if &*challenge.spec.kind == "DNS-01"
            && let Some(cause) = dns01::explain(reason, host)
        {
            return Some(cause);
        }
        let cause = acme::explain(reason, host)?;
        match cause.code {
            "CERT_HTTP_WRONG_ANSWER" | "CERT_HTTP_UNREACHABLE" => {
                solver::elsewhere(reason, host, &self.addresses).or(Some(cause))
            }
            _ => Some(cause),
        }
    }

    /// The message of the `Issuing` condition (it stays after a failure), else of `Ready`.
    fn failure_message(&self) -> &'a str {
        let conditions = &self.certificate.status.conditions;
        conditions.get("Issuing").or_else(|| conditions.get("Ready")).map(|c| &*c.message).unwrap_or_default()
    }
}

/// Certificates of the same Secret, the one that cert-manager takes for its owner first (its `CertificateOwnsSecret`):
/// whom the Secret's annotation names, or else the oldest, or else the first by name. The others wait for ever.
fn rivals<'a>(certificate: &Certificate, secret: Option<&TlsSecret>, index: &Index<'a>) -> Vec<&'a Certificate> {
    let place = (&*certificate.meta().namespace, &*certificate.spec.secret_name);
    let Some(same) = index.by_secret.get(&place).filter(|same| same.len() > 1) else { return Vec::new() };
    let named = secret.and_then(|s| s.head.annotation("cert-manager.io/certificate-name"));
    let mut all: Vec<&'a Certificate> = same.iter().map(|(_, c)| *c).collect();
    all.sort_by_key(|c| (Some(&*c.meta().name) != named, c.meta().created, c.meta().name.clone()));
    all
}
