//! The incident note about a certificate: shown and copied, saved on request.

mod state;
pub mod view;

pub use state::NotePage;
