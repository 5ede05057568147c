//! Apps of the platform: verdict, readiness, version, where they come from.

mod state;

pub use state::AppSource;

/// The page.
pub type Apps = crate::pages::board::Board<AppSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
