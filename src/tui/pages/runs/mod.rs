//! The runs of this session: what is under way and how the others ended. What was done before is in the journal.

mod state;

pub use state::RunsSource;

/// The page.
pub type Runs = crate::pages::board::Board<RunsSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
