//! What protects a cluster from a slip of the hand: read-only mode, environments (prod, stage, dev),
//! allowed kinds, and the time-boxed unlock. All guards live here; rights that the server gives or
//! refuses are in `cluster::access`.

pub mod config;
pub mod keeper;
pub mod pattern;
pub mod state;
pub mod unlocks;

pub use config::{EnvironmentRule, GuardConfig, Rule, RuleEffect};
pub use keeper::Guards;
pub use state::{Environment, GuardState};
