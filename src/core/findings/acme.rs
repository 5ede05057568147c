//! The dictionary of ACME: problem types (RFC 8555 §6.7, RFC 8738, RFC 9773, Let's Encrypt's own) and the
//! texts of self checks, as they reach Orders and Challenges.

use super::Cause;
use super::cause::{between, line};

const URN: &str = "urn:ietf:params:acme:error:";

/// The type behind `urn:ietf:params:acme:error:` in a text, and the detail after it.
pub fn problem_type(text: &str) -> Option<(&str, &str)> {
    let start = text.find(URN)? + URN.len();
    let rest = &text[start..];
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    Some((&rest[..end], rest[end..].trim_start_matches([':', ' ']).trim()))
}

/// What an ACME text means for a host; `None` when nothing in the dictionary fits.
pub fn explain(text: &str, host: &str) -> Option<Cause> {
    self_check(text, host).or_else(|| problem(text, host)).or_else(|| authority(text)).or_else(|| transport(text, host))
}

fn problem(text: &str, host: &str) -> Option<Cause> {
    let (kind, detail) = problem_type(text)?;
    let said = line(detail, 160);
    let with = |head: &str| if said.is_empty() { head.to_owned() } else { format!("{head}: {said}") };
    Some(match kind {
        "rateLimited" => rate_limit(detail),
        "dns" => match no_record(detail, host) {
            Some(cause) => cause,
            None => {
                Cause::new("CERT_DNS_BROKEN", with("DNS"), format!("check the zone of {host} and its name servers"))
            }
        },
        "caa" => Cause::new(
            "CERT_CAA_FORBIDS",
            with("CAA"),
            format!("allow the authority in the CAA record of {host} or of its parent, or take the record away"),
        ),
        "unauthorized" if detail.contains("TXT record") => Cause::new(
            "CERT_DNS_TXT_MISSING",
            format!("DNS-01: the authority found no TXT record at _acme-challenge.{}", host.trim_start_matches("*.")),
            "check the solver's zone, its credentials, and that the name servers serve the record",
        ),
        "unauthorized" if detail.contains("Account is not valid") || detail.contains("deactivated") => Cause::new(
            "CERT_ACCOUNT",
            with("the ACME account is deactivated or gone"),
            "delete the issuer's account key Secret: cert-manager registers a new account",
        ),
        "unauthorized" => Cause::new(
            "CERT_HTTP_WRONG_ANSWER",
            with("the challenge was answered by something else"),
            format!("see who answers http://{host}/.well-known/acme-challenge/ and where the name points"),
        ),
        "connection" => Cause::new(
            "CERT_HTTP_UNREACHABLE",
            with("the authority cannot connect"),
            format!("open port 80 of the address that {host} points to, or correct the record"),
        ),
        "tls" => Cause::new(
            "CERT_HTTP_UNREACHABLE",
            with("TLS at the host fails"),
            format!("see what {host} serves on port 443"),
        ),
        "incorrectResponse" => Cause::new(
            "CERT_HTTP_WRONG_ANSWER",
            with("the challenge was answered wrongly"),
            format!("see who answers http://{host}/.well-known/acme-challenge/"),
        ),
        "rejectedIdentifier" | "unsupportedIdentifier" => Cause::new(
            "CERT_REJECTED_NAME",
            with("the authority does not issue for this name"),
            "take the name out of the Certificate, or use another issuer",
        ),
        "accountDoesNotExist"
        | "externalAccountRequired"
        | "userActionRequired"
        | "invalidContact"
        | "unsupportedContact" => Cause::new(
            "CERT_ACCOUNT",
            with("ACME account"),
            "look at the issuer: its account has to be registered again, or terms accepted",
        ),
        "badCSR"
        | "badPublicKey"
        | "badRevocationReason"
        | "badSignatureAlgorithm"
        | "malformed"
        | "invalidProfile"
        | "alreadyReplaced"
        | "alreadyRevoked" => Cause::new(
            "CERT_INVALID_REQUEST",
            with("the authority refuses the request"),
            "check names, key and usages in the Certificate",
        ),
        "onionCAARequired" => Cause::new(
            "CERT_CAA_FORBIDS",
            with("the authority needs CAA records in the onion service's descriptor"),
            "publish the CAA records with the onion service",
        ),
        "unknownDelegation" => Cause::new(
            "CERT_REJECTED_NAME",
            with("the authority knows no such delegation"),
            "correct the delegation that the order names",
        ),
        "orderNotReady"
        | "conflict"
        | "badNonce"
        | "serverInternal"
        | "compound"
        | "autoRenewalCanceled"
        | "autoRenewalExpired"
        | "autoRenewalCancellationInvalid"
        | "autoRenewalRevocationNotSupported" => Cause::new(
            "CERT_SERVER_ERROR",
            with("the authority has a fault"),
            "wait for the next try; look at the authority's status page",
        ),
        _ => Cause::new("CERT_ORDER_FAILED", format!("the authority says {kind}: {said}"), ""),
    })
}

