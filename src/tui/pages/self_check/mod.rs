//! The checks that the authority of a certificate will make, made from here, one line each as they are done.

mod state;

pub use state::SelfCheckStory;

/// The page.
pub type SelfCheck = crate::pages::detail::Detail<SelfCheckStory>;

/// Drawn as every page about one thing is.
pub mod view {
    pub use crate::pages::detail::view::draw;
}
