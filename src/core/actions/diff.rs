//! What differs between two states of an object, told by paths instead of lines of text.

use super::plan::DiffLine;
use crate::text::clean_line;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Longest value that is shown; more is cut.
const SHOWN: usize = 160;

/// Fields of `metadata` that the server writes; they differ in every answer and mean nothing to a person.
pub(crate) const SERVER_METADATA: [&str; 8] = [
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];
/// kubectl's copy of what was applied: noise, and for Secrets a copy of the secret.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Whether an object's values may not be shown.
pub fn is_secret(object: &Value) -> bool {
    object["kind"] == "Secret" && object["apiVersion"] == "v1"
}

/// The differences of two states of an object, sorted as the object is. Status and what only the
/// server writes are left out; the values of Secrets are masked.
pub fn diff(before: &Value, after: &Value) -> Vec<DiffLine> {
    let secret = is_secret(before) || is_secret(after);
    let mut lines = Vec::new();
    walk(&mut Vec::new(), Some(before), Some(after), secret, &mut lines);
    lines
}

fn hidden(path: &[String]) -> bool {
    match path {
        [first] => first == "status",
        [first, second] => first == "metadata" && SERVER_METADATA.contains(&second.as_str()),
        [first, second, third] => first == "metadata" && second == "annotations" && third == LAST_APPLIED,
        _ => false,
    }
}

fn masked(path: &[String], secret: bool) -> bool {
    secret && matches!(path.first().map(String::as_str), Some("data" | "stringData"))
}

fn walk(path: &mut Vec<String>, before: Option<&Value>, after: Option<&Value>, secret: bool, out: &mut Vec<DiffLine>) {
    if before == after || hidden(path) {
        return;
    }
    match (before, after) {
        (Some(Value::Object(b)), Some(Value::Object(a))) => maps(path, b, a, secret, out),
        (None, Some(Value::Object(a))) if !a.is_empty() => maps(path, &Map::new(), a, secret, out),
        (Some(Value::Object(b)), None) if !b.is_empty() => maps(path, b, &Map::new(), secret, out),
        (Some(Value::Array(b)), Some(Value::Array(a))) if named(b) && named(a) => {
            let names: Vec<&str> = union(b.iter().map(name_of), a.iter().map(name_of));
            for name in names {
                let find = |list: &'_ [Value]| list.iter().position(|v| name_of(v) == name);
                path.push(format!("[{name}]"));
                walk(path, find(b).map(|i| &b[i]), find(a).map(|i| &a[i]), secret, out);
                path.pop();
            }
        }
        (Some(Value::Array(b)), Some(Value::Array(a))) if b.len() == a.len() && a.iter().all(Value::is_object) => {
            for (i, (b, a)) in b.iter().zip(a).enumerate() {
                path.push(format!("[{i}]"));
                walk(path, Some(b), Some(a), secret, out);
                path.pop();
            }
        }
        _ => {
            let mask = masked(path, secret);
            let text = |v: Option<&Value>| v.map(|v| if mask { mask_text(v) } else { shown(v) });
            let (before, mut after) = (text(before), text(after));
            if mask && before.is_some() && before == after {
                after = after.map(|a| format!("{a}, another value"));
            }
            out.push(DiffLine { path: path_text(path), before, after });
        }
    }
}

fn maps(
    path: &mut Vec<String>,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    secret: bool,
    out: &mut Vec<DiffLine>,
) {
    for key in union(before.keys().map(String::as_str), after.keys().map(String::as_str)) {
        path.push(key.into());
        walk(path, before.get(key), after.get(key), secret, out);
        path.pop();
    }
}

/// The first list in its order, then what only the second has.
fn union<'a>(first: impl Iterator<Item = &'a str>, second: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    first.chain(second).filter(|name| seen.insert(*name)).collect()
}

/// Whether every item has a `name` of its own (containers, env, ports, volumes): then it is a map in all but form.
pub(crate) fn named(list: &[Value]) -> bool {
    let mut seen = BTreeSet::new();
    !list.is_empty() && list.iter().all(|v| v["name"].as_str().is_some_and(|n| seen.insert(n)))
}

pub(crate) fn name_of(item: &Value) -> &str {
    item["name"].as_str().unwrap_or_default()
}

