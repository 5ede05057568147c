//! Field paths and sets of them, in the notation of `fieldsV1`:
//! `f:NAME` a field, `k:{KEYS}` a list item by its keys, `v:VALUE` an item of a set.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::schema::{ListKind, Schema, Shape};

/// One path, from the root of the object.
pub(super) type Path = Vec<String>;
/// Paths that somebody owns.
pub(super) type Paths = BTreeSet<Path>;

/// Fields of the metadata that are nobody's but the server's.
const SERVERS: [&str; 10] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
];

/// All paths of `object` with their values; inner nodes that count as owned have `None`.
/// `maps` says whether maps are owned themselves, beside their entries.
pub(super) fn leaves(object: &Value, schema: Option<&Schema>, maps: bool) -> BTreeMap<Path, Option<Value>> {
    let mut out = BTreeMap::new();
    let Some(map) = object.as_object() else { return out };
    for (key, value) in map {
        match key.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                let meta = crate::schema::named("meta.v1.ObjectMeta");
                for (inner, value) in value.as_object().into_iter().flatten() {
                    if !SERVERS.contains(&inner.as_str()) {
                        let path = vec!["f:metadata".to_owned(), format!("f:{inner}")];
                        walk(value, meta.and_then(|m| m.child(inner)), path, maps, &mut out);
                    }
                }
            }
            _ => walk(value, schema.and_then(|s| s.child(key)), vec![format!("f:{key}")], maps, &mut out),
        }
    }
    out
}

fn walk(value: &Value, schema: Option<&Schema>, path: Path, maps: bool, out: &mut BTreeMap<Path, Option<Value>>) {
    let join = |element: String| {
        let mut path = path.clone();
        path.push(element);
        path
    };
    let any = Shape::Any;
    let shape = schema.map_or(&any, |s| &s.resolve().shape);
    match (value, shape) {
        (Value::Object(map), Shape::Struct { atomic: false, .. } | Shape::Map { atomic: false, .. } | Shape::Any)
            if !map.is_empty() =>
        {
            if maps && matches!(shape, Shape::Map { .. }) {
                out.insert(path.clone(), None);
            }
            for (key, child) in map {
                walk(child, schema.and_then(|s| s.child(key)), join(format!("f:{key}")), maps, out);
            }
        }
        (Value::Array(list), Shape::List { items, kind: ListKind::Map(keys) }) => {
            for item in list {
                let at = join(key_element(item, keys));
                out.insert(at.clone(), None);
                for (key, child) in item.as_object().into_iter().flatten() {
                    let mut path = at.clone();
                    path.push(format!("f:{key}"));
                    walk(child, items.child(key), path, maps, out);
                }
            }
        }
        (Value::Array(list), Shape::List { kind: ListKind::Set, .. }) => {
            for item in list {
                out.insert(join(format!("v:{item}")), Some(item.clone()));
            }
        }
        (leaf, _) => {
            out.insert(path, Some(leaf.clone()));
        }
    }
}

/// `k:{"containerPort":80,"protocol":"TCP"}`.
pub(super) fn key_element(item: &Value, keys: &[String]) -> String {
    let mut sorted: Vec<&String> = keys.iter().collect();
    sorted.sort();
    let pair = |key: &&String| {
        let value = item.get(key.as_str()).filter(|v| !v.is_null()).cloned();
        // The one default among the keys of built-in lists.
        let value = value.unwrap_or_else(|| if *key == "protocol" { "TCP".into() } else { Value::Null });
        ((*key).clone(), value)
    };
    let map: Map<String, Value> = sorted.iter().map(pair).filter(|(_, v)| !v.is_null()).collect();
    format!("k:{}", Value::Object(map))
}

/// A set of paths as `fieldsV1`.
pub(super) fn to_fields(paths: &Paths) -> Value {
    #[derive(Default)]
    struct Node {
        owned: bool,
        children: BTreeMap<String, Node>,
    }
    fn render(node: &Node) -> Value {
        let mut map = Map::new();
        if node.owned && !node.children.is_empty() {
            map.insert(".".into(), Value::Object(Map::new()));
        }
        for (key, child) in &node.children {
            map.insert(key.clone(), render(child));
        }
        Value::Object(map)
    }
    let mut root = Node::default();
    for path in paths {
        let mut at = &mut root;
        for element in path {
            at = at.children.entry(element.clone()).or_default();
        }
        at.owned = true;
    }
    render(&root)
}

/// A set of paths from `fieldsV1`.
pub(super) fn from_fields(fields: &Value) -> Paths {
    fn read(value: &Value, path: &mut Path, out: &mut Paths) {
        let Some(map) = value.as_object() else { return };
        if map.is_empty() && !path.is_empty() {
            out.insert(path.clone());
        }
        for (key, child) in map {
            if key == "." {
                out.insert(path.clone());
                continue;
            }
            path.push(key.clone());
            read(child, path, out);
            path.pop();
        }
    }
    let mut out = Paths::new();
    read(fields, &mut Path::new(), &mut out);
    out
}

/// `.spec.containers[name="web"].image`.
pub(super) fn shown(path: &[String]) -> String {
    let mut out = String::new();
    for element in path {
        match element.split_at(2) {
            ("f:", name) => {
                out.push('.');
                out.push_str(name);
            }
            ("k:", keys) => {
                let keys: Value = serde_json::from_str(keys).unwrap_or(Value::Null);
                let pairs: Vec<String> =
                    keys.as_object().into_iter().flatten().map(|(k, v)| format!("{k}={v}")).collect();
                out.push_str(&format!("[{}]", pairs.join(",")));
            }
            (_, value) => out.push_str(&format!("[={value}]")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_there_and_back() {
        let pod = json!({"kind": "Pod", "metadata": {"name": "x", "labels": {"a": "1"}}, "spec": {"containers": [
            {"name": "web", "image": "i", "args": ["1", "2"], "ports": [{"containerPort": 80}]}]}});
        let paths: Paths = leaves(&pod, crate::schema::named("core.v1.Pod"), true).into_keys().collect();
        let fields = to_fields(&paths);
        assert_eq!(
            fields,
            json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}}, "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
                ".": {}, "f:args": {}, "f:image": {}, "f:name": {},
                "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}})
        );
        assert_eq!(from_fields(&fields), paths);
        let image = paths.iter().find(|p| p.last().is_some_and(|e| e == "f:image")).unwrap();
        assert_eq!(shown(image), ".spec.containers[name=\"web\"].image");
    }
}
