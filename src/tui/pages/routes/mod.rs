//! Routes: host and path to the last service, over all dialects.

mod state;

pub use state::{RouteSource, tls};

/// The page.
pub type Routes = crate::pages::board::Board<RouteSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
