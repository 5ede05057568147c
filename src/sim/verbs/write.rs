//! create, update and patch.

use http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use serde_json::Value;

use super::options::write_options;
use crate::{
    output, patch,
    server::{Context, Reply, json_body, read_body},
    status::{ApiError, Cause},
    storage::{KindInfo, Object, WriteOptions, ensure_object},
    validate,
};

/// POST of a new object.
pub(crate) async fn create(context: Context, request: Request<Incoming>) -> Reply {
    let options = write_options(&context)?;
    let body = read_body(request.into_body()).await?;
    let mut object = json_body(&context.headers, &body, &context.kind.kind)?;
    check_type(&context.kind, &mut object)?;
    check_namespace(&context, &object)?;
    let warnings = validate::unknown_fields(&context.kind, &mut object, &body, options.validation)?;
    let stored = context.store().create(&context.kind, context.namespace(), object, &options)?;
    answer(&context, 201, &stored, warnings)
}

/// PUT of a whole object.
pub(crate) async fn update(context: Context, request: Request<Incoming>) -> Reply {
    let options = write_options(&context)?;
    let body = read_body(request.into_body()).await?;
    let mut object = json_body(&context.headers, &body, &context.kind.kind)?;
    check_type(&context.kind, &mut object)?;
    check_namespace(&context, &object)?;
    check_name(&context, &mut object)?;
    let warnings = validate::unknown_fields(&context.kind, &mut object, &body, options.validation)?;
    let name = context.name();
    let stored = context.store().update(&context.kind, context.namespace(), name, object, &options)?;
    answer(&context, 200, &stored, warnings)
}

/// PATCH in any of its four kinds.
pub(crate) async fn patch(context: Context, request: Request<Incoming>) -> Reply {
    let mut options = write_options(&context)?;
    let media = context.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_owned();
    let body = read_body(request.into_body()).await?;
    let (kind, name) = (context.kind.clone(), context.name().to_owned());
    if options.force && media != "application/apply-patch+yaml" {
        let message = "Forbidden: may not be specified for non-apply patch".to_owned();
        return Err(super::options::bad_option("force", "FieldValueForbidden", message, "PatchOptions"));
    }
    let validation = options.validation;
    let parse = || -> Result<Value, ApiError> {
        serde_json::from_slice(&body).map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))
    };
    match media.as_str() {
        "application/apply-patch+yaml" => {
            if context.query.get("fieldManager").is_none() {
                let message = "Required value: is required for apply patch".to_owned();
                return Err(super::options::bad_option("fieldManager", "FieldValueRequired", message, "PatchOptions"));
            }
            let mut object = crate::server::yaml_body(&body)?;
            let said = |key: &str| object[key].as_str().unwrap_or_default();
            if said("kind").is_empty() || said("apiVersion").is_empty() {
                let (group, version) = said("apiVersion").split_once('/').unwrap_or(("", said("apiVersion")));
                let message = format!("invalid object type: {group}/{version}, Kind={}", said("kind"));
                return Err(ApiError::bad_request(message));
            }
            check_type(&kind, &mut object)?;
            check_name(&context, &mut object)?;
            let warnings = validate::unknown_fields(&kind, &mut object, &body, validation)?;
            options.applied = true;
            let (stored, created) = context.store().apply(&kind, context.namespace(), &name, object, &options)?;
            answer(&context, if created { 201 } else { 200 }, &stored, warnings)
        }
        "application/merge-patch+json" => {
            let wanted = parse()?;
            modify(&context, &options, |mut value| {
                patch::merge(&mut value, &wanted);
                Ok(value)
            })
        }
        "application/strategic-merge-patch+json" => {
            if kind.custom {
                return Err(ApiError::unsupported_media_type(&[
                    "application/json-patch+json",
                    "application/merge-patch+json",
                    "application/apply-patch+yaml",
                ]));
            }
            let wanted = parse()?;
            let schema = kind.schema.clone();
            modify(&context, &options, |mut value| {
                patch::strategic(&mut value, &wanted, schema.as_deref())?;
                Ok(value)
            })
        }
        "application/json-patch+json" => {
            let wanted = parse()?;
            modify(&context, &options, |mut value| {
                patch::json_patch(&mut value, &wanted)?;
                Ok(value)
            })
        }
        _ => {
            let error = ApiError::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
            Err(ApiError { details: Some(serde_json::json!({})), ..error })
        }
    }
}

