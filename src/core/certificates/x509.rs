//! An X.509 certificate with all that people ask about it. Everything in it comes from outside: texts are cleaned and
//! bounded, lists are cut, and nothing in it can end the program.

use crate::Str;
use sha2::Digest;
use x509_parser::oid_registry::asn1_rs::oid;
use x509_parser::prelude::*;
use x509_parser::public_key::PublicKey;

/// Names and usages that are kept of one certificate.
const MANY: usize = 200;
/// A certificate larger than this is not read: the largest that browsers take are far smaller.
const LARGE: usize = 256 << 10;

/// A distinguished name.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub common_name: Str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub organisation: Vec<Str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub country: Vec<Str>,
    /// The whole name in one line, as RFC 4514 writes it.
    pub whole: Str,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    pub subject: Party,
    pub issuer: Party,
    /// Hexadecimal, without leading zero bytes. A negative one begins with `-`.
    pub serial: Str,
    /// Seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
    /// DNS names, lower case as they are compared.
    pub dns_names: Vec<Str>,
    pub ip_addresses: Vec<Str>,
    pub uris: Vec<Str>,
    pub emails: Vec<Str>,
    /// `Digital Signature`, `Key Encipherment` …
    pub key_usages: Vec<&'static str>,
    /// `Server Authentication`, `Client Authentication` …; an unknown one by its number.
    pub extended_key_usages: Vec<Str>,
    /// `RSA 2048`, `ECDSA P-256`, `Ed25519`.
    pub public_key: Str,
    /// `SHA256-RSA`, `ECDSA-SHA256`, `Ed25519`.
    pub signature: Str,
    /// Hexadecimal.
    pub subject_key_id: Str,
    pub authority_key_id: Str,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: Str,
    /// SHA-256 of its public key (SPKI), hexadecimal: the same for a key that is used again.
    pub key_sha256: Str,
    pub is_ca: bool,
    pub self_signed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ocsp: Vec<Str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crl: Vec<Str>,
    /// What is odd about it: RFC 5280 forbids it, or clients will refuse it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<String>,
}

impl Details {
    /// Everything that a client may compare a name with: DNS names, addresses, URIs. Common names do not count
    /// (RFC 9525 §2), and are given where there is nothing else, for people.
    pub fn names(&self) -> Vec<Str> {
        let mut names: Vec<Str> = self.dns_names.iter().chain(&self.ip_addresses).chain(&self.uris).cloned().collect();
        if names.is_empty() && !self.subject.common_name.is_empty() {
            names.push(self.subject.common_name.clone());
        }
        names
    }
}

