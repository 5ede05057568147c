//! The dictionary of cert-manager: reasons and messages of its conditions.

use super::Cause;
use super::cause::{between, line};
use super::reasons::{On, reason};

/// What the message of an issuer's `Ready` condition means.
pub fn issuer(word: &str, message: &str, issuer: &str) -> Cause {
    let said = line(message, 160);
    if unreachable(message) {
        let next = match word {
            "VaultError" => "Vault cannot be reached: check its address, DNS and egress from cert-manager",
            _ => "the authority's directory cannot be reached from the cluster: check egress, DNS and the URL",
        };
        let short = innermost(message).map_or(said, |cause| line(cause, 100));
        let why = format!("issuer {issuer} cannot reach its authority: {short}");
        return Cause::new("CERT_ISSUER_UNREACHABLE", why, next);
    }
    if message.contains("x509:") || message.contains("certificate signed by unknown authority") {
        let short = message.find("x509:").map_or(said.clone(), |at| line(&message[at..], 100));
        return Cause::new(
            "CERT_ISSUER_UNTRUSTED",
            format!("issuer {issuer} does not trust its authority: {short}"),
            "put the authority's CA into caBundle of the issuer, or correct the server's certificate",
        );
    }
    if ["deactivated", "revoked", "accountDoesNotExist", "No account exists"].iter().any(|m| message.contains(m)) {
        return Cause::new(
            "CERT_ACCOUNT",
            format!("the ACME account of issuer {issuer} is gone or deactivated: {said}"),
            "delete the issuer's account key Secret: cert-manager registers a new account",
        );
    }
    let secret = matches!(word, "ErrGetKeyPair" | "ErrInvalidKeyPair" | "InvalidSolver")
        || (message.contains("ecret") && (message.contains("not found") || message.contains("does not have key")));
    let code = if secret { "CERT_ISSUER_SECRET" } else { "CERT_ISSUER_NOT_READY" };
    let next = match reason(On::Issuer, word).map(|r| r.next).filter(|n| !n.is_empty()) {
        Some(next) => next,
        None if secret => "create or correct the Secret that the issuer names",
        None => "read the issuer's condition",
    };
    Cause::new(code, format!("issuer {issuer} is not ready: {said}"), next)
}

/// What the `Ready=False` condition of a CertificateRequest means, if it alone tells.
pub fn request(reason: &str, message: &str, issuer_name: &str) -> Option<Cause> {
    if message.contains("not found") && message.starts_with("Referenced ") {
        return Some(Cause::new(
            "CERT_ISSUER_MISSING",
            format!("there is no issuer {issuer_name}"),
            "create it, or correct issuerRef in the Certificate (or the annotation of its ingress)",
        ));
    }
    if message.contains("does not have a Ready status condition") || message.contains("Referenced issuer") {
        return Some(Cause::new(
            "CERT_ISSUER_NOT_READY",
            format!("issuer {issuer_name} is not ready"),
            "see why the issuer is not ready",
        ));
    }
    match reason {
        "Denied" => Some(Cause::new(
            "CERT_REQUEST_DENIED",
            format!("the request was denied: {}", line(message, 140)),
            "ask who approves requests here; change the Certificate so that the policy allows it",
        )),
        "InvalidRequest" => Some(Cause::new("CERT_INVALID_REQUEST", line(message, 160), "correct the Certificate")),
        _ => None,
    }
}

/// The words after the controllers' prefixes: "The certificate request has failed … : Failed to wait for order … : X".
pub fn inner(message: &str) -> &str {
    let mut text = message;
    for prefix in [
        "will be retried: ",
        "Failed to create Order: ",
        "Error accepting authorization: ",
        "Failed to finalize Order: ",
    ] {
        if let Some(at) = text.find(prefix) {
            text = &text[at + prefix.len()..];
        }
    }
    if let Some(at) = text.find("\" state: ") {
        text = &text[at + 9..];
    }
    text.trim()
}

/// Why a Certificate is being issued, from its `Issuing` or `Ready` reason.
pub fn why_issuing(word: &str) -> &'static str {
    reason(On::Certificate, word).map_or("a new one is wanted", |r| r.means)
}

fn unreachable(message: &str) -> bool {
    ["connection refused", "no such host", "i/o timeout", "deadline exceeded", "no route to host"]
        .iter()
        .any(|t| message.contains(t))
}

fn innermost(message: &str) -> Option<&str> {
    message.find("dial tcp").map(|at| message[at..].trim_start_matches("dial tcp").trim_start_matches(':').trim())
}

/// The order that a CertificateRequest waits for, from its condition's message.
pub fn order_named(message: &str) -> Option<&str> {
    between(message, "order resource \"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_controllers_are_taken_off() {
        let message = "The certificate request has failed to complete and will be retried: Failed to wait for order resource \"web-rejected-1-1\" to become ready: order is in \"errored\" state: Failed to create Order: 400 urn:x: no";
        assert_eq!(inner(message), "400 urn:x: no");
        assert_eq!(order_named(message), Some("web-rejected-1-1"));
    }

    #[test]
    fn an_issuer_that_cannot_reach_its_server_says_so() {
        let cause = issuer(
            "ErrRegisterACMEAccount",
            "Failed to register ACME account: Get \"https://127.0.0.1:14999/dir\": dial tcp 127.0.0.1:14999: connect: connection refused",
            "acme-unreachable",
        );
        assert!(cause.why.contains("127.0.0.1:14999: connect: connection refused"), "{}", cause.why);
        assert!(cause.next.contains("egress"));
        let missing = request(
            "Pending",
            "Referenced \"ClusterIssuer\" not found: clusterissuer.cert-manager.io \"p\" not found",
            "p",
        );
        assert_eq!(missing.map(|c| c.code), Some("CERT_ISSUER_MISSING"));
    }
}
