//! Which defaults a kind gets.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{pod, service, workload};
use crate::{
    crd,
    storage::{KindInfo, ensure_object},
};

/// Sets `value[key]` when it is missing or null.
pub(super) fn set(value: &mut Value, key: &str, default: impl Into<Value>) {
    if value.is_object() && value[key].is_null() {
        value[key] = default.into();
    }
}

/// Fills in a new object.
pub(crate) fn on_create(kind: &KindInfo, object: &mut Value) {
    common(kind, object);
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => {
            pod::admission(&mut object["spec"]);
            if object["status"].is_null() {
                object["status"] = pod::first_status(&object["spec"]);
            }
        }
        ("", "namespaces") => {
            set(object, "spec", json!({"finalizers": ["kubernetes"]}));
            set(object, "status", json!({"phase": "Active"}));
        }
        ("", "persistentvolumeclaims" | "persistentvolumes") => set(object, "status", json!({"phase": "Pending"})),
        ("", "services") => set(object, "status", json!({"loadBalancer": {}})),
        ("networking.k8s.io", "ingresses") => set(object, "status", json!({"loadBalancer": {}})),
        ("batch", "jobs") => {
            workload::own_job(object);
            set(object, "status", json!({}));
        }
        _ if !kind.custom && kind.has("status") => set(object, "status", json!({})),
        _ => {}
    }
}

/// Fills in a changed object; `old` is what it was.
pub(crate) fn on_update(kind: &KindInfo, old: &Value, new: &mut Value) {
    if kind.group.is_empty() && kind.plural == "services" {
        service::keep_allocated(old, new);
    }
    common(kind, new);
}

fn common(kind: &KindInfo, object: &mut Value) {
    if let Some(schema) = crd::source(kind) {
        crd::fill(object, schema);
        return;
    }
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => {
            pod::spec(&mut object["spec"]);
            set(&mut object["spec"], "enableServiceLinks", true);
        }
        ("", "services") => service::defaults(object),
        ("", "secrets") => secret(object),
        ("", "namespaces") => {
            let name = object["metadata"]["name"].clone();
            ensure_object(&mut object["metadata"], "labels").insert("kubernetes.io/metadata.name".into(), name);
        }
        ("", "persistentvolumeclaims") => set(&mut object["spec"], "volumeMode", "Filesystem"),
        ("", "persistentvolumes") => {
            set(&mut object["spec"], "persistentVolumeReclaimPolicy", "Retain");
            set(&mut object["spec"], "volumeMode", "Filesystem");
        }
        ("apps", _) | ("batch", _) => workload::defaults(kind, object),
        ("autoscaling", _) => set(&mut object["spec"], "minReplicas", 1),
        ("networking.k8s.io", "networkpolicies") => set(&mut object["spec"], "policyTypes", json!(["Ingress"])),
        ("storage.k8s.io", "storageclasses") => {
            set(object, "reclaimPolicy", "Delete");
            set(object, "volumeBindingMode", "Immediate");
        }
        ("rbac.authorization.k8s.io", _) => binding(object),
        ("apiextensions.k8s.io", _) => crd::complete(object),
        _ => {}
    }
}

/// `stringData` is a way to write `data`; it is never kept.
fn secret(object: &mut Value) {
    set(object, "type", "Opaque");
    let Some(plain) = object.as_object_mut().and_then(|o| o.shift_remove("stringData")) else { return };
    let data = ensure_object(object, "data");
    for (key, text) in plain.as_object().into_iter().flatten() {
        data.insert(key.clone(), STANDARD.encode(text.as_str().unwrap_or_default()).into());
    }
}

fn binding(object: &mut Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    if object["roleRef"].is_object() && object["roleRef"]["apiGroup"].as_str().unwrap_or_default().is_empty() {
        object["roleRef"]["apiGroup"] = GROUP.into();
    }
    for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if matches!(subject["kind"].as_str(), Some("User" | "Group")) {
            set(subject, "apiGroup", GROUP);
        }
    }
}
