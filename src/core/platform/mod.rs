//! Knows platforms: profiles (one YAML file each in `profiles/`), detection with its evidence, the catalogue of apps,
//! their workloads, dependencies and health down to the first blocking object. Pure functions of a
//! [`crate::overview::Snapshot`]; no client, no screen.

pub mod apps;
pub mod blocking;
pub mod builtin;
pub mod check;
pub mod compare;
pub mod declared;
pub mod detect;
pub mod discover;
pub mod health;
pub mod helm;
pub mod library;
pub mod needs;
pub mod objects;
pub mod objects_gitops;
pub mod origin;
pub mod origin_argo;
pub mod origin_flux;
pub mod origin_helm;
pub mod pattern;
pub mod place;
pub mod profile;
pub mod revisions;
pub mod schema;
pub mod stages;
pub mod state;
pub mod task;
#[cfg(test)]
mod tests;
pub mod uses;
pub mod view;
pub mod workload;

pub use library::Library;
pub use profile::Profile;
pub use stages::Stage;
pub use state::StateView;
pub use task::{OperatorState, PlatformTask, TaskHow, TaskKind};
pub use view::{Address, AppType, AppView, Block, Compared, Operation, PlatformView, WayIn, WorkloadView};
