//! Rows of volumes, claims and storage classes.

use super::age;
use super::columns::{AGE, Column, NAME, flag, number, text, wide};
use crate::value::{annotation, at, list, name, text as str_at};
use jiff::Timestamp;
use serde_json::Value;

/// Columns of persistent volumes.
pub const VOLUME: &[Column] = &[
    NAME,
    text("Capacity"),
    text("Access Modes"),
    text("Reclaim Policy"),
    text("Status"),
    text("Claim"),
    text("StorageClass"),
    text("VolumeAttributesClass"),
    text("Reason"),
    AGE,
    wide("VolumeMode"),
];
/// Columns of persistent volume claims.
pub const CLAIM: &[Column] = &[
    NAME,
    text("Status"),
    text("Volume"),
    text("Capacity"),
    text("Access Modes"),
    text("StorageClass"),
    text("VolumeAttributesClass"),
    AGE,
    wide("VolumeMode"),
];
/// Columns of storage classes.
pub const CLASS: &[Column] =
    &[NAME, text("Provisioner"), text("ReclaimPolicy"), text("VolumeBindingMode"), text("AllowVolumeExpansion"), AGE];
/// Columns of volume attachments.
pub const ATTACHMENT: &[Column] = &[
    NAME,
    Column { name: "Attacher", kind: "string", format: "name", priority: 0 },
    text("PV"),
    text("Node"),
    flag("Attached"),
    AGE,
];
/// Columns of CSI nodes.
pub const CSI_NODE: &[Column] = &[NAME, number("Drivers"), AGE];

/// The short forms, each once, in the server's order.
fn modes(object: &Value, path: &str) -> String {
    let given = list(object, path);
    [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")]
        .into_iter()
        .filter(|(long, _)| given.iter().any(|g| g == long))
        .map(|(_, short)| short)
        .collect::<Vec<_>>()
        .join(",")
}

fn or_unset(object: &Value, path: &str) -> Value {
    at(object, path).as_str().unwrap_or("<unset>").into()
}

fn phase(object: &Value) -> Value {
    if at(object, "metadata.deletionTimestamp").is_null() {
        str_at(object, "status.phase").into()
    } else {
        "Terminating".into()
    }
}

fn class_of(object: &Value) -> Value {
    annotation(object, "volume.beta.kubernetes.io/storage-class")
        .unwrap_or_else(|| str_at(object, "spec.storageClassName"))
        .into()
}

/// One persistent volume.
pub fn volume(v: &Value, now: Timestamp) -> Vec<Value> {
    let claim = at(v, "spec.claimRef");
    let claim = if claim.is_null() {
        String::new()
    } else {
        format!("{}/{}", str_at(claim, "namespace"), str_at(claim, "name"))
    };
    vec![
        name(v).into(),
        at(v, "spec.capacity.storage").as_str().unwrap_or("0").into(),
        modes(v, "spec.accessModes").into(),
        str_at(v, "spec.persistentVolumeReclaimPolicy").into(),
        phase(v),
        claim.into(),
        class_of(v),
        or_unset(v, "spec.volumeAttributesClassName"),
        str_at(v, "status.reason").into(),
        age::of(v, now),
        or_unset(v, "spec.volumeMode"),
    ]
}

/// One claim: capacity and modes are those of the volume, so empty until it is bound.
pub fn claim(c: &Value, now: Timestamp) -> Vec<Value> {
    let bound = !str_at(c, "spec.volumeName").is_empty();
    let capacity = at(c, "status.capacity.storage").as_str().unwrap_or("0");
    vec![
        name(c).into(),
        phase(c),
        str_at(c, "spec.volumeName").into(),
        if bound { capacity.into() } else { "".into() },
        if bound { modes(c, "status.accessModes").into() } else { "".into() },
        class_of(c),
        or_unset(c, "spec.volumeAttributesClassName"),
        age::of(c, now),
        or_unset(c, "spec.volumeMode"),
    ]
}

/// One storage class; the default one says so behind its name.
pub fn class(c: &Value, now: Timestamp) -> Vec<Value> {
    let default = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
        .iter()
        .any(|k| annotation(c, k) == Some("true"));
    let or = |path: &str, other: &str| Value::from(at(c, path).as_str().unwrap_or(other));
    vec![
        if default { format!("{} (default)", name(c)).into() } else { name(c).into() },
        str_at(c, "provisioner").into(),
        or("reclaimPolicy", "Delete"),
        or("volumeBindingMode", "Immediate"),
        at(c, "allowVolumeExpansion").as_bool().unwrap_or(false).into(),
        age::of(c, now),
    ]
}

/// One volume attachment.
pub fn attachment(a: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(a).into(),
        str_at(a, "spec.attacher").into(),
        str_at(a, "spec.source.persistentVolumeName").into(),
        str_at(a, "spec.nodeName").into(),
        at(a, "status.attached").as_bool().unwrap_or(false).into(),
        age::of(a, now),
    ]
}

/// One CSI node.
pub fn csi_node(n: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(n).into(), list(n, "spec.drivers").len().into(), age::of(n, now)]
}