fn clean(text: &str) -> Str {
    crate::intern::bounded(text).as_ref().into()
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn party(name: &X509Name<'_>) -> Party {
    let texts = |all: Vec<Option<&str>>| all.into_iter().take(8).flatten().map(clean).collect::<Vec<Str>>();
    let whole = name.to_string();
    Party {
        common_name: name.iter_common_name().find_map(|a| a.as_str().ok()).map(clean).unwrap_or_default(),
        organisation: texts(name.iter_organization().map(|a| a.as_str().ok()).collect()),
        country: texts(name.iter_country().map(|a| a.as_str().ok()).collect()),
        whole: clean(&whole),
    }
}

/// Reads one certificate.
///
/// # Errors
/// Why it is none.
pub fn read(der: &[u8]) -> Result<Details, Str> {
    if der.len() > LARGE {
        return Err(format!("a certificate of {} kB is too large to be one", der.len() / 1000).as_str().into());
    }
    let (rest, cert) = X509Certificate::from_der(der).map_err(|e| Str::from(format!("not a certificate: {e}")))?;
    let mut oddities = Vec::new();
    if !rest.is_empty() {
        oddities.push(format!("{} bytes follow the certificate", rest.len()));
    }
    let mut d = Details {
        subject: party(cert.subject()),
        issuer: party(cert.issuer()),
        serial: serial(cert.raw_serial(), &mut oddities),
        not_before: cert.validity().not_before.timestamp(),
        not_after: cert.validity().not_after.timestamp(),
        dns_names: Vec::new(),
        ip_addresses: Vec::new(),
        uris: Vec::new(),
        emails: Vec::new(),
        key_usages: Vec::new(),
        extended_key_usages: Vec::new(),
        public_key: key_words(&cert.tbs_certificate.subject_pki, &mut oddities),
        signature: signature_words(&cert.signature_algorithm, &mut oddities),
        subject_key_id: "".into(),
        authority_key_id: "".into(),
        sha256: hex(&sha2::Sha256::digest(der)).as_str().into(),
        key_sha256: hex(&sha2::Sha256::digest(cert.tbs_certificate.subject_pki.raw)).as_str().into(),
        is_ca: cert.is_ca(),
        self_signed: cert.subject() == cert.issuer(),
        ocsp: Vec::new(),
        crl: Vec::new(),
        oddities: Vec::new(),
    };
    if d.not_after < d.not_before {
        oddities.push("it ends before it begins".into());
    }
    let mut seen = Vec::new();
    for extension in cert.extensions().iter().take(MANY) {
        if seen.contains(&&extension.oid) {
            oddities.push(format!("the extension {} stands there twice", extension.oid));
        }
        seen.push(&extension.oid);
        take(extension, &mut d, &mut oddities);
    }
    let unusable = d.dns_names.iter().filter(|n| !super::names::is_name(n)).count();
    if unusable > 0 {
        oddities.push(format!("{unusable} of its DNS names are none"));
    }
    if d.dns_names.is_empty() && d.ip_addresses.is_empty() && d.uris.is_empty() && d.emails.is_empty() && !d.is_ca {
        oddities.push("it has no subject alternative name: browsers refuse it".into());
    }
    d.oddities = oddities.iter().take(16).map(|o| crate::findings::cause::line(o, 160)).collect();
    Ok(d)
}

fn take(extension: &X509Extension<'_>, d: &mut Details, oddities: &mut Vec<String>) {
    match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(san) => {
            if san.general_names.len() > MANY {
                oddities.push(format!("{} names: only {MANY} are looked at", san.general_names.len()));
            }
            for name in san.general_names.iter().take(MANY) {
                match name {
                    GeneralName::DNSName(dns) => d.dns_names.push(clean(&dns.to_ascii_lowercase())),
                    GeneralName::IPAddress(bytes) => match address(bytes) {
                        Some(text) => d.ip_addresses.push(text.as_str().into()),
                        None => oddities.push(format!("an address of {} bytes", bytes.len())),
                    },
                    GeneralName::URI(uri) => d.uris.push(clean(uri)),
                    GeneralName::RFC822Name(mail) => d.emails.push(clean(mail)),
                    GeneralName::Invalid(..) => oddities.push("a name that cannot be read".into()),
                    _ => {}
                }
            }
        }
        ParsedExtension::KeyUsage(usage) => {
            let all = [
                (usage.digital_signature(), "Digital Signature"),
                (usage.non_repudiation(), "Content Commitment"),
                (usage.key_encipherment(), "Key Encipherment"),
                (usage.data_encipherment(), "Data Encipherment"),
                (usage.key_agreement(), "Key Agreement"),
                (usage.key_cert_sign(), "Cert Sign"),
                (usage.crl_sign(), "CRL Sign"),
                (usage.encipher_only(), "Encipher Only"),
                (usage.decipher_only(), "Decipher Only"),
            ];
            d.key_usages = all.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
        }
        ParsedExtension::ExtendedKeyUsage(usage) => {
            let known = [
                (usage.any, "Any"),
                (usage.server_auth, "Server Authentication"),
                (usage.client_auth, "Client Authentication"),
                (usage.code_signing, "Code Signing"),
                (usage.email_protection, "Email Protection"),
                (usage.time_stamping, "Time Stamping"),
                (usage.ocsp_signing, "OCSP Signing"),
            ];
            d.extended_key_usages = known.into_iter().filter(|(is, _)| *is).map(|(_, word)| word.into()).collect();
            d.extended_key_usages.extend(usage.other.iter().take(8).map(|oid| Str::from(oid.to_string())));
        }
        ParsedExtension::SubjectKeyIdentifier(id) => {
            d.subject_key_id = hex(&id.0[..id.0.len().min(64)]).as_str().into()
        }
        ParsedExtension::AuthorityKeyIdentifier(id) => {
            let bytes = id.key_identifier.as_ref().map(|k| k.0).unwrap_or_default();
            d.authority_key_id = hex(&bytes[..bytes.len().min(64)]).as_str().into();
        }
        ParsedExtension::AuthorityInfoAccess(access) => {
            for one in access.accessdescs.iter().take(8) {
                if let (true, GeneralName::URI(uri)) =
                    (one.access_method == oid!(1.3.6.1.5.5.7.48.1), &one.access_location)
                {
                    d.ocsp.push(clean(uri));
                }
            }
        }
        ParsedExtension::CRLDistributionPoints(points) => {
            for point in points.points.iter().take(8) {
                if let Some(DistributionPointName::FullName(names)) = &point.distribution_point {
                    d.crl.extend(names.iter().take(8).filter_map(|n| match n {
                        GeneralName::URI(uri) => Some(clean(uri)),
                        _ => None,
                    }));
                }
            }
        }
        ParsedExtension::ParseError { .. } => oddities.push(format!("the extension {} cannot be read", extension.oid)),
        ParsedExtension::UnsupportedExtension { .. } if extension.critical => {
            oddities.push(format!("the critical extension {} is not known: clients refuse it", extension.oid));
        }
        _ => {}
    }
}

