//! Answers.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    http_body::{Body, full},
    status::{ApiError, PLAIN},
};

/// An answer or a refusal.
pub(crate) type Reply = Result<Response<Body>, ApiError>;

/// Serialized JSON with a code.
pub(crate) fn json_reply(code: u16, bytes: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(bytes));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// A JSON value with a code.
pub(crate) fn object_reply(code: u16, value: &Value) -> Response<Body> {
    json_reply(code, serde_json::to_vec(value).expect("a JSON value serializes"))
}

/// A refusal as a response.
pub(crate) fn refusal(error: &ApiError) -> Response<Body> {
    if error.reason == PLAIN {
        let mut response = json_reply(error.code, error.message.clone());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        return response;
    }
    let mut response = object_reply(error.code, &error.to_value());
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if error.code == 401 {
        let challenge = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The `Status` of something that went well.
pub(crate) fn success_status(details: Value) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
