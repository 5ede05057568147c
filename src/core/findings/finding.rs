//! A finding.

use super::codes::{self, Topic};
use crate::resources::{Level, ObjectRef};

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
    /// The same object, to act on.
    #[serde(skip)]
    pub object: Option<ObjectRef>,
    /// What it is called on the home page: `client-acme/api-tls`, an app's name, a host.
    pub title: String,
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

impl Finding {
    /// A finding of a code about an object; its level is the code's.
    pub fn new(code: &'static str, object: &ObjectRef, reason: impl Into<String>) -> Self {
        Self {
            code,
            level: codes::get(code).map_or(Level::Warn, |c| c.level),
            group: object.kind.group.clone(),
            kind: object.kind.kind.clone(),
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            uid: object.uid.to_string(),
            title: object.short(),
            object: Some(object.clone()),
            reason: reason.into(),
            next: String::new(),
            since: None,
            evidence: Vec::new(),
        }
    }
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }
    #[must_use]
    pub fn since(mut self, since: Option<i64>) -> Self {
        self.since = since;
        self
    }
    #[must_use]
    pub fn evidence(mut self, what: impl Into<String>, found: impl Into<String>) -> Self {
        let found = found.into();
        if !found.is_empty() {
            self.evidence.push(Evidence { what: what.into(), found });
        }
        self
    }
    /// What it is about.
    pub fn topic(&self) -> Topic {
        codes::get(self.code).map_or(Topic::RouteWarning, |c| c.topic)
    }
}
