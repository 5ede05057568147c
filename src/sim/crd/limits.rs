//! Checking an object against the schema of its CRD, in the words of the real server.

use regex::Regex;
use serde_json::Value;

use crate::status::Cause;

/// Everything in `value` that the schema does not allow.
pub(crate) fn violations(value: &Value, schema: &Value) -> Vec<Cause> {
    let mut found = Vec::new();
    walk(value, schema, "", &mut found);
    found
}

fn invalid(path: &str, shown: &str, text: &str) -> Cause {
    let field = if path.is_empty() { "<nil>".to_owned() } else { path.to_owned() };
    Cause { reason: "FieldValueInvalid", message: format!("Invalid value: {shown}: {text}"), field }
}

fn walk(value: &Value, schema: &Value, path: &str, found: &mut Vec<Cause>) {
    if value.is_null() && schema["nullable"] == true {
        return;
    }
    if !type_fits(value, schema, path, found) {
        return;
    }
    choices(value, schema, path, found);
    match value {
        Value::String(text) => string(text, schema, path, found),
        Value::Number(number) => numbers(number, schema, path, found),
        Value::Array(list) => array(list, schema, path, found),
        Value::Object(map) => object(map, schema, path, found),
        _ => {}
    }
    combinations(value, schema, path, found);
}

fn type_fits(value: &Value, schema: &Value, path: &str, found: &mut Vec<Cause>) -> bool {
    if schema["x-kubernetes-int-or-string"] == true {
        if value.is_i64() || value.is_u64() || value.is_string() {
            return true;
        }
        let shown = format!("\"{}\"", type_name(value));
        let text = format!("{path} in body must be of type integer,string: {shown}");
        found.push(Cause { reason: "FieldValueTypeInvalid", ..invalid(path, &shown, &text) });
        return false;
    }
    let Some(wanted) = schema["type"].as_str() else { return true };
    let whole = |n: &serde_json::Number| n.is_i64() || n.is_u64() || n.as_f64().is_some_and(|f| f.fract() == 0.0);
    let fits = match (wanted, value) {
        ("object", Value::Object(_)) | ("array", Value::Array(_)) | ("string", Value::String(_)) => true,
        ("boolean", Value::Bool(_)) | ("number", Value::Number(_)) => true,
        ("integer", Value::Number(n)) => whole(n),
        _ => false,
    };
    if !fits {
        let shown = format!("\"{}\"", type_name(value));
        let text = format!("{path} in body must be of type {wanted}: {shown}");
        found.push(Cause { reason: "FieldValueTypeInvalid", ..invalid(path, &shown, &text) });
    }
    if !fits && wanted == "integer" && value.is_number() {
        let text = format!("Checked value must be of type integer (default format) in {path}");
        found.push(invalid("", "\"\"", &text));
    }
    fits
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn choices(value: &Value, schema: &Value, path: &str, found: &mut Vec<Cause>) {
    let Some(list) = schema["enum"].as_array() else { return };
    if list.contains(value) {
        return;
    }
    let supported: Vec<String> = list.iter().map(ToString::to_string).collect();
    let message = format!("Unsupported value: {value}: supported values: {}", supported.join(", "));
    found.push(Cause { reason: "FieldValueNotSupported", message, field: path.to_owned() });
}

fn string(text: &str, schema: &Value, path: &str, found: &mut Vec<Cause>) {
    let shown = Value::from(text).to_string();
    let length = text.chars().count() as u64;
    if schema["minLength"].as_u64().is_some_and(|min| length < min) {
        let min = &schema["minLength"];
        found.push(invalid(path, &shown, &format!("{path} in body should be at least {min} chars long")));
    }
    if let Some(max) = schema["maxLength"].as_u64().filter(|max| length > *max) {
        let message = format!("Too long: may not be more than {max} bytes");
        found.push(Cause { reason: "FieldValueTooLong", message, field: path.to_owned() });
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        // A pattern that this engine cannot read binds nobody.
        let fits = Regex::new(pattern).map_or(true, |regex| regex.is_match(text));
        if !fits {
            found.push(invalid(path, &shown, &format!("{path} in body should match '{pattern}'")));
        }
    }
    let format = schema["format"].as_str().unwrap_or_default();
    if format == "date-time" && text.parse::<jiff::Timestamp>().is_err() {
        found.push(invalid(path, &shown, &format!("{path} in body must be of type date-time: {shown}")));
    }
}

fn numbers(number: &serde_json::Number, schema: &Value, path: &str, found: &mut Vec<Cause>) {
    let n = number.as_f64().unwrap_or_default();
    let shown = number.to_string();
    if let Some(min) = schema["minimum"].as_f64() {
        let exclusive = schema["exclusiveMinimum"] == true;
        if n < min || (exclusive && n <= min) {
            let words = if exclusive { "greater than" } else { "greater than or equal to" };
            found.push(invalid(path, &shown, &format!("{path} in body should be {words} {}", schema["minimum"])));
        }
    }
    if let Some(max) = schema["maximum"].as_f64() {
        let exclusive = schema["exclusiveMaximum"] == true;
        if n > max || (exclusive && n >= max) {
            let words = if exclusive { "less than" } else { "less than or equal to" };
            found.push(invalid(path, &shown, &format!("{path} in body should be {words} {}", schema["maximum"])));
        }
    }
    if let Some(step) = schema["multipleOf"].as_f64()
        && step != 0.0
        && (n / step).fract() != 0.0
    {
        found.push(invalid(path, &shown, &format!("{path} in body should be a multiple of {}", schema["multipleOf"])));
    }
}

fn array(list: &[Value], schema: &Value, path: &str, found: &mut Vec<Cause>) {
    let count = list.len() as u64;
    if let Some(min) = schema["minItems"].as_u64().filter(|min| count < *min) {
        found.push(invalid(path, &count.to_string(), &format!("{path} in body should have at least {min} items")));
    }
    if let Some(max) = schema["maxItems"].as_u64().filter(|max| count > *max) {
        let message = format!("Too many: {count}: must have at most {max} items");
        found.push(Cause { reason: "FieldValueTooMany", message, field: path.to_owned() });
    }
    duplicates(list, schema, path, found);
    for (i, item) in list.iter().enumerate() {
        walk(item, &schema["items"], &format!("{path}[{i}]"), found);
    }
}

/// Items of a set or of a list by key may occur once.
fn duplicates(list: &[Value], schema: &Value, path: &str, found: &mut Vec<Cause>) {
    let id = |item: &Value| -> Value {
        let keys = schema["x-kubernetes-list-map-keys"].as_array();
        let key = |k: &Value| (k.as_str().unwrap_or_default().to_owned(), item[k.as_str().unwrap_or_default()].clone());
        keys.map_or_else(|| item.clone(), |keys| Value::Object(keys.iter().map(key).collect()))
    };
    if !matches!(schema["x-kubernetes-list-type"].as_str(), Some("set" | "map")) {
        return;
    }
    for (i, item) in list.iter().enumerate() {
        if list[..i].iter().any(|before| id(before) == id(item)) {
            let message = format!("Duplicate value: {}", id(item));
            found.push(Cause { reason: "FieldValueDuplicate", message, field: format!("{path}[{i}]") });
        }
    }
}

fn object(map: &serde_json::Map<String, Value>, schema: &Value, path: &str, found: &mut Vec<Cause>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            found.push(Cause { reason: "FieldValueRequired", message: "Required value".into(), field: join(name) });
        }
    }
    for (key, value) in map {
        if path.is_empty() && matches!(key.as_str(), "metadata" | "apiVersion" | "kind") {
            continue;
        }
        let inner =
            schema["properties"].get(key).or_else(|| schema.get("additionalProperties").filter(|v| v.is_object()));
        if let Some(inner) = inner {
            walk(value, inner, &join(key), found);
        }
    }
}

