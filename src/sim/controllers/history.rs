//! Former templates of stateful sets and daemon sets: ControllerRevisions, numbered; going back to a former template
//! gives its revision the newest number.

use super::cluster::{Cluster, leaving};
use crate::shapes::workload::template_hash;
use crate::value::{at, int, name, namespace, text, uid};
use serde_json::{Value, json};

const APPS: &str = "apps/v1";

/// Notes the present template of every stateful set and daemon set, so that there is one to go back to.
pub(super) fn record_all(cluster: &Cluster) {
    for kind in ["StatefulSet", "DaemonSet"] {
        for owner in cluster.store.all(APPS, kind, None) {
            if !leaving(&owner) && !namespace(&owner).starts_with("bulk-") {
                record(cluster, &owner);
            }
        }
    }
}

/// Notes the present template of a stateful set or daemon set.
pub(super) fn record(cluster: &Cluster, owner: &Value) {
    let mut template = owner["spec"]["template"].clone();
    template["$patch"] = "replace".into();
    let data = json!({"spec": {"template": template}});
    let known = cluster.owned(APPS, "ControllerRevision", owner);
    let newest = known.iter().map(|r| int(r, "revision")).max().unwrap_or(0);
    match known.iter().find(|r| r["data"] == data) {
        Some(same) if int(same, "revision") == newest => {}
        Some(same) => cluster.change(same, "kube-controller-manager", |r| r["revision"] = (newest + 1).into()),
        None => {
            let hash = template_hash(&owner["spec"]["template"]);
            cluster.put(
                json!({"apiVersion": APPS, "kind": "ControllerRevision",
                    "metadata": {
                        "name": format!("{}-{hash}", name(owner)), "namespace": namespace(owner),
                        "labels": at(owner, "spec.template.metadata.labels"),
                        "ownerReferences": [{"apiVersion": APPS, "kind": text(owner, "kind"), "name": name(owner),
                            "uid": uid(owner), "controller": true, "blockOwnerDeletion": true}],
                    },
                    "data": data, "revision": newest + 1}),
                "kube-controller-manager",
            );
        }
    }
}
