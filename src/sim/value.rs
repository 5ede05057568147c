//! Reading and building Kubernetes objects as JSON values, by dotted path.

use serde_json::{Map, Value};

/// The value at a dotted path of field names, `Null` when any part is absent.
/// Keys that contain dots (labels, annotations) need [`label`] or `pointer`.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |v, key| &v[key])
}

/// Text at a path, empty when absent or not text.
pub fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).as_str().unwrap_or_default()
}

/// An integer at a path, 0 when absent.
pub fn int(value: &Value, path: &str) -> i64 {
    at(value, path).as_i64().unwrap_or_default()
}

/// A list at a path, empty when absent.
pub fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A map at a path; `None` when absent.
pub fn map<'a>(value: &'a Value, path: &str) -> Option<&'a Map<String, Value>> {
    at(value, path).as_object()
}

/// The object's name.
pub fn name(value: &Value) -> &str {
    text(value, "metadata.name")
}

/// The object's namespace, empty for cluster-scoped objects.
pub fn namespace(value: &Value) -> &str {
    text(value, "metadata.namespace")
}

/// The object's UID.
pub fn uid(value: &Value) -> &str {
    text(value, "metadata.uid")
}

/// One label's value, if the object carries it.
pub fn label<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value["metadata"]["labels"].get(key)?.as_str()
}

/// One annotation's value, if the object carries it.
pub fn annotation<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value["metadata"]["annotations"].get(key)?.as_str()
}

/// The condition of that type, `Null` when the object has none.
pub fn condition<'a>(value: &'a Value, kind: &str) -> &'a Value {
    list(value, "status.conditions").iter().find(|c| c["type"] == kind).unwrap_or(&Value::Null)
}

/// The API group of an `apiVersion` (empty for the core group).
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The owner reference that marks `owner` as the managing controller.
pub fn owned_by(owner: &Value) -> Value {
    serde_json::json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    })
}

/// The UID of the controller that owns this object.
pub fn controller_uid(value: &Value) -> Option<&str> {
    list(value, "metadata.ownerReferences").iter().find(|o| o["controller"] == true)?["uid"].as_str()
}

/// Whether every pair of a `matchLabels`-like map is among the labels.
pub fn labels_match(wanted: Option<&Map<String, Value>>, labels: Option<&Map<String, Value>>) -> bool {
    let Some(wanted) = wanted.filter(|w| !w.is_empty()) else { return false };
    wanted.iter().all(|(k, v)| labels.and_then(|l| l.get(k)) == Some(v))
}

/// Sets a value at a dotted path, making maps on the way.
pub fn set(value: &mut Value, path: &str, new: impl Into<Value>) {
    let mut here = value;
    let mut parts = path.split('.').peekable();
    while let Some(part) = parts.next() {
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        if parts.peek().is_none() {
            here[part] = new.into();
            return;
        }
        here = &mut here[part];
    }
}
