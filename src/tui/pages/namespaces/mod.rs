//! The namespaces that are known, and how; Enter looks at one of them.

mod state;

pub use state::NamespaceSource;

/// The page.
pub type Namespaces = crate::pages::board::Board<NamespaceSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
