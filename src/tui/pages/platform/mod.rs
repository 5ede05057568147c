//! The platform itself: which profile it is and by what one can tell, its rules, gateways, tasks, what its operator says,
//! and which apps of the catalogue are here.

mod parts;
mod state;

pub use state::PlatformStory;

/// The page.
pub type PlatformPage = crate::pages::detail::Detail<PlatformStory>;

/// Drawn as every page about one thing is.
pub mod view {
    pub use crate::pages::detail::view::draw;
}
