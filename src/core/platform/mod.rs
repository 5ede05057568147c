//! Knows platforms: profiles (one YAML file each in `profiles/`), detection with its evidence, the catalogue of apps,
//! their workloads, dependencies and health down to the first blocking object. Pure functions of a
//! [`crate::overview::Snapshot`]; no client, no screen.

pub mod apps;
pub mod blocking;
pub mod builtin;
pub mod check;
pub mod detect;
pub mod discover;
pub mod health;
pub mod library;
pub mod objects;
pub mod origin;
pub mod pattern;
pub mod profile;
pub mod schema;
pub mod task;
pub mod view;
pub mod workload;

pub use library::Library;
pub use profile::Profile;
pub use task::{OperatorState, PlatformTask, TaskHow, TaskKind};
pub use view::{AppType, AppView, Block, PlatformView, WorkloadView};