/// Changes the stored object; a patch that names no version is never stale.
fn modify(context: &Context, options: &WriteOptions, change: impl FnOnce(Value) -> Result<Value, ApiError>) -> Reply {
    let kind = context.kind.clone();
    let mut warnings = Vec::new();
    let stored = context.store().modify(&kind, context.namespace(), context.name(), options, |value| {
        let uid = value["metadata"]["uid"].clone();
        let mut changed = change(value)?;
        if changed["metadata"]["name"] != context.name() {
            let text = changed["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            return Err(name_mismatch(&text, context.name()));
        }
        if changed["metadata"]["uid"] != uid && changed["metadata"]["uid"].is_string() {
            let uid = changed["metadata"]["uid"].as_str().unwrap_or_default();
            let message = format!("Invalid value: \"{uid}\": field is immutable");
            let cause = Cause { reason: "FieldValueInvalid", message, field: "metadata.uid".into() };
            return Err(ApiError::invalid(&kind.group, &kind.kind, context.name(), vec![cause]));
        }
        warnings = validate::unknown_fields(&kind, &mut changed, b"", options.validation)?;
        Ok(changed)
    })?;
    answer(context, 200, &stored, warnings)
}

fn answer(context: &Context, code: u16, stored: &Object, warnings: Vec<String>) -> Reply {
    let mut response = output::object(context, code, stored);
    for warning in warnings {
        let text = format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    Ok(response)
}

/// The body must be of the kind that the path names; what it leaves out is filled in.
pub(crate) fn check_type(kind: &KindInfo, object: &mut Value) -> Result<(), ApiError> {
    if !object.is_object() {
        return Err(ApiError::bad_request(
            "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }",
        ));
    }
    let wanted = (kind.api_version(), kind.kind.clone());
    let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let (version, name) = (text("apiVersion"), text("kind"));
    if kind.custom && (version.is_empty() || name.is_empty()) {
        let missing = if name.is_empty() { "Kind" } else { "apiVersion" };
        let shown: String = object.to_string().chars().take(400).collect();
        return Err(ApiError::bad_request(format!("Object '{missing}' is missing in '{shown}'")));
    }
    let wrong_version = !version.is_empty() && version != wanted.0;
    if wrong_version && kind.custom {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({})",
            wanted.0
        )));
    }
    if wrong_version || (!name.is_empty() && name != wanted.1) {
        return Err(foreign(kind, &version, &name));
    }
    let map = ensure_root(object);
    map.insert("kind".into(), wanted.1.into());
    map.insert("apiVersion".into(), wanted.0.into());
    if !map.get("metadata").is_some_and(Value::is_object) {
        map.insert("metadata".into(), Value::Object(serde_json::Map::new()));
    }
    Ok(())
}

/// The body is of a kind that the path does not take.
fn foreign(kind: &KindInfo, version: &str, name: &str) -> ApiError {
    let version = if version.is_empty() { kind.api_version() } else { version.to_owned() };
    let name = if name.is_empty() { kind.kind.as_str() } else { name };
    let inner = if kind.group.is_empty() { "core" } else { kind.group.split('.').next().unwrap_or_default() };
    let why = if crate::schema::root_type(&kind.group, &kind.version, name).is_some() && version == kind.api_version() {
        format!("converting ({}.{name}) to ({inner}.{}): unknown conversion", kind.version, kind.kind)
    } else {
        format!("no kind \"{name}\" is registered for version \"{version}\" in scheme \"pkg/runtime/scheme.go:111\"")
    };
    ApiError::bad_request(format!("{name} in version \"{version}\" cannot be handled as a {}: {why}", kind.kind))
}

fn ensure_root(object: &mut Value) -> &mut serde_json::Map<String, Value> {
    object.as_object_mut().expect("checked to be an object")
}

/// The body may leave the namespace out, but not contradict the path.
fn check_namespace(context: &Context, object: &Value) -> Result<(), ApiError> {
    let said = object["metadata"]["namespace"].as_str().unwrap_or_default();
    if !said.is_empty() && context.kind.namespaced && said != context.namespace() {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

/// The body may leave the name out, but not contradict the path.
fn check_name(context: &Context, object: &mut Value) -> Result<(), ApiError> {
    let meta = ensure_object(object, "metadata");
    let said = meta.get("name").and_then(Value::as_str).unwrap_or_default();
    if said.is_empty() {
        meta.insert("name".into(), context.name().into());
        return Ok(());
    }
    if said != context.name() {
        return Err(name_mismatch(said, context.name()));
    }
    Ok(())
}

fn name_mismatch(said: &str, path: &str) -> ApiError {
    ApiError::bad_request(format!("the name of the object ({said}) does not match the name on the URL ({path})"))
}
