//! An object as YAML: folded, searched, followed while it changes. Secrets are masked until asked for.

mod state;
pub mod view;

pub use state::Yaml;
