//! Columns and cells: a CRD's own, the extension's for built-in kinds, else Name and Age.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::jsonpath::JsonPath;
use crate::{
    hooks::{Column, Extension},
    storage::{KindInfo, Store},
};

const NAME_HELP: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const AGE_HELP: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.";

fn column(name: &str, kind: &str, format: &str, description: &str) -> Column {
    Column {
        name: name.into(),
        kind: kind.into(),
        format: format.into(),
        description: description.into(),
        priority: 0,
        json_path: None,
    }
}

fn columns(extension: &dyn Extension, kind: &KindInfo) -> Vec<Column> {
    if kind.custom {
        let mut all = vec![column("Name", "string", "name", NAME_HELP)];
        if kind.columns.is_empty() {
            let mut age = column("Age", "date", "", AGE_HELP);
            age.json_path = Some(".metadata.creationTimestamp".into());
            all.push(age);
        }
        all.extend(kind.columns.iter().cloned());
        return all;
    }
    extension.columns(kind).unwrap_or_else(|| {
        vec![column("Name", "string", "name", NAME_HELP), column("Created At", "date", "", AGE_HELP)]
    })
}

/// `columnDefinitions`.
pub(crate) fn definitions(extension: &dyn Extension, kind: &KindInfo) -> Value {
    let definition = |c: Column| json!({"name": c.name, "type": c.kind, "format": c.format, "description": c.description, "priority": c.priority});
    columns(extension, kind).into_iter().map(definition).collect()
}

/// The cells of an empty object, for bookmarks.
pub(crate) fn blank(store: &Store, extension: &dyn Extension, kind: &KindInfo) -> Vec<Value> {
    let empty = json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": "", "creationTimestamp": null}});
    cells(store, extension, kind, &empty)
}

/// The cells of one object.
pub(crate) fn cells(store: &Store, extension: &dyn Extension, kind: &KindInfo, value: &Value) -> Vec<Value> {
    if !kind.custom {
        if extension.columns(kind).is_some() {
            return extension.cells(store, kind, value);
        }
        return vec![value["metadata"]["name"].clone(), value["metadata"]["creationTimestamp"].clone()];
    }
    let now = store.clock().now();
    let name = value["metadata"]["name"].clone();
    let others = columns(extension, kind);
    let cell = |c: &Column| custom_cell(c, value, now);
    std::iter::once(name).chain(others.iter().skip(1).map(cell)).collect()
}

fn custom_cell(column: &Column, value: &Value, now: Timestamp) -> Value {
    let path = column.json_path.as_deref().unwrap_or_default();
    let found = JsonPath::parse(path).map(|p| p.find(value)).unwrap_or_default();
    let Some(first) = found.first() else { return Value::Null };
    match (column.kind.as_str(), first) {
        ("integer", Value::Number(n)) => {
            n.as_i64().or_else(|| n.as_f64().map(|f| f as i64)).map_or(Value::Null, Value::from)
        }
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => (*first).clone(),
        ("integer" | "number" | "boolean", _) => Value::Null,
        ("date", Value::String(text)) => match text.parse::<Timestamp>() {
            Ok(at) => human_age(now.duration_since(at).as_secs()).into(),
            Err(_) => "<unknown>".into(),
        },
        ("date", _) => "<unknown>".into(),
        (_, Value::Null) => Value::Null,
        _ => found
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(" ")
            .into(),
    }
}

/// A duration as kubectl shows ages: `45s`, `3m20s`, `5h10m`, `3d4h`, `40d`, `2y30d`.
pub(crate) fn human_age(seconds: i64) -> String {
    if seconds < -1 {
        return "<invalid>".into();
    }
    let s = seconds.max(0);
    let (m, h, d) = (s / 60, s / 3600, s / 86_400);
    let two = |a: i64, ua: char, b: i64, ub: char| if b == 0 { format!("{a}{ua}") } else { format!("{a}{ua}{b}{ub}") };
    if s < 120 {
        format!("{s}s")
    } else if m < 10 {
        two(m, 'm', s % 60, 's')
    } else if m < 180 {
        format!("{m}m")
    } else if h < 8 {
        two(h, 'h', m % 60, 'm')
    } else if h < 48 {
        format!("{h}h")
    } else if h < 192 {
        two(d, 'd', h % 24, 'h')
    } else if d < 730 {
        format!("{d}d")
    } else if d < 2920 {
        two(d / 365, 'y', d % 365, 'd')
    } else {
        format!("{}y", d / 365)
    }
}

/// `conditions` of a row: the real server marks pods that have run to their end.
pub(crate) fn row_conditions(kind: &KindInfo, value: &Value) -> Option<Value> {
    if !(kind.group.is_empty() && kind.plural == "pods") {
        return None;
    }
    let phase = value["status"]["phase"].as_str()?;
    let message = match phase {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": phase, "message": message}]))
}

#[cfg(test)]
mod tests {
    use super::human_age;

    #[test]
    fn ages_as_kubectl_shows_them() {
        let shown: Vec<String> =
            [5, 119, 200, 660, 11_000, 30_000, 100_000, 300_000, 4_000_000, 70_000_000].map(human_age).into();
        assert_eq!(shown, ["5s", "119s", "3m20s", "11m", "3h3m", "8h", "27h", "3d11h", "46d", "2y80d"]);
    }
}
