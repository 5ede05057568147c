//! Real X.509 certificates for the world's secrets. Keys are fixed and known
//! to everybody: they protect nothing, and with RSA's deterministic signatures
//! the same names and times give the same bytes.

use super::names;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};
use std::sync::LazyLock;

/// Private key of every leaf certificate, PEM.
pub const LEAF_KEY: &str = include_str!("keys/leaf.pem");

static LEAF: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::from_pem(LEAF_KEY).expect("embedded key"));
static ISSUER: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::from_pem(include_str!("keys/issuer.pem")).expect("embedded key"));

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// An intermediate that is named like Let's Encrypt's.
    LetsEncrypt,
    /// Its staging twin, which nobody trusts.
    Staging,
    /// A platform's own authority.
    CustomCa,
    /// The certificate itself.
    Itself,
}

/// What is certified.
#[derive(Debug, Clone)]
pub struct Leaf<'a> {
    /// Subject alternative names.
    pub names: &'a [String],
    /// First moment.
    pub not_before: Timestamp,
    /// Last moment.
    pub not_after: Timestamp,
    /// Who signs.
    pub signer: Signer,
}

fn authority(signer: Signer) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    let (country, organization, common) = match signer {
        Signer::LetsEncrypt => ("US", "Let's Encrypt", "R11"),
        Signer::Staging => ("US", "(STAGING) Let's Encrypt", "(STAGING) Riddling Rhubarb R12"),
        Signer::CustomCa | Signer::Itself => ("NL", "Otomi", "Otomi Custom CA"),
    };
    name.push(DnType::CountryName, country);
    name.push(DnType::OrganizationName, organization);
    name.push(DnType::CommonName, common);
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params.not_before = rcgen::date_time_ymd(2024, 3, 13);
    params.not_after = rcgen::date_time_ymd(2034, 3, 12);
    params.serial_number = Some(SerialNumber::from_slice(&names::digest(&["authority", common])[..16]));
    params
}

/// The authority's own certificate, PEM.
pub fn ca_pem(signer: Signer) -> String {
    authority(signer).self_signed(&*ISSUER).map(|c| c.pem()).unwrap_or_default()
}

/// The chain as it stands in `tls.crt`: leaf, then the authority unless self-signed.
pub fn chain_pem(leaf: &Leaf<'_>) -> String {
    let mut params = CertificateParams::new(leaf.names.to_vec()).unwrap_or_default();
    let mut subject = DistinguishedName::new();
    if let Some(first) = leaf.names.first().filter(|n| n.len() <= 64) {
        subject.push(DnType::CommonName, first.as_str());
    }
    params.distinguished_name = subject;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let moment = |at: Timestamp| epoch + std::time::Duration::from_secs(at.as_second().max(0).unsigned_abs());
    params.not_before = moment(leaf.not_before);
    params.not_after = moment(leaf.not_after);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let mut serial = names::digest(&["serial", &leaf.names.join(","), &leaf.not_before.to_string()]);
    serial[0] &= 0x7f;
    params.serial_number = Some(SerialNumber::from_slice(&serial[..18]));
    if leaf.signer == Signer::Itself {
        return params.self_signed(&*LEAF).map(|c| c.pem()).unwrap_or_default();
    }
    let ca = authority(leaf.signer);
    let issuer = Issuer::from_params(&ca, &*ISSUER);
    let own = params.signed_by(&*LEAF, &issuer).map(|c| c.pem()).unwrap_or_default();
    format!("{own}{}", ca_pem(leaf.signer))
}

/// A certificate signing request for the names, PEM.
pub fn request_pem(names: &[String]) -> String {
    let mut params = CertificateParams::new(names.to_vec()).unwrap_or_default();
    params.distinguished_name = DistinguishedName::new();
    params.serialize_request(&*LEAF).and_then(|r| r.pem()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_leaf_is_the_same_bytes() {
        let names = ["a.example.org".to_owned(), "*.b.example.org".to_owned()];
        let leaf = Leaf {
            names: &names,
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2026-04-01T00:00:00Z".parse().unwrap(),
            signer: Signer::LetsEncrypt,
        };
        let chain = chain_pem(&leaf);
        assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
        assert_eq!(chain, chain_pem(&leaf));
        assert!(request_pem(&names).starts_with("-----BEGIN CERTIFICATE REQUEST"));
    }
}
