//! What every object has: metadata, conditions, events; and any kind by its fields.

use super::model::{Description, ago, list, words};
use crate::resources::Level;
use serde_json::Value;

pub(super) fn metadata(d: &mut Description, object: &Value, now: i64) {
    let meta = &object["metadata"];
    let title = if d.namespace.is_empty() {
        format!("{} {}", d.kind, d.name)
    } else {
        format!("{} {}/{}", d.kind, d.namespace, d.name)
    };
    d.section(&title);
    if !meta["deletionTimestamp"].is_null() {
        let waits = words(&meta["finalizers"]);
        let waits = if waits.is_empty() { String::new() } else { format!(", waits for {waits}") };
        d.item(0, "Deleting", format!("since {}{waits}", ago(&meta["deletionTimestamp"], now)), Level::Warn);
    }
    d.line("Created", ago(&meta["creationTimestamp"], now));
    for owner in list(&meta["ownerReferences"]) {
        d.line("Owner", format!("{} {}", words(&owner["kind"]), words(&owner["name"])));
    }
    pairs(d, "Labels", &meta["labels"]);
    if let Some(map) = meta["annotations"].as_object() {
        let mut label = "Annotations";
        for (key, value) in map {
            if key == "kubectl.kubernetes.io/last-applied-configuration" {
                continue;
            }
            let mut text = format!("{key}={}", words(value).replace('\n', " "));
            if text.chars().count() > 200 {
                text = text.chars().take(200).collect::<String>() + "…";
            }
            d.line(label, text);
            label = "";
        }
    }
}

/// A map as one line each, the first with the label.
pub(super) fn pairs(d: &mut Description, label: &str, map: &Value) {
    let mut label = label;
    for (key, value) in map.as_object().into_iter().flatten() {
        d.line(label, format!("{key}={}", words(value)));
        label = "";
    }
}

pub(super) fn conditions(d: &mut Description, object: &Value, now: i64) {
    d.section("Conditions");
    for c in list(&object["status"]["conditions"]) {
        let name = words(&c["type"]);
        let status = words(&c["status"]);
        let bad_when_true =
            ["Pressure", "Unavailable", "Failed", "Failure", "Stalled", "Degraded", "InvalidRequest", "Denied"]
                .iter()
                .any(|n| name.ends_with(n));
        let level = match status.as_str() {
            "True" if bad_when_true => Level::Bad,
            "False" if !bad_when_true && name != "Issuing" && name != "Suspended" => Level::Warn,
            _ => Level::Good,
        };
        let since = ago(&c["lastTransitionTime"], now);
        let mut text = status;
        for part in [words(&c["reason"]), since, words(&c["message"])] {
            if !part.is_empty() {
                text.push_str(" · ");
                text.push_str(&part);
            }
        }
        d.item(0, &name, text, level);
    }
    d.end();
}

pub(super) fn events(d: &mut Description, events: &[Value], now: i64) {
    let at = |e: &Value| {
        ["lastTimestamp", "eventTime", "firstTimestamp"]
            .iter()
            .find_map(|f| e[f].as_str().and_then(crate::clock::parse_time))
            .or_else(|| e["series"]["lastObservedTime"].as_str().and_then(crate::clock::parse_time))
            .unwrap_or(0)
    };
    let mut sorted: Vec<&Value> = events.iter().collect();
    sorted.sort_by_key(|e| std::cmp::Reverse(at(e)));
    d.section("Events");
    for event in sorted {
        let count = event["count"].as_i64().or_else(|| event["series"]["count"].as_i64()).unwrap_or(1);
        let times = if count > 1 { format!(" ×{count}") } else { String::new() };
        let message = event["message"].as_str().or_else(|| event["note"].as_str()).unwrap_or("");
        let level = if event["type"] == "Warning" { Level::Warn } else { Level::Good };
        let age = crate::clock::human_duration(now - at(event));
        d.item(0, &age, format!("{}{times} · {}", words(&event["reason"]), message.trim()), level);
    }
    d.end();
}

/// Any kind: spec and status (or what stands at its top) field by field.
pub(super) fn body(d: &mut Description, object: &Value) {
    for (key, value) in object.as_object().into_iter().flatten() {
        if matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
            continue;
        }
        let mut title = key.clone();
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        d.section(&title);
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    if name != "conditions" {
                        tree(d, 0, name, value);
                    }
                }
            }
            other => tree(d, 0, key, other),
        }
        d.end();
    }
}

fn is_flat(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.len() <= 3 && map.values().all(|v| !v.is_object() && !v.is_array()),
        Value::Array(items) => items.iter().all(|v| !v.is_object() && !v.is_array()),
        _ => true,
    }
}

/// A field and what is below it.
pub(super) fn tree(d: &mut Description, depth: u8, name: &str, value: &Value) {
    if is_flat(value) || depth > 6 {
        d.item(depth, name, words(value), Level::Good);
        return;
    }
    match value {
        Value::Object(map) => {
            d.item(depth, name, " ", Level::Good);
            for (key, value) in map {
                tree(d, depth + 1, key, value);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                tree(d, depth, &format!("{name}[{i}]"), item);
            }
        }
        _ => {}
    }
}
