//! Text of edits that the server did not take so far; Enter goes on with one.

mod state;

pub use state::DraftSource;

/// The page.
pub type Drafts = crate::pages::board::Board<DraftSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
