//! The way of a request: token, faults, impersonation, rights, verb.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{
    accept::{Accept, Form},
    impersonate::impersonated,
    path::{Resource, Route},
    query::Query,
    respond::{Reply, refusal},
};
use crate::{
    auth::{Tokens, User},
    hooks::{Attributes, Extension, RequestFacts},
    http_body::{self, Body},
    status::{ApiError, qualified},
    storage::{Kind, Store},
    verbs,
};

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) tokens: Tokens,
    pub(crate) extension: Arc<dyn Extension>,
    pub(crate) address: SocketAddr,
}

/// One request on a resource, checked so far that it may be carried out.
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) user: User,
    pub(crate) kind: Kind,
    pub(crate) path: Resource,
    pub(crate) query: Query,
    pub(crate) accept: Accept,
    pub(crate) headers: HeaderMap,
}

impl Context {
    /// The objects.
    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Namespace of the path, empty without one.
    pub(crate) fn namespace(&self) -> &str {
        self.path.namespace.as_deref().unwrap_or_default()
    }

    /// Object name of the path, empty without one.
    pub(crate) fn name(&self) -> &str {
        self.path.name.as_deref().unwrap_or_default()
    }

    /// Subresource of the path, empty without one.
    pub(crate) fn subresource(&self) -> &str {
        self.path.subresource.as_deref().unwrap_or_default()
    }
}

/// Answers one request; never fails but by cutting the connection.
pub(crate) async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let mut facts = RequestFacts {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        watch: false,
        user: String::new(),
    };
    facts.watch = Query::parse(&facts.query).flag("watch");
    let user = authenticate(&shared, request.headers());
    facts.user = user.as_ref().map(|u| u.name.clone()).unwrap_or_default();
    let fault = shared.extension.fault(&facts);
    if let Some(latency) = fault.latency {
        tokio::time::sleep(latency).await;
    }
    let mut response = match (fault.refuse, user) {
        (Some(error), _) => refusal(&error),
        (None, Err(error)) => refusal(&error),
        (None, Ok(user)) => match route(&shared, user, request).await {
            Ok(response) => response,
            Err(error) => refusal(&error),
        },
    };
    let audit = crate::storage::random_uid();
    if let Ok(value) = audit.parse() {
        response.headers_mut().insert("audit-id", value);
    }
    if fault.malformed {
        response = response.map(malformed);
    }
    if let Some(limit) = fault.cut_after {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response = response.map(|body| cut(body, limit));
    }
    Ok(response)
}

fn authenticate(shared: &Shared, headers: &HeaderMap) -> Result<User, ApiError> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "))
        .map(str::trim);
    // A browser's or a websocket client's way to send it.
    let protocol = headers
        .get(header::SEC_WEBSOCKET_PROTOCOL)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(',').find_map(|p| p.trim().strip_prefix("base64url.bearer.authorization.k8s.io.")))
        .and_then(|coded| base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, coded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let token = token.map(str::to_owned).or(protocol);
    let user = token.and_then(|token| shared.tokens.authenticate(&token));
    user.filter(|user| still_there(shared, user)).ok_or_else(ApiError::unauthorized)
}

/// A service account's tokens end with it.
fn still_there(shared: &Shared, user: &User) -> bool {
    let Some((namespace, name)) = user.name.strip_prefix("system:serviceaccount:").and_then(|n| n.split_once(':'))
    else {
        return true;
    };
    let account = shared.store.find("v1", "ServiceAccount", namespace, name);
    user.uid.is_empty() || account.is_some_and(|account| account["metadata"]["uid"] == user.uid.as_str())
}

