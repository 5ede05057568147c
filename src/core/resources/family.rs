//! Who belongs to whom: owners upwards, what is owned downwards, and what a selector picks.

use super::row::RowArc;
use super::{Kind, Kinds, Meta, ObjectRef};
use serde_json::Value;

/// A kind's group and plural.
type Place = (&'static str, &'static str);

/// Kinds whose objects are owned by objects of another kind, by group and plural: owner, owned.
const OWNED: [(Place, Place); 15] = [
    (("apps", "deployments"), ("apps", "replicasets")),
    (("apps", "replicasets"), ("", "pods")),
    (("apps", "statefulsets"), ("", "pods")),
    (("apps", "daemonsets"), ("", "pods")),
    (("batch", "cronjobs"), ("batch", "jobs")),
    (("batch", "jobs"), ("", "pods")),
    (("", "replicationcontrollers"), ("", "pods")),
    (("", "services"), ("discovery.k8s.io", "endpointslices")),
    (("cert-manager.io", "certificates"), ("cert-manager.io", "certificaterequests")),
    (("cert-manager.io", "certificaterequests"), ("acme.cert-manager.io", "orders")),
    (("acme.cert-manager.io", "orders"), ("acme.cert-manager.io", "challenges")),
    (("acme.cert-manager.io", "challenges"), ("", "pods")),
    (("argoproj.io", "rollouts"), ("apps", "replicasets")),
    (("serving.knative.dev", "services"), ("serving.knative.dev", "revisions")),
    (("serving.knative.dev", "revisions"), ("apps", "deployments")),
];

/// The kinds to watch in order to see what belongs to objects of a kind, at any depth.
pub fn descendants(kind: &Kind, kinds: &Kinds) -> Vec<Kind> {
    let mut found: Vec<Kind> = Vec::new();
    let mut open = vec![(kind.group.clone(), kind.plural.clone())];
    while let Some((group, plural)) = open.pop() {
        for (_, (g, p)) in OWNED.iter().filter(|((g, p), _)| *g == group && *p == plural) {
            if let Some(kind) = kinds.get(g, p)
                && !found.contains(kind)
            {
                found.push(kind.clone());
                open.push(((*g).into(), (*p).into()));
            }
        }
    }
    found
}

/// The owners of an object, the controlling one first. Kinds that the server does not offer are left out.
pub fn owners(meta: &Meta, kinds: &Kinds) -> Vec<ObjectRef> {
    let mut owners: Vec<_> = meta.owners.iter().collect();
    owners.sort_by_key(|o| !o.controller);
    let reference = |o: &&super::Owner| {
        let kind = kinds.of_object(&o.api_version, &o.kind)?.clone();
        // A namespaced owner lives in the same namespace (Kubernetes: owners and dependents).
        let namespace = if kind.namespaced { meta.namespace.clone() } else { "".into() };
        Some(ObjectRef { kind, namespace, name: o.name.clone(), uid: o.uid.clone(), resource_version: "".into() })
    };
    owners.iter().filter_map(reference).collect()
}

/// The rows that an object owns.
pub fn owned<'a>(uid: &'a str, rows: impl Iterator<Item = &'a RowArc>) -> Vec<RowArc> {
    rows.filter(|r| r.meta.owners.iter().any(|o| &*o.uid == uid)).cloned().collect()
}

/// What belongs to an object, as a tree.
#[derive(Clone, Debug)]
pub struct Branch {
    pub kind: Kind,
    pub row: RowArc,
    /// By kind, then by name.
    pub children: Vec<Branch>,
}

/// What belongs to the object of this UID among the rows of these kinds (see [`descendants`]).
pub fn tree(uid: &str, tables: &[(Kind, Vec<RowArc>)]) -> Vec<Branch> {
    grow(uid, tables, 8)
}

