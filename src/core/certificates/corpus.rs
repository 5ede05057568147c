//! Broken certificates: each raises a finding or is told as it is, and none ends the program.

use super::key::KeyState;
use super::{TlsSecret, secret, x509};
use crate::overview::Overview;
use crate::overview::testing::{add, at};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use serde_json::{Value, json};

const NOW: &str = "2026-11-21T03:00:00Z";

/// A certificate of `names`, DER, and its key, PEM.
fn certificate(names: Vec<SanType>) -> (Vec<u8>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    params.not_before = rcgen::date_time_ymd(2026, 11, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 30);
    params.serial_number = Some(vec![0x41, 0x42, 0x43, 0x44, 0x45, 0x46].into());
    params.distinguished_name.push(DnType::CommonName, "corpus of ours");
    let certificate = params.self_signed(&key).unwrap();
    (certificate.der().to_vec(), key.serialize_pem())
}

fn plain() -> (Vec<u8>, String) {
    certificate(vec![SanType::DnsName("shop.example".try_into().unwrap())])
}

fn pem(der: &[u8]) -> String {
    let lines: Vec<String> =
        STANDARD.encode(der).as_bytes().chunks(64).map(|l| String::from_utf8_lossy(l).into_owned()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn replaced(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let position = der.windows(from.len()).position(|w| w == from).expect("the bytes to replace");
    [&der[..position], to, &der[position + from.len()..]].concat()
}

fn held(crt: &str, key: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"namespace": "shop", "name": "tls", "uid": "u", "creationTimestamp": "2026-11-01T00:00:00Z"},
        "data": {"tls.crt": STANDARD.encode(crt), "tls.key": STANDARD.encode(key)},
    })
}

/// The code of the finding that a Secret raises.
fn code(crt: &str, key: &str) -> Option<&'static str> {
    let mut snapshot = crate::overview::Snapshot::default();
    add(&mut snapshot, &held(crt, key));
    let o = Overview::derive(&snapshot, at(NOW));
    o.findings.iter().find(|f| f.name == "tls").map(|f| f.code)
}

#[test]
fn each_broken_certificate_raises_its_finding() {
    let (der, key) = plain();
    assert_eq!(code(&pem(&der), &key), None, "the plain one is well");
    let (_, other) = plain();
    let soup = certificate(vec![
        SanType::DnsName("a..b".try_into().unwrap()),
        SanType::DnsName("-bad-.example".try_into().unwrap()),
        SanType::DnsName("*.*.example".try_into().unwrap()),
        SanType::URI("spiffe://a/b".try_into().unwrap()),
        SanType::Rfc822Name("a@b".try_into().unwrap()),
        SanType::IpAddress("::1".parse().unwrap()),
    ]);
    let huge =
        certificate((0..20_000).map(|i| SanType::DnsName(format!("h{i}.example").try_into().unwrap())).collect());
    let many = certificate((0..900).map(|i| SanType::DnsName(format!("h{i}.example").try_into().unwrap())).collect());
    for (what, crt, key, wanted) in [
        ("empty", String::new(), key.clone(), "CERT_SECRET_BROKEN"),
        ("no PEM", "hello".into(), key.clone(), "CERT_SECRET_BROKEN"),
        ("a key for a certificate", key.clone(), key.clone(), "CERT_SECRET_BROKEN"),
        ("cut off", pem(&der[..der.len() / 2]), key.clone(), "CERT_SECRET_BROKEN"),
        ("PEM without an end", pem(&der).replace("-----END", "----"), key.clone(), "CERT_SECRET_BROKEN"),
        ("no base64", pem(&der).replace('A', "*"), key.clone(), "CERT_SECRET_BROKEN"),
        ("a month that is none", pem(&replaced(&der, b"270130", b"279930")), key.clone(), "CERT_SECRET_BROKEN"),
        ("expired", pem(&replaced(&der, b"270130", b"261110")), key.clone(), "CERT_EXPIRED"),
        ("ends before it begins", pem(&replaced(&der, b"261101", b"280101")), key.clone(), "CERT_ODD"),
        ("a negative serial", pem(&replaced(&der, b"ABCDEF", &[0x81, 2, 3, 4, 5, 6])), key.clone(), "CERT_ODD"),
        ("bytes after it", pem(&[&der[..], b"more"].concat()), key.clone(), "CERT_ODD"),
        ("names that are none", pem(&soup.0), soup.1.clone(), "CERT_ODD"),
        ("too many names", pem(&many.0), many.1.clone(), "CERT_ODD"),
        ("far too large", pem(&huge.0), huge.1.clone(), "CERT_SECRET_BROKEN"),
        ("another's key", pem(&der), other, "CERT_KEY_MISMATCH"),
    ] {
        assert_eq!(code(&crt, &key), Some(wanted), "{what}");
    }
}

#[test]
fn odd_texts_in_names_do_no_harm() {
    let (der, _) = plain();
    let odd = replaced(&der, b"corpus of ours", b"\x1b[2Jof\xff\xe2\x80\xaeours!");
    let told = x509::read(&odd).map(|d| format!("{d:?}")).unwrap_or_else(|why| why.to_string());
    assert!(!told.contains('\u{1b}') && !told.contains('\u{202e}'), "{told}");
}

#[test]
fn a_chain_that_does_not_lead_to_the_issuer_is_told() {
    let (a, key) = plain();
    let (b, _) = certificate(vec![SanType::DnsName("other.example".try_into().unwrap())]);
    let read = |crt: String| serde_json::from_value::<TlsSecret>(held(&crt, &key)).unwrap();
    assert_eq!(read(pem(&a)).chain, None);
    // Both are called the same and issued by themselves, so the second follows the first.
    assert_eq!((read(pem(&a) + &pem(&b)).chain, read(pem(&a)).key), (None, KeyState::Fits));
    // The first "corpus of ours" is the issuer's name, the next the subject's.
    let at = b.windows(14).rposition(|w| w == b"corpus of ours").unwrap();
    let renamed = [&b[..at], b"corpus of none", &b[at + 14..]].concat();
    assert!(matches!(read(pem(&a) + &pem(&renamed)).chain, Some(secret::ChainFault::Order { at: 1, .. })));
    let broken = pem(&a) + &pem(&b[..40]);
    assert!(matches!(read(broken).chain, Some(secret::ChainFault::Unreadable { at: 1 })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_change_of_bytes_ends_the_program(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
        static GOOD: std::sync::LazyLock<(Vec<u8>, String)> = std::sync::LazyLock::new(plain);
        let mut der = GOOD.0.clone();
        for (index, byte) in changes {
            let i = index.index(der.len());
            der[i] = byte;
        }
        let _ = x509::read(&der);
        let _ = x509::read(&der[..cut.index(der.len())]);
        let _ = code(&pem(&der), &GOOD.1);
    }

    #[test]
    fn no_text_in_a_secret_ends_the_program(crt in "\\PC{0,200}", key in "\\PC{0,80}") {
        let _ = code(&crt, &key);
        let _ = code(&format!("-----BEGIN CERTIFICATE-----\n{crt}\n-----END CERTIFICATE-----"), &key);
    }
}