async fn route(shared: &Arc<Shared>, asker: User, request: Request<Incoming>) -> Reply {
    let extension = &*shared.extension;
    let user = impersonated(request.headers(), &asker, &shared.store, extension)?.unwrap_or(asker);
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let path = request.uri().path().to_owned();
    match Route::parse(&path) {
        Route::Other => {
            let wanted = Attributes {
                verb: request.method().as_str().to_ascii_lowercase(),
                path: Some(path.clone()),
                ..Attributes::default()
            };
            let open = matches!(path.as_str(), "/healthz" | "/livez" | "/readyz" | "/version" | "/version/");
            if !open && !user.is_master() && !extension.authorize(&shared.store, &user, &wanted).allowed {
                let message = format!("forbidden: User \"{}\" cannot {} path \"{path}\"", user.name, wanted.verb);
                return Err(ApiError {
                    details: Some(serde_json::json!({})),
                    ..ApiError::new(403, "Forbidden", message)
                });
            }
            crate::discovery::answer(shared, &path, &query, &request)
        }
        Route::Resource(resource) => {
            let verb = verb_of(request.method(), &resource, &query);
            let wanted = Attributes {
                verb: verb.to_owned(),
                group: resource.group.clone(),
                version: resource.version.clone(),
                resource: resource.plural.clone(),
                subresource: resource.subresource.clone().unwrap_or_default(),
                namespace: match (&resource.namespace, resource.group.as_str(), resource.plural.as_str()) {
                    (Some(namespace), ..) => namespace.clone(),
                    // The real server takes a namespace object to live in itself.
                    (None, "", "namespaces") => resource.name.clone().unwrap_or_default(),
                    _ => String::new(),
                },
                name: resource.name.clone().unwrap_or_default(),
                path: None,
            };
            if !user.is_master() {
                let decision = extension.authorize(&shared.store, &user, &wanted);
                if !decision.allowed {
                    return Err(denied(&user, &wanted, &decision.reason));
                }
            }
            let Some(kind) = shared.store.resource(&resource.group, &resource.version, &resource.plural) else {
                // The API answers for groups that it knows, the HTTP server for the rest.
                let known = resource.group.is_empty() || shared.store.kinds().iter().any(|k| k.group == resource.group);
                return Err(if known { ApiError::no_such_path() } else { ApiError::no_page() });
            };
            let accept = Accept::negotiate(request.headers(), false)?;
            check_include(&accept, &query)?;
            let headers = request.headers().clone();
            let context = Context { shared: shared.clone(), user, kind, path: resource, query, accept, headers };
            let outdated = context.kind.group.is_empty() && context.kind.plural == "endpoints";
            let mut reply = verbs::dispatch(context, verb, request).await?;
            if outdated {
                let text = "299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\"";
                reply.headers_mut().append(header::WARNING, http::HeaderValue::from_static(text));
            }
            Ok(reply)
        }
    }
}

/// A table carries metadata, whole objects, or nothing.
fn check_include(accept: &Accept, query: &Query) -> Result<(), ApiError> {
    match query.get("includeObject") {
        Some(other) if accept.form == Form::Table && !matches!(other, "None" | "Metadata" | "Object") => {
            Err(ApiError::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: \"{other}\": must be 'Metadata', 'Object', 'None', or empty"
            )))
        }
        _ => Ok(()),
    }
}

fn verb_of(method: &Method, resource: &Resource, query: &Query) -> &'static str {
    let single = resource.name.is_some();
    match *method {
        Method::GET | Method::HEAD if resource.subresource.is_none() && (resource.watch || query.flag("watch")) => {
            "watch"
        }
        Method::GET | Method::HEAD if single => "get",
        Method::GET | Method::HEAD => "list",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if single => "delete",
        Method::DELETE => "deletecollection",
        _ => "",
    }
}

/// The refusal of an authorizer, worded as the real server does.
pub(crate) fn denied(user: &User, wanted: &Attributes, reason: &str) -> ApiError {
    let resource = if wanted.subresource.is_empty() {
        wanted.resource.clone()
    } else {
        format!("{}/{}", wanted.resource, wanted.subresource)
    };
    let scope = if wanted.namespace.is_empty()
        || wanted.resource == "namespaces" && wanted.group.is_empty() && wanted.name.is_empty()
    {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{}\"", wanted.namespace)
    };
    let mut why = format!(
        "User \"{}\" cannot {} resource \"{resource}\" in API group \"{}\" {scope}",
        user.name, wanted.verb, wanted.group
    );
    if !reason.is_empty() {
        why.push_str(": ");
        why.push_str(reason);
    }
    let mut error = ApiError::forbidden(&wanted.group, &wanted.resource, &wanted.name, &why);
    if wanted.name.is_empty() {
        error.message = format!("{} is forbidden: {why}", qualified(&wanted.group, &wanted.resource));
    }
    error
}

/// Ends the body, and with it the connection, after `limit` bytes.
fn cut(body: Body, limit: u64) -> Body {
    let left = limit as usize;
    let chunks = body.into_data_stream().scan(Some(left), |left, chunk| {
        let out = match (left.take(), chunk) {
            (None, _) => None,
            (Some(0), _) => Some(Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))),
            (Some(n), Ok(bytes)) if bytes.len() < n => {
                *left = Some(n - bytes.len());
                Some(Ok(bytes))
            }
            (Some(n), Ok(bytes)) => {
                *left = Some(0);
                Some(Ok(bytes.slice(..n)))
            }
            (Some(_), Err(error)) => Some(Err(error)),
        };
        std::future::ready(out)
    });
    // One more item after the last, so that a short body is cut as well.
    http_body::stream(
        chunks.chain(futures::stream::once(async { Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) })),
    )
}

/// Breaks the JSON of every object in the body.
fn malformed(body: Body) -> Body {
    let chunks = body.into_data_stream().map(|chunk| {
        chunk.map(|bytes| {
            let text = String::from_utf8_lossy(&bytes);
            Bytes::from(text.replace("\"metadata\":{", "\"metadata\":[{"))
        })
    });
    http_body::stream(chunks)
}
