//! One model of host to leaf over all dialects (Ingress, Traefik, Istio, Gateway API, Knative); one file a dialect
//! turns its objects into claims, the rest is common: backends and endpoints, TLS, who wins a host claimed twice, the
//! verdict. Pure functions of a [`crate::overview::Snapshot`].

pub mod backend;
pub mod claim;
pub mod conflicts;
pub mod gateway;
pub mod ingress;
pub mod istio;
pub mod knative;
pub mod objects;
pub mod objects_mesh;
pub mod objects_traefik;
#[cfg(test)]
mod tests;
pub mod traefik;
pub mod verdict;
pub mod view;
pub mod way;

pub use claim::{Backend, Claim, Dialect, PathKind, Reference, TlsClaim};
pub use view::{RouteTls, RouteView};
pub use way::Hop;
