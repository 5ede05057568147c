//! What the server says when it refuses: the `Status` object of the Kubernetes API.

use serde_json::{Value, json};

/// The reason of refusals that are plain text instead of a `Status`.
pub(crate) const PLAIN: &str = "plain text";

/// One field-level cause of a refusal (`details.causes[]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Machine word, e.g. `FieldValueRequired`.
    pub reason: &'static str,
    /// Text as the real server words it, without the field.
    pub message: String,
    /// Path of the field, e.g. `spec.containers[0].name`.
    pub field: String,
}

/// A refusal with its HTTP code; renders as a `Status`.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// HTTP status code.
    pub code: u16,
    /// Machine word of the refusal, e.g. `NotFound`.
    pub reason: &'static str,
    /// Text for people, worded as the real server does.
    pub message: String,
    /// A token to go on with, for a list that expired between two pages.
    pub list_continue: Option<String>,
    /// `details`: name, group, kind (really the resource), uid, causes, retryAfterSeconds.
    pub details: Option<Value>,
}

impl ApiError {
    /// A refusal without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), list_continue: None, details: None }
    }

    fn about(mut self, group: &str, resource: &str, name: &str) -> Self {
        let mut details = serde_json::Map::new();
        if !name.is_empty() {
            details.insert("name".into(), name.into());
        }
        if !group.is_empty() {
            details.insert("group".into(), group.into());
        }
        details.insert("kind".into(), resource.into());
        self.details = Some(Value::Object(details));
        self
    }

    /// 404: the object does not exist.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", qualified(group, resource));
        Self::new(404, "NotFound", message).about(group, resource, name)
    }

    /// 404: the path leads nowhere.
    pub fn no_such_path() -> Self {
        let mut error = Self::new(404, "NotFound", "the server could not find the requested resource");
        error.details = Some(json!({}));
        error
    }

    /// 404 of the HTTP server itself, not of the API: plain text.
    pub fn no_page() -> Self {
        Self::new(404, PLAIN, "404 page not found\n")
    }

    /// 409: something with this name is there already.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", qualified(group, resource));
        Self::new(409, "AlreadyExists", message).about(group, resource, name)
    }

    /// 409: the write was based on another state of the object.
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let what = qualified(group, resource);
        let message = format!("Operation cannot be fulfilled on {what} \"{name}\": {why}");
        Self::new(409, "Conflict", message).about(group, resource, name)
    }

    /// 409: the resourceVersion in the write is not the current one.
    pub fn stale(group: &str, resource: &str, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(group, resource, name, why)
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403, with the sentence the real server would say.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let what = qualified(group, resource);
        let message = if name.is_empty() {
            format!("{what} is forbidden: {why}")
        } else {
            format!("{what} \"{name}\" is forbidden: {why}")
        };
        Self::new(403, "Forbidden", message).about(group, resource, name)
    }

    /// 405.
    pub fn method_not_allowed(verb: &str) -> Self {
        let message = format!("{verb} is not supported on resources of kind");
        let mut error = Self::new(405, "MethodNotAllowed", message);
        error.message = "the server does not allow this method on the requested resource".into();
        error.details = Some(json!({}));
        error
    }

    /// 410: the resourceVersion asked for has been compacted.
    pub fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    /// 415.
    pub fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 422 with one cause a field. `kind` is the Kind, as the real server has it here.
    pub fn invalid(group: &str, kind: &str, name: &str, causes: Vec<Cause>) -> Self {
        let what = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let lines: Vec<String> = causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        let text = match lines.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{what} \"{name}\" is invalid: {text}");
        let mut error = Self::new(422, "Invalid", message).about(group, kind, name);
        error.set_causes(&causes);
        error
    }

    /// 429 with seconds to wait.
    pub fn too_many_requests(message: impl Into<String>, retry_after: u32) -> Self {
        let mut error = Self::new(429, "TooManyRequests", message);
        error.details = Some(json!({"retryAfterSeconds": retry_after}));
        error
    }

    /// 500.
    pub fn internal(message: impl Into<String>) -> Self {
        let message = format!("Internal error occurred: {}", message.into());
        Self::new(500, "InternalError", message)
    }

    /// Sets `details.causes`, keeping the other details.
    pub fn set_causes(&mut self, causes: &[Cause]) {
        let list: Vec<Value> = causes
            .iter()
            .map(|c| {
                let mut cause = json!({"reason": c.reason, "message": c.message});
                if !c.field.is_empty() {
                    cause["field"] = c.field.as_str().into();
                }
                cause
            })
            .collect();
        let details = self.details.get_or_insert_with(|| json!({}));
        details["causes"] = Value::Array(list);
    }

    /// Sets one detail.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.get_or_insert_with(|| json!({}))[key] = value.into();
        self
    }

    /// Puts a continue token into the metadata.
    #[must_use]
    pub(crate) fn with_continue(mut self, token: String) -> Self {
        self.list_continue = Some(token);
        self
    }

    /// Seconds the client should wait, when the refusal says so.
    pub fn retry_after(&self) -> Option<u64> {
        self.details.as_ref()?.get("retryAfterSeconds")?.as_u64()
    }

    /// The `Status` object.
    pub fn to_value(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": self.message,
        });
        // Some refusals of the real server are none that the API knows.
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        if let Some(token) = &self.list_continue {
            status["metadata"]["continue"] = token.clone().into();
        }
        status["code"] = self.code.into();
        status
    }
}

/// `deployments.apps`, or `pods` in the core group.
pub fn qualified(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_lists_every_field() {
        let cause =
            |field: &str| Cause { reason: "FieldValueRequired", message: "Required value".into(), field: field.into() };
        let status =
            ApiError::invalid("apps", "Deployment", "web", vec![cause("spec.selector"), cause("spec.template")])
                .to_value();
        assert_eq!(
            status["message"],
            "Deployment.apps \"web\" is invalid: [spec.selector: Required value, spec.template: Required value]"
        );
        assert_eq!(status["details"]["causes"][1]["field"], "spec.template");
        assert_eq!(status["code"], 422);
    }
}
