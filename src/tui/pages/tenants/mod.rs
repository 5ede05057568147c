//! Tenants: verdict, workloads, certificates, hosts, quota.

mod state;

pub use state::TenantSource;

/// The page.
pub type Tenants = crate::pages::board::Board<TenantSource>;

/// Drawn as every board is.
pub mod view {
    pub use crate::pages::board::view::draw;
}
