//! The dictionary of DNS-01: what cert-manager says when a record cannot be written or is not seen. Providers word it
//! each in their own way; what they have in common is told.

use super::cause::{between, line};
use super::{Cause, acme};

/// What a text about a DNS-01 challenge means; `None` when nothing in the dictionary fits.
pub fn explain(text: &str, host: &str) -> Option<Cause> {
    let record = format!("_acme-challenge.{}", host.trim_start_matches("*."));
    let has = |marks: &[&str]| marks.iter().any(|m| text.contains(m));
    if let Some(cause) = transport(text, &record) {
        return Some(cause);
    }
    let said = || line(text.rsplit(": ").find(|t| t.len() > 8).unwrap_or(text), 120);
    if has(&["not yet propagated", "Waiting for DNS-01"]) && !has(&["SOA", "zone"]) {
        return Some(Cause::new(
            "CERT_DNS_TXT_MISSING",
            format!("DNS-01: the TXT record of {record} is not seen yet"),
            "check that the zone's name servers serve the record; cert-manager asks them every 10 s",
        ));
    }
    if has(&["failed to load secret", "not found in secret", "no key \"", "no data found in Secret"])
        || (text.contains("secret") && text.contains("not found"))
    {
        return Some(Cause::new(
            "CERT_DNS_CREDENTIALS",
            format!("DNS-01: the Secret with the DNS provider's credentials is missing or incomplete: {}", said()),
            "create the Secret that the solver names (for a ClusterIssuer in cert-manager's namespace), with that key",
        ));
    }
    if has(&["recursive CNAME"]) {
        return Some(Cause::new(
            "CERT_DNS_BROKEN",
            format!("DNS-01: the CNAME records of {record} lead in a circle"),
            "correct the CNAME records",
        ));
    }
    if has(&[
        "Could not determine the zone",
        "Could not find the SOA record",
        "When querying the SOA record",
        "Could not determine authoritative nameservers",
        "NOTZONE",
        "hosted zone",
        "HostedZone",
        "Zone not found",
        "zone not found",
        "failed to find zone",
        "no matching zone",
        "NotZone",
    ]) {
        return Some(Cause::new(
            "CERT_DNS_ZONE",
            format!("DNS-01: no zone for {record} that can be written: {}", said()),
            "check the solver's zone, the delegation, and the name servers that cert-manager asks (--dns01-recursive-nameservers)",
        ));
    }
    if has(&[
        "BADSIG",
        "BADKEY",
        "BADTIME",
        "NOTAUTH",
        "bad signature",
        "bad authentication",
        "dns: bad ",
        "TSIG",
        "AccessDenied",
        "access denied",
        "Authentication error",
        "authentication failed",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClient",
        "invalid_client",
        "invalid_grant",
        "AuthorizationFailed",
        "401",
        "403 Forbidden",
        "Invalid request headers",
        "PERMISSION_DENIED",
        "not authorized",
    ]) && !text.contains("urn:ietf")
    {
        return Some(Cause::new(
            "CERT_DNS_CREDENTIALS",
            format!("DNS-01: the DNS provider refuses the credentials: {}", said()),
            "renew the key or token in the solver's Secret; see which zone it may write",
        ));
    }
    if has(&["REFUSED", "SERVFAIL", "DNS update failed"]) && !text.contains("urn:ietf") {
        let server = between(text, "NS ", " returned").map(|s| format!(" {s}")).unwrap_or_default();
        return Some(Cause::new(
            "CERT_DNS_PROVIDER",
            format!("DNS-01: the name server{server} refuses {record}: {}", said()),
            "check that the server accepts updates of this zone from this key",
        ));
    }
    None
}

/// A name server, or the provider's interface, that does not answer at all.
fn transport(text: &str, record: &str) -> Option<Cause> {
    let what = acme::silence(text).filter(|_| !text.contains("urn:ietf"))?;
    if let Some(server) = between(text, "https://", "\"") {
        let host = line(server.split('/').next().unwrap_or(server), 80);
        return Some(Cause::new(
            "CERT_DNS_PROVIDER",
            format!("DNS-01: the DNS provider's interface {host} {what}"),
            "check egress and DNS from cert-manager to the provider",
        ));
    }
    let server = ["->", "dial udp ", "dial tcp "].iter().find_map(|mark| between(text, mark, ": "));
    let server = server.map(|s| format!(" {}", line(s, 60))).unwrap_or_default();
    Some(Cause::new(
        "CERT_DNS_BROKEN",
        format!("DNS-01: the name server{server} {what}, so {record} cannot be written or seen"),
        "see whether the name server runs, and whether cert-manager may reach its port by UDP and TCP",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_understood_by_what_they_have_in_common() {
        let code = |text: &str| {
            let cause = explain(text, "*.shop.example").map(|c| (c.code, c.why));
            assert!(cause.as_ref().is_none_or(|(c, _)| super::super::codes::get(c).is_some()), "{cause:?}");
            cause.map(|c| c.0)
        };
        for (text, wanted) in [
            ("DNS record for \"shop.example\" not yet propagated", "CERT_DNS_TXT_MISSING"),
            ("read udp 127.0.0.1:4000->10.0.0.1:53: read: connection refused", "CERT_DNS_BROKEN"),
            ("DNS update failed: dial udp 10.0.0.1:53: i/o timeout", "CERT_DNS_BROKEN"),
            ("Get \"https://api.provider.example/v4/zones\": dial tcp 192.0.2.1:443: i/o timeout", "CERT_DNS_PROVIDER"),
            ("DNS update failed: dns: bad authentication", "CERT_DNS_CREDENTIALS"),
            ("DNS update failed. Server replied: NOTAUTH", "CERT_DNS_CREDENTIALS"),
            ("DNS update failed. Server replied: REFUSED", "CERT_DNS_PROVIDER"),
            ("error getting route53 secret access key id: secret \"aws\" not found", "CERT_DNS_CREDENTIALS"),
            (
                "while attempting to find Zones for domain _acme-challenge.shop.example: Authentication error (10000)",
                "CERT_DNS_CREDENTIALS",
            ),
            (
                "Could not find the SOA record in the DNS tree for the domain '_acme-challenge.shop.example.' using nameservers [10.0.0.1:53]",
                "CERT_DNS_ZONE",
            ),
            (
                "failed to change Route 53 record set: AccessDenied: User: arn:aws:iam::1:user/x is not authorized",
                "CERT_DNS_CREDENTIALS",
            ),
            ("Found recursive CNAME record to \"b.\" when looking up \"a.\"", "CERT_DNS_BROKEN"),
        ] {
            assert_eq!(code(text), Some(wanted), "{text}");
        }
        assert_eq!(code("something else went wrong"), None);
    }
}
