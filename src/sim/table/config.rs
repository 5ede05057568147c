//! Rows of configuration, accounts, quotas, disruption budgets and autoscalers.

use super::age;
use super::columns::{AGE, Column, NAME, number, text};
use crate::value::{at, int, list, map, name, text as str_at};
use jiff::Timestamp;
use serde_json::Value;

/// Columns of config maps.
pub const CONFIG_MAP: &[Column] = &[NAME, text("Data"), AGE];
/// Columns of secrets.
pub const SECRET: &[Column] = &[NAME, text("Type"), text("Data"), AGE];
/// Columns of service accounts and other kinds that show nothing but their age.
pub const NAME_AGE: &[Column] = &[NAME, AGE];
/// Columns of resource quotas.
pub const QUOTA: &[Column] = &[NAME, text("Request"), text("Limit"), AGE];
/// Columns of pod disruption budgets.
pub const BUDGET: &[Column] =
    &[NAME, text("Min Available"), text("Max Unavailable"), number("Allowed Disruptions"), AGE];
/// Columns of horizontal pod autoscalers.
pub const AUTOSCALER: &[Column] =
    &[NAME, text("Reference"), text("Targets"), text("MinPods"), text("MaxPods"), text("Replicas"), AGE];
/// Columns of kinds without a printer: name and creation time.
pub const NAME_CREATED: &[Column] = &[NAME, Column { name: "Created At", kind: "date", format: "", priority: 0 }];

/// One config map.
pub fn config_map(c: &Value, now: Timestamp) -> Vec<Value> {
    let count = |path: &str| map(c, path).map_or(0, serde_json::Map::len);
    vec![name(c).into(), (count("data") + count("binaryData")).into(), age::of(c, now)]
}

/// One secret: how many keys, never what they hold.
pub fn secret(s: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(s).into(),
        str_at(s, "type").into(),
        map(s, "data").map_or(0, serde_json::Map::len).into(),
        age::of(s, now),
    ]
}

/// Name and age.
pub fn name_age(o: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(o).into(), age::of(o, now)]
}

/// Name and creation time.
pub fn name_created(o: &Value, _: Timestamp) -> Vec<Value> {
    vec![name(o).into(), str_at(o, "metadata.creationTimestamp").into()]
}

/// One quota: used of hard for each resource, limits in a column of their own.
pub fn quota(q: &Value, now: Timestamp) -> Vec<Value> {
    let mut hard: Vec<(&String, &Value)> = map(q, "status.hard").into_iter().flatten().collect();
    hard.sort_by_key(|(k, _)| *k);
    let column = |limits: bool| {
        let parts = hard.iter().filter(|(k, _)| k.starts_with("limits.") == limits).map(|(k, v)| {
            let used = at(q, "status.used").get(k.as_str()).and_then(Value::as_str).unwrap_or("0");
            format!("{k}: {used}/{}", v.as_str().unwrap_or_default())
        });
        Value::from(parts.collect::<Vec<_>>().join(", "))
    };
    vec![name(q).into(), column(false), column(true), age::of(q, now)]
}

/// A number or a percentage.
fn int_or_text(value: &Value) -> String {
    match value {
        Value::Null => "N/A".into(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

/// One disruption budget.
pub fn budget(b: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(b).into(),
        int_or_text(at(b, "spec.minAvailable")).into(),
        int_or_text(at(b, "spec.maxUnavailable")).into(),
        int(b, "status.disruptionsAllowed").into(),
        age::of(b, now),
    ]
}

/// One autoscaler.
pub fn autoscaler(h: &Value, now: Timestamp) -> Vec<Value> {
    let min = at(h, "spec.minReplicas").as_i64().map_or("<unset>".into(), |n| n.to_string());
    vec![
        name(h).into(),
        format!("{}/{}", str_at(h, "spec.scaleTargetRef.kind"), str_at(h, "spec.scaleTargetRef.name")).into(),
        targets(h).into(),
        min.into(),
        int(h, "spec.maxReplicas").into(),
        int(h, "status.currentReplicas").into(),
        age::of(h, now),
    ]
}

fn targets(h: &Value) -> String {
    let specs = list(h, "spec.metrics");
    if specs.is_empty() {
        return match at(h, "spec.targetCPUUtilizationPercentage").as_i64() {
            Some(target) => {
                let current = at(h, "status.currentCPUUtilizationPercentage").as_i64();
                format!("cpu: {}/{target}%", current.map_or("<unknown>".into(), |c| format!("{c}%")))
            }
            None => "<none>".into(),
        };
    }
    let statuses = list(h, "status.currentMetrics");
    let all: Vec<String> =
        specs.iter().enumerate().map(|(i, spec)| metric(spec, statuses.get(i).unwrap_or(&Value::Null))).collect();
    match all.len() {
        1 | 2 => all.join(", "),
        n => format!("{} + {} more...", all[..2].join(", "), n - 2),
    }
}

fn metric(spec: &Value, status: &Value) -> String {
    let known = |v: &Value| v.as_str().unwrap_or("<unknown>").to_owned();
    let (field, kind) = match str_at(spec, "type") {
        "External" => ("external", 'o'),
        "Object" => ("object", 'o'),
        "Pods" => ("pods", 'p'),
        "Resource" => ("resource", 'r'),
        "ContainerResource" => ("containerResource", 'r'),
        _ => return "<unknown type>".into(),
    };
    let (target, current) = (&spec[field]["target"], &status[field]["current"]);
    let average = target["averageValue"].as_str();
    match (kind, average) {
        ('p', _) => format!("{}/{}", known(&current["averageValue"]), average.unwrap_or_default()),
        ('o', Some(average)) => format!("{}/{average} (avg)", known(&current["averageValue"])),
        ('o', None) => format!("{}/{}", known(&current["value"]), str_at(target, "value")),
        (_, Some(average)) => {
            format!("{}: {}/{average}", str_at(spec, &format!("{field}.name")), known(&current["averageValue"]))
        }
        (_, None) => {
            let percent = |v: &Value, other: &str| v.as_i64().map_or(other.to_owned(), |n| format!("{n}%"));
            format!(
                "{}: {}/{}",
                str_at(spec, &format!("{field}.name")),
                percent(&current["averageUtilization"], "<unknown>"),
                percent(&target["averageUtilization"], "<auto>"),
            )
        }
    }
}