/// `spec.containers[app].image`, `metadata.labels["app.kubernetes.io/name"]`.
pub(crate) fn path_text(path: &[String]) -> String {
    let mut text = String::new();
    for part in path {
        if part.starts_with('[') && part.ends_with(']') {
            text.push_str(&clean_line(part));
        } else if part.is_empty() || part.contains(['.', '/', '[', ' ']) {
            text.push_str(&format!("[\"{}\"]", clean_line(part)));
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(&clean_line(part));
        }
    }
    text
}

/// A value as it is shown: text as it is, everything else as compact JSON, cut when long.
pub(crate) fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(s) if s.is_empty() => "\"\"".to_owned(),
        Value::String(s) => clean_line(s).into_owned(),
        other => clean_line(&other.to_string()).into_owned(),
    };
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN - 1).chain(std::iter::once('…')).collect()
}

fn mask_text(value: &Value) -> String {
    match value {
        Value::String(s) => format!("(hidden, {} characters)", s.chars().count()),
        _ => "(hidden)".into(),
    }
}

/// A body without the values of a Secret, for showing and saving. They are not even copied.
pub(crate) fn mask_body(body: &Value) -> Value {
    let Value::Object(fields) = body else { return body.clone() };
    let masked = fields.iter().map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("data" | "stringData", Value::Object(map)) => map.iter().map(hide).collect(),
            ("metadata", Value::Object(meta)) => meta.iter().map(without_copies).collect(),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(masked.collect())
}

fn hide((key, value): (&String, &Value)) -> (String, Value) {
    let hidden = if value.is_null() { Value::Null } else { "(hidden)".into() };
    (key.clone(), hidden)
}

/// A field of `metadata`, without kubectl's copy of what was applied.
fn without_copies((key, value): (&String, &Value)) -> (String, Value) {
    let value = match value {
        Value::Object(map) if key == "annotations" => {
            map.iter().filter(|(name, _)| *name != LAST_APPLIED).map(|(name, v)| (name.clone(), v.clone())).collect()
        }
        other => other.clone(),
    };
    (key.clone(), value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(before: Value, after: Value) -> Vec<String> {
        diff(&before, &after)
            .into_iter()
            .map(|l| {
                format!("{}: {} → {}", l.path, l.before.as_deref().unwrap_or("-"), l.after.as_deref().unwrap_or("-"))
            })
            .collect()
    }

    #[test]
    fn containers_are_told_by_name_and_noise_is_left_out() {
        let before = json!({"metadata": {"resourceVersion": "1", "generation": 1, "managedFields": [1],
                "labels": {"app.kubernetes.io/name": "api"}},
            "spec": {"replicas": 2, "containers": [{"name": "app", "image": "a:1"}, {"name": "log", "image": "l:1"}]},
            "status": {"ready": 2}});
        let after = json!({"metadata": {"resourceVersion": "2", "generation": 2, "managedFields": [2],
                "labels": {"app.kubernetes.io/name": "web"}},
            "spec": {"replicas": 3, "containers": [{"name": "log", "image": "l:1"}, {"name": "app", "image": "a:2"}]},
            "status": {"ready": 0}});
        assert_eq!(
            lines(before, after),
            [
                "metadata.labels[\"app.kubernetes.io/name\"]: api → web",
                "spec.replicas: 2 → 3",
                "spec.containers[app].image: a:1 → a:2"
            ]
        );
    }

    #[test]
    fn the_values_of_a_secret_are_never_shown() {
        let secret = |v: &str| {
            json!({"apiVersion": "v1", "kind": "Secret", "data": {"password": v},
            "metadata": {"annotations": {LAST_APPLIED: v}}})
        };
        let text = lines(secret("aHVudGVyMQ=="), secret("aHVudGVyMg==")).join("\n");
        assert_eq!(text, "data.password: (hidden, 12 characters) → (hidden, 12 characters), another value");
        let body = mask_body(&secret("aHVudGVyMQ==")).to_string();
        assert!(!body.contains("aHVudGVyMQ=="), "{body}");
    }

    #[test]
    fn hostile_text_cannot_reach_the_terminal_through_a_diff() {
        let text =
            lines(json!({"spec": {"a": "x"}}), json!({"spec": {"a": "\u{1b}[2Jy\nz", "\u{202e}k": 1}})).join("|");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains('\n'), "{text:?}");
    }
}
