//! One call to the API server, as data.

use crate::resources::{Kind, Scope};
use bytes::Bytes;

/// HTTP methods of the Kubernetes API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
    Put,
    /// `application/json-patch+json`
    JsonPatch,
    /// `application/merge-patch+json`
    MergePatch,
    /// `application/strategic-merge-patch+json` (built-in kinds only)
    StrategicPatch,
    /// `application/apply-patch+yaml`
    ApplyPatch,
    Delete,
}

impl Method {
    /// Whether the call may change something on the server.
    pub fn mutates(self) -> bool {
        self != Self::Get
    }
}

/// The form in which an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Accept {
    #[default]
    Json,
    /// `as=Table` of meta.k8s.io/v1 with a fallback to JSON.
    Table,
    /// `as=PartialObjectMetadataList` for lists, `as=PartialObjectMetadata` else.
    Metadata,
    /// Plain text (logs).
    Text,
    /// Aggregated discovery v2 with a fallback to JSON.
    Discovery,
}

/// One call to the API server.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// Below the server's root, without a query, e.g. `/api/v1/pods`.
    pub path: String,
    /// Unescaped names and values.
    pub query: Vec<(String, String)>,
    pub accept: Accept,
    pub body: Option<Bytes>,
}

impl Request {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), query: Vec::new(), accept: Accept::Json, body: None }
    }
    pub fn write(method: Method, path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), accept: Accept::Json, body: Some(body.into()) }
    }
    #[must_use]
    pub fn accept(mut self, accept: Accept) -> Self {
        self.accept = accept;
        self
    }
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }
    /// Lists a kind in one namespace or in all of them.
    pub fn list(kind: &Kind, namespace: Option<&str>) -> Self {
        Self::get(kind.path(namespace, None, None))
    }
    /// The namespaces that have to be asked one by one for a scope; `None` means one call over all.
    pub fn namespaces_of(kind: &Kind, scope: &Scope) -> Vec<Option<String>> {
        match scope {
            Scope::Namespaces(set) if kind.namespaced => set.iter().map(|n| Some(n.to_string())).collect(),
            _ => vec![None],
        }
    }
}

/// A line of a watch, undecoded: `{"type":"ADDED","object":{…}}`.
pub type WatchLine = Bytes;
