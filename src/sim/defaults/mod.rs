//! What the server fills in when an object leaves it out: a CRD's defaults for
//! custom kinds, here what Kubernetes itself does for its own.

mod fill;
mod pod;
mod service;
mod workload;

pub(crate) use fill::{on_create, on_update};
pub(crate) use service::allocate_service;
