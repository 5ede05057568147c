//! The only room with a Kubernetes client: contexts and credentials, connecting, discovery,
//! access ("may I?"), reading, watching, writing, logs, exec and port-forward. It speaks HTTP and
//! JSON and hands out bytes, values and streams; what the objects mean is decided elsewhere.

pub mod access;
mod call;
pub mod connection;
mod credential;
mod discovery;
pub mod exec;
pub mod explain;
pub mod forward;
pub mod kubeconfig;
pub mod logs;
pub mod namespaces;
mod oidc;
mod plugin;
mod proxy;
pub mod request;
mod stream;
mod successor;
#[cfg(test)]
mod tests;
mod transport;
pub mod write;

pub use access::{Access, Right};
pub use connection::{Cluster, ConnectOptions, Connection, Namespaces, Traffic};
pub use exec::{Exec, ExecRequest};
pub use explain::{Target, status_problem};
pub use forward::{Forward, ForwardRequest, ForwardState, ForwardTarget};
pub use kubeconfig::{ContextInfo, Kubeconfig, nearest};
pub use logs::LogRequest;
pub use namespaces::Identity;
pub use request::{Accept, Method, Request, WatchLine};
#[cfg(feature = "fuzz")]
pub use stream::split;
pub use write::{FIELD_MANAGER, WriteOptions, delete_options, write_request};