/// RFC 5280 §4.1.2.2: positive, at most 20 bytes.
fn serial(raw: &[u8], oddities: &mut Vec<String>) -> Str {
    let negative = raw.first().is_some_and(|b| b & 0x80 != 0);
    if negative {
        oddities.push("its serial number is negative".into());
    }
    if raw.len() > 21 {
        oddities.push(format!("its serial number has {} bytes", raw.len()));
    }
    let short = &raw[..raw.len().min(64)];
    let digits = hex(short.iter().position(|b| *b != 0).map_or(&[0][..], |at| &short[at..]));
    format!("{}{digits}", if negative { "-" } else { "" }).as_str().into()
}

/// An address of 4 or 16 bytes.
pub fn address(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|b| std::net::Ipv4Addr::from(b).to_string()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|b| std::net::Ipv6Addr::from(b).to_string()),
        _ => None,
    }
}

fn key_words(key: &SubjectPublicKeyInfo<'_>, oddities: &mut Vec<String>) -> Str {
    let words = match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let bits = rsa.key_size();
            if bits < 2048 {
                oddities.push(format!("its RSA key has {bits} bits only"));
            }
            format!("RSA {bits}")
        }
        Ok(PublicKey::EC(point)) => format!("ECDSA P-{}", if point.key_size() == 528 { 521 } else { point.key_size() }),
        Ok(PublicKey::DSA(_)) => "DSA".into(),
        _ if key.algorithm.algorithm == oid!(1.3.101.112) => "Ed25519".into(),
        _ => {
            oddities.push("its public key cannot be read".into());
            format!("key {}", key.algorithm.algorithm)
        }
    };
    words.as_str().into()
}

fn signature_words(algorithm: &AlgorithmIdentifier<'_>, oddities: &mut Vec<String>) -> Str {
    let text = algorithm.algorithm.to_id_string();
    let words = match text.as_str() {
        "1.2.840.113549.1.1.4" => "MD5-RSA",
        "1.2.840.113549.1.1.5" => "SHA1-RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA256-RSA",
        "1.2.840.113549.1.1.12" => "SHA384-RSA",
        "1.2.840.113549.1.1.13" => "SHA512-RSA",
        "1.2.840.10045.4.1" => "ECDSA-SHA1",
        "1.2.840.10045.4.3.2" => "ECDSA-SHA256",
        "1.2.840.10045.4.3.3" => "ECDSA-SHA384",
        "1.2.840.10045.4.3.4" => "ECDSA-SHA512",
        "1.3.101.112" => "Ed25519",
        other => other,
    };
    if words.contains("MD5") || words.contains("SHA1") {
        oddities.push(format!("it is signed with {words}: clients refuse it"));
    }
    words.into()
}
