//! The only room with a Kubernetes client: contexts and credentials, connecting, discovery,
//! access ("may I?"), reading, watching, writing, logs, exec and port-forward. It speaks HTTP and
//! JSON and hands out bytes, values and streams; what the objects mean is decided elsewhere.

pub mod access;
pub mod connection;
pub mod logs;
pub mod request;

pub use access::{Access, Right};
pub use connection::{Cluster, ConnectOptions, Connection, Namespaces, Traffic};
pub use request::{Accept, Method, Request, WatchLine};
