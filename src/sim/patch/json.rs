//! JSON patch (RFC 6902).

use serde_json::Value;

use crate::status::ApiError;

/// Carries out the operations in order; the first that fails refuses all.
pub fn json_patch(target: &mut Value, patch: &Value) -> Result<(), ApiError> {
    let operations = patch.as_array().ok_or_else(|| {
        ApiError::bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        )
    })?;
    for operation in operations {
        one(target, operation)?;
    }
    Ok(())
}

fn one(target: &mut Value, operation: &Value) -> Result<(), ApiError> {
    let text = |key: &str| operation[key].as_str().unwrap_or_default().to_owned();
    let (op, path, from) = (text("op"), text("path"), text("from"));
    // The real server keeps to itself why a patch does not apply.
    let missing = |_: &str| {
        let message = "the server rejected our request due to an error in our request";
        ApiError { details: Some(serde_json::json!({})), ..ApiError::new(422, "Invalid", message) }
    };
    match op.as_str() {
        "add" => add(target, &path, operation["value"].clone()).ok_or_else(|| missing(&path)),
        "remove" => remove(target, &path).map(drop).ok_or_else(|| missing(&path)),
        "replace" => {
            let place = target.pointer_mut(&path).ok_or_else(|| missing(&path))?;
            *place = operation["value"].clone();
            Ok(())
        }
        "move" => {
            let value = remove(target, &from).ok_or_else(|| missing(&from))?;
            add(target, &path, value).ok_or_else(|| missing(&path))
        }
        "copy" => {
            let value = target.pointer(&from).cloned().ok_or_else(|| missing(&from))?;
            add(target, &path, value).ok_or_else(|| missing(&path))
        }
        "test" => {
            let found = target.pointer(&path).cloned().unwrap_or(Value::Null);
            if found == operation["value"] { Ok(()) } else { Err(missing(&path)) }
        }
        _ => Err(ApiError::bad_request(format!("Unexpected kind: {op}"))),
    }
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *target = value;
        return Some(());
    }
    let (parent, last) = path.rsplit_once('/')?;
    match target.pointer_mut(parent)? {
        Value::Object(map) => {
            map.insert(unescape(last), value);
        }
        Value::Array(list) if last == "-" => list.push(value),
        Value::Array(list) => {
            let at = last.parse::<usize>().ok().filter(|at| *at <= list.len())?;
            list.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Value, path: &str) -> Option<Value> {
    let (parent, last) = path.rsplit_once('/')?;
    match target.pointer_mut(parent)? {
        Value::Object(map) => map.shift_remove(&unescape(last)),
        Value::Array(list) => {
            let at = last.parse::<usize>().ok().filter(|at| *at < list.len())?;
            Some(list.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_in_order_and_all_or_nothing_to_the_caller() {
        let mut value = json!({"metadata": {"labels": {"a/b": "1"}}, "l": [1, 3]});
        let patch = json!([
            {"op": "test", "path": "/metadata/labels/a~1b", "value": "1"},
            {"op": "replace", "path": "/metadata/labels/a~1b", "value": "2"},
            {"op": "add", "path": "/l/1", "value": 2},
            {"op": "add", "path": "/l/-", "value": 4},
            {"op": "remove", "path": "/l/0"},
        ]);
        json_patch(&mut value, &patch).unwrap();
        assert_eq!(value, json!({"metadata": {"labels": {"a/b": "2"}}, "l": [2, 3, 4]}));
        let error = json_patch(&mut value, &json!([{"op": "remove", "path": "/gone"}])).unwrap_err();
        assert_eq!(error.code, 422);
    }
}
