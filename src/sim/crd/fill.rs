//! Filling in the defaults of a CRD's schema.

use serde_json::Value;

/// Puts defaults where fields are missing (or null and not nullable).
pub(crate) fn fill(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
                let Some(default) = inner.get("default") else { continue };
                let absent = match map.get(key) {
                    None => true,
                    Some(Value::Null) => inner["nullable"] != true,
                    Some(_) => false,
                };
                if absent {
                    map.insert(key.clone(), default.clone());
                }
            }
            for (key, child) in map.iter_mut() {
                let inner = schema["properties"].get(key).or_else(|| schema.get("additionalProperties"));
                if let Some(inner) = inner {
                    fill(child, inner);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|item| fill(item, &schema["items"])),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_inside_defaults() {
        let schema =
            json!({"properties": {"spec": {"default": {}, "properties": {"size": {"default": 3}, "name": {}}}}});
        let mut value = json!({});
        fill(&mut value, &schema);
        assert_eq!(value, json!({"spec": {"size": 3}}));
    }
}