fn combinations(value: &Value, schema: &Value, path: &str, found: &mut Vec<Cause>) {
    let good = |part: &Value| {
        let mut inner = Vec::new();
        walk(value, part, path, &mut inner);
        inner.is_empty()
    };
    let count = |key: &str| schema[key].as_array().map(|parts| parts.iter().filter(|p| good(p)).count());
    let mut fail = |text: String| found.push(invalid(path, "\"\"", &text));
    if count("anyOf") == Some(0) {
        fail(format!("\"{path}\" must validate at least one schema (anyOf)"));
    }
    match count("oneOf") {
        Some(0) => fail(format!("\"{path}\" must validate one and only one schema (oneOf). Found none valid")),
        Some(n) if n > 1 => {
            fail(format!("\"{path}\" must validate one and only one schema (oneOf). Found {n} valid alternatives"))
        }
        _ => {}
    }
    if schema.get("not").is_some_and(good) {
        fail(format!("\"{path}\" must not validate the schema (not)"));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        walk(value, part, path, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_of_the_real_server() {
        let schema = json!({"type": "object", "required": ["spec"], "properties": {"spec": {"type": "object", "required": ["name"],
            "properties": {"n": {"type": "integer", "minimum": 1}, "e": {"enum": ["a", "b"]}, "name": {"type": "string"}, "s": {"type": "string", "pattern": "^x$"}}}}});
        let text = |value: Value| -> Vec<String> {
            violations(&value, &schema).iter().map(|c| format!("{}: {}", c.field, c.message)).collect()
        };
        assert_eq!(text(json!({})), ["spec: Required value"]);
        assert_eq!(
            text(json!({"spec": {"n": 0, "e": "c", "name": 5, "s": "y"}})),
            [
                "spec.n: Invalid value: 0: spec.n in body should be greater than or equal to 1",
                "spec.e: Unsupported value: \"c\": supported values: \"a\", \"b\"",
                "spec.name: Invalid value: \"integer\": spec.name in body must be of type string: \"integer\"",
                "spec.s: Invalid value: \"y\": spec.s in body should match '^x$'",
            ]
        );
    }
}
