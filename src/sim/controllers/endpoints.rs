//! Endpoints behind services, and what else counts the pods of a namespace.

use super::cluster::{Cluster, leaving};
use crate::shapes::network;
use crate::table::age;
use crate::value::{at, label, name, namespace};
use serde_json::Value;

/// A service came, changed or went.
pub(super) fn service(cluster: &mut Cluster, ns: &str, object: &str) {
    match cluster.find("v1", "Service", ns, object) {
        Some(s) if !leaving(&s) => {
            let pods = cluster.store.all("v1", "Pod", Some(ns));
            let pods: Vec<&Value> = pods.iter().collect();
            refresh(cluster, &s, &pods);
        }
        Some(_) => {}
        None => {
            if let Some(e) = cluster.find("v1", "Endpoints", ns, object) {
                cluster.delete(&e, None);
            }
        }
    }
}

/// Pods of a namespace came, changed or went.
pub(super) fn pods_changed(cluster: &mut Cluster, ns: &str) {
    let pods = cluster.store.all("v1", "Pod", Some(ns));
    let pods: Vec<&Value> = pods.iter().collect();
    for s in cluster.store.all("v1", "Service", Some(ns)) {
        refresh(cluster, &s, &pods);
    }
    for q in cluster.store.all("v1", "ResourceQuota", Some(ns)) {
        cluster.set_status(&q, "kube-controller-manager", crate::world::quota_status(&q, &pods));
    }
    for b in cluster.store.all("policy/v1", "PodDisruptionBudget", Some(ns)) {
        cluster.set_status(&b, "kube-controller-manager", crate::world::budget_status(&b, &pods));
    }
}

fn refresh(cluster: &Cluster, s: &Value, pods: &[&Value]) {
    let created = age::time(s, "metadata.creationTimestamp").unwrap_or_else(|| cluster.now());
    for new in network::endpoints(s, pods, created) {
        let (api, kind) = (crate::value::text(&new, "apiVersion"), crate::value::text(&new, "kind"));
        let old = match kind {
            "EndpointSlice" => cluster
                .store
                .all(api, kind, Some(namespace(s)))
                .into_iter()
                .find(|o| label(o, "kubernetes.io/service-name") == Some(name(s))),
            _ => cluster.find(api, kind, namespace(s), name(s)),
        };
        match old {
            None => cluster.put(new, "kube-controller-manager"),
            Some(old) => {
                let parts = ["endpoints", "ports", "subsets"];
                if parts.iter().any(|p| at(&old, p) != at(&new, p)) {
                    cluster.change(&old, "kube-controller-manager", |o| {
                        for part in parts {
                            match new.get(part) {
                                Some(value) => o[part] = value.clone(),
                                None => drop(o.as_object_mut().map(|m| m.shift_remove(part))),
                            }
                        }
                    });
                }
            }
        }
    }
}
