//! Putting an applied configuration over the live object, and taking out what it no longer names.

use serde_json::Value;

use super::paths::{Path, key_element};
use crate::schema::{ListKind, Schema, Shape};

/// Merges `config` into `live` as the type says.
pub(super) fn merge(live: &mut Value, config: &Value, schema: Option<&Schema>) {
    let any = Shape::Any;
    let shape = schema.map_or(&any, |s| &s.resolve().shape);
    match (&mut *live, config, shape) {
        (
            Value::Object(have),
            Value::Object(wanted),
            Shape::Struct { atomic: false, .. } | Shape::Map { atomic: false, .. } | Shape::Any,
        ) => {
            for (key, value) in wanted {
                let child = schema.and_then(|s| s.child(key));
                match have.get_mut(key) {
                    Some(place) => merge(place, value, child),
                    None => {
                        have.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(have), Value::Array(wanted), Shape::List { items, kind: ListKind::Map(keys) }) => {
            for item in wanted {
                let id = key_element(item, keys);
                match have.iter_mut().find(|h| key_element(h, keys) == id) {
                    Some(place) => merge(place, item, Some(items)),
                    None => have.push(item.clone()),
                }
            }
        }
        (Value::Array(have), Value::Array(wanted), Shape::List { kind: ListKind::Set, .. }) => {
            for item in wanted {
                if !have.contains(item) {
                    have.push(item.clone());
                }
            }
        }
        _ => *live = config.clone(),
    }
}

/// Takes one path out of `value`, and the maps and lists that are empty without it.
pub(super) fn remove(value: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    match first.split_at(2) {
        ("f:", name) => {
            let Some(map) = value.as_object_mut() else { return };
            if rest.is_empty() {
                map.shift_remove(name);
            } else if let Some(child) = map.get_mut(name) {
                remove(child, rest);
                let empty = child.as_object().is_some_and(serde_json::Map::is_empty)
                    || child.as_array().is_some_and(Vec::is_empty);
                if empty {
                    map.shift_remove(name);
                }
            }
        }
        ("k:", keys) => {
            let Some(list) = value.as_array_mut() else { return };
            let wanted: Value = serde_json::from_str(keys).unwrap_or(Value::Null);
            let names: Vec<String> = wanted.as_object().into_iter().flatten().map(|(k, _)| k.clone()).collect();
            let Some(at) = list.iter().position(|item| key_element(item, &names) == *first) else { return };
            if rest.is_empty() {
                list.remove(at);
            } else {
                remove(&mut list[at], rest);
            }
        }
        (_, text) => {
            let gone: Value = serde_json::from_str(text).unwrap_or(Value::Null);
            if let Some(list) = value.as_array_mut() {
                list.retain(|item| *item != gone);
            }
        }
    }
}

/// The value at `path`, if it is there.
pub(super) fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    let Some((first, rest)) = path.split_first() else { return Some(value) };
    let next = match first.split_at(2) {
        ("f:", name) => value.get(name)?,
        ("k:", keys) => {
            let wanted: Value = serde_json::from_str(keys).ok()?;
            let names: Vec<String> = wanted.as_object()?.keys().cloned().collect();
            value.as_array()?.iter().find(|item| key_element(item, &names) == *first)?
        }
        (_, text) => {
            let wanted: Value = serde_json::from_str(text).ok()?;
            value.as_array()?.iter().find(|item| **item == wanted)?
        }
    };
    at(next, rest)
}

/// Whether `path` is `other` or lies below it.
pub(super) fn within(path: &Path, other: &Path) -> bool {
    path.len() >= other.len() && path[..other.len()] == other[..]
}
