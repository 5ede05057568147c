//! delete and deletecollection.

use http::Request;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::options::{delete_options, list_query};
use crate::{
    output,
    server::{Context, Reply, json_body, json_reply, object_reply, read_body, success_status},
    storage::Deleted,
};

/// Deletes one object.
pub(crate) async fn one(context: Context, request: Request<Incoming>) -> Reply {
    let options = delete_options(&context, &body(&context, request).await?)?;
    let kind = context.kind.clone();
    let deleted = context.store().delete(&kind, context.namespace(), context.name(), &options)?;
    match deleted {
        Deleted::Gone(object) if !returns_object(&kind.plural) => {
            let mut details = json!({"name": object.name});
            if !kind.group.is_empty() {
                details["group"] = kind.group.clone().into();
            }
            details["kind"] = kind.plural.clone().into();
            details["uid"] = object.uid.clone().into();
            Ok(object_reply(200, &success_status(details)))
        }
        other => Ok(output::object(&context, 200, other.object())),
    }
}

/// Kinds whose last state the real server returns instead of a Status.
fn returns_object(plural: &str) -> bool {
    matches!(
        plural,
        "pods"
            | "namespaces"
            | "services"
            | "persistentvolumes"
            | "persistentvolumeclaims"
            | "podtemplates"
            | "serviceaccounts"
            | "resourcequotas"
            | "volumeattachments"
            | "csinodes"
            | "csidrivers"
            | "storageclasses"
            | "volumeattributesclasses"
    )
}

/// Deletes all objects that the selectors find.
pub(crate) async fn collection(context: Context, request: Request<Incoming>) -> Reply {
    let options = delete_options(&context, &body(&context, request).await?)?;
    let query = list_query(&context)?;
    let found = context.store().delete_collection(&context.kind, &query, &options)?;
    let meta = json!({"resourceVersion": context.store().version().to_string()});
    Ok(json_reply(200, output::list(&context, &meta, &found)))
}

async fn body(context: &Context, request: Request<Incoming>) -> Result<Value, crate::ApiError> {
    let bytes = read_body(request.into_body()).await?;
    if bytes.is_empty() { Ok(Value::Null) } else { json_body(&context.headers, &bytes, &context.kind.kind) }
}
