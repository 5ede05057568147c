//! The order in which the platform comes up: each stage with its state, and what holds it up.

mod state;

pub use state::StageSource;

/// The page.
pub type Stages = crate::pages::board::Board<StageSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
