//! The cluster's own certificate authority: made new for each cluster, never installed anywhere.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// An authority that signs the certificates of one cluster.
pub struct Authority {
    /// Its own certificate, PEM.
    pub certificate: String,
    /// Its private key, PKCS#8 PEM (the controller manager signs CSRs with it).
    pub key: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its private key, both PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The private key, PKCS#8.
    pub key: String,
}

impl Authority {
    /// A new self-signed authority.
    pub fn new(name: &str) -> Authority {
        let key = KeyPair::generate().expect("an EC key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let certificate = params.self_signed(&key).expect("a self-signed authority").pem();
        let pem = key.serialize_pem();
        Authority { certificate, key: pem, issuer: Issuer::new(params, key) }
    }

    /// A client certificate: the API server reads the user from the common name and the groups from the
    /// organizations. At most two groups: rcgen keeps one value per attribute type, and there are two ways to
    /// write the type.
    pub fn client(&self, user: &str, groups: &[&str]) -> Identity {
        assert!(groups.len() <= 2, "a client certificate of the test carries at most two groups: {groups:?}");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, user);
        let organization = [DnType::OrganizationName, DnType::CustomDnType(vec![2, 5, 4, 10])];
        for (kind, group) in organization.into_iter().zip(groups) {
            params.distinguished_name.push(kind, *group);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    /// A client certificate that ended on 1 April 2020.
    pub fn expired_client(&self, user: &str) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, user);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 4, 1);
        self.sign(params)
    }

    /// A serving certificate for these DNS names and IP addresses.
    pub fn server(&self, user: &str, group: Option<&str>, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("valid names");
        params.distinguished_name.push(DnType::CommonName, user);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> Identity {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("an EC key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a signed certificate").pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

/// A certificate of its own for a host, valid for the first three months of 2020.
pub fn expired(host: &str) -> Identity {
    let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a valid name");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 4, 1);
    let key = KeyPair::generate().expect("an EC key");
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    Identity { certificate, key: key.serialize_pem() }
}

/// The key pair that signs service account tokens: private PKCS#8 PEM and public PEM.
pub fn token_keys() -> (String, String) {
    let key = KeyPair::generate().expect("an EC key");
    (key.serialize_pem(), key.public_key_pem())
}