/// Let's Encrypt's limits by their texts: which one, how many of how many, and for what.
fn rate_limit(detail: &str) -> Cause {
    let number = between(detail, "(", ")").and_then(|n| n.parse::<u32>().ok());
    let what = between(detail, "\"", "\"").unwrap_or_default();
    let retry = between(detail, "retry after ", ": see").or_else(|| between(detail, "retry after ", ","));
    let why = match number {
        Some(n) if detail.contains("exact set") => format!("rate limit: {n} of {n} of the same certificate this week"),
        Some(n) if detail.contains("certificates") && !what.is_empty() => {
            format!("rate limit: {n} of {n} this week for {what}")
        }
        Some(n) if detail.contains("failed authorizations") => {
            format!("rate limit: {n} failed validations this hour{}", for_what(what))
        }
        None if detail.contains("temporarily prevented") || detail.contains("paused") => {
            return Cause::new(
                "CERT_RATE_LIMIT",
                "rate limit: paused after many failures in a row",
                "mend the cause, then lift the pause at the address in the order's reason",
            );
        }
        Some(n) if detail.contains("orders") => format!("rate limit: {n} new orders in 3 hours"),
        Some(n) if detail.contains("registrations") => format!("rate limit: {n} new accounts from this address"),
        _ => format!("rate limit: {}", line(detail, 120)),
    };
    let next = match retry {
        Some(retry) if detail.contains("exact set") || detail.contains("certificates") => {
            format!(
                "wait: free again in {retry} counted from that try; until then share a wildcard or use another issuer"
            )
        }
        Some(retry) => {
            format!("wait: free again in {retry} counted from that try; mend the cause of the failures first")
        }
        None => "wait; do not delete and retry, each try counts".to_owned(),
    };
    Cause::new("CERT_RATE_LIMIT", why, next)
}

fn for_what(what: &str) -> String {
    if what.is_empty() { String::new() } else { format!(" for {what}") }
}

fn no_record(text: &str, host: &str) -> Option<Cause> {
    let missing = text.contains("NXDOMAIN")
        || text.contains("no such host")
        || text.contains("no valid A records")
        || text.contains("No valid IP addresses");
    missing.then(|| {
        let name = lookup_name(text).unwrap_or(host);
        Cause::new(
            "CERT_DNS_NO_RECORD",
            format!("DNS: {name} has no A record"),
            format!("create an A or AAAA record for {name} that points to the ingress's address, or turn on external-dns for it"),
        )
    })
}

/// The name in Go's `lookup NAME on SERVER: …` or `lookup NAME: …`.
fn lookup_name(text: &str) -> Option<&str> {
    let rest = &text[text.find("lookup ")? + 7..];
    let end = rest.find([' ', ':'])?;
    Some(&rest[..end])
}

/// What cert-manager's own checks before it asks the authority say.
fn self_check(text: &str, host: &str) -> Option<Cause> {
    let http = text.contains("HTTP-01") || text.contains("http-01") || text.contains("/.well-known/acme-challenge");
    if text.contains("Waiting for DNS-01") {
        return Some(Cause::new(
            "CERT_DNS_TXT_MISSING",
            format!("DNS-01: the TXT record of _acme-challenge.{} is not seen yet", host.trim_start_matches("*.")),
            "check that the zone's name servers serve the record; cert-manager asks them every 10 s",
        ));
    }
    if !http || text.contains(URN) {
        return None;
    }
    if let Some(cause) = no_record(text, host).or_else(|| resolver(text, host)) {
        return Some(cause);
    }
    if let Some(cause) = redirected(text, host) {
        return Some(cause);
    }
    if let Some(code) = between(text, "wrong status code '", "'") {
        return Some(Cause::new(
            "CERT_HTTP_WRONG_ANSWER",
            format!("HTTP-01: {host} answers {code} on the challenge path"),
            "see which route takes the host's path; the solver's class must be the one that serves it",
        ));
    }
    if text.contains("did not get expected response") || text.contains("expected the body") {
        return Some(Cause::new(
            "CERT_HTTP_WRONG_ANSWER",
            format!("HTTP-01: something else answers on {host}"),
            "see where the name points and which route takes the challenge path",
        ));
    }
    transport(text, host).or_else(|| {
        text.contains("failed to perform self check").then(|| {
            Cause::new(
                "CERT_CHALLENGE_PENDING",
                format!("HTTP-01: {}", line(text.rsplit(": ").next().unwrap_or(text), 120)),
                "",
            )
        })
    })
}

