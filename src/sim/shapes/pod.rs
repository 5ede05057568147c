//! A pod as the API server, the scheduler and the service account admission
//! leave it: the template with every default filled in.

use super::{names, times};
use crate::value::{at, list, name, namespace, owned_by, text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// What tells one pod from its siblings.
#[derive(Debug, Clone)]
pub struct Identity<'a> {
    /// Pod name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// When it was created.
    pub created: Timestamp,
    /// Node it was put on; `None` while it is not scheduled.
    pub node: Option<&'a str>,
    /// Further labels (`pod-template-hash`, `statefulset.kubernetes.io/pod-name`, …).
    pub labels: Vec<(&'a str, String)>,
    /// Prefix it was generated from, if its name was generated.
    pub generate_name: Option<String>,
}

/// A pod of `owner` from a pod template, in phase `Pending` with nothing started.
pub fn pod(owner: &Value, template: &Value, id: &Identity<'_>) -> Value {
    let mut labels = at(template, "metadata.labels").as_object().cloned().unwrap_or_default();
    for (key, value) in &id.labels {
        labels.insert((*key).to_owned(), value.clone().into());
    }
    let mut metadata = Map::new();
    metadata.insert("name".into(), id.name.clone().into());
    if let Some(prefix) = &id.generate_name {
        metadata.insert("generateName".into(), prefix.clone().into());
    }
    metadata.insert("namespace".into(), namespace(owner).into());
    metadata.insert("uid".into(), id.uid.clone().into());
    metadata.insert("creationTimestamp".into(), times::text(id.created).into());
    metadata.insert("labels".into(), labels.into());
    if let Some(annotations) = at(template, "metadata.annotations").as_object() {
        metadata.insert("annotations".into(), annotations.clone().into());
    }
    if !name(owner).is_empty() {
        metadata.insert("ownerReferences".into(), json!([owned_by(owner)]));
    }
    let spec = spec(at(template, "spec"), id);
    let qos = qos(&spec);
    let status = json!({
        "phase": "Pending",
        "conditions": [condition("PodScheduled", id.node.is_some(), id.created)],
        "qosClass": qos,
    });
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status})
}

/// One pod condition.
pub fn condition(kind: &str, holds: bool, since: Timestamp) -> Value {
    json!({
        "type": kind, "status": if holds { "True" } else { "False" },
        "lastProbeTime": null, "lastTransitionTime": times::text(since),
    })
}

/// Fills the defaults of a container (`image` decides the pull policy).
pub fn default_container(container: &mut Value) {
    prune(container, &["args", "env", "ports", "volumeMounts"]);
    let image = text(container, "image").to_owned();
    let tagless = !image.rsplit('/').next().unwrap_or_default().contains([':', '@']);
    let policy = if tagless || image.ends_with(":latest") { "Always" } else { "IfNotPresent" };
    fill(container, "imagePullPolicy", policy);
    fill(container, "resources", json!({}));
    fill(container, "terminationMessagePath", "/dev/termination-log");
    fill(container, "terminationMessagePolicy", "File");
    for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        fill(port, "protocol", "TCP");
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(probe).filter(|p| p.is_object()) {
            if let Some(get) = probe.get_mut("httpGet").filter(|g| g.is_object()) {
                fill(get, "scheme", "HTTP");
            }
            for (key, default) in
                [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
            {
                fill(probe, key, default);
            }
        }
    }
}

/// Fills the defaults of a pod template's spec, as creating a Deployment does.
pub fn default_template(spec: &mut Value) {
    prune(spec, &["initContainers", "volumes", "imagePullSecrets", "tolerations"]);
    for key in ["initContainers", "containers"] {
        spec.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(default_container);
    }
    prune(spec, &["initContainers"]);
    fill(spec, "restartPolicy", "Always");
    fill(spec, "terminationGracePeriodSeconds", 30);
    fill(spec, "dnsPolicy", "ClusterFirst");
    fill(spec, "securityContext", json!({}));
    fill(spec, "schedulerName", "default-scheduler");
    if let Some(account) = spec["serviceAccountName"].as_str().map(str::to_owned) {
        fill(spec, "serviceAccount", account);
    }
}

fn spec(template: &Value, id: &Identity<'_>) -> Value {
    let mut spec = template.clone();
    default_template(&mut spec);
    fill(&mut spec, "serviceAccountName", "default");
    let account = text(&spec, "serviceAccountName").to_owned();
    fill(&mut spec, "serviceAccount", account);
    if let Some(node) = id.node {
        spec["nodeName"] = node.into();
    }
    fill(&mut spec, "enableServiceLinks", true);
    fill(&mut spec, "preemptionPolicy", "PreemptLowerPriority");
    fill(&mut spec, "priority", 0);
    let toleration = |key: &str| json!({"key": format!("node.kubernetes.io/{key}"), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    if spec["tolerations"].is_null() {
        spec["tolerations"] = json!([toleration("not-ready"), toleration("unreachable")]);
    }
    if spec["automountServiceAccountToken"] != false {
        mount_token(&mut spec, &format!("kube-api-access-{}", names::suffix(&[&id.uid, "token"], 5)));
    }
    spec
}

fn mount_token(spec: &mut Value, volume: &str) {
    let mount = json!({"name": volume, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"});
    for key in ["initContainers", "containers"] {
        for container in spec.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            push(container, "volumeMounts", mount.clone());
        }
    }
    prune(spec, &["initContainers"]);
    let sources = json!([
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]);
    push(spec, "volumes", json!({"name": volume, "projected": {"sources": sources, "defaultMode": 420}}));
}

/// Removes lists that are empty or null: the API server does not keep them.
fn prune(value: &mut Value, keys: &[&str]) {
    if let Some(map) = value.as_object_mut() {
        for key in keys {
            if map.get(*key).is_some_and(|v| v.is_null() || v.as_array().is_some_and(Vec::is_empty)) {
                map.shift_remove(*key);
            }
        }
    }
}

fn push(value: &mut Value, key: &str, item: Value) {
    match value.get_mut(key).and_then(Value::as_array_mut) {
        Some(items) => items.push(item),
        None => value[key] = json!([item]),
    }
}

/// Sets a field unless it is there.
pub fn fill(value: &mut Value, key: &str, default: impl Into<Value>) {
    if value.get(key).is_none_or(Value::is_null) {
        value[key] = default.into();
    }
}

/// Guaranteed when every container has equal requests and limits of both
/// resources, BestEffort when none has any, else Burstable.
fn qos(spec: &Value) -> &'static str {
    let containers = list(spec, "containers");
    let any =
        containers.iter().any(|c| at(c, "resources.requests").is_object() || at(c, "resources.limits").is_object());
    let guaranteed = containers.iter().all(|c| {
        ["cpu", "memory"].iter().all(|r| {
            let limit = &at(c, "resources.limits")[r];
            let request = &at(c, "resources.requests")[r];
            !limit.is_null() && (request.is_null() || request == limit)
        })
    });
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        _ => "Burstable",
    }
}