fn grow(uid: &str, tables: &[(Kind, Vec<RowArc>)], depth: u8) -> Vec<Branch> {
    let mut branches = Vec::new();
    for (kind, rows) in tables {
        let mut rows = owned(uid, rows.iter());
        rows.sort_by(|a, b| super::cell::natural(&a.meta.name, &b.meta.name));
        for row in rows {
            // Owner references can form a ring; nobody needs more than some steps.
            let children = if depth == 0 { Vec::new() } else { grow(&row.meta.uid, tables, depth - 1) };
            branches.push(Branch { kind: kind.clone(), row, children });
        }
    }
    branches
}

/// The label selector by which an object picks pods, as a list request takes it; `None` when it picks
/// none. Services, workloads, disruption budgets and network policies have one.
pub fn pod_selector(object: &Value) -> Option<String> {
    let spec = &object["spec"];
    let selector = spec.get("selector").or_else(|| spec.get("podSelector"))?;
    let labels = selector.get("matchLabels").or(selector.get("matchExpressions").is_none().then_some(selector));
    let mut parts: Vec<String> = Vec::new();
    for (key, value) in labels.and_then(Value::as_object).into_iter().flatten() {
        parts.push(format!("{key}={}", value.as_str()?));
    }
    for demand in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = demand["key"].as_str()?;
        let values: Vec<&str> = demand["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        parts.push(match demand["operator"].as_str()? {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::{Level, Owner, Row};
    use serde_json::json;
    use std::sync::Arc;

    fn kinds() -> Kinds {
        Kinds::new(vec![
            Kind::of("", "v1", "Pod", "pods", true),
            Kind::of("apps", "v1", "Deployment", "deployments", true),
            Kind::of("apps", "v1", "ReplicaSet", "replicasets", true),
        ])
    }
    fn row(name: &str, owner: (&str, &str)) -> RowArc {
        let owner = Owner {
            api_version: "apps/v1".into(),
            kind: owner.0.into(),
            name: owner.1.into(),
            uid: owner.1.into(),
            controller: true,
        };
        let meta = Meta {
            uid: name.into(),
            name: name.into(),
            namespace: "a".into(),
            owners: [owner].into(),
            ..Meta::default()
        };
        Arc::new(Row { meta, cells: [].into(), level: Level::Good })
    }

    #[test]
    fn a_deployment_has_replica_sets_that_have_pods() {
        let kinds = kinds();
        let below = descendants(kinds.get("apps", "deployments").unwrap(), &kinds);
        assert_eq!(below.iter().map(|k| k.plural.as_str()).collect::<Vec<_>>(), ["replicasets", "pods"]);
        let tables = [
            (below[0].clone(), vec![row("rs-2", ("Deployment", "web")), row("other", ("Deployment", "x"))]),
            (below[1].clone(), vec![row("pod-10", ("ReplicaSet", "rs-2")), row("pod-9", ("ReplicaSet", "rs-2"))]),
        ];
        let tree = tree("web", &tables);
        assert_eq!(tree.len(), 1);
        let pods: Vec<_> = tree[0].children.iter().map(|c| &*c.row.meta.name).collect();
        assert_eq!(pods, ["pod-9", "pod-10"]);
        let up = owners(&tree[0].children[0].row.meta, &kinds);
        assert_eq!((up[0].to_string(), &*up[0].uid), ("ReplicaSet a/rs-2".into(), "rs-2"));
    }

    #[test]
    fn a_ring_of_owners_ends() {
        let kind = Kind::of("", "v1", "Pod", "pods", true);
        assert_eq!(tree("a", &[(kind, vec![row("a", ("Pod", "a"))])]).len(), 1);
    }

    #[test]
    fn selectors_are_written_as_requests_take_them() {
        let service = json!({"spec": {"selector": {"app": "web", "tier": "api"}}});
        assert_eq!(pod_selector(&service).as_deref(), Some("app=web,tier=api"));
        let workload = json!({"spec": {"selector": {"matchLabels": {"app": "web"},
            "matchExpressions": [{"key": "env", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"}]}}});
        assert_eq!(pod_selector(&workload).as_deref(), Some("app=web,env in (a,b),!old"));
        assert_eq!(pod_selector(&json!({"spec": {"clusterIP": "None"}})), None);
        assert_eq!(pod_selector(&json!({"spec": {"selector": null}})), None);
    }
}
