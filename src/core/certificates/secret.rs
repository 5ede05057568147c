//! A TLS Secret: its certificate is read once for what people need to know, and its bytes are dropped and zeroed.

use crate::Str;
use crate::resources::Head;
use base64::Engine;
use serde::Deserialize;
use sha2::Digest;
use x509_parser::prelude::*;
use zeroize::Zeroizing;

/// A Secret that holds a certificate (type `kubernetes.io/tls`, or any with a `tls.crt`).
#[derive(Clone, Debug)]
pub struct TlsSecret {
    pub head: Head,
    /// The leaf, or why it cannot be read.
    pub leaf: Result<Leaf, Str>,
    /// Whether there is a private key; the key itself is never kept.
    pub has_key: bool,
    /// Certificates after the leaf in `tls.crt`.
    pub intermediates: u32,
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
    pub self_signed: bool,
    pub is_ca: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Raw<'a> {
    #[serde(rename = "metadata")]
    head: Head,
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    data: Option<RawData<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawData<'a> {
    #[serde(rename = "tls.crt", borrow)]
    crt: Option<std::borrow::Cow<'a, str>>,
    #[serde(rename = "tls.key")]
    key: Option<Present>,
}

/// Whether a value is there and not empty, without keeping it.
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl serde::de::Visitor<'_> for V {
            type Value = Present;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("base64")
            }
            fn visit_str<E>(self, v: &str) -> Result<Present, E> {
                Ok(Present(!v.is_empty()))
            }
            fn visit_unit<E>(self) -> Result<Present, E> {
                Ok(Present(false))
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for TlsSecret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        let data = raw.data.unwrap_or_default();
        let crt = data.crt.unwrap_or_default();
        let pem = Zeroizing::new(base64::engine::general_purpose::STANDARD.decode(crt.as_bytes()).unwrap_or_default());
        let _ = raw.kind;
        let (leaf, intermediates) = read_chain(&pem);
        Ok(Self { head: raw.head, leaf, has_key: data.key.is_some_and(|k| k.0), intermediates })
    }
}

/// Reads the leaf of a PEM chain and counts what follows it.
pub fn read_chain(pem: &[u8]) -> (Result<Leaf, Str>, u32) {
    if pem.iter().all(u8::is_ascii_whitespace) {
        return (Err("tls.crt is empty".into()), 0);
    }
    let mut blocks = Pem::iter_from_buffer(pem).take(32);
    let first = loop {
        match blocks.next() {
            Some(Ok(block)) if block.label == "CERTIFICATE" => break block,
            Some(Ok(_)) => {}
            _ => return (Err("tls.crt holds no PEM certificate".into()), 0),
        }
    };
    let rest = blocks.filter(|b| b.as_ref().is_ok_and(|b| b.label == "CERTIFICATE")).count();
    (read_der(&first.contents), u32::try_from(rest).unwrap_or(u32::MAX))
}

/// Reads one certificate.
pub fn read_der(der: &[u8]) -> Result<Leaf, Str> {
    let (_, cert) = X509Certificate::from_der(der).map_err(|e| Str::from(format!("not a certificate: {e}")))?;
    let clean = |text: &str| -> Str { crate::intern::bounded(text).as_ref().into() };
    let common = |name: &X509Name<'_>| {
        let attribute = name.iter_common_name().chain(name.iter_organization()).find_map(|a| a.as_str().ok());
        clean(attribute.unwrap_or_default())
    };
    let mut names: Vec<Str> = Vec::new();
    if let Ok(Some(san)) = cert.subject_alternative_name() {
        for name in san.value.general_names.iter().take(200) {
            match name {
                GeneralName::DNSName(dns) => names.push(clean(&dns.to_ascii_lowercase())),
                GeneralName::IPAddress(ip) => names.extend(ip_text(ip).map(Str::from)),
                GeneralName::URI(uri) => names.push(clean(uri)),
                _ => {}
            }
        }
    }
    let subject = common(cert.subject());
    if names.is_empty() && !subject.is_empty() {
        names.push(subject.clone());
    }
    Ok(Leaf {
        names,
        subject,
        issuer: common(cert.issuer()),
        serial: cert.raw_serial().iter().map(|b| format!("{b:02x}")).collect::<String>().as_str().into(),
        not_before: cert.validity().not_before.timestamp(),
        not_after: cert.validity().not_after.timestamp(),
        sha256: sha2::Sha256::digest(der).iter().map(|b| format!("{b:02x}")).collect::<String>().as_str().into(),
        self_signed: cert.subject() == cert.issuer(),
        is_ca: cert.is_ca(),
    })
}

fn ip_text(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|b| std::net::Ipv4Addr::from(b).to_string()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|b| std::net::Ipv6Addr::from(b).to_string()),
        _ => None,
    }
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
        assert!(secret.leaf.is_err() && secret.has_key);
        let none: TlsSecret = serde_json::from_str(r#"{"metadata":{"name":"a"},"data":null}"#).unwrap();
        assert!(!none.has_key);
    }
}
