//! Where the engine asks others: rights, tables, containers, faults.
//!
//! The engine serves any [`Extension`]; the world of the sim (its RBAC
//! evaluator, printer columns, scripted containers, faults) is one.

use std::{pin::Pin, time::Duration};

use http::{Request, Response};
use hyper::body::Incoming;
use serde_json::Value;

use crate::{
    auth::User,
    http_body::Body,
    status::ApiError,
    storage::{KindInfo, Object, Store},
};

/// What a request wants, as access reviews and RBAC see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`,
    /// `deletecollection`, or the lower-case HTTP method for paths that are no resource.
    pub verb: String,
    /// API group, empty for core.
    pub group: String,
    /// API version; RBAC ignores it.
    pub version: String,
    /// Plural resource; empty for paths that are no resource.
    pub resource: String,
    /// `status`, `scale`, `log`, …; empty for the object itself.
    pub subresource: String,
    /// Empty for cluster scope or all namespaces.
    pub namespace: String,
    /// Empty when no single object is meant.
    pub name: String,
    /// Set when the path is no resource, e.g. `/version`.
    pub path: Option<String>,
}

/// The answer of an authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Why, as an access review shows it.
    pub reason: String,
}

impl Decision {
    /// Yes, because of `reason`.
    pub fn allow(reason: impl Into<String>) -> Self {
        Self { allowed: true, reason: reason.into() }
    }

    /// No.
    pub fn deny(reason: impl Into<String>) -> Self {
        Self { allowed: false, reason: reason.into() }
    }
}

/// What a fault rule can match on: the request line and who asks.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// HTTP method, upper case.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Raw query, empty without one.
    pub query: String,
    /// `watch=1` or `watch=true` is in the query.
    pub watch: bool,
    /// User name after impersonation; empty before authentication.
    pub user: String,
}

/// What shall go wrong with one request.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    /// Wait this long before the answer starts.
    pub latency: Option<Duration>,
    /// Answer with this refusal instead of working.
    pub refuse: Option<ApiError>,
    /// Cut the connection once this many body bytes were sent.
    pub cut_after: Option<u64>,
    /// Replace every object in the answer's body by something that does not parse.
    pub malformed: bool,
}

/// A boxed answer that is still on its way.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Columns and cells of a kind, for `as=Table`.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Header, e.g. `Ready`.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub kind: String,
    /// `name` for the name column, else usually empty.
    pub format: String,
    /// Help text.
    pub description: String,
    /// 0 is always shown, 1 and above only in wide output.
    pub priority: i32,
    /// For columns of a CRD: the JSONPath the cell comes from.
    pub json_path: Option<String>,
}

/// A request to a running container or its port: `log`, `exec`, `attach`, `portforward`, `proxy`.
pub struct PodRequest {
    /// Where the objects are.
    pub store: Store,
    /// The pod.
    pub pod: std::sync::Arc<Object>,
    /// Which of them is meant.
    pub subresource: String,
    /// Decoded query pairs in order.
    pub query: Vec<(String, String)>,
    /// The request itself, for upgrades.
    pub request: Request<Incoming>,
}

/// What the engine needs from the world around it. Every method has a
/// sensible answer of its own, so that a bare server works.
pub trait Extension: Send + Sync + 'static {
    /// May `user` do this? The default says yes.
    fn authorize(&self, _store: &Store, _user: &User, _wanted: &Attributes) -> Decision {
        Decision::allow("no authorizer")
    }

    /// The `status` of a SelfSubjectRulesReview for `user` in `namespace`.
    fn rules(&self, _store: &Store, _user: &User, _namespace: &str) -> Value {
        serde_json::json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false,
        })
    }

    /// Column definitions for a built-in kind; `None` for the generic Name and Created At.
    fn columns(&self, _kind: &KindInfo) -> Option<Vec<Column>> {
        None
    }

    /// The cells of one row, as many as [`Extension::columns`] gave.
    fn cells(&self, _store: &Store, _kind: &KindInfo, _object: &Value) -> Vec<Value> {
        Vec::new()
    }

    /// Streams of a container. The default says that there is none.
    fn pod(&self, request: PodRequest) -> Pending<Result<Response<Body>, ApiError>> {
        Box::pin(async move {
            let name = request.subresource;
            Err(ApiError::internal(format!("no container runtime answers {name}")))
        })
    }

    /// What shall go wrong with this request; asked once per request.
    fn fault(&self, _request: &RequestFacts) -> FaultPlan {
        FaultPlan::default()
    }
}

/// The extension of a bare server: everything allowed, nothing runs.
pub struct Bare;

impl Extension for Bare {}
