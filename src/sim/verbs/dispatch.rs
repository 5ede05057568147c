//! From a verb to the function that carries it out.

use http::Request;
use hyper::body::Incoming;

use super::{evict, measured, pods, read, remove, reviews, scale, write};
use crate::{
    server::{Context, Reply},
    status::ApiError,
};

/// Carries out one request on a resource.
pub(crate) async fn dispatch(context: Context, verb: &str, request: Request<Incoming>) -> Reply {
    let kind = context.kind.clone();
    let subresource = context.subresource().to_owned();
    if kind.virtual_only {
        return match verb {
            "create" if context.path.name.is_none() => reviews::create(context, request).await,
            _ => Err(ApiError::method_not_allowed(verb)),
        };
    }
    if kind.measured {
        return measured::answer(&context, verb);
    }
    let misplaced = kind.namespaced != context.path.namespace.is_some()
        && (context.path.name.is_some() || verb == "create" || !kind.namespaced);
    if misplaced && verb != "list" && verb != "watch" {
        return Err(ApiError::no_such_path());
    }
    if !subresource.is_empty() && !kind.has(&subresource) {
        return Err(ApiError::no_such_path());
    }
    if context.path.name.is_none() && matches!(verb, "update" | "patch") {
        return Err(ApiError::method_not_allowed(verb));
    }
    if let Some(odd) = context.query.get("includeObject").filter(|i| !matches!(*i, "None" | "Metadata" | "Object"))
        && context.accept.form == crate::server::Form::Table
    {
        return Err(ApiError::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: \"{odd}\": must be 'Metadata', 'Object', 'None', or empty"
        )));
    }
    match (subresource.as_str(), verb) {
        ("" | "status" | "finalize" | "approval" | "resize" | "ephemeralcontainers", "get") => read::get(&context),
        ("", "list") => read::list(&context),
        ("", "watch") => crate::watch::start(&context),
        ("", "create") if context.path.name.is_none() => write::create(context, request).await,
        ("" | "status" | "finalize" | "approval" | "resize" | "ephemeralcontainers", "update") => {
            write::update(context, request).await
        }
        ("" | "status" | "finalize" | "approval" | "resize" | "ephemeralcontainers", "patch") => {
            write::patch(context, request).await
        }
        ("", "delete") => remove::one(context, request).await,
        ("", "deletecollection") => remove::collection(context, request).await,
        ("scale", "get" | "update" | "patch") => scale::scale(context, verb, request).await,
        ("eviction", "create") => evict::evict(context, request).await,
        ("binding", "create") => pods::bind(context, request).await,
        ("token", "create") => reviews::token_request(context, request).await,
        ("log" | "exec" | "attach" | "portforward" | "proxy", _) => pods::stream(context, request).await,
        _ => Err(ApiError::method_not_allowed(verb)),
    }
}
