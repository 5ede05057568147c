//! Dropping fields that the schema of a CRD does not know.

use serde_json::Value;

/// Drops unknown fields of `value` and returns their paths, such as `spec.colour`.
pub(crate) fn prune(value: &mut Value, schema: &Value) -> Vec<String> {
    let mut dropped = Vec::new();
    walk(value, schema, "", true, &mut dropped);
    dropped
}

fn walk(value: &mut Value, schema: &Value, path: &str, whole_object: bool, dropped: &mut Vec<String>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) => {
            let keep = schema["x-kubernetes-preserve-unknown-fields"] == true;
            let values = schema.get("additionalProperties");
            let keys: Vec<String> = map.keys().cloned().collect();
            for key in keys {
                let server_own = whole_object && matches!(key.as_str(), "apiVersion" | "kind" | "metadata");
                if server_own {
                    continue;
                }
                let inner = schema["properties"].get(&key).or_else(|| values.filter(|v| v.is_object()));
                match inner {
                    Some(inner) => {
                        let embedded = inner["x-kubernetes-embedded-resource"] == true;
                        if let Some(child) = map.get_mut(&key) {
                            walk(child, inner, &join(&key), embedded, dropped);
                        }
                    }
                    None if keep || values == Some(&Value::Bool(true)) => {}
                    None => {
                        map.shift_remove(&key);
                        dropped.push(join(&key));
                    }
                }
            }
        }
        Value::Array(list) => {
            for (i, item) in list.iter_mut().enumerate() {
                let inner = &schema["items"];
                let embedded = inner["x-kubernetes-embedded-resource"] == true;
                walk(item, inner, &format!("{path}[{i}]"), embedded, dropped);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unknown_fields_go_unless_preserved() {
        let schema = json!({"properties": {"spec": {"properties": {"a": {"type": "string"},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "list": {"items": {"properties": {"n": {}}}}}}}});
        let mut value = json!({"kind": "X", "metadata": {"any": 1}, "spec": {"a": "1", "b": 2, "free": {"x": {"y": 1}}, "list": [{"n": 1, "m": 2}]}});
        assert_eq!(prune(&mut value, &schema), ["spec.b", "spec.list[0].m"]);
        assert_eq!(value["spec"], json!({"a": "1", "free": {"x": {"y": 1}}, "list": [{"n": 1}]}));
    }
}
