//! Small truthful imitations of the controllers of a cluster: they watch the
//! store, act on changes, and take the seconds that the real ones take. What
//! the objects look like is in `shapes`; what is in the cluster at first is in
//! `world`; deliberate drama is in `stories`.

mod certificates;
mod cluster;
mod deployments;
mod endpoints;
mod gitops;
mod history;
mod housekeeping;
mod jobs;
mod ordered;
mod pods;
mod run;

pub use run::{Controllers, start};
#[cfg(test)]
mod tests;
