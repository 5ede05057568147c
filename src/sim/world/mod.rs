//! Worlds: what is in a cluster when it is opened. A world is Kubernetes YAML
//! (`../worlds/*.yaml`) with a few conveniences (see [`document`]), completed
//! here into what a living cluster would hold: pods of deployments, endpoints
//! of services, certificate chains, quotas in use, events. What happens
//! afterwards is not here but in `controllers` and `stories`.

mod build;
mod catalog;
mod certificates;
pub mod document;
mod load;
mod settle;
#[cfg(test)]
mod tests;
mod workloads;

pub use build::build;
pub use catalog::names;
pub use load::{WorldError, WorldOptions, load};
pub(crate) use settle::{budget_status, quota_status};
