//! Flux by what its own command line does to its objects: ask for a reconcile by the annotation
//! `reconcile.fluxcd.io/requestedAt` and wait until `status.lastHandledReconcileAt` says that it was seen, suspend
//! and resume by `spec.suspend`.

pub(crate) mod kinds;
mod progress;
mod reconcile;
mod suspend;
mod with_source;

pub use reconcile::Reconcile;
pub use suspend::{Resume, Suspend};
pub use with_source::ReconcileWithSource;
