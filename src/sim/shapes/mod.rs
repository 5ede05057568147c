//! What the platform's own controllers write, as complete objects: pods of a
//! template, replica sets, endpoint slices, certificate chains, Helm releases,
//! events. Worlds stamp them out at once with ages, controllers write them as
//! time goes by; both get the same shape from here. No store, no clock of its
//! own: every function is told the time.

pub mod acme;
pub mod bulk;
pub mod event;
pub mod helm;
pub mod names;
pub mod network;
pub mod pod;
pub mod pod_state;
pub mod times;
pub mod volume;
pub mod workload;
pub mod x509;
