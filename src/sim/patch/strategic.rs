//! Strategic merge patch: a merge patch that knows which lists are told apart by a key.

use serde_json::{Map, Value};

use crate::{
    schema::{Field, Schema},
    status::ApiError,
};

/// Merges `patch` into `target` as its type says.
pub fn strategic(target: &mut Value, patch: &Value, schema: Option<&Schema>) -> Result<(), ApiError> {
    let Some(patch) = patch.as_object() else {
        return Err(ApiError::bad_request("a strategic merge patch must be an object"));
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(map) = target.as_object_mut() else { return Ok(()) };
    object(map, patch, schema)
}

fn object(
    target: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    schema: Option<&Schema>,
) -> Result<(), ApiError> {
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            *target = patch.iter().filter(|(k, _)| *k != "$patch").map(|(k, v)| (k.clone(), v.clone())).collect();
            return Ok(());
        }
        Some("delete") => {
            target.clear();
            return Ok(());
        }
        Some("merge") | None => {}
        Some(other) => return Err(ApiError::bad_request(format!("Unknown patch type: {other}"))),
    }
    if let Some(keep) = patch.get("$retainKeys").and_then(Value::as_array) {
        target.retain(|k, _| keep.iter().any(|x| x == k));
    }
    for (key, value) in patch {
        if key == "$patch" || key == "$retainKeys" {
            continue;
        }
        if let Some(name) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(list), Some(gone)) = (target.get_mut(name).and_then(Value::as_array_mut), value.as_array()) {
                list.retain(|item| !gone.contains(item));
            }
            continue;
        }
        if let Some(name) = key.strip_prefix("$setElementOrder/") {
            let field = schema.and_then(|s| s.field(name));
            let mut list = target.get(name).cloned().unwrap_or(Value::Null);
            if let Some(change) = patch.get(name) {
                merge_field(&mut list, change, field, schema, name)?;
            }
            if let (Some(list), Some(order)) = (list.as_array_mut(), value.as_array()) {
                reorder(list, order, field.and_then(|f| f.merge_key.as_deref()));
            }
            if !list.is_null() {
                target.insert(name.to_owned(), list);
            }
            continue;
        }
        if patch.contains_key(&format!("$setElementOrder/{key}")) {
            continue;
        }
        if value.is_null() {
            target.shift_remove(key);
            continue;
        }
        let mut place = target.get(key).cloned().unwrap_or(Value::Null);
        merge_field(&mut place, value, schema.and_then(|s| s.field(key)), schema, key)?;
        if value.get("$patch").and_then(Value::as_str) == Some("delete") {
            target.shift_remove(key);
        } else {
            target.insert(key.clone(), place);
        }
    }
    Ok(())
}

fn merge_field(
    place: &mut Value,
    value: &Value,
    field: Option<&Field>,
    schema: Option<&Schema>,
    key: &str,
) -> Result<(), ApiError> {
    match value {
        Value::Object(patch) => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let child = schema.and_then(|s| s.child(key));
            match place.as_object_mut() {
                Some(map) => object(map, patch, child),
                None => Ok(()),
            }
        }
        Value::Array(patch) if field.is_some_and(|f| f.merge) => {
            let field = field.expect("checked");
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let Some(list) = place.as_array_mut() else { return Ok(()) };
            match &field.merge_key {
                Some(merge_key) => keyed(list, patch, merge_key, field.schema.items()),
                None => {
                    for item in patch {
                        if !list.contains(item) {
                            list.push(item.clone());
                        }
                    }
                    Ok(())
                }
            }
        }
        other => {
            *place = other.clone();
            Ok(())
        }
    }
}

fn keyed(list: &mut Vec<Value>, patch: &[Value], merge_key: &str, items: Option<&Schema>) -> Result<(), ApiError> {
    if patch.iter().any(|p| p.get("$patch").and_then(Value::as_str) == Some("replace") && p.get(merge_key).is_none()) {
        *list = patch.iter().filter(|p| p.get("$patch").is_none()).cloned().collect();
        return Ok(());
    }
    for item in patch {
        let Some(change) = item.as_object() else {
            return Err(ApiError::bad_request("a list that is merged by a key holds objects only"));
        };
        let Some(id) = change.get(merge_key) else {
            let message =
                format!("map: {} does not contain declared merge key: {merge_key}", Value::Object(change.clone()));
            return Err(ApiError::bad_request(message));
        };
        let found = list.iter().position(|have| have.get(merge_key) == Some(id));
        if change.get("$patch").and_then(Value::as_str) == Some("delete") {
            list.retain(|have| have.get(merge_key) != Some(id));
            continue;
        }
        match found.and_then(|at| list[at].as_object_mut()) {
            Some(have) => object(have, change, items)?,
            None => {
                let mut fresh = Map::new();
                object(&mut fresh, change, items)?;
                list.push(Value::Object(fresh));
            }
        }
    }
    Ok(())
}

/// Items named in `order` come in that order; the others keep their place among themselves.
fn reorder(list: &mut [Value], order: &[Value], merge_key: Option<&str>) {
    let id = |item: &Value| match merge_key {
        Some(key) => item.get(key).cloned().unwrap_or(Value::Null),
        None => item.clone(),
    };
    let rank = |item: &Value| order.iter().position(|o| id(o) == id(item));
    let mut named: Vec<Value> = list.iter().filter(|i| rank(i).is_some()).cloned().collect();
    named.sort_by_key(|i| rank(i));
    let mut named = named.into_iter();
    for item in list.iter_mut() {
        if rank(item).is_some()
            && let Some(next) = named.next()
        {
            *item = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(mut value: Value, patch: Value) -> Value {
        strategic(&mut value, &patch, crate::schema::named("apps.v1.Deployment")).unwrap();
        value
    }

    fn deployment(containers: Value) -> Value {
        json!({"spec": {"template": {"spec": {"containers": containers}}}})
    }

    #[test]
    fn containers_are_merged_by_name() {
        let have = deployment(
            json!([{"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "b:1"}]),
        );
        let patch = deployment(json!([{"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}]}]));
        let want = deployment(json!([
            {"name": "a", "image": "a:2", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
            {"name": "b", "image": "b:1"}]));
        assert_eq!(patched(have, patch), want);
    }

    #[test]
    fn delete_replace_and_order() {
        let have = deployment(json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]));
        let patch = json!({"spec": {"template": {"spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
            "containers": [{"name": "b", "$patch": "delete"}]}}}});
        assert_eq!(patched(have.clone(), patch), deployment(json!([{"name": "c"}, {"name": "a"}])));
        let replaced = deployment(json!([{"name": "z"}, {"$patch": "replace"}]));
        assert_eq!(patched(have, replaced), deployment(json!([{"name": "z"}])));
    }

    #[test]
    fn atomic_lists_are_replaced_and_null_removes() {
        let have = deployment(json!([{"name": "a", "args": ["1", "2"], "image": "x"}]));
        let patch = deployment(json!([{"name": "a", "args": ["3"], "image": null}]));
        assert_eq!(patched(have, patch), deployment(json!([{"name": "a", "args": ["3"]}])));
    }
}
