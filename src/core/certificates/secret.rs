//! A TLS Secret: its certificate is read once for what people need to know, and its bytes are dropped and zeroed.

use super::key::{self, KeyState};
use super::x509::{self, Details, Party};
use crate::Str;
use crate::findings::condition::shared;
use crate::resources::Head;
use crate::resources::meta::Lent;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::borrow::Cow;
use x509_parser::prelude::*;
use zeroize::{Zeroize, Zeroizing};

/// A Secret that holds a certificate (type `kubernetes.io/tls`, or any with a `tls.crt`).
#[derive(Clone, Debug)]
pub struct TlsSecret {
    pub head: Head,
    /// `kubernetes.io/tls`, `Opaque` …
    pub kind: Str,
    /// The leaf, or why it cannot be read.
    pub leaf: Result<Leaf, Str>,
    /// Whether the private key belongs to the leaf; the key itself is never kept.
    pub key: KeyState,
    /// Certificates after the leaf in `tls.crt`.
    pub intermediates: u32,
    /// What is wrong with them.
    pub chain: Option<ChainFault>,
    /// Whether there is a `ca.crt`.
    pub has_ca: bool,
    /// It has no certificate under a name that is known: other programs call Secrets so too.
    pub empty: bool,
}

/// What is wrong with the certificates that follow the leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainFault {
    /// The one at this place (1: the first after the leaf) did not issue the one before it.
    Order { at: usize, wanted: Str, found: Str },
    /// One ends before the leaf does.
    Ends { subject: Str, at: i64 },
    /// One cannot be read.
    Unreadable { at: usize },
}

/// What is kept of an X.509 certificate.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leaf {
    /// Subject alternative names (DNS names and IP addresses), the common name where there are none.
    pub names: Vec<Str>,
    pub subject: Str,
    /// Common name (or else organisation) of the issuer.
    pub issuer: Str,
    /// Hexadecimal.
    pub serial: Str,
    /// Seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
    /// SHA-256 of the DER, hexadecimal.
    pub sha256: Str,
    /// `RSA 2048`, `ECDSA P-256`, `Ed25519`.
    pub public_key: Str,
    pub self_signed: bool,
    pub is_ca: bool,
    /// What is odd about it: clients may refuse it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Raw<'a> {
    #[serde(rename = "metadata")]
    head: Head,
    #[serde(rename = "type", deserialize_with = "shared")]
    kind: Str,
    #[serde(borrow)]
    data: Option<RawData<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawData<'a> {
    #[serde(rename = "tls.crt", borrow)]
    crt: Lent<'a>,
    #[serde(rename = "tls.key", borrow)]
    key: Lent<'a>,
    #[serde(rename = "ca.crt", borrow)]
    ca: Lent<'a>,
    // What Istio's own authority has instead.
    #[serde(rename = "ca-cert.pem", borrow)]
    mesh_crt: Lent<'a>,
    #[serde(rename = "ca-key.pem", borrow)]
    mesh_key: Lent<'a>,
}

impl<'de> Deserialize<'de> for TlsSecret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        let mut data = raw.data.unwrap_or_default();
        if data.crt.is_empty() && !data.mesh_crt.is_empty() {
            data.crt = std::mem::take(&mut data.mesh_crt);
            data.key = std::mem::take(&mut data.mesh_key);
        }
        let decode = |text: &str| Zeroizing::new(STANDARD.decode(text.as_bytes()).unwrap_or_default());
        let read = read_pem(&decode(&data.crt));
        let key = match (&read.spki, &*data.key) {
            (_, "") => KeyState::Missing,
            (Some(spki), text) => key::compare(&decode(text), spki),
            (None, _) => KeyState::Untold,
        };
        for text in [data.key.0, data.mesh_key.0] {
            if let Cow::Owned(mut text) = text {
                text.zeroize();
            }
        }
        let (leaf, intermediates, chain) = (read.leaf, read.intermediates, read.chain);
        let (has_ca, empty) = (!data.ca.is_empty(), data.crt.is_empty());
        Ok(Self { head: raw.head, kind: raw.kind, leaf, key, intermediates, chain, has_ca, empty })
    }
}

