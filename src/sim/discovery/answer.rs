//! From such a path to its document.

use std::sync::Arc;

use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::documents;
use crate::{
    http_body::{Body, full},
    openapi,
    server::{Accept, Form, Query, Reply, Shared, object_reply},
    status::ApiError,
};

/// Answers a GET of a path that is no resource.
pub(crate) fn answer(shared: &Arc<Shared>, path: &str, query: &Query, request: &Request<Incoming>) -> Reply {
    if request.method() != http::Method::GET && request.method() != http::Method::HEAD {
        return Err(ApiError::method_not_allowed("post"));
    }
    let kinds = shared.store.kinds();
    let words: Vec<&str> = path.split('/').filter(|w| !w.is_empty()).collect();
    let document = match words.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => return Ok(text(&health(words[0], query))),
        ["version"] => Some(version()),
        ["api"] | ["apis"] => {
            let core = words[0] == "api";
            if let Form::Discovery(version) = Accept::negotiate(request.headers(), true)?.form {
                return Ok(aggregated(shared, core, version, request));
            }
            let address = shared.address.to_string();
            Some(if core { documents::core_versions(&address) } else { documents::group_list(&kinds) })
        }
        ["api", version] => documents::resource_list(&kinds, "", version),
        ["apis", group] => documents::group(&kinds, group),
        ["apis", group, version] => documents::resource_list(&kinds, group, version),
        ["openapi", "v3"] => Some(openapi::v3_index(&kinds, shared.store.kinds_generation())),
        ["openapi", "v3", "api", version] => openapi::v3_document(&kinds, "", version),
        ["openapi", "v3", "apis", group, version] => openapi::v3_document(&kinds, group, version),
        ["openapi", "v2"] => {
            Accept::negotiate(request.headers(), false)?;
            Some(openapi::v2_document(&kinds))
        }
        [] => Some(paths(&kinds)),
        _ => None,
    };
    document.map(|d| object_reply(200, &d)).ok_or_else(ApiError::no_page)
}

fn aggregated(shared: &Shared, core: bool, version: &'static str, request: &Request<Incoming>) -> Response<Body> {
    let tag = format!("\"{}-{}-{}\"", shared.address.port(), shared.store.kinds_generation(), u8::from(core));
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()) == Some(&tag);
    let mut response = if known {
        let mut response = Response::new(full(""));
        *response.status_mut() = http::StatusCode::NOT_MODIFIED;
        response
    } else {
        object_reply(200, &documents::aggregated(&shared.store.kinds(), core, version))
    };
    let media = if version == "v2" {
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    } else {
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn text(words: &str) -> Response<Body> {
    let mut response = Response::new(full(words.to_owned()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn health(what: &str, query: &Query) -> String {
    if query.flag("verbose") { format!("[+]ping ok\n[+]storage ok\n{what} check passed\n") } else { "ok".into() }
}

/// The Kubernetes release whose behaviour this server follows.
fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.3", "gitCommit": "quarterdeck-sim", "gitTreeState": "clean",
        "buildDate": "2026-10-01T00:00:00Z", "goVersion": "none", "compiler": "rustc", "platform": "linux/amd64",
    })
}

fn paths(kinds: &[crate::storage::Kind]) -> Value {
    let mut paths = vec!["/api".to_owned(), "/api/v1".into(), "/apis".into()];
    let Value::Object(list) = documents::group_list(kinds) else { return Value::Null };
    for group in list["groups"].as_array().into_iter().flatten() {
        paths.push(format!("/apis/{}", group["name"].as_str().unwrap_or_default()));
        for version in group["versions"].as_array().into_iter().flatten() {
            paths.push(format!("/apis/{}", version["groupVersion"].as_str().unwrap_or_default()));
        }
    }
    paths.extend(["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"].map(String::from));
    json!({"paths": paths})
}
