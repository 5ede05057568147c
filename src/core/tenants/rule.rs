//! Which tenant a namespace belongs to.

use crate::Str;
use crate::overview::Snapshot;
use crate::platform::Profile;
use crate::platform::pattern::star;
use rustc_hash::FxHashMap;

/// Which namespaces belong to which tenant.
#[derive(Clone, Debug, Default)]
pub struct Tenancy(FxHashMap<Str, Str>);

impl Tenancy {
    /// By the label that the profile names, else by its pattern. A user who may not list namespaces has them from the
    /// objects that were read.
    pub fn of(profile: &Profile, snapshot: &Snapshot) -> Self {
        let rule = &profile.tenants;
        let mut tenants = FxHashMap::default();
        let mut add = |namespace: &Str, label: Option<&str>| {
            let by_label = label.filter(|l| !l.is_empty());
            let by_name = || star(&rule.namespaces, namespace).filter(|_| !rule.namespaces.is_empty());
            if let Some(name) = by_label.or_else(by_name).filter(|n| !rule.except.iter().any(|e| e == n)) {
                tenants.insert(namespace.clone(), Str::from(name));
            }
        };
        for n in snapshot.namespaces.values() {
            let label = if rule.label.is_empty() { None } else { n.head.meta.label(&rule.label) };
            add(&n.head.meta.name, label);
        }
        if !snapshot.namespaces.known() {
            snapshot.workloads.values().for_each(|w| add(&w.head.meta.namespace, None));
            snapshot.ingresses.values().for_each(|i| add(&i.head.meta.namespace, None));
        }
        Self(tenants)
    }
    /// The tenant of a namespace.
    pub fn tenant(&self, namespace: &str) -> Option<&Str> {
        self.0.get(namespace)
    }
    /// Every tenant with its namespaces, in order.
    pub fn all(&self) -> Vec<(Str, Vec<Str>)> {
        let mut by: std::collections::BTreeMap<Str, Vec<Str>> = std::collections::BTreeMap::new();
        for (namespace, tenant) in &self.0 {
            by.entry(tenant.clone()).or_default().push(namespace.clone());
        }
        by.into_iter()
            .map(|(tenant, mut namespaces)| {
                namespaces.sort_unstable();
                (tenant, namespaces)
            })
            .collect()
    }
}
