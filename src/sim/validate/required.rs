//! Fields that must be there, and numbers that must make sense, in built-in kinds.

use serde_json::Value;

use crate::{
    schema::{Schema, Shape},
    status::Cause,
};

/// Required fields that the real server accepts as empty.
const LENIENT: [&str; 10] = [
    "template",
    "endpoints",
    "limits",
    "value",
    "metadata",
    "rules",
    "revision",
    "strategy",
    "podSelector",
    "allowedTopologies",
];

pub(super) fn missing(field: &str) -> Cause {
    Cause { reason: "FieldValueRequired", message: "Required value".into(), field: field.to_owned() }
}

/// All required fields that are missing; status is the server's own business.
pub(super) fn check(value: &Value, schema: &Schema) -> Vec<Cause> {
    let mut found = Vec::new();
    walk(value, schema, "", &mut found);
    found
}

fn walk(value: &Value, schema: &Schema, path: &str, found: &mut Vec<Cause>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (&schema.resolve().shape, value) {
        (Shape::Struct { fields, .. }, Value::Object(map)) => {
            for (name, field) in fields {
                if path.is_empty() && matches!(name.as_str(), "status" | "metadata") {
                    continue;
                }
                let child = map.get(name);
                let empty = child
                    .is_none_or(|v| v.is_null() || v.as_str() == Some("") || v.as_array().is_some_and(Vec::is_empty));
                if field.required && empty && !LENIENT.contains(&name.as_str()) {
                    found.push(missing(&join(name)));
                } else if let Some(child) = child {
                    walk(child, &field.schema, &join(name), found);
                }
            }
        }
        (Shape::List { items, .. }, Value::Array(list)) => {
            for (i, item) in list.iter().enumerate() {
                walk(item, items, &format!("{path}[{i}]"), found);
            }
        }
        (Shape::Map { values, .. }, Value::Object(map)) => {
            for (key, item) in map {
                walk(item, values, &format!("{path}[{key}]"), found);
            }
        }
        _ => {}
    }
}

/// A pod spec: images, names that occur twice, ports.
pub(super) fn pod_spec(spec: &Value, path: &str) -> Vec<Cause> {
    let mut found = Vec::new();
    if spec["containers"].as_array().is_none_or(Vec::is_empty) {
        found.push(missing(&format!("{path}.containers")));
    }
    for list in ["containers", "initContainers"] {
        let mut names: Vec<&str> = Vec::new();
        for (i, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            let at = format!("{path}.{list}[{i}]");
            if container["image"].as_str().unwrap_or_default().is_empty() {
                found.push(missing(&format!("{at}.image")));
            }
            let name = container["name"].as_str().unwrap_or_default();
            if !name.is_empty() && names.contains(&name) {
                let message = format!("Duplicate value: \"{name}\"");
                found.push(Cause { reason: "FieldValueDuplicate", message, field: format!("{at}.name") });
            }
            names.push(name);
            for (j, port) in container["ports"].as_array().into_iter().flatten().enumerate() {
                found.extend(port_number(&port["containerPort"], &format!("{at}.ports[{j}].containerPort")));
            }
        }
    }
    found
}

/// A port must be between 1 and 65535.
pub(super) fn port_number(value: &Value, field: &str) -> Option<Cause> {
    let port = value.as_i64()?;
    if (1..=65_535).contains(&port) {
        return None;
    }
    let message = format!("Invalid value: {port}: must be between 1 and 65535, inclusive");
    Some(Cause { reason: "FieldValueInvalid", message, field: field.to_owned() })
}
