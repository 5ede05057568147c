//! Kubernetes' own CertificateSigningRequests: kubelets and users wait for them.

use super::diagnose::GRACE;
use crate::Str;
use crate::findings::cause::line;
use crate::findings::condition::shared;
use crate::findings::{Conditions, Finding};
use crate::overview::index::Index;
use crate::resources::{Meta, ObjectRef};
use serde::Deserialize;

/// A CertificateSigningRequest. Its request and certificate are not kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SigningRequest {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: SigningSpec,
    pub status: SigningStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SigningSpec {
    #[serde(deserialize_with = "shared")]
    pub signer_name: Str,
    pub username: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SigningStatus {
    pub conditions: Conditions,
    pub certificate: Option<serde::de::IgnoredAny>,
}

/// Requests that wait or failed; the server forgets them by itself after an hour to a day.
pub fn findings(index: &Index<'_>, now: i64) -> Vec<Finding> {
    let mut found = Vec::new();
    for (kind, request) in index.snapshot.signing_requests.iter() {
        let conditions = &request.status.conditions;
        let by = format!("asked by {}, signer {}", line(&request.spec.username, 80), request.spec.signer_name);
        let (code, why, next) = if let Some(failed) = conditions.get("Failed").filter(|_| conditions.is("Failed")) {
            (
                "CSR_FAILED",
                format!("the signer could not sign: {} ({by})", line(&failed.message, 100)),
                "see the signer's log",
            )
        } else if conditions.is("Denied") || request.status.certificate.is_some() {
            continue;
        } else if conditions.is("Approved") {
            ("CSR_FAILED", format!("approved, but nobody signs ({by})"), "see whether the signer's controller runs")
        } else {
            ("CSR_PENDING", format!("waits for approval ({by})"), "look who asks for what, then approve or deny it")
        };
        if request.meta.created.is_some_and(|at| at + GRACE < now) {
            let object = ObjectRef::with_meta(kind.clone(), &request.meta);
            found.push(Finding::new(code, &object, why).next(next).since(request.meta.created));
        }
    }
    found
}
