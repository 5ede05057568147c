//! The event row.

use super::age::{self, human, seconds_between};
use super::columns::{Column, text, wide};
use crate::value::{at, int, name, text as str_at};
use jiff::Timestamp;
use serde_json::Value;

/// Columns of events; the only kind whose name is a wide column.
pub const COLUMNS: &[Column] = &[
    text("Last Seen"),
    text("Type"),
    text("Reason"),
    text("Object"),
    wide("Subobject"),
    wide("Source"),
    text("Message"),
    wide("First Seen"),
    wide("Count"),
    Column { name: "Name", kind: "string", format: "name", priority: 1 },
];

/// One event, of the core group or of events.k8s.io (their fields differ in name only).
pub fn cells(event: &Value, now: Timestamp) -> Vec<Value> {
    let time = |paths: &[&str]| paths.iter().find_map(|p| age::time(event, p));
    let ago = |t: Option<Timestamp>| t.map_or("<unknown>".into(), |t| human(seconds_between(t, now)));
    let first = time(&["firstTimestamp", "deprecatedFirstTimestamp", "eventTime"]);
    let series = !event["series"].is_null();
    let last = if series {
        time(&["series.lastObservedTime"])
    } else {
        time(&["lastTimestamp", "deprecatedLastTimestamp"]).or(first)
    };
    let count = match (int(event, "series.count"), int(event, "count").max(int(event, "deprecatedCount"))) {
        (n, _) if series => n,
        (_, n) => n.max(1),
    };
    let core = !event["involvedObject"].is_null();
    let about = if core { &event["involvedObject"] } else { &event["regarding"] };
    let kind = str_at(about, "kind").to_lowercase();
    let object = match str_at(about, "name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let message = if core { str_at(event, "message") } else { str_at(event, "note") };
    vec![
        ago(last).into(),
        str_at(event, "type").into(),
        str_at(event, "reason").into(),
        object.into(),
        str_at(about, "fieldPath").into(),
        source(event).into(),
        message.trim().into(),
        ago(first).into(),
        count.into(),
        name(event).into(),
    ]
}

fn source(event: &Value) -> String {
    let old = if event["source"].is_null() { &event["deprecatedSource"] } else { &event["source"] };
    let first = |a: &Value, b: &Value| -> String {
        [a, b].into_iter().filter_map(Value::as_str).find(|s| !s.is_empty()).unwrap_or_default().to_owned()
    };
    let reporter = if event["reportingComponent"].is_null() { "reportingController" } else { "reportingComponent" };
    let component = first(at(old, "component"), at(event, reporter));
    match first(at(old, "host"), at(event, "reportingInstance")) {
        host if host.is_empty() => component,
        host => format!("{component}, {host}"),
    }
}