/// The path is redirected, and what it leads to does not answer the challenge.
fn redirected(text: &str, host: &str) -> Option<Cause> {
    let marks =
        ["stopped after 10 redirects", "Too many redirects", "Redirect loop", "redirect target", "Invalid port in"];
    // A self check that begins on http and fails on https was redirected.
    let to_https = text.contains("GET request 'http://") && text.contains("Get \"https://");
    (to_https || marks.iter().any(|m| text.contains(m))).then(|| {
        let target = between(text, "Get \"https://", "\"").map(|t| format!(" to https://{}", line(t, 60)));
        let failed = line(text.rsplit(": ").next().unwrap_or_default(), 80);
        Cause::new(
            "CERT_HTTP_REDIRECTED",
            format!("HTTP-01: {host} redirects the challenge path{}: {failed}", target.unwrap_or_default()),
            "leave /.well-known/acme-challenge/ out of the redirect, or let the target answer it",
        )
    })
}

/// The authority itself cannot be reached, or is not trusted: what failed was a request to it, not to the host.
fn authority(text: &str) -> Option<Cause> {
    let asked = ["Post", "Head", "Get"].iter().find_map(|verb| between(text, &format!("{verb} \"https://"), "\""))?;
    let server = line(asked.split('/').next().unwrap_or(asked), 80);
    if let Some(at) = text.find("x509:") {
        return Some(Cause::new(
            "CERT_ISSUER_UNTRUSTED",
            format!("cert-manager does not trust the authority {server}: {}", line(&text[at..], 100)),
            "put the authority's CA into caBundle of the issuer, or correct the server's certificate",
        ));
    }
    let what = silence(text)?;
    Some(Cause::new(
        "CERT_ISSUER_UNREACHABLE",
        format!("the authority {server} {what}"),
        "the authority cannot be reached from the cluster: check egress, DNS and whether it runs",
    ))
}

/// How a server did not answer, from Go's words for it; `None` when the text is of something else.
pub(super) fn silence(text: &str) -> Option<&'static str> {
    let has = |marks: &[&str]| marks.iter().any(|m| text.contains(m));
    if has(&["connection refused"]) {
        Some("refuses connections")
    } else if has(&["i/o timeout", "deadline exceeded"]) {
        Some("does not answer")
    } else if has(&["no route to host", "network is unreachable"]) {
        Some("cannot be reached")
    } else if has(&["no such host"]) {
        Some("is not known to DNS")
    } else {
        None
    }
}

/// The name server that a host is looked up at does not answer.
fn resolver(text: &str, host: &str) -> Option<Cause> {
    let lookup = text.find("lookup ").map(|at| &text[at..])?;
    let what = silence(lookup).filter(|_| !lookup.contains("no such host"))?;
    let server = between(lookup, " on ", ": ").map(|s| format!(" {}", line(s, 60))).unwrap_or_default();
    Some(Cause::new(
        "CERT_DNS_BROKEN",
        format!("DNS: the name server{server} {what}, so {host} cannot be looked up"),
        "see whether the name server runs, and whether cert-manager may reach it",
    ))
}

