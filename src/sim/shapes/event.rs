//! Events as the components of the platform record them.

use super::{names, times};
use crate::value::{name, namespace, uid};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What happened.
#[derive(Debug, Clone, Default)]
pub struct Happening<'a> {
    /// `Normal` when false.
    pub warning: bool,
    /// Machine word, `BackOff`.
    pub reason: &'a str,
    /// The sentence.
    pub message: String,
    /// Who says so: `kubelet`, `cert-manager-certificates-issuing`, …
    pub source: &'a str,
    /// Node, for what a kubelet says.
    pub host: &'a str,
    /// Part of the object, `spec.containers{api}`.
    pub field: String,
    /// How often; at least 1.
    pub count: i64,
}

/// The event about `object`, in its namespace (`default` for cluster-scoped objects).
pub fn event(object: &Value, what: &Happening<'_>, first: Timestamp, last: Timestamp) -> Value {
    let ns = match namespace(object) {
        "" => "default",
        ns => ns,
    };
    let stem =
        format!("{:016x}", 0x1800_0000_0000_0000 | names::number(&[uid(object), what.reason, &what.message], 1 << 56));
    let event_name = format!("{}.{stem}", name(object));
    let mut involved = json!({
        "kind": object["kind"], "namespace": namespace(object), "name": name(object), "uid": uid(object),
        "apiVersion": object["apiVersion"],
    });
    if !what.field.is_empty() {
        involved["fieldPath"] = what.field.clone().into();
    }
    if namespace(object).is_empty()
        && let Some(map) = involved.as_object_mut()
    {
        map.shift_remove("namespace");
    }
    let mut source = json!({"component": what.source});
    if !what.host.is_empty() {
        source["host"] = what.host.into();
    }
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {
            "name": event_name, "namespace": ns, "uid": names::uid(&["Event", ns, &event_name]),
            "creationTimestamp": times::text(first),
        },
        "involvedObject": involved, "reason": what.reason, "message": what.message, "source": source,
        "firstTimestamp": times::text(first), "lastTimestamp": times::text(last), "count": what.count.max(1),
        "type": if what.warning { "Warning" } else { "Normal" },
        "eventTime": null, "reportingComponent": what.source, "reportingInstance": what.host,
    })
}