/// A PEM chain as it was read.
struct Read {
    leaf: Result<Leaf, Str>,
    /// The leaf's public key, DER.
    spki: Option<Vec<u8>>,
    intermediates: u32,
    chain: Option<ChainFault>,
}

/// Reads the leaf of a PEM chain and counts what follows it.
pub fn read_chain(pem: &[u8]) -> (Result<Leaf, Str>, u32) {
    let read = read_pem(pem);
    (read.leaf, read.intermediates)
}

fn read_pem(pem: &[u8]) -> Read {
    let none = |why: &str| Read { leaf: Err(why.into()), spki: None, intermediates: 0, chain: None };
    if pem.iter().all(u8::is_ascii_whitespace) {
        return none("tls.crt is empty");
    }
    let mut blocks = Pem::iter_from_buffer(pem).take(32);
    let first = loop {
        match blocks.next() {
            Some(Ok(block)) if block.label == "CERTIFICATE" => break block,
            Some(Ok(_)) => {}
            _ => return none("tls.crt holds no PEM certificate"),
        }
    };
    let rest: Vec<Pem> = blocks.flatten().filter(|b| b.label == "CERTIFICATE").collect();
    let details = x509::read(&first.contents);
    let chain = details.as_ref().ok().and_then(|leaf| fault(leaf, &rest));
    let spki = X509Certificate::from_der(&first.contents).ok().map(|(_, c)| c.tbs_certificate.subject_pki.raw.to_vec());
    Read { leaf: details.map(Leaf::from), spki, intermediates: u32::try_from(rest.len()).unwrap_or(u32::MAX), chain }
}

/// What is wrong with the certificates after the leaf, if anything: each has to be the issuer of the one before it.
fn fault(leaf: &Details, rest: &[Pem]) -> Option<ChainFault> {
    let mut wanted = leaf.issuer.whole.clone();
    let mut ends: Option<ChainFault> = None;
    for (i, block) in rest.iter().take(8).enumerate() {
        let Ok(one) = x509::read(&block.contents) else { return Some(ChainFault::Unreadable { at: i + 1 }) };
        if one.subject.whole != wanted {
            return Some(ChainFault::Order { at: i + 1, wanted, found: one.subject.whole });
        }
        if one.not_after < leaf.not_after && ends.is_none() {
            ends = Some(ChainFault::Ends { subject: short(&one.subject), at: one.not_after });
        }
        wanted = one.issuer.whole;
    }
    ends
}

/// Common name, or else organisation.
fn short(party: &Party) -> Str {
    match (&*party.common_name, party.organisation.first()) {
        ("", Some(organisation)) => organisation.clone(),
        _ => party.common_name.clone(),
    }
}

impl From<Details> for Leaf {
    fn from(d: Details) -> Self {
        Self {
            names: d.names(),
            subject: short(&d.subject),
            issuer: short(&d.issuer),
            serial: d.serial,
            not_before: d.not_before,
            not_after: d.not_after,
            sha256: d.sha256,
            public_key: d.public_key,
            self_signed: d.self_signed,
            is_ca: d.is_ca,
            oddities: d.oddities,
        }
    }
}

/// Reads one certificate.
pub fn read_der(der: &[u8]) -> Result<Leaf, Str> {
    x509::read(der).map(Leaf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_told_and_does_no_harm() {
        for pem in [&b""[..], b"  \n", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(read_chain(pem).0.is_err(), "{pem:?}");
        }
        let secret: TlsSecret = serde_json::from_str(
            r#"{"metadata":{"name":"a"},"type":"kubernetes.io/tls","data":{"tls.crt":"%%","tls.key":"eA=="}}"#,
        )
        .unwrap();
        assert!(secret.leaf.is_err() && secret.key != KeyState::Missing);
        let none: TlsSecret = serde_json::from_str(r#"{"metadata":{"name":"a"},"data":null}"#).unwrap();
        assert_eq!(none.key, KeyState::Missing);
    }
}
