//! A tenant: its namespaces, workloads, certificates, routes, quota and findings.

mod state;

pub use state::TenantStory;

/// The page.
pub type TenantPage = crate::pages::detail::Detail<TenantStory>;

/// Drawn as every page about one thing is.
pub mod view {
    pub use crate::pages::detail::view::draw;
}
