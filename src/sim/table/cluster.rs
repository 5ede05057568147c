//! Rows of nodes, namespaces and other kinds that belong to the cluster.

use super::age;
use super::columns::{AGE, Column, NAME, flag, number, text, wide};
use crate::value::{at, condition, int, list, map, name, text as str_at};
use jiff::Timestamp;
use serde_json::Value;

/// Columns of nodes.
pub const NODE: &[Column] = &[
    NAME,
    text("Status"),
    text("Roles"),
    AGE,
    text("Version"),
    wide("Internal-IP"),
    wide("External-IP"),
    wide("OS-Image"),
    wide("Kernel-Version"),
    wide("Container-Runtime"),
];
/// Columns of namespaces.
pub const NAMESPACE: &[Column] = &[NAME, text("Status"), AGE];
/// Columns of leases.
pub const LEASE: &[Column] = &[NAME, text("Holder"), AGE];
/// Columns of webhook configurations.
pub const WEBHOOKS: &[Column] = &[NAME, number("Webhooks"), AGE];
/// Columns of priority classes.
pub const PRIORITY: &[Column] = &[NAME, number("Value"), flag("Global-Default"), AGE, text("PreemptionPolicy")];
/// Columns of runtime classes.
pub const RUNTIME: &[Column] = &[NAME, text("Handler"), AGE];
/// Columns of certificate signing requests.
pub const SIGNING: &[Column] =
    &[NAME, AGE, text("SignerName"), text("Requestor"), text("RequestedDuration"), text("Condition")];
/// Columns of API services.
pub const API_SERVICE: &[Column] = &[NAME, text("Service"), text("Available"), AGE];

/// One node.
pub fn node(n: &Value, now: Timestamp) -> Vec<Value> {
    let mut status = vec![match condition(n, "Ready")["status"].as_str() {
        None => "Unknown",
        Some("True") => "Ready",
        Some(_) => "NotReady",
    }];
    if at(n, "spec.unschedulable") == true {
        status.push("SchedulingDisabled");
    }
    let mut roles: Vec<&str> = map(n, "metadata.labels")
        .into_iter()
        .flatten()
        .filter_map(|(k, v)| match k.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if k == "kubernetes.io/role" => v.as_str(),
            None => None,
        })
        .filter(|r| !r.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    let roles = if roles.is_empty() { "<none>".into() } else { roles.join(",") };
    let address = |kind: &str| {
        let found = list(n, "status.addresses").iter().find(|a| a["type"] == kind);
        Value::from(found.map_or("<none>", |a| str_at(a, "address")))
    };
    let info = |field: &str| match str_at(at(n, "status.nodeInfo"), field) {
        "" => "<unknown>".to_owned(),
        text => text.to_owned(),
    };
    let kernel = match str_at(n, "status.nodeInfo.architecture") {
        "" => info("kernelVersion"),
        arch => format!("{} ({arch})", info("kernelVersion")),
    };
    vec![
        name(n).into(),
        status.join(",").into(),
        roles.into(),
        age::of(n, now),
        str_at(n, "status.nodeInfo.kubeletVersion").into(),
        address("InternalIP"),
        address("ExternalIP"),
        info("osImage").into(),
        kernel.into(),
        info("containerRuntimeVersion").into(),
    ]
}

/// One namespace.
pub fn namespace(n: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(n).into(), str_at(n, "status.phase").into(), age::of(n, now)]
}

/// One lease.
pub fn lease(l: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(l).into(), str_at(l, "spec.holderIdentity").into(), age::of(l, now)]
}

/// One webhook configuration.
pub fn webhooks(w: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(w).into(), list(w, "webhooks").len().into(), age::of(w, now)]
}

/// One priority class.
pub fn priority(p: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(p).into(),
        int(p, "value").into(),
        at(p, "globalDefault").as_bool().unwrap_or(false).into(),
        age::of(p, now),
        str_at(p, "preemptionPolicy").into(),
    ]
}

/// One runtime class.
pub fn runtime(r: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(r).into(), str_at(r, "handler").into(), age::of(r, now)]
}

/// One certificate signing request.
pub fn signing(c: &Value, now: Timestamp) -> Vec<Value> {
    let has = |kind: &str| !condition(c, kind).is_null();
    let mut state = if has("Denied") {
        "Denied"
    } else if has("Approved") {
        "Approved"
    } else {
        "Pending"
    }
    .to_owned();
    if has("Failed") {
        state.push_str(",Failed");
    }
    if !str_at(c, "status.certificate").is_empty() {
        state.push_str(",Issued");
    }
    let duration = at(c, "spec.expirationSeconds").as_i64().map_or("<none>".into(), age::human);
    let signer = at(c, "spec.signerName").as_str().unwrap_or("<none>");
    vec![
        name(c).into(),
        age::of(c, now),
        signer.into(),
        str_at(c, "spec.username").into(),
        duration.into(),
        state.into(),
    ]
}

/// One API service: who serves it and whether it answers.
pub fn api_service(a: &Value, now: Timestamp) -> Vec<Value> {
    let service = match at(a, "spec.service") {
        Value::Null => "Local".to_owned(),
        s => format!("{}/{}", str_at(s, "namespace"), str_at(s, "name")),
    };
    let available = condition(a, "Available");
    let state = match (str_at(available, "status"), str_at(available, "reason")) {
        ("", _) => "Unknown".to_owned(),
        ("True", _) | (_, "") => str_at(available, "status").to_owned(),
        (status, reason) => format!("{status} ({reason})"),
    };
    vec![name(a).into(), service.into(), state.into(), age::of(a, now)]
}
