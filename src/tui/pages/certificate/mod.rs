//! A certificate: the chain of objects it hangs on, and the first broken link.

mod state;

pub use state::CertificateStory;

/// The page.
pub type CertificatePage = crate::pages::detail::Detail<CertificateStory>;

/// Drawn as every page about one thing is.
pub mod view {
    pub use crate::pages::detail::view::draw;
}
