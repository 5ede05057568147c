//! The checks of a whole object at create and at update.

use serde_json::Value;

use super::{immutable, names, required};
use crate::{
    crd,
    status::{ApiError, Cause},
    storage::{KindInfo, LabelSelector},
};

/// A custom object must name the version that the update is based on.
pub(crate) fn missing_version(kind: &KindInfo, name: &str) -> ApiError {
    let message = "Invalid value: 0: must be specified for an update".to_owned();
    let cause = Cause { reason: "FieldValueInvalid", message, field: "metadata.resourceVersion".into() };
    // The resource, not the Kind as everywhere else.
    ApiError::invalid(&kind.group, &kind.plural, name, vec![cause])
}

fn verdict(kind: &KindInfo, object: &Value, causes: Vec<Cause>) -> Result<(), ApiError> {
    if causes.is_empty() {
        return Ok(());
    }
    let meta = &object["metadata"];
    let name = meta["name"].as_str().filter(|n| !n.is_empty()).or(meta["generateName"].as_str()).unwrap_or_default();
    Err(ApiError::invalid(&kind.group, &kind.kind, name, causes))
}

/// Checks a new object.
pub(crate) fn on_create(kind: &KindInfo, object: &Value) -> Result<(), ApiError> {
    let mut causes = names::metadata(kind, &object["metadata"]);
    causes.extend(content(kind, object));
    verdict(kind, object, causes)
}

/// Checks a changed object.
pub(crate) fn on_update(kind: &KindInfo, old: &Value, new: &Value, subresource: &str) -> Result<(), ApiError> {
    let mut causes = names::metadata(kind, &new["metadata"]);
    if subresource.is_empty() || kind.custom {
        causes.extend(content(kind, new));
    }
    if subresource.is_empty() {
        causes.extend(immutable::check(kind, old, new));
    }
    let deleted = old["metadata"]["deletionTimestamp"].is_string();
    let added = |list: &Value| -> Vec<Value> {
        let before = old["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        list.as_array().into_iter().flatten().filter(|f| !before.contains(f)).cloned().collect()
    };
    let new_finalizers = added(&new["metadata"]["finalizers"]);
    if deleted && !new_finalizers.is_empty() {
        let list: Vec<String> = new_finalizers.iter().map(ToString::to_string).collect();
        let message = format!(
            "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            list.join(", ")
        );
        causes.push(Cause { reason: "FieldValueForbidden", message, field: "metadata.finalizers".into() });
    }
    verdict(kind, new, causes)
}

fn content(kind: &KindInfo, object: &Value) -> Vec<Cause> {
    if kind.custom {
        let mut causes = crd::source(kind).map(|schema| crd::violations(object, schema)).unwrap_or_default();
        causes.extend(fractional_scale(kind, object));
        return causes;
    }
    if kind.storage == crd::STORAGE {
        return crd::check(object);
    }
    let mut causes = Vec::new();
    if let Some(schema) = &kind.schema {
        causes.extend(required::check(object, schema));
    }
    let spec = &object["spec"];
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => add(&mut causes, required::pod_spec(spec, "spec")),
        ("apps", "deployments" | "replicasets" | "daemonsets" | "statefulsets") => {
            add(&mut causes, required::pod_spec(&spec["template"]["spec"], "spec.template.spec"));
            causes.extend(selector(spec));
            causes.extend(negative(&spec["replicas"], "spec.replicas"));
        }
        ("batch", "jobs") => add(&mut causes, required::pod_spec(&spec["template"]["spec"], "spec.template.spec")),
        ("", "services") => service(spec, &mut causes),
        ("", "configmaps") => causes.extend(keys(object, &["data", "binaryData"])),
        ("", "secrets") => causes.extend(keys(object, &["data"])),
        _ => {}
    }
    causes
}

/// Adds what is not said already.
fn add(causes: &mut Vec<Cause>, more: Vec<Cause>) {
    for cause in more {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
}

/// The keys of a config map or a secret become file names.
fn keys(object: &Value, fields: &[&str]) -> Vec<Cause> {
    let mut causes = Vec::new();
    for field in fields {
        for key in object[*field].as_object().into_iter().flatten().map(|(key, _)| key) {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if key.is_empty() || !key.chars().all(plain) {
                let message = format!(
                    "Invalid value: \"{key}\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                );
                causes.push(Cause { reason: "FieldValueInvalid", message, field: format!("{field}[{key}]") });
            }
        }
    }
    causes
}

/// The number that a scale reads must be whole.
fn fractional_scale(kind: &KindInfo, object: &Value) -> Option<Cause> {
    let path = &kind.scale.as_ref()?.spec;
    let found = crate::output::lookup(object, path)?;
    let fraction = found.as_f64().filter(|f| f.fract() != 0.0)?;
    let message = format!("Invalid value: 0: {path} accessor error: {fraction} is of the type float64, expected int64");
    Some(Cause { reason: "FieldValueInvalid", message, field: path.clone() })
}

fn negative(value: &Value, field: &str) -> Option<Cause> {
    let n = value.as_i64().filter(|n| *n < 0)?;
    let message = format!("Invalid value: {n}: must be greater than or equal to 0");
    Some(Cause { reason: "FieldValueInvalid", message, field: field.to_owned() })
}

fn selector(spec: &Value) -> Option<Cause> {
    let labels = &spec["template"]["metadata"]["labels"];
    let selector = LabelSelector::from_value(&spec["selector"]);
    // No selector selects nothing, an empty one everything.
    let none = spec["selector"].is_null();
    if selector.is_empty() && !none {
        let message = format!("Invalid value: {}: empty selector is invalid for deployment", spec["selector"]);
        return Some(Cause { reason: "FieldValueInvalid", message, field: "spec.selector".into() });
    }
    if !none && selector.matches_labels(|key| labels[key].as_str()) {
        return None;
    }
    let shown = if labels.is_null() { "null".to_owned() } else { labels.to_string() };
    let message = format!("Invalid value: {shown}: `selector` does not match template `labels`");
    Some(Cause { reason: "FieldValueInvalid", message, field: "spec.template.metadata.labels".into() })
}

fn service(spec: &Value, causes: &mut Vec<Cause>) {
    let portless = spec["type"] == "ExternalName" || spec["clusterIP"] == "None";
    if spec["ports"].as_array().is_none_or(Vec::is_empty) && !portless {
        causes.push(required::missing("spec.ports"));
    }
    for (i, port) in spec["ports"].as_array().into_iter().flatten().enumerate() {
        causes.extend(required::port_number(&port["port"], &format!("spec.ports[{i}].port")));
    }
}
