//! Fields that a kind does not have, and values of the wrong type.

use serde_json::Value;

use crate::{
    crd,
    schema::{Schema, Shape},
    status::ApiError,
    storage::{FieldValidation, KindInfo},
};

/// Drops unknown fields; refuses them or returns warnings, as asked.
pub(crate) fn unknown_fields(
    kind: &KindInfo,
    object: &mut Value,
    raw: &[u8],
    validation: FieldValidation,
) -> Result<Vec<String>, ApiError> {
    let mut unknown = Vec::new();
    if kind.custom {
        if let Some(schema) = crd::source(kind) {
            unknown = crd::prune(object, schema);
        }
        if let Some(meta) = crate::schema::named("meta.v1.ObjectMeta")
            && let Some(value) = object.get_mut("metadata")
        {
            let mut wrong = None;
            walk(value, meta, "metadata", "ObjectMeta", &mut unknown, &mut wrong);
        }
    } else if let Some(schema) = &kind.schema {
        let mut wrong = None;
        walk(object, schema.resolve(), "", &kind.kind, &mut unknown, &mut wrong);
        if let Some(text) = wrong {
            return Err(unreadable(kind, &text));
        }
    }
    let mut problems: Vec<String> = unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
    if validation != FieldValidation::Ignore {
        problems.extend(super::names::duplicate_keys(raw).iter().map(|path| format!("duplicate field \"{path}\"")));
    }
    match validation {
        FieldValidation::Ignore => Ok(Vec::new()),
        FieldValidation::Warn => Ok(problems),
        FieldValidation::Strict if problems.is_empty() => Ok(Vec::new()),
        FieldValidation::Strict => Err(unreadable(kind, &format!("strict decoding error: {}", problems.join(", ")))),
    }
}

fn unreadable(kind: &KindInfo, why: &str) -> ApiError {
    let (name, version) = (&kind.kind, &kind.version);
    ApiError::bad_request(format!("{name} in version \"{version}\" cannot be handled as a {name}: {why}"))
}

fn walk(
    value: &mut Value,
    schema: &Schema,
    path: &str,
    owner: &str,
    unknown: &mut Vec<String>,
    wrong: &mut Option<String>,
) {
    let schema = schema.resolve();
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (&schema.shape, &mut *value) {
        (Shape::Struct { fields, open, .. }, Value::Object(map)) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            for key in keys {
                let Some(field) = fields.get(&key) else {
                    if !open {
                        map.shift_remove(&key);
                        unknown.push(join(&key));
                    }
                    continue;
                };
                if map.get(&key).is_some_and(Value::is_null) {
                    map.shift_remove(&key);
                    continue;
                }
                let next = match &field.schema.shape {
                    Shape::Ref(name) => name.rsplit('.').next().unwrap_or(owner),
                    _ => owner,
                };
                if let Some(child) = map.get_mut(&key) {
                    walk(child, &field.schema, &join(&key), next, unknown, wrong);
                }
            }
        }
        (Shape::Map { values, .. }, Value::Object(map)) => {
            for (key, child) in map.iter_mut() {
                let below = match &values.resolve().shape {
                    // Go names the map, not the key, when a plain value is of the wrong type.
                    Shape::Struct { .. } | Shape::Map { .. } | Shape::List { .. } => join(key),
                    _ => path.to_owned(),
                };
                walk(child, values, &below, owner, unknown, wrong);
            }
        }
        (Shape::List { items, .. }, Value::Array(list)) => {
            let next = match &items.shape {
                Shape::Ref(name) => name.rsplit('.').next().unwrap_or(owner),
                _ => owner,
            };
            for (i, child) in list.iter_mut().enumerate() {
                walk(child, items, &format!("{path}[{i}]"), next, unknown, wrong);
            }
        }
        (shape, value) => {
            if !fits(shape, value) && wrong.is_none() {
                let plain: String = strip_indexes(path);
                *wrong = Some(format!(
                    "json: cannot unmarshal {} into Go struct field {owner}.{plain} of type {}",
                    json_type(value),
                    go_type(shape, schema.format)
                ));
            }
        }
    }
}

fn strip_indexes(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

fn fits(shape: &Shape, value: &Value) -> bool {
    match shape {
        Shape::Any | Shape::Ref(_) => true,
        Shape::String => value.is_string() || value.is_null(),
        Shape::Integer => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|f| f.fract() == 0.0) || value.is_null()
        }
        Shape::Number => value.is_number() || value.is_null(),
        Shape::Boolean => value.is_boolean() || value.is_null(),
        Shape::IntOrString | Shape::Quantity => value.is_number() || value.is_string() || value.is_null(),
        Shape::Struct { .. } | Shape::Map { .. } | Shape::List { .. } => value.is_null(),
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn go_type(shape: &Shape, format: Option<&str>) -> String {
    match shape {
        Shape::Integer => format.unwrap_or("int64").to_owned(),
        Shape::Boolean => "bool".into(),
        Shape::Number => "float64".into(),
        Shape::Map { .. } => "map[string]string".into(),
        Shape::List { items, .. } => match &items.shape {
            Shape::Ref(name) => format!(
                "[]{}",
                name.split('.').skip(if name.matches('.').count() > 1 { 1 } else { 0 }).collect::<Vec<_>>().join(".")
            ),
            _ => "[]string".into(),
        },
        Shape::Struct { .. } => "struct".into(),
        _ => "string".into(),
    }
}
