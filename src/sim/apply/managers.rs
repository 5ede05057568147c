//! The entries of `managedFields`.

use serde_json::{Value, json};

use super::paths::{Paths, from_fields, to_fields};
use crate::storage::WriteOptions;

/// One manager and what it owns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manager {
    pub(super) name: String,
    /// `Apply` or `Update`.
    pub(super) operation: String,
    pub(super) api_version: String,
    pub(super) subresource: String,
    pub(super) time: String,
    pub(super) owns: Paths,
}

impl Manager {
    /// The same writer by the same way.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        (&self.name, &self.operation, &self.api_version, &self.subresource)
            == (&other.name, &other.operation, &other.api_version, &other.subresource)
    }

    /// As a conflict names it.
    pub(super) fn shown(&self) -> String {
        let mut text = format!("\"{}\"", self.name);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource \"{}\"", self.subresource));
        }
        if self.operation == "Update" {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

/// The managers of an object.
pub(super) fn read(object: &Value) -> Vec<Manager> {
    let entry = |e: &Value| {
        let text = |key: &str| e[key].as_str().unwrap_or_default().to_owned();
        Manager {
            name: text("manager"),
            operation: text("operation"),
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: text("time"),
            owns: from_fields(&e["fieldsV1"]),
        }
    };
    object["metadata"]["managedFields"].as_array().into_iter().flatten().map(entry).collect()
}

/// Writes the managers that own something, those who apply first, then by time.
pub(super) fn write(object: &mut Value, mut managers: Vec<Manager>) {
    managers.retain(|m| !m.owns.is_empty());
    managers.sort_by(|a, b| (&a.operation, &a.time, &a.name).cmp(&(&b.operation, &b.time, &b.name)));
    let entry = |m: &Manager| {
        let mut entry = json!({
            "manager": m.name, "operation": m.operation, "apiVersion": m.api_version,
            "time": m.time, "fieldsType": "FieldsV1", "fieldsV1": to_fields(&m.owns),
        });
        if !m.subresource.is_empty() {
            entry["subresource"] = m.subresource.clone().into();
        }
        entry
    };
    let list: Vec<Value> = managers.iter().map(entry).collect();
    object["metadata"]["managedFields"] = list.into();
}

/// Whether an apply changed who owns what, even if it changed no value.
pub(crate) fn ownership_changed(old: &Value, new: &Value, options: &WriteOptions) -> bool {
    if !options.applied {
        return false;
    }
    let plain = |object: &Value| {
        let mut all = read(object);
        all.iter_mut().for_each(|m| m.time.clear());
        all.sort_by(|a, b| (&a.name, &a.operation, &a.subresource).cmp(&(&b.name, &b.operation, &b.subresource)));
        all
    };
    plain(old) != plain(new)
}
