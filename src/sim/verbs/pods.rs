//! Subresources of pods: binding here, evictions beside it, streams of containers by the extension.

use http::Request;
use hyper::body::Incoming;
use serde_json::json;

use super::options::write_options;
use crate::{
    hooks::PodRequest,
    server::{Context, Reply, json_body, object_reply, read_body},
    status::ApiError,
    storage::WriteOptions,
};

/// Hands a log, exec, attach, port-forward or proxy request to the extension.
pub(crate) async fn stream(context: Context, request: Request<Incoming>) -> Reply {
    if context.kind.plural != "pods" {
        return Err(ApiError::new(503, "ServiceUnavailable", "no endpoints available"));
    }
    let pod = context.store().get(&context.kind, context.namespace(), context.name())?;
    let extension = context.shared.extension.clone();
    let asked = PodRequest {
        store: context.store().clone(),
        pod,
        subresource: context.subresource().to_owned(),
        query: context.query.0.clone(),
        request,
    };
    extension.pod(asked).await
}

/// Puts a pod on a node.
pub(crate) async fn bind(context: Context, request: Request<Incoming>) -> Reply {
    let options = write_options(&context)?;
    let bytes = read_body(request.into_body()).await?;
    let body = json_body(&context.headers, &bytes, &context.kind.kind)?;
    let node = body["target"]["name"].as_str().unwrap_or_default().to_owned();
    let options = WriteOptions { trusted: true, subresource: String::new(), ..options };
    let now = context.store().timestamp();
    let name = context.name().to_owned();
    context.store().modify(&context.kind, context.namespace(), &name, &options, |mut pod| {
        if pod["spec"]["nodeName"].as_str().is_some_and(|n| !n.is_empty()) {
            let why = format!(
                "pod {name} is already assigned to node \"{}\"",
                pod["spec"]["nodeName"].as_str().unwrap_or_default()
            );
            return Err(ApiError::conflict("", "pods/binding", &name, &why));
        }
        pod["spec"]["nodeName"] = node.into();
        let condition =
            json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now});
        pod["status"]["conditions"] = json!([condition]);
        Ok(pod)
    })?;
    Ok(object_reply(
        201,
        &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
    ))
}
