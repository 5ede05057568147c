//! Claims and the volumes they are bound to.

use super::pod::fill;
use super::{names, times};
use crate::value::{at, name, namespace, text, uid};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Fills the defaults of a claim; `class` is the cluster's default storage class.
pub fn default_claim(claim: &mut Value, class: &str) {
    let spec = &mut claim["spec"];
    fill(spec, "storageClassName", class);
    fill(spec, "volumeMode", "Filesystem");
    fill(spec, "accessModes", json!(["ReadWriteOnce"]));
    fill(&mut claim["metadata"], "finalizers", json!(["kubernetes.io/pvc-protection"]));
}

/// Binds the claim and returns its volume.
pub fn bind(claim: &mut Value, provisioner: &str, created: Timestamp) -> Value {
    let volume = format!("pvc-{}", uid(claim));
    let modes = at(claim, "spec.accessModes").clone();
    let storage = at(claim, "spec.resources.requests.storage").clone();
    claim["spec"]["volumeName"] = volume.clone().into();
    claim["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = "yes".into();
    claim["metadata"]["annotations"]["pv.kubernetes.io/bound-by-controller"] = "yes".into();
    claim["metadata"]["annotations"]["volume.kubernetes.io/storage-provisioner"] = provisioner.into();
    claim["status"] = json!({"phase": "Bound", "accessModes": modes, "capacity": {"storage": storage}});
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {
            "name": volume, "uid": names::uid(&["PersistentVolume", &volume]), "creationTimestamp": times::text(created),
            "annotations": {"pv.kubernetes.io/provisioned-by": provisioner}, "finalizers": ["kubernetes.io/pv-protection"],
        },
        "spec": {
            "capacity": {"storage": storage}, "accessModes": modes, "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": text(claim, "spec.storageClassName"), "volumeMode": "Filesystem",
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": name(claim), "namespace": namespace(claim), "uid": uid(claim)},
            "csi": {"driver": provisioner, "volumeHandle": names::uid(&["handle", &volume]), "fsType": "ext4"},
        },
        "status": {"phase": "Bound"},
    })
}
