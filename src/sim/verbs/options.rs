//! Options that come in the query or in the body of a delete.

use serde_json::Value;

use crate::{
    server::{Context, Query},
    status::{ApiError, Cause},
    storage::{DeleteOptions, FieldSelector, FieldValidation, LabelSelector, ListQuery, Propagation, WriteOptions},
};

/// Options of a create, update or patch.
pub(crate) fn write_options(context: &Context) -> Result<WriteOptions, ApiError> {
    let query = &context.query;
    let manager = match query.get("fieldManager") {
        Some(name) => name.to_owned(),
        None => default_manager(context),
    };
    let validation = match query.get("fieldValidation") {
        Some("Strict") => FieldValidation::Strict,
        Some("Ignore") => FieldValidation::Ignore,
        Some("Warn") | None => FieldValidation::Warn,
        Some(other) => {
            let message =
                format!("Unsupported value: \"{other}\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
            return Err(bad_option("fieldValidation", "FieldValueNotSupported", message, "CreateOptions"));
        }
    };
    Ok(WriteOptions {
        manager,
        dry_run: dry_run(query, None)?,
        subresource: context.subresource().to_owned(),
        force: query.flag("force"),
        validation,
        ..WriteOptions::default()
    })
}

/// The part of the user agent before the slash.
fn default_manager(context: &Context) -> String {
    let agent = context.headers.get(http::header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    agent.split('/').next().filter(|a| !a.is_empty()).unwrap_or("unknown").to_owned()
}

fn dry_run(query: &Query, body: Option<&Value>) -> Result<bool, ApiError> {
    let listed = body.and_then(|b| b["dryRun"].as_array()).and_then(|l| l.first()).and_then(Value::as_str);
    match query.get("dryRun").or(listed) {
        None => Ok(false),
        Some("All") => Ok(true),
        Some(other) => {
            let message = format!("Unsupported value: [\"{other}\"]: supported values: \"All\"");
            Err(bad_option("dryRun", "FieldValueNotSupported", message, "CreateOptions"))
        }
    }
}

pub(crate) fn bad_option(field: &str, reason: &'static str, message: String, kind: &str) -> ApiError {
    ApiError::invalid("meta.k8s.io", kind, "", vec![Cause { reason, message, field: field.to_owned() }])
}

/// Options of a delete, from the query and the body (the body wins).
pub(crate) fn delete_options(context: &Context, body: &Value) -> Result<DeleteOptions, ApiError> {
    let query = &context.query;
    let text = |v: &Value| v.as_str().map(str::to_owned);
    let named = text(&body["propagationPolicy"]).or_else(|| query.get("propagationPolicy").map(str::to_owned));
    let propagation = match (
        named.as_deref(),
        body["orphanDependents"].as_bool().or(query.maybe_flag("orphanDependents")),
    ) {
        (Some("Background"), _) => Some(Propagation::Background),
        (Some("Foreground"), _) => Some(Propagation::Foreground),
        (Some("Orphan"), _) | (None, Some(true)) => Some(Propagation::Orphan),
        (Some(other), _) => {
            let message = format!(
                "Unsupported value: \"{other}\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
            );
            return Err(bad_option("propagationPolicy", "FieldValueNotSupported", message, "DeleteOptions"));
        }
        (None, _) => None,
    };
    let grace =
        body["gracePeriodSeconds"].as_i64().or_else(|| query.get("gracePeriodSeconds").and_then(|g| g.parse().ok()));
    Ok(DeleteOptions {
        uid: text(&body["preconditions"]["uid"]),
        resource_version: text(&body["preconditions"]["resourceVersion"]),
        grace_seconds: grace,
        propagation,
        dry_run: dry_run(query, Some(body))?,
    })
}

/// Namespace and selectors of a list, watch or deletecollection.
pub(crate) fn list_query(context: &Context) -> Result<ListQuery, ApiError> {
    let query = &context.query;
    let mut fields = query.get("fieldSelector").map(str::to_owned).unwrap_or_default();
    if let Some(name) = &context.path.name {
        // A watch on one object.
        fields = format!("metadata.name={name}{}{fields}", if fields.is_empty() { "" } else { "," });
    }
    Ok(ListQuery {
        namespace: context.path.namespace.clone(),
        labels: LabelSelector::parse(query.get("labelSelector").unwrap_or_default())?,
        fields: FieldSelector::parse(&fields, &context.kind)?,
        limit: 0,
        after: None,
    })
}
