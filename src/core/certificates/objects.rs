//! What is kept of cert-manager's objects.

use crate::Str;
use crate::findings::condition::{nullable, shared, time};
use crate::findings::{Condition, Conditions};
use crate::resources::{Head, Meta};
use serde::Deserialize;

/// Which issuer is meant (`spec.issuerRef`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, serde::Serialize)]
#[serde(default)]
pub struct IssuerRef {
    pub name: Str,
    /// `Issuer` where it is not given, as cert-manager has it.
    pub kind: Str,
    pub group: Str,
}

impl Default for IssuerRef {
    fn default() -> Self {
        Self { name: "".into(), kind: "Issuer".into(), group: "cert-manager.io".into() }
    }
}

impl IssuerRef {
    /// Whether cert-manager itself serves it; others are external issuers.
    pub fn is_own(&self) -> bool {
        self.group.is_empty() || &*self.group == "cert-manager.io"
    }
    pub fn is_cluster(&self) -> bool {
        &*self.kind == "ClusterIssuer"
    }
}

/// A `Certificate` of cert-manager.io.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Certificate {
    #[serde(rename = "metadata")]
    pub head: Head,
    pub spec: CertificateSpec,
    pub status: CertificateStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateSpec {
    pub secret_name: Str,
    pub common_name: Str,
    #[serde(deserialize_with = "nullable")]
    pub dns_names: Vec<Str>,
    #[serde(deserialize_with = "nullable")]
    pub ip_addresses: Vec<Str>,
    #[serde(deserialize_with = "nullable")]
    pub uris: Vec<Str>,
    pub issuer_ref: IssuerRef,
    #[serde(rename = "isCA")]
    pub is_ca: bool,
    /// As Go writes it: `2160h0m0s`.
    pub duration: Option<Str>,
    pub private_key: Option<PrivateKeySpec>,
    pub renewal: Option<Renewal>,
}

/// Which key is wanted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PrivateKeySpec {
    /// `RSA`, `ECDSA` or `Ed25519`; empty for RSA.
    #[serde(deserialize_with = "shared")]
    pub algorithm: Str,
    pub size: Option<u32>,
}

impl PrivateKeySpec {
    /// As a certificate's key is told: `RSA 2048`, `ECDSA P-256`, `Ed25519`. cert-manager's defaults where nothing is said.
    pub fn words(&self) -> String {
        match &*self.algorithm {
            "Ed25519" => "Ed25519".into(),
            "ECDSA" => format!("ECDSA P-{}", self.size.unwrap_or(256)),
            _ => format!("RSA {}", self.size.unwrap_or(2048)),
        }
    }
}

/// When it is renewed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Renewal {
    /// `Disabled`: never by itself.
    #[serde(deserialize_with = "shared")]
    pub policy: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateStatus {
    pub conditions: Conditions,
    #[serde(deserialize_with = "time")]
    pub not_before: Option<i64>,
    #[serde(deserialize_with = "time")]
    pub not_after: Option<i64>,
    #[serde(deserialize_with = "time")]
    pub renewal_time: Option<i64>,
    pub revision: Option<i64>,
    pub failed_issuance_attempts: Option<i64>,
    #[serde(deserialize_with = "time")]
    pub last_failure_time: Option<i64>,
}

impl Certificate {
    pub fn meta(&self) -> &Meta {
        &self.head.meta
    }
    /// DNS names, IP addresses and URIs; the common name where there is nothing else.
    pub fn names(&self) -> Vec<Str> {
        let mut names: Vec<Str> = self.spec.dns_names.clone();
        names.extend(self.spec.ip_addresses.iter().chain(&self.spec.uris).cloned());
        if names.is_empty() && !self.spec.common_name.is_empty() {
            names.push(self.spec.common_name.clone());
        }
        names
    }
    /// When cert-manager tries again after a failure: 1 h after the last one, doubled with each attempt,
    /// at most 32 h (its issuing trigger's backoff). `None` when nothing failed.
    pub fn next_try(&self) -> Option<i64> {
        let attempts = self.status.failed_issuance_attempts.filter(|n| *n > 0)?;
        Some(self.status.last_failure_time? + backoff(attempts))
    }
    /// Whether cert-manager is told not to renew it.
    pub fn renewal_off(&self) -> bool {
        self.spec.renewal.as_ref().is_some_and(|r| &*r.policy == "Disabled")
    }
    pub fn ready(&self) -> bool {
        self.status.conditions.is("Ready")
    }
    pub fn issuing(&self) -> Option<&Condition> {
        self.status.conditions.get("Issuing").filter(|c| &*c.status == "True")
    }
}

/// Seconds that cert-manager waits after so many failed attempts.
pub fn backoff(attempts: i64) -> i64 {
    3600 << attempts.saturating_sub(1).clamp(0, 5)
}

