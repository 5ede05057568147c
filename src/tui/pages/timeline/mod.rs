//! The next 90 days of certificates: what ends, and what is renewed when.

mod state;

pub use state::TimelineSource;

/// The page.
pub type Timeline = crate::pages::board::Board<TimelineSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
