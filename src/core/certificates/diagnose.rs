//! Follows a Certificate to the request, order and challenges of its present attempt, and finds what stands in the way.

use super::objects::{Certificate, CertificateRequest, Challenge, Issuer, Order};
use super::secret::TlsSecret;
use crate::findings::cause::line;
use crate::findings::{Cause, acme, cert_manager};
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
        let wanted = if under_way { done + 1 } else { done };
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
        let reference = &certificate.spec.issuer_ref;
        let parts = index.snapshot.issuers.known();
        Self {
            kind,
            certificate,
            request,
            order,
            challenges,
            issuer: index.issuer(reference, &meta.namespace),
            issuer_known: parts && reference.is_own(),
            secret: index.secrets.get(&(&*meta.namespace, &*certificate.spec.secret_name)).copied(),
            secret_known: index.snapshot.tls_secrets.known(),
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
                    let cause = acme::explain(reason, &challenge.spec.dns_name).unwrap_or_else(|| {
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

    /// The message of the `Issuing` condition (it stays after a failure), else of `Ready`.
    fn failure_message(&self) -> &'a str {
        let conditions = &self.certificate.status.conditions;
        conditions.get("Issuing").or_else(|| conditions.get("Ready")).map(|c| &*c.message).unwrap_or_default()
    }
}