fn transport(text: &str, host: &str) -> Option<Cause> {
    if text.contains("no such host") {
        return no_record(text, host);
    }
    let (what, next) = if text.contains("connection refused") {
        ("refuses connections", "nothing listens there: check the address and the ingress controller")
    } else if text.contains("i/o timeout") || text.contains("Timeout") || text.contains("deadline exceeded") {
        ("does not answer", "a firewall or a wrong address: check the record and port 80")
    } else if text.contains("no route to host") || text.contains("network is unreachable") {
        ("cannot be reached", "check the address that the name points to")
    } else if text.contains("server misbehaving") || text.contains("SERVFAIL") {
        return Some(Cause::new(
            "CERT_DNS_BROKEN",
            format!("DNS: the name servers of {host} fail"),
            "check the zone's name servers and DNSSEC",
        ));
    } else if text.contains("x509:") {
        ("has a certificate that is not trusted", "follow the redirect by hand: port 80 leads to a broken HTTPS site")
    } else {
        return None;
    };
    let at = between(text, "dial tcp ", ": ").map(|a| format!(" ({a})")).unwrap_or_default();
    Some(Cause::new("CERT_HTTP_UNREACHABLE", format!("HTTP-01: {host}{at} {what}"), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> (&'static str, String) {
        let cause = explain(text, "api.acme.app.ominis.ai").expect(text);
        assert!(super::super::codes::get(cause.code).is_some(), "{} is a code", cause.code);
        (cause.code, cause.why)
    }

    #[test]
    fn texts_of_real_controllers_become_plain_words() {
        let (c, why) = code(
            "Waiting for HTTP-01 challenge propagation: failed to perform self check GET request 'http://x/.well-known/acme-challenge/t': Get \"http://x/\": dial tcp: lookup api.acme.app.ominis.ai on 10.96.0.10:53: no such host",
        );
        assert_eq!((c, why.as_str()), ("CERT_DNS_NO_RECORD", "DNS: api.acme.app.ominis.ai has no A record"));
        let (c, why) = code(
            "Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many certificates (50) already issued for \"ominis.ai\" in the last 168h0m0s, retry after 3h12m: see https://letsencrypt.org/docs/rate-limits/",
        );
        assert_eq!((c, why.as_str()), ("CERT_RATE_LIMIT", "rate limit: 50 of 50 this week for ominis.ai"));
        let (c, _) = code(
            "Error accepting authorization: acme: authorization error for broken.lab.test: 403 urn:ietf:params:acme:error:unauthorized: No TXT records found for DNS challenge",
        );
        assert_eq!(c, "CERT_DNS_TXT_MISSING");
        let (c, why) = code(
            "Waiting for HTTP-01 challenge propagation: failed to perform self check GET request 'http://stuck.lab.test/.well-known/acme-challenge/t': Get \"http://stuck.lab.test\": dial tcp 127.0.0.1:80: connect: connection refused",
        );
        assert_eq!(c, "CERT_HTTP_UNREACHABLE");
        assert!(why.contains("127.0.0.1:80") && why.contains("refuses"), "{why}");
        let (c, _) = code(
            "Failed to create Order: 400 urn:ietf:params:acme:error:rejectedIdentifier: Order included an identifier for which issuance is forbidden by policy",
        );
        assert_eq!(c, "CERT_REJECTED_NAME");
        let (c, _) = code("403 urn:ietf:params:acme:error:caa: CAA record for docs.app.ominis.ai prevents issuance");
        assert_eq!(c, "CERT_CAA_FORBIDS");
        let (c, _) = code("503 urn:ietf:params:acme:error:serverInternal: The service is down for maintenance");
        assert_eq!(c, "CERT_SERVER_ERROR");
        let (c, why) = code(
            "Failed to create Order: Post \"https://acme.example:14000/order-plz\": dial tcp 192.0.2.1:14000: connect: connection refused",
        );
        assert_eq!(
            (c, why.as_str()),
            ("CERT_ISSUER_UNREACHABLE", "the authority acme.example:14000 refuses connections")
        );
        let (c, why) = code(
            "Waiting for HTTP-01 challenge propagation: failed to perform self check GET request 'http://a/.well-known/acme-challenge/t': Get \"http://a/\": dial tcp: lookup a on 10.96.0.10:53: read udp 10.0.0.4:2->10.96.0.10:53: i/o timeout",
        );
        assert_eq!(c, "CERT_DNS_BROKEN");
        assert!(why.contains("10.96.0.10:53 does not answer"), "{why}");
        let (c, _) = code("Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'");
        assert_eq!(c, "CERT_HTTP_WRONG_ANSWER");
    }

    #[test]
    fn every_problem_type_of_the_standard_is_known() {
        for kind in [
            "accountDoesNotExist",
            "alreadyRevoked",
            "badCSR",
            "badNonce",
            "badPublicKey",
            "badRevocationReason",
            "badSignatureAlgorithm",
            "caa",
            "compound",
            "connection",
            "dns",
            "externalAccountRequired",
            "incorrectResponse",
            "invalidContact",
            "malformed",
            "orderNotReady",
            "rateLimited",
            "rejectedIdentifier",
            "serverInternal",
            "tls",
            "unauthorized",
            "unsupportedContact",
            "unsupportedIdentifier",
            "userActionRequired",
            "alreadyReplaced",
            "invalidProfile",
            "autoRenewalCanceled",
            "autoRenewalExpired",
            "autoRenewalCancellationInvalid",
            "autoRenewalRevocationNotSupported",
            "onionCAARequired",
            "unknownDelegation",
            "conflict",
        ] {
            let (c, _) = code(&format!("400 {URN}{kind}: detail"));
            assert_ne!(c, "CERT_ORDER_FAILED", "{kind} is only shown raw");
        }
        assert_eq!(code(&format!("400 {URN}brandNew: what")).0, "CERT_ORDER_FAILED");
    }
}
