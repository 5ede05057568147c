//! What stands in the way of one object, and which routes lead to it: asked while a run is followed.

use super::Overview;
use super::index::Index;
use crate::Str;
use crate::platform::{AppView, Block, workload};
use crate::resources::ObjectRef;
use crate::routes::RouteView;
use serde_json::Value;

impl Overview {
    /// From the nearest to the root: what keeps a workload, or what an Application, Kustomization or HelmRelease
    /// brought, from being ready. Empty when nothing is known.
    pub fn blocks_of(&self, object: &ObjectRef) -> Vec<Block> {
        if object.kind.group != "apps" {
            return self.app_from(object).map(|a| a.blocks.clone()).unwrap_or_default();
        }
        let mine =
            |o: &ObjectRef| o.kind.kind == object.kind.kind && o.namespace == object.namespace && o.name == object.name;
        let found = self.snapshot.workloads.iter().find(|(kind, w)| {
            kind.kind == object.kind.kind
                && w.head.meta.namespace == object.namespace
                && w.head.meta.name == object.name
        });
        let known = self.apps.iter().flat_map(|a| &a.workloads).find(|w| mine(&w.object));
        match (known, found) {
            (Some(known), _) => known.blocks.clone(),
            (None, Some((kind, w))) => workload::view(&Index::new(&self.snapshot), kind, w, self.at).blocks,
            _ => Vec::new(),
        }
    }
    /// The app that comes from an Application, Kustomization or HelmRelease.
    pub fn app_from(&self, object: &ObjectRef) -> Option<&AppView> {
        let same =
            |o: &ObjectRef| o.kind.kind == object.kind.kind && o.namespace == object.namespace && o.name == object.name;
        self.apps.iter().find(|a| a.origins.iter().any(|o| same(&o.object)))
    }
    /// The routes that end at pods with these labels, each with ready and all endpoints there. `None` when routes or
    /// services cannot be read.
    pub fn routes_to(&self, namespace: &str, labels: &Value) -> Option<Vec<(&RouteView, u32, u32)>> {
        if !self.loaded || !self.snapshot.services.known() {
            return None;
        }
        let fits = |selector: &std::collections::BTreeMap<Str, Str>| {
            !selector.is_empty() && selector.iter().all(|(k, v)| labels[&**k] == **v)
        };
        let services = self.snapshot.services.values();
        let names: Vec<&str> = services
            .filter(|s| &*s.meta.namespace == namespace && fits(&s.spec.selector))
            .map(|s| &*s.meta.name)
            .collect();
        let mut found = Vec::new();
        for route in &self.routes {
            let mine = route.backends.iter().filter(|b| &*b.namespace == namespace && names.contains(&&*b.name));
            let ends: Vec<(u32, u32)> = mine.filter_map(|b| b.endpoints).collect();
            if !ends.is_empty() {
                let (ready, all) = ends.iter().fold((0, 0), |a, e| (a.0 + e.0, a.1 + e.1));
                found.push((route, ready, all));
            }
        }
        Some(found)
    }
}
