//! Port-forwards that are open: which local port leads where, and how it does.

mod state;

pub use state::ForwardSource;

/// The page.
pub type Forwards = crate::pages::board::Board<ForwardSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
