//! Whether a served chain is one that browsers would take: signatures, intermediates as intermediates, validity,
//! use and name, by a verifying library (RFC 5280 path validation as webpki does it).

use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use serde::Serialize;
use std::time::Duration;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

/// Something wrong with a served chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// Stable: `expired`, `notYetValid`, `name`, `selfSigned`, `missingIntermediate`, `untrusted`, `use`, `broken`,
    /// `defaultCertificate`, `staging`, `noRoots`.
    pub code: &'static str,
    /// In words.
    pub words: String,
    /// What to do about it.
    pub next: String,
}

impl Trouble {
    fn new(code: &'static str, words: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code, words: words.into(), next: next.into() }
    }
}

/// Who is trusted.
#[derive(Clone, Default)]
pub struct Roots(Vec<CertificateDer<'static>>);

impl Roots {
    /// The trust store of this machine; `SSL_CERT_FILE` and `SSL_CERT_DIR` are followed.
    pub fn system() -> Self {
        // Some hundred files to read and parse; they do not change under a running program.
        static STORE: std::sync::OnceLock<Vec<CertificateDer<'static>>> = std::sync::OnceLock::new();
        Self(STORE.get_or_init(|| rustls_native_certs::load_native_certs().certs).clone())
    }
    /// Also those of a PEM bundle, e.g. the CA of an issuer.
    #[must_use]
    pub fn and_pem(mut self, pem: &[u8]) -> Self {
        use rustls::pki_types::pem::PemObject;
        self.0.extend(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
        self
    }
    /// The certificates themselves, e.g. to look at a file.
    pub fn into_ders(self) -> Vec<CertificateDer<'static>> {
        self.0
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a chain (leaf first) for a host at a time, the worst first; empty: nothing.
    pub fn judge(&self, chain: &[CertificateDer<'_>], host: &str, now: i64) -> Vec<Trouble> {
        let Some(leaf) = chain.first() else {
            return vec![Trouble::new("broken", "no certificate was served", "look at the ingress controller's log")];
        };
        let read = crate::certificates::secret::read_der(leaf);
        let mut troubles = Vec::new();
        if let Ok(read) = &read {
            troubles.extend(known_default(&read.subject, &read.issuer));
            if read.issuer.contains("STAGING") || read.issuer.contains("Fake LE") {
                let next = "use the production issuer, then renew";
                troubles.push(Trouble::new(
                    "staging",
                    format!("issued by a staging authority ({})", read.issuer),
                    next,
                ));
            }
        }
        let parsed = match EndEntityCert::try_from(leaf) {
            Ok(parsed) => parsed,
            Err(e) => {
                let next = "issue the certificate anew";
                troubles.push(Trouble::new("broken", format!("the served certificate is malformed: {e}"), next));
                return troubles;
            }
        };
        if let Ok(name) = ServerName::try_from(host.trim_end_matches('.').to_owned())
            && parsed.verify_is_valid_for_subject_name(&name).is_err()
        {
            let names = read.as_ref().map(|r| r.names.join(", ")).unwrap_or_default();
            let next = "serve the certificate of this host: check the route's TLS Secret and the names in it";
            troubles.push(Trouble::new("name", format!("it is for {names}, not for {host}"), next));
        }
        if let Err(error) = self.path(&parsed, &chain[1..], now) {
            let self_signed = read.as_ref().is_ok_and(|r| r.self_signed);
            troubles.push(self.explain(&error, self_signed, chain));
        }
        troubles
    }

    fn path(&self, leaf: &EndEntityCert<'_>, rest: &[CertificateDer<'_>], now: i64) -> Result<(), Error> {
        let anchors: Vec<TrustAnchor<'_>> = self.0.iter().filter_map(|c| anchor_from_trusted_cert(c).ok()).collect();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).unwrap_or_default()));
        leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, rest, time, KeyUsage::server_auth(), None, None)
            .map(|_| ())
    }

    fn explain(&self, error: &Error, self_signed: bool, chain: &[CertificateDer<'_>]) -> Trouble {
        let day = |t: &UnixTime| {
            let seconds = i64::try_from(t.as_secs()).unwrap_or(i64::MAX);
            jiff::Timestamp::from_second(seconds).map(|t| t.strftime("%F %H:%M UTC").to_string()).unwrap_or_default()
        };
        match error {
            Error::CertExpired { not_after, .. } => Trouble::new(
                "expired",
                format!("a certificate of the served chain expired {}", day(not_after)),
                "renew; if the Secret is newer, restart what serves it",
            ),
            Error::CertNotValidYet { not_before, .. } => Trouble::new(
                "notYetValid",
                format!("a certificate of the served chain is not valid before {}", day(not_before)),
                "compare the clocks of this machine and of the cluster",
            ),
            Error::UnknownIssuer if self.is_empty() => Trouble::new(
                "noRoots",
                "trust was not checked: this machine has no store of root certificates",
                "install ca-certificates, or set SSL_CERT_FILE",
            ),
            Error::UnknownIssuer if self_signed && chain.len() == 1 => Trouble::new(
                "selfSigned",
                "it is signed by itself: no browser trusts it",
                "issue one from a trusted issuer",
            ),
            Error::UnknownIssuer if chain.len() == 1 => Trouble::new(
                "missingIntermediate",
                "the leaf came without an intermediate, and nobody trusted here signed it",
                "put the whole chain into tls.crt (leaf first, then intermediates)",
            ),
            Error::UnknownIssuer => Trouble::new(
                "untrusted",
                "nobody trusted here signed the served chain, or an intermediate of it is missing or wrong",
                "compare the chain in tls.crt with the issuer's; a private CA has to be known to its clients",
            ),
            Error::RequiredEkuNotFoundContext(_) => {
                Trouble::new("use", "it is not meant for servers (server auth is missing)", "add usage `server auth`")
            }
            Error::CaUsedAsEndEntity => {
                Trouble::new("use", "a CA certificate is served as a leaf", "issue a leaf with isCA: false")
            }
            other => Trouble::new("broken", format!("path validation failed: {other}"), "issue the certificate anew"),
        }
    }
}

/// The certificates that ingress controllers make up when they have none for a host.
fn known_default(subject: &str, issuer: &str) -> Option<Trouble> {
    let who = match (subject, issuer) {
        ("TRAEFIK DEFAULT CERT", _) => "Traefik's default certificate",
        ("Kubernetes Ingress Controller Fake Certificate", _) => "ingress-nginx's default certificate",
        _ => return None,
    };
    Some(Trouble::new(
        "defaultCertificate",
        format!("{who} is served: the controller has no certificate for this host"),
        "the route's TLS Secret is missing, unreadable, or does not cover the host",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    struct Made {
        root: CertifiedIssuer<'static, KeyPair>,
        middle: CertifiedIssuer<'static, KeyPair>,
    }

    const NOW: i64 = 1_790_000_000;

    fn params(names: &[&str], from: i64, to: i64) -> CertificateParams {
        let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
        let at = |s: i64| std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(s).unwrap());
        params.not_before = at(from).into();
        params.not_after = at(to).into();
        params
    }

    fn made() -> Made {
        let ca = |name: &str| {
            let mut p = params(&[], NOW - 1_000_000, NOW + 100_000_000);
            p.distinguished_name.push(rcgen::DnType::CommonName, name);
            p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            p
        };
        let root = CertifiedIssuer::self_signed(ca("root"), KeyPair::generate().unwrap()).unwrap();
        let middle = CertifiedIssuer::signed_by(ca("middle"), KeyPair::generate().unwrap(), &root).unwrap();
        Made { root, middle }
    }

    fn leaf(made: &Made, names: &[&str], from: i64, to: i64) -> CertificateDer<'static> {
        params(names, from, to).signed_by(&KeyPair::generate().unwrap(), &made.middle).unwrap().der().clone()
    }

    fn codes(roots: &Roots, chain: &[CertificateDer<'_>], host: &str) -> Vec<&'static str> {
        roots.judge(chain, host, NOW).into_iter().map(|t| t.code).collect()
    }

    #[test]
    fn each_way_in_which_a_chain_can_be_wrong_is_named() {
        let made = made();
        let roots = Roots(vec![made.root.der().clone()]);
        let middle = made.middle.der().clone();
        let good = leaf(&made, &["a.lab.test", "*.b.lab.test"], NOW - 100, NOW + 10_000);
        let whole = [good.clone(), middle.clone()];
        assert!(codes(&roots, &whole, "a.lab.test").is_empty());
        assert!(codes(&roots, &whole, "x.b.lab.test.").is_empty(), "a wildcard covers one label");
        assert_eq!(codes(&roots, &whole, "y.x.b.lab.test"), ["name"]);
        assert_eq!(codes(&roots, std::slice::from_ref(&good), "a.lab.test"), ["missingIntermediate"]);
        assert_eq!(codes(&roots, &[good, made.root.der().clone()], "a.lab.test"), ["untrusted"]);
        assert_eq!(codes(&Roots::default(), &whole, "a.lab.test"), ["noRoots"]);
        let old = leaf(&made, &["a.lab.test"], NOW - 1000, NOW - 10);
        assert_eq!(codes(&roots, &[old, middle.clone()], "a.lab.test"), ["expired"]);
        let early = leaf(&made, &["a.lab.test"], NOW + 1000, NOW + 5000);
        assert_eq!(codes(&roots, &[early, middle], "a.lab.test"), ["notYetValid"]);
        let key = KeyPair::generate().unwrap();
        let mut own = params(&["a.lab.test"], NOW - 10, NOW + 1000);
        own.distinguished_name.push(rcgen::DnType::CommonName, "TRAEFIK DEFAULT CERT");
        let own = own.self_signed(&key).unwrap().der().clone();
        let known = Roots(vec![own.clone()]);
        assert_eq!(
            codes(&known, std::slice::from_ref(&own), "a.lab.test"),
            ["defaultCertificate"],
            "known by its ca.crt"
        );
        assert_eq!(codes(&roots, &[own], "a.lab.test"), ["defaultCertificate", "selfSigned"]);
        assert_eq!(codes(&roots, &[], "a.lab.test"), ["broken"]);
        assert_eq!(codes(&roots, &[CertificateDer::from(vec![1, 2, 3])], "a.lab.test"), ["broken"]);
    }
}
