//! One stored object: its JSON once serialized, and beside it what is indexed.

use bytes::Bytes;
use serde_json::Value;

use super::kinds::KindInfo;

/// Namespace (empty for cluster scope) and name.
pub type ObjectKey = (String, String);

/// A state of an object; never changes, a write makes a new one.
#[derive(Debug)]
pub struct Object {
    /// Empty for objects in cluster scope.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub version: u64,
    /// `metadata.labels`.
    pub labels: Box<[(String, String)]>,
    /// Fields that selectors know beyond name and namespace.
    pub fields: Box<[(&'static str, String)]>,
    /// UIDs of the owners.
    pub owners: Box<[String]>,
    /// In which version it is stored.
    pub api_version: String,
    /// The whole object.
    json: Bytes,
    /// Where the JSON goes on after `{"kind":…,"apiVersion":…,`; 0 when a list shows them.
    body: usize,
}

impl Object {
    /// Serializes `value` and notes what is indexed.
    pub fn new(kind: &KindInfo, version: u64, value: &Value) -> Self {
        let meta = &value["metadata"];
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let labels = meta["labels"].as_object().into_iter().flatten().map(|(k, v)| (k.clone(), text(v))).collect();
        let owners = meta["ownerReferences"].as_array().into_iter().flatten().map(|o| text(&o["uid"])).collect();
        let json = serde_json::to_vec(value).expect("a JSON value serializes");
        let body = if kind.custom { 0 } else { body_offset(&json, kind) };
        Self {
            namespace: text(&meta["namespace"]),
            name: text(&meta["name"]),
            uid: text(&meta["uid"]),
            version,
            labels,
            fields: super::select::indexed_fields(kind, value),
            owners,
            api_version: text(&value["apiVersion"]),
            json: json.into(),
            body,
        }
    }

    /// The object as JSON text.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The object as `kind` shows it: the stored bytes when it is stored in that version.
    pub fn json_as(&self, kind: &KindInfo) -> Bytes {
        if self.api_version == kind.api_version() {
            return self.json.clone();
        }
        serde_json::to_vec(&self.value_as(kind)).expect("a JSON value serializes").into()
    }

    /// As an item of a list of `kind`: built-in kinds leave out `kind` and `apiVersion` there.
    /// Returns whether an opening brace has to be put before it, and the text.
    pub fn item_json(&self, kind: &KindInfo) -> (bool, Bytes) {
        if self.api_version != kind.api_version() {
            return (false, self.json_as(kind));
        }
        if self.body == 0 { (false, self.json.clone()) } else { (true, self.json.slice(self.body..)) }
    }

    /// Parsed anew, as `kind` shows it.
    pub fn value_as(&self, kind: &KindInfo) -> Value {
        if self.api_version == kind.api_version() {
            self.value()
        } else {
            super::convert::from_stored(kind, self.value())
        }
    }

    /// Parsed anew; costs time, keep it when you need it twice.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.json).expect("stored JSON parses")
    }

    /// Namespace and name.
    pub fn key(&self) -> ObjectKey {
        (self.namespace.clone(), self.name.clone())
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// An indexed field's value; `metadata.name` and `metadata.namespace` included.
    pub fn field(&self, path: &str) -> Option<&str> {
        match path {
            "metadata.name" => Some(&self.name),
            "metadata.namespace" => Some(&self.namespace),
            _ => self.fields.iter().find(|(k, _)| *k == path).map(|(_, v)| v.as_str()),
        }
    }
}

fn body_offset(json: &[u8], kind: &KindInfo) -> usize {
    let head = format!("{{\"kind\":\"{}\",\"apiVersion\":\"{}\",", kind.kind, kind.api_version());
    if json.starts_with(head.as_bytes()) { head.len() } else { 0 }
}
