//! Events: what controllers said about an object, the latest first.

use super::{Level, ObjectRef};
use crate::clock::parse_time;
use crate::cluster::Request;
use crate::intern::bounded;
use serde_json::Value;

/// An event in the form in which it is shown. All text is harmless.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventLine {
    /// Seconds since 1970; when it happened last.
    pub last: Option<i64>,
    /// When it happened first.
    pub first: Option<i64>,
    /// How often, as far as the server counts.
    pub count: u64,
    /// Warn for warnings.
    pub level: Level,
    pub reason: String,
    pub message: String,
    /// Who says it: a controller's name.
    pub source: String,
    /// `Pod client-acme/api-1`
    pub object: String,
    pub object_uid: String,
}

/// The request for the events about one object and no other of its name: by UID where it is known.
pub fn about(object: &ObjectRef) -> Request {
    // Events about cluster-scoped objects are kept in the namespace `default`.
    let namespace = object.namespace().unwrap_or("default");
    let fields = if object.uid.is_empty() {
        format!("involvedObject.name={},involvedObject.kind={}", object.name, object.kind.kind)
    } else {
        format!("involvedObject.uid={}", object.uid)
    };
    // Nodes are named by their own name instead of their UID by the kubelet.
    let fields = match (object.kind.group.as_str(), object.kind.plural.as_str()) {
        ("", "nodes") => format!("involvedObject.kind=Node,involvedObject.name={}", object.name),
        _ => fields,
    };
    Request::get(format!("/api/v1/namespaces/{namespace}/events")).query("fieldSelector", fields).query("limit", "500")
}

impl EventLine {
    /// Reads an event of `v1` or `events.k8s.io/v1`.
    pub fn read(event: &Value) -> Self {
        let text = |pointer: &str| bounded(event.pointer(pointer).and_then(Value::as_str).unwrap_or("")).into_owned();
        let first_of = |pointers: &[&str]| pointers.iter().map(|p| text(p)).find(|t| !t.is_empty()).unwrap_or_default();
        let time = |pointers: &[&str]| parse_time(&first_of(pointers));
        let count = ["/series/count", "/count", "/deprecatedCount"];
        let about = if event.get("involvedObject").is_some() { "/involvedObject" } else { "/regarding" };
        let (kind, namespace, name) =
            (text(&format!("{about}/kind")), text(&format!("{about}/namespace")), text(&format!("{about}/name")));
        let place = if namespace.is_empty() { name } else { format!("{namespace}/{name}") };
        let level = match &*text("/type") {
            "Warning" => Level::Warn,
            _ => Level::Good,
        };
        Self {
            last: time(&[
                "/series/lastObservedTime",
                "/lastTimestamp",
                "/deprecatedLastTimestamp",
                "/eventTime",
                "/metadata/creationTimestamp",
            ]),
            first: time(&["/firstTimestamp", "/deprecatedFirstTimestamp", "/eventTime", "/metadata/creationTimestamp"]),
            count: count.iter().find_map(|p| event.pointer(p).and_then(Value::as_u64)).unwrap_or(1).max(1),
            level,
            reason: text("/reason"),
            message: first_of(&["/message", "/note"]),
            source: first_of(&[
                "/source/component",
                "/reportingComponent",
                "/reportingController",
                "/deprecatedSource/component",
            ]),
            object: format!("{kind} {place}"),
            object_uid: text(&format!("{about}/uid")),
        }
    }
}

/// Reads events and brings the latest to the front.
pub fn lines<'a>(events: impl IntoIterator<Item = &'a Value>) -> Vec<EventLine> {
    let mut lines: Vec<EventLine> = events.into_iter().map(EventLine::read).collect();
    lines.sort_by_key(|l| std::cmp::Reverse(l.last));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Kind;
    use serde_json::json;

    #[test]
    fn both_forms_of_events_read_the_same_and_the_latest_is_first() {
        let old = json!({"type": "Normal", "reason": "Pulled", "message": "ok", "count": 3,
            "firstTimestamp": "2026-11-20T00:00:00Z", "lastTimestamp": "2026-11-20T00:05:00Z",
            "source": {"component": "kubelet"}, "involvedObject": {"kind": "Pod", "namespace": "a", "name": "p", "uid": "1"}});
        let new = json!({"type": "Warning", "reason": "BackOff", "note": "again\u{1b}[2J", "eventTime": "2026-11-20T00:06:00.123456Z",
            "series": {"count": 9, "lastObservedTime": "2026-11-20T00:10:00Z"}, "lastTimestamp": null,
            "reportingController": "kubelet", "regarding": {"kind": "Pod", "namespace": "a", "name": "p", "uid": "1"}});
        let lines = lines([&old, &new]);
        assert_eq!((lines[0].reason.as_str(), lines[0].count, lines[0].level), ("BackOff", 9, Level::Warn));
        assert_eq!(lines[0].message, "again\u{fffd}[2J");
        assert_eq!(lines[0].last.unwrap() - lines[1].last.unwrap(), 300);
        assert_eq!((lines[1].source.as_str(), lines[1].object.as_str()), ("kubelet", "Pod a/p"));
    }

    #[test]
    fn events_are_asked_by_uid() {
        let mut pod = ObjectRef::new(Kind::of("", "v1", "Pod", "pods", true), "a", "p");
        pod.uid = "u1".into();
        let request = about(&pod);
        assert_eq!(request.path, "/api/v1/namespaces/a/events");
        assert_eq!(request.query[0], ("fieldSelector".into(), "involvedObject.uid=u1".into()));
    }
}
