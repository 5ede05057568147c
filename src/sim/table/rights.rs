//! Rows of role bindings. Roles have no columns of their own but name and creation.

use super::age;
use super::columns::{AGE, Column, NAME, text, wide};
use crate::value::{list, name, text as str_at};
use jiff::Timestamp;
use serde_json::Value;

/// Columns of role bindings and cluster role bindings.
pub const BINDING: &[Column] = &[NAME, text("Role"), AGE, wide("Users"), wide("Groups"), wide("ServiceAccounts")];

/// One binding.
pub fn binding(b: &Value, now: Timestamp) -> Vec<Value> {
    let subjects = |kind: &str| {
        let found = list(b, "subjects").iter().filter(|s| s["kind"] == kind).map(|s| match kind {
            "ServiceAccount" => format!("{}/{}", str_at(s, "namespace"), str_at(s, "name")),
            _ => str_at(s, "name").to_owned(),
        });
        Value::from(found.collect::<Vec<_>>().join(", "))
    };
    let role = format!("{}/{}", str_at(b, "roleRef.kind"), str_at(b, "roleRef.name"));
    vec![name(b).into(), role.into(), age::of(b, now), subjects("User"), subjects("Group"), subjects("ServiceAccount")]
}
