//! The scale subresource: one small object that stands for the replicas of a big one.

use http::Request;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::options::write_options;
use crate::{
    output::lookup,
    patch,
    server::{Context, Reply, json_body, object_reply, read_body},
    status::{ApiError, Cause},
    storage::Object,
};

/// Reads or writes the scale.
pub(crate) async fn scale(context: Context, verb: &str, request: Request<Incoming>) -> Reply {
    let object = context.store().get(&context.kind, context.namespace(), context.name())?;
    if verb == "get" {
        return Ok(object_reply(200, &scale_of(&context, &object)?));
    }
    let options = write_options(&context)?;
    let media =
        context.headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let body = read_body(request.into_body()).await?;
    let mut wanted = scale_of(&context, &object)?;
    if verb == "update" {
        wanted = json_body(&context.headers, &body, &context.kind.kind)?;
    } else {
        let patch = crate::server::yaml_body(&body)?;
        if media.starts_with("application/json-patch") {
            patch::json_patch(&mut wanted, &patch)?;
        } else {
            patch::merge(&mut wanted, &patch);
        }
    }
    let replicas = wanted["spec"]["replicas"].as_i64().unwrap_or(0);
    if replicas < 0 {
        let message = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        let cause = Cause { reason: "FieldValueInvalid", message, field: "spec.replicas".into() };
        return Err(ApiError::invalid("autoscaling", "Scale", context.name(), vec![cause]));
    }
    let version = wanted["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
    let named = verb == "update" && !version.is_empty();
    let path = context.kind.scale.as_ref().map(|s| s.spec.clone()).unwrap_or_default();
    let kind = context.kind.clone();
    let stored = context.store().modify(&kind, context.namespace(), context.name(), &options, |mut value| {
        if named && value["metadata"]["resourceVersion"] != version.as_str() {
            return Err(ApiError::stale(&kind.group, &kind.plural, context.name()));
        }
        set(&mut value, &path, replicas.into());
        Ok(value)
    })?;
    Ok(object_reply(200, &scale_of(&context, &stored)?))
}

/// Writes `value` at a dotted path, making what is missing on the way.
fn set(target: &mut Value, path: &str, value: Value) {
    let mut at = target;
    for key in path.split('.').filter(|k| !k.is_empty()) {
        at = &mut at[key];
    }
    *at = value;
}

fn scale_of(context: &Context, object: &Object) -> Result<Value, ApiError> {
    let kind = &context.kind;
    let value = object.value();
    let Some(paths) = &kind.scale else { return Err(ApiError::no_such_path()) };
    let number = |path: &str| lookup(&value, path).and_then(Value::as_i64).unwrap_or(0);
    let meta = &value["metadata"];
    let selector = match &paths.selector {
        Some(path) => lookup(&value, path).and_then(Value::as_str).map(str::to_owned),
        None if kind.custom => None,
        None => Some(selector_text(&value["spec"]["selector"])),
    };
    // Nothing is left out of the status, and zero is left out of the spec.
    let spec = match number(&paths.spec) {
        0 => json!({}),
        replicas => json!({ "replicas": replicas }),
    };
    let mut status = json!({"replicas": number(&paths.status)});
    if let Some(selector) = selector {
        status["selector"] = selector.into();
    }
    Ok(json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"], "creationTimestamp": meta["creationTimestamp"],
        },
        "spec": spec,
        "status": status,
    }))
}

/// A selector in the form that `-l` takes.
fn selector_text(selector: &Value) -> String {
    let labels = if selector.get("matchLabels").is_some() { &selector["matchLabels"] } else { selector };
    let mut parts: Vec<String> =
        labels.as_object().into_iter().flatten().filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
    for e in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = e["key"].as_str().unwrap_or_default();
        let values: Vec<&str> = e["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        parts.push(match e["operator"].as_str().unwrap_or_default() {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    parts.sort();
    parts.join(",")
}
