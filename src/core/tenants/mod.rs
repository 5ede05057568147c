//! Tenants: one or more namespaces and all that belongs to them, by the platform profile's pattern or by a label. Pure
//! functions of what a [`crate::overview::Snapshot`] holds.

pub mod derive;
pub mod rule;
pub mod view;

pub use rule::Tenancy;
pub use view::{QuotaUse, TenantView};
