//! What is wrong right now, over apps, tenants, certificates and routes, the worst first.

mod state;
pub mod view;

pub use state::Home;
