//! A route from its host to the pods, with the first broken link.

mod state;

pub use state::RouteStory;

/// The page.
pub type RoutePage = crate::pages::detail::Detail<RouteStory>;

/// Drawn as every page about one thing is.
pub mod view {
    pub use crate::pages::detail::view::draw;
}
