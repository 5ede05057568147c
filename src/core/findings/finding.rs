//! A finding.

use crate::resources::Level;

/// A fact that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Evidence {
    /// What was looked at: `status.conditions[Ready]`, `event`, `probe`.
    pub what: String,
    /// What was found there.
    pub found: String,
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Stable, e.g. `CERT_DNS_NO_RECORD`; never reused for something else.
    pub code: &'static str,
    pub level: Level,
    /// API group, kind, namespace and name of the object at fault.
    pub group: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// One line in plain words.
    pub reason: String,
    /// The next step; empty when none is known.
    pub next: String,
    /// Since when, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}
