//! The incident note about a certificate, an app or a route: shown and copied, saved on request.

mod state;
pub mod view;

pub use state::NotePage;
