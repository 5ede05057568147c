//! Questions in the form of objects: may I, who am I, is this token good, give me a token.

use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::write::check_type;
use crate::{
    auth::User,
    clock::Clock,
    hooks::{Attributes, Bare, Decision, Extension},
    server::{Context, Reply, json_body, object_reply, read_body},
    status::{ApiError, Cause},
};

/// Answers a review.
pub(crate) async fn create(context: Context, request: Request<Incoming>) -> Reply {
    let bytes = read_body(request.into_body()).await?;
    let mut body = json_body(&context.headers, &bytes, &context.kind.kind)?;
    check_type(&context.kind, &mut body)?;
    let status = match context.kind.plural.as_str() {
        "selfsubjectaccessreviews" => access(&context, &context.user, &body["spec"])?,
        "subjectaccessreviews" | "localsubjectaccessreviews" => {
            access(&context, &subject(&body["spec"]), &body["spec"])?
        }
        "selfsubjectrulesreviews" => {
            let namespace = body["spec"]["namespace"].as_str().unwrap_or_default().to_owned();
            let shared = &context.shared;
            if context.user.is_master() {
                Bare.rules(&shared.store, &context.user, &namespace)
            } else {
                shared.extension.rules(&shared.store, &context.user, &namespace)
            }
        }
        "selfsubjectreviews" => json!({"userInfo": user_info(&context.user)}),
        "tokenreviews" => token_review(&context, &body["spec"]),
        "bindings" => return Err(ApiError::method_not_allowed("create")),
        _ => return Err(ApiError::no_such_path()),
    };
    body["status"] = status;
    Ok(object_reply(201, &body))
}

fn user_info(user: &User) -> Value {
    let mut info = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        info["uid"] = user.uid.clone().into();
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    info
}

fn subject(spec: &Value) -> User {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    User {
        name: text(&spec["user"]),
        uid: text(&spec["uid"]),
        groups: spec["groups"].as_array().into_iter().flatten().map(text).collect(),
        ..User::default()
    }
}

fn access(context: &Context, user: &User, spec: &Value) -> Result<Value, ApiError> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let wanted = match (resource.is_object(), path.is_object()) {
        (true, false) => Attributes {
            verb: text(&resource["verb"]),
            group: text(&resource["group"]),
            version: text(&resource["version"]),
            resource: text(&resource["resource"]),
            subresource: text(&resource["subresource"]),
            namespace: text(&resource["namespace"]),
            name: text(&resource["name"]),
            path: None,
        },
        (false, true) => {
            Attributes { verb: text(&path["verb"]), path: Some(text(&path["path"])), ..Attributes::default() }
        }
        (both, _) => {
            let message = if both {
                "Invalid value: cannot be specified in combination with resourceAttributes"
            } else {
                "Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified"
            };
            let field = if both { "spec.nonResourceAttributes" } else { "spec.resourceAttributes" };
            let cause = Cause { reason: "FieldValueInvalid", message: message.into(), field: field.into() };
            return Err(ApiError::invalid(&context.kind.group, &context.kind.kind, "", vec![cause]));
        }
    };
    let shared = &context.shared;
    let decision =
        if user.is_master() { Decision::allow("") } else { shared.extension.authorize(&shared.store, user, &wanted) };
    let mut status = json!({"allowed": decision.allowed});
    if !decision.reason.is_empty() {
        status["reason"] = decision.reason.into();
    }
    Ok(status)
}

fn token_review(context: &Context, spec: &Value) -> Value {
    let token = spec["token"].as_str().unwrap_or_default();
    let asked: Vec<&str> = spec["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let Some((user, audiences)) = context.shared.tokens.review(token) else {
        return json!({"user": {}, "error": "[invalid bearer token, token lookup failed]"});
    };
    let asked = if asked.is_empty() { vec![crate::auth::AUDIENCE] } else { asked };
    let common: Vec<&str> = asked.into_iter().filter(|a| audiences.iter().any(|b| b == a)).collect();
    if common.is_empty() {
        return json!({"user": {}, "error": "token audiences are invalid for the target audiences"});
    }
    json!({"authenticated": true, "user": user_info(&user), "audiences": common})
}

/// A token for a service account.
pub(crate) async fn token_request(context: Context, request: Request<Incoming>) -> Reply {
    let bytes = read_body(request.into_body()).await?;
    let mut body = json_body(&context.headers, &bytes, &context.kind.kind)?;
    let account = context.store().get(&context.kind, context.namespace(), context.name())?;
    let spec = &body["spec"];
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(3600);
    if seconds < 600 {
        let message = format!("Invalid value: {seconds}: may not specify a duration less than 10 minutes");
        let cause = Cause { reason: "FieldValueInvalid", message, field: "spec.expirationSeconds".into() };
        return Err(ApiError::invalid("authentication.k8s.io", "TokenRequest", "", vec![cause]));
    }
    let mut audiences: Vec<String> =
        spec["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if audiences.is_empty() {
        audiences.push(crate::auth::AUDIENCE.into());
    }
    let now = context.store().clock().now();
    let expires = now.checked_add(Duration::from_secs(seconds.unsigned_abs())).unwrap_or(now);
    let user = User::service_account(&account.namespace, &account.name, &account.uid);
    let token = context.shared.tokens.issue_jwt(user, audiences.clone(), expires);
    body["kind"] = "TokenRequest".into();
    body["apiVersion"] = "authentication.k8s.io/v1".into();
    body["metadata"] =
        json!({"name": account.name, "namespace": account.namespace, "creationTimestamp": context.store().timestamp()});
    body["spec"]["audiences"] = json!(audiences);
    body["spec"]["expirationSeconds"] = seconds.into();
    if body["spec"]["boundObjectRef"].is_null() {
        body["spec"]["boundObjectRef"] = Value::Null;
    }
    body["status"] = json!({"token": token, "expirationTimestamp": Clock::format(expires)});
    Ok(object_reply(201, &body))
}
