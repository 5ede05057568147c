//! Logs of a pod, or of all pods of a workload: followed, filtered, paused, saved. Where lines are
//! missing, the page says so.

mod source;
mod state;
pub mod view;

pub use state::Logs;
