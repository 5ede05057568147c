//! Between the version a request speaks and the one that is stored. Only
//! events differ in their fields; all else differs in `apiVersion` at most.

use serde_json::{Map, Value};

use super::kinds::KindInfo;

/// Field pairs of an event: core name, `events.k8s.io` name.
const EVENT_FIELDS: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn is_new_event(kind: &KindInfo) -> bool {
    kind.group == "events.k8s.io" && kind.plural == "events"
}

/// The form in which an object is stored.
pub(crate) fn to_stored(kind: &KindInfo, value: Value) -> Value {
    if !is_new_event(kind) {
        return value;
    }
    rename(value, "v1", |key| EVENT_FIELDS.iter().find(|(_, new)| *new == key).map(|(old, _)| *old))
}

/// The form in which `kind` shows a stored object.
pub(crate) fn from_stored(kind: &KindInfo, mut value: Value) -> Value {
    if is_new_event(kind) {
        return rename(value, "events.k8s.io/v1", |key| {
            EVENT_FIELDS.iter().find(|(old, _)| *old == key).map(|(_, new)| *new)
        });
    }
    if let Some(version) = value.get_mut("apiVersion") {
        *version = kind.api_version().into();
    }
    value
}

fn rename(value: Value, api_version: &str, name: impl Fn(&str) -> Option<&'static str>) -> Value {
    let Value::Object(map) = value else { return value };
    let mut out = Map::new();
    for (key, v) in map {
        let key = name(&key).map_or(key, str::to_owned);
        out.insert(key, v);
    }
    out.insert("apiVersion".into(), api_version.into());
    Value::Object(out)
}
