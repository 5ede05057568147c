//! The contexts of the kubeconfig; Enter opens one.

mod state;

pub use state::ContextSource;

/// The page.
pub type Contexts = crate::pages::board::Board<ContextSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
