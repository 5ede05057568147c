//! An object told in sections, with its events, followed while it changes.

mod state;
pub mod view;

pub use state::Describe;
