//! The server's share of `metadata`: what it fills in, what nobody may change, and in which order it is written.

use serde_json::{Map, Value, json};

use super::kinds::KindInfo;

/// The map inside `value[key]`, made if it is not there.
pub fn ensure_object<'a>(value: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !value[key].is_object() {
        value[key] = json!({});
    }
    value[key].as_object_mut().expect("just made")
}

/// A controller owner reference to `owner`, for objects that a controller makes.
pub fn owner_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"],
        "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    })
}

const META_ORDER: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// Brings type, metadata and the rest into the order the real server writes,
/// and drops empty maps and lists from the metadata.
pub(super) fn canonical(kind: &KindInfo, value: Value) -> Value {
    let Value::Object(mut map) = value else { return value };
    let mut meta = match map.shift_remove("metadata") {
        Some(Value::Object(meta)) => meta,
        _ => Map::new(),
    };
    map.shift_remove("kind");
    map.shift_remove("apiVersion");
    let mut ordered = Map::new();
    for key in META_ORDER {
        if let Some(v) = meta.shift_remove(key) {
            let empty = v.is_null()
                || v.as_object().is_some_and(Map::is_empty)
                || v.as_array().is_some_and(Vec::is_empty)
                || (v.as_str() == Some(""));
            if !empty {
                ordered.insert(key.into(), v);
            }
        }
    }
    let mut out = Map::new();
    let (a, b) = (("kind", kind.kind.clone()), ("apiVersion", kind.api_version()));
    let heads = if kind.custom { [b, a] } else { [a, b] };
    for (key, text) in heads {
        out.insert(key.into(), text.into());
    }
    out.insert("metadata".into(), Value::Object(ordered));
    let status = map.shift_remove("status");
    // Typed kinds cannot say null.
    out.extend(map.into_iter().filter(|(_, v)| kind.custom || !v.is_null()));
    if let Some(status) = status {
        out.insert("status".into(), status);
    }
    Value::Object(out)
}

/// Everything but metadata and status is what `generation` counts.
pub(super) fn same_spec(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return a == b };
    let skip = |key: &&String| !matches!(key.as_str(), "metadata" | "status" | "kind" | "apiVersion");
    a.keys().filter(skip).count() == b.keys().filter(skip).count()
        && a.iter().filter(|(k, _)| skip(k)).all(|(k, v)| b.get(k) == Some(v))
}

/// Equal but for what the server itself writes at every write.
pub(super) fn same_but_bookkeeping(a: &Value, b: &Value) -> bool {
    let strip = |v: &Value| {
        let mut v = v.clone();
        if let Some(meta) = v["metadata"].as_object_mut() {
            meta.shift_remove("managedFields");
            meta.shift_remove("resourceVersion");
            meta.retain(|_, x| !x.as_object().is_some_and(Map::is_empty) && !x.as_array().is_some_and(Vec::is_empty));
        }
        v
    };
    strip(a) == strip(b)
}
