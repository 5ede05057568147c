//! Knows platforms: profiles (one YAML file each in `profiles/`), detection with its evidence, the catalogue of apps,
//! their workloads, dependencies and health down to the first blocking object. Pure functions of a
//! [`crate::overview::Snapshot`]; no client, no screen.

pub mod objects;
pub mod view;

pub use view::{AppType, AppView, Block, PlatformView, WorkloadView};
