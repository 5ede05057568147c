//! What was done from here, by whom and why; what can be taken back.

mod state;

pub use state::JournalSource;

/// The page.
pub type Journal = crate::pages::board::Board<JournalSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
