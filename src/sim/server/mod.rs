//! The socket and what every request passes: connection, token, faults,
//! rights, and the way to its verb. What a verb does is in `verbs`.

mod accept;
mod body;
mod handle;
mod impersonate;
mod listen;
mod path;
mod protobuf;
mod query;
mod respond;
mod tls;

pub use listen::{ServeOptions, SimServer};

pub(crate) use accept::{Accept, Form};
pub(crate) use body::{json_body, read_body, yaml_body};
pub(crate) use handle::{Context, Shared};
pub(crate) use query::Query;
pub(crate) use respond::{Reply, json_reply, object_reply, success_status};
