//! An object being edited as YAML: in this editor or in $EDITOR. What is typed is kept as a draft from
//! the first key; what the server objects to is shown at its line.

mod state;
pub mod view;

pub use state::EditorPage;
