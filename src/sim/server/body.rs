//! Bodies of requests.

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use crate::status::ApiError;

/// Largest body the server takes, in bytes; that of the real one.
const LIMIT: usize = 3 * 1024 * 1024;

/// Reads a whole body.
pub(crate) async fn read_body(body: Incoming) -> Result<Bytes, ApiError> {
    match Limited::new(body, LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let message = format!("Request entity too large: limit is {LIMIT}");
            Err(ApiError::new(413, "RequestEntityTooLarge", message))
        }
        Err(error) => Err(ApiError::bad_request(format!("cannot read the body: {error}"))),
    }
}

/// Parses a body that must be an object, in JSON or YAML.
pub(crate) fn json_body(headers: &HeaderMap, bytes: &Bytes, kind: &str) -> Result<Value, ApiError> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("application/json");
    let media = media.split(';').next().unwrap_or_default().trim();
    match media {
        "" | "application/json" | "*/*" => {
            serde_json::from_slice(bytes).map_err(|error| unreadable(&error, bytes, kind))
        }
        "application/yaml" => yaml_body(bytes),
        "application/vnd.kubernetes.protobuf" => super::protobuf::decode(bytes),
        _ => Err(ApiError::unsupported_media_type(&[
            "application/json",
            "application/yaml",
            "application/vnd.kubernetes.protobuf",
        ])),
    }
}

fn unreadable(error: &serde_json::Error, bytes: &Bytes, kind: &str) -> ApiError {
    let why = if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() };
    let shown: String = String::from_utf8_lossy(bytes).chars().take(128).collect();
    let shown = if shown.is_empty() { "<empty>".to_owned() } else { shown };
    ApiError::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: {why} ({shown})"
    ))
}

/// Parses YAML, of which JSON is a part.
pub(crate) fn yaml_body(bytes: &Bytes) -> Result<Value, ApiError> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ApiError::bad_request("the body is not UTF-8"))?;
    serde_saphyr::from_str(text).map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))
}
