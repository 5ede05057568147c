//! Former templates of stateful sets and daemon sets: ControllerRevisions, numbered; going back to a former template
//! gives its revision the newest number.

use super::cluster::Cluster;
use crate::shapes::workload::{controller_revision, revision_data};
use crate::value::int;
use serde_json::Value;

/// Notes the present template of a stateful set or daemon set; a world comes with those of its beginning.
pub(super) fn record(cluster: &Cluster, owner: &Value) {
    let data = revision_data(owner);
    let known = cluster.owned("apps/v1", "ControllerRevision", owner);
    let newest = known.iter().map(|r| int(r, "revision")).max().unwrap_or(0);
    match known.iter().find(|r| r["data"] == data) {
        Some(same) if int(same, "revision") == newest => {}
        Some(same) => cluster.change(same, "kube-controller-manager", |r| r["revision"] = (newest + 1).into()),
        None => {
            let now = cluster.store.clock().now();
            cluster.put(controller_revision(owner, newest + 1, now), "kube-controller-manager");
        }
    }
}