/// A `CertificateRequest` of cert-manager.io. Its request and certificate are not kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateRequest {
    #[serde(rename = "metadata")]
    pub head: Head,
    pub spec: IssuedBy,
    pub status: RequestStatus,
}

/// The part of a specification that names the issuer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IssuedBy {
    pub issuer_ref: IssuerRef,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestStatus {
    pub conditions: Conditions,
    #[serde(deserialize_with = "time")]
    pub failure_time: Option<i64>,
}

impl CertificateRequest {
    pub fn meta(&self) -> &Meta {
        &self.head.meta
    }
    /// The certificate's revision that it is for.
    pub fn revision(&self) -> Option<i64> {
        self.head.annotation("cert-manager.io/certificate-revision")?.parse().ok()
    }
}

/// An `Order` of acme.cert-manager.io.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Order {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: OrderSpec,
    pub status: OrderStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OrderSpec {
    #[serde(deserialize_with = "nullable")]
    pub dns_names: Vec<Str>,
    pub issuer_ref: IssuerRef,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OrderStatus {
    /// Empty, `pending`, `ready`, `processing`, `valid`, `invalid`, `expired` or `errored`.
    pub state: Str,
    pub reason: Str,
    #[serde(deserialize_with = "time")]
    pub failure_time: Option<i64>,
}

/// A `Challenge` of acme.cert-manager.io. Its token and key are not kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Challenge {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: ChallengeSpec,
    pub status: ChallengeStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChallengeSpec {
    pub dns_name: Str,
    /// `HTTP-01` or `DNS-01`.
    #[serde(rename = "type")]
    pub kind: Str,
    pub wildcard: bool,
    pub issuer_ref: IssuerRef,
    pub solver: Solver,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Solver {
    pub http01: Option<Http01>,
    /// Only the provider's name is kept.
    pub dns01: Option<std::collections::BTreeMap<Str, serde::de::IgnoredAny>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Http01 {
    pub ingress: Option<Http01Ingress>,
    #[serde(rename = "gatewayHTTPRoute")]
    pub gateway_http_route: Option<serde::de::IgnoredAny>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Http01Ingress {
    pub class: Option<Str>,
    pub ingress_class_name: Option<Str>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChallengeStatus {
    pub presented: bool,
    pub processing: bool,
    pub reason: Str,
    pub state: Str,
}

/// An `Issuer` or `ClusterIssuer` of cert-manager.io.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Issuer {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: IssuerSpec,
    pub status: IssuerStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IssuerSpec {
    pub acme: Option<AcmeIssuer>,
    pub ca: Option<CaIssuer>,
    pub vault: Option<VaultIssuer>,
    pub venafi: Option<VenafiIssuer>,
    pub self_signed: Option<serde::de::IgnoredAny>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AcmeIssuer {
    pub server: Str,
    pub email: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CaIssuer {
    pub secret_name: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VaultIssuer {
    pub server: Str,
    pub path: Str,
    pub auth: VaultAuth,
}

/// How cert-manager signs in to Vault; only which way is kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VaultAuth {
    pub token_secret_ref: Option<serde::de::IgnoredAny>,
    pub app_role: Option<serde::de::IgnoredAny>,
    pub client_certificate: Option<serde::de::IgnoredAny>,
    pub kubernetes: Option<serde::de::IgnoredAny>,
    pub aws: Option<serde::de::IgnoredAny>,
}

impl VaultAuth {
    pub fn words(&self) -> &'static str {
        match self {
            Self { kubernetes: Some(_), .. } => "by service account",
            Self { app_role: Some(_), .. } => "by AppRole",
            Self { client_certificate: Some(_), .. } => "by client certificate",
            Self { aws: Some(_), .. } => "by AWS role",
            Self { token_secret_ref: Some(_), .. } => "by token",
            _ => "no sign-in set",
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VenafiIssuer {
    pub zone: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IssuerStatus {
    pub conditions: Conditions,
    pub acme: Option<AcmeAccount>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AcmeAccount {
    pub uri: Str,
}

impl Issuer {
    /// `ClusterIssuer` when it has no namespace.
    pub fn kind(&self) -> &'static str {
        if self.meta.namespace.is_empty() { "ClusterIssuer" } else { "Issuer" }
    }
    /// `ACME`, `CA`, `Vault`, `Venafi`, `self-signed` or empty.
    pub fn sort(&self) -> &'static str {
        let s = &self.spec;
        if s.acme.is_some() {
            "ACME"
        } else if s.ca.is_some() {
            "CA"
        } else if s.vault.is_some() {
            "Vault"
        } else if s.venafi.is_some() {
            "Venafi"
        } else if s.self_signed.is_some() {
            "self-signed"
        } else {
            ""
        }
    }
    /// Whether its certificates are trusted by nobody (Let's Encrypt's staging directory, self-signed).
    pub fn is_staging(&self) -> bool {
        self.spec.acme.as_ref().is_some_and(|a| a.server.contains("staging"))
    }
}
