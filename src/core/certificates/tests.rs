//! Certificates as real controllers left them (cert-manager 1.21 with Pebble), and verdicts by the clock.

use crate::overview::Overview;
use crate::overview::testing::{add_yaml, at, from_yaml};
use crate::resources::Level;

const LAB: &str = include_str!("fixtures/lab.yaml");

fn lab(now: &str) -> Overview {
    Overview::derive(&from_yaml(LAB), at(now))
}

#[test]
fn real_failures_are_told_in_plain_words() {
    let o = lab("2026-11-20T20:50:00Z");
    let told = |name: &str| {
        let c = o.certificate("shop", name).expect(name);
        (c.code.unwrap_or_default(), c.verdict.why.clone())
    };
    let (code, why) = told("web-http-pending");
    assert_eq!(code, "CERT_HTTP_UNREACHABLE");
    assert!(why.contains("stuck.lab.test") && why.contains("refuses connections"), "{why}");
    assert_eq!(told("web-invalid").0, "CERT_DNS_TXT_MISSING");
    assert_eq!(told("web-rejected").0, "CERT_REJECTED_NAME");
    assert_eq!(told("no-issuer"), ("CERT_ISSUER_MISSING", "there is no ClusterIssuer does-not-exist".into()));
    let rejected = o.certificate("shop", "web-rejected").expect("rejected");
    assert_eq!(rejected.next_try, Some(at("2026-11-20T21:35:45Z")), "one hour after the first failure");
    assert!(rejected.verdict.next.contains("next try 21:35 UTC (attempt 1, backoff 1 h)"), "{}", rejected.verdict.next);
    assert!(o.findings.iter().any(|f| f.code == "ISSUER_NOT_READY" && f.name == "acme-unreachable"));
}

#[test]
fn a_self_check_that_has_just_begun_is_no_finding() {
    let o = lab("2026-11-20T20:36:00Z");
    let c = o.certificate("shop", "web-http-pending").expect("pending");
    assert_eq!(c.verdict.level, Level::Busy, "{:?}", c.verdict);
    assert_eq!(c.code, Some("CERT_HTTP_UNREACHABLE"), "what has stood in the way so far is told");
    assert!(o.findings.iter().all(|f| f.name != "web-http-pending"));
    assert_eq!(o.next_moment, Some(at("2026-11-20T20:38:44Z")), "then it is looked at again, by one timer");
}

#[test]
fn a_short_lived_certificate_raises_nothing_before_its_renewal_time() {
    // Valid for six days, renewed after four: two days before the end nothing is wrong yet.
    for (now, level, word) in [
        ("2026-11-24T20:36:00Z", Level::Good, "Ready"),
        ("2026-11-24T20:45:00Z", Level::Warn, "Overdue"),
        ("2026-11-26T12:00:00Z", Level::Bad, "Overdue"),
        ("2026-11-26T20:37:00Z", Level::Bad, "Expired"),
    ] {
        let o = lab(now);
        let c = o.certificate("shop", "web-acme").expect("web-acme");
        assert_eq!((c.verdict.level, &*c.verdict.word), (level, word), "at {now}: {:?}", c.verdict);
    }
}

#[test]
fn a_missing_secret_and_a_denied_request_are_told() {
    let mut s = from_yaml(LAB);
    add_yaml(
        &mut s,
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {namespace: other, name: x, uid: x}\ndata: {tls.crt: '', tls.key: ''}",
    );
    let o = Overview::derive(&s, at("2026-11-20T21:00:00Z"));
    let c = o.certificate("shop", "web-acme").expect("web-acme");
    assert_eq!(c.code, Some("CERT_SECRET_MISSING"));
    assert_eq!(o.certificate("other", "x").expect("x").code, Some("CERT_SECRET_BROKEN"));
    add_yaml(
        &mut s,
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {namespace: a, name: d, uid: d, creationTimestamp: '2026-11-20T20:00:00Z'}\nspec: {secretName: d, dnsNames: [d.lab.test], issuerRef: {name: acme-dns, kind: ClusterIssuer}}\nstatus: {conditions: [{type: Ready, status: 'False', reason: DoesNotExist, lastTransitionTime: '2026-11-20T20:00:00Z'}]}",
    );
    add_yaml(
        &mut s,
        "apiVersion: cert-manager.io/v1\nkind: CertificateRequest\nmetadata: {namespace: a, name: d-1, uid: r, annotations: {cert-manager.io/certificate-revision: '1'}, ownerReferences: [{apiVersion: cert-manager.io/v1, kind: Certificate, name: d, uid: d, controller: true}]}\nspec: {issuerRef: {name: acme-dns, kind: ClusterIssuer}}\nstatus: {conditions: [{type: Denied, status: 'True', reason: policy, message: no wildcard here}]}",
    );
    let o = Overview::derive(&s, at("2026-11-20T21:00:00Z"));
    let c = o.certificate("a", "d").expect("d");
    assert_eq!(c.code, Some("CERT_REQUEST_DENIED"));
    assert!(c.verdict.why.contains("no wildcard here"));
}

#[test]
fn backoff_doubles_up_to_32_hours() {
    let hours: Vec<i64> = (1..=8).map(|n| super::objects::backoff(n) / 3600).collect();
    assert_eq!(hours, [1, 2, 4, 8, 16, 32, 32, 32]);
}
