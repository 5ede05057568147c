//! Certificates: verdict, names, issuer, when they end, and why they do not issue.

mod group;
mod state;

pub use state::CertificateSource;

/// The page.
pub type Certificates = crate::pages::board::Board<CertificateSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
