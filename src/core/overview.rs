//! A platform at one moment: its apps, tenants, certificates, routes, and what is wrong with them.

use crate::findings::Finding;

/// A platform at one moment. Derived from stores by pure functions.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    pub findings: Vec<Finding>,
}
