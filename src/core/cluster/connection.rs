//! One connection to one cluster as one user.

use super::{Access, Request, Right, WatchLine};
use crate::cluster::logs::LogRequest;
use crate::resources::Kinds;
use crate::{Problem, ProblemKind, Result};
use bytes::Bytes;
use futures::stream::BoxStream;
use std::sync::Arc;

/// How to connect.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// Refuse every mutating call in the HTTP client itself (access reviews and dry runs excepted).
    pub read_only: bool,
    pub impersonate_user: Option<String>,
    pub impersonate_groups: Vec<String>,
}

/// Whether the server answers. Changes are told through [`Cluster::connection`].
#[derive(Clone, Debug, PartialEq)]
pub enum Connection {
    Connecting,
    Live,
    /// Not reachable since this time (seconds since 1970); tried again with back-off.
    Lost {
        since: i64,
        problem: Problem,
    },
    /// The credential has expired or was refused; the user has to sign in again.
    SignIn {
        problem: Problem,
    },
}

/// The namespaces that are known, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    pub names: Vec<String>,
    /// Whether the server's own list could be read. If not, more may exist.
    pub complete: bool,
}

/// What this connection has cost the server so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    pub requests: u64,
    pub bytes_received: u64,
    pub open_watches: u64,
}

/// One connection to one cluster as one user. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    context: String,
}

fn missing() -> Problem {
    Problem::new(ProblemKind::Internal, "cannot reach the cluster", "this build has no client")
}

impl Cluster {
    /// The context's name in the kubeconfig.
    pub fn context(&self) -> &str {
        &self.inner.context
    }
    /// The server's URL.
    pub fn server(&self) -> &str {
        ""
    }
    /// The namespace that the context names, `default` if none.
    pub fn default_namespace(&self) -> &str {
        "default"
    }
    /// The state of the connection and its changes.
    pub fn connection(&self) -> tokio::sync::watch::Receiver<Connection> {
        tokio::sync::watch::channel(Connection::Connecting).1
    }
    /// The server's version, e.g. `v1.36.3`.
    pub async fn version(&self) -> Result<String> {
        Err(missing())
    }
    /// The kinds that the server offers, from the last discovery; asks when there was none.
    pub async fn kinds(&self) -> Result<Arc<Kinds>> {
        Err(missing())
    }
    /// The kinds of the last discovery without asking; empty before the first.
    pub fn known_kinds(&self) -> Arc<Kinds> {
        Arc::default()
    }
    /// Asks the server again what it offers.
    pub async fn rediscover(&self) -> Result<Arc<Kinds>> {
        Err(missing())
    }
    /// May this user do that? Cached.
    pub async fn may(&self, _right: &Right) -> Access {
        Access::Unknown
    }
    /// The cached answer without asking.
    pub fn may_known(&self, _right: &Right) -> Option<Access> {
        None
    }
    /// Namespaces by every way there is: the server's list, the kubeconfig, rules reviews, what was typed before.
    pub async fn namespaces(&self) -> Namespaces {
        Namespaces::default()
    }
    /// One call; the answer's body. An error status becomes a [`Problem`] with the server's words.
    pub async fn call(&self, _request: Request) -> Result<Bytes> {
        Err(missing())
    }
    /// One call whose answer is JSON.
    pub async fn json<T: serde::de::DeserializeOwned>(&self, request: Request) -> Result<T> {
        let body = self.call(request).await?;
        serde_json::from_slice(&body)
            .map_err(|e| Problem::new(ProblemKind::Server, "cannot read the server's answer", e.to_string()))
    }
    /// A call whose answer is a stream of lines (watch). The stream ends when the server ends it.
    pub async fn lines(&self, _request: Request) -> Result<BoxStream<'static, Result<WatchLine>>> {
        Err(missing())
    }
    /// A container's log as chunks of bytes, as they come.
    pub async fn logs(&self, _request: &LogRequest) -> Result<BoxStream<'static, Result<Bytes>>> {
        Err(missing())
    }
    pub fn traffic(&self) -> Traffic {
        Traffic::default()
    }
    pub fn read_only(&self) -> bool {
        false
    }
    /// Switches the client's refusal of mutating calls on or off.
    pub fn set_read_only(&self, _on: bool) {}
}
