//! Evictions: the deletion of a pod as far as its disruption budget allows it, by the rules of the API server's
//! eviction subresource.

use http::Request;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::options::delete_options;
use crate::{
    server::{Context, Reply, json_body, object_reply, read_body},
    status::{ApiError, Cause},
    storage::{LabelSelector, Object, WriteOptions},
    value::condition,
};

/// Deletes a pod unless a disruption budget forbids it.
pub(crate) async fn evict(context: Context, request: Request<Incoming>) -> Reply {
    let bytes = read_body(request.into_body()).await?;
    let body = if bytes.is_empty() { Value::Null } else { json_body(&context.headers, &bytes, &context.kind.kind)? };
    let mut options = delete_options(&context, &body["deleteOptions"])?;
    options.dry_run |= context.query.get("dryRun") == Some("All");
    let (namespace, name) = (context.namespace().to_owned(), context.name().to_owned());
    let object = context.store().get(&context.kind, &namespace, &name)?;
    let pod = object.value();
    let phase = pod["status"]["phase"].as_str().unwrap_or("Pending");
    let leaving = !pod["metadata"]["deletionTimestamp"].is_null();
    if !leaving && !matches!(phase, "Pending" | "Succeeded" | "Failed") {
        allow(&context, &object, &pod, options.dry_run)?;
    }
    context.store().delete(&context.kind, &namespace, &name, &options)?;
    Ok(object_reply(
        201,
        &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
    ))
}

/// Takes one disruption from the pod's budget, or says why there is none.
fn allow(context: &Context, object: &Object, pod: &Value, dry_run: bool) -> Result<(), ApiError> {
    let namespace = context.namespace();
    let mut budgets = context.store().all("policy/v1", "PodDisruptionBudget", Some(namespace));
    budgets.retain(|b| {
        b["spec"]["selector"].is_object() && LabelSelector::from_value(&b["spec"]["selector"]).matches(object)
    });
    let [budget] = budgets.as_slice() else {
        if budgets.is_empty() {
            return Ok(());
        }
        let message =
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
        return Err(ApiError::new(500, "", message));
    };
    let (status, name) = (&budget["status"], budget["metadata"]["name"].as_str().unwrap_or_default());
    let number = |field: &str| status[field].as_i64().unwrap_or(0);
    if condition(pod, "Ready")["status"] != "True" {
        let always = budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow";
        let (healthy, desired) = (number("currentHealthy"), number("desiredHealthy"));
        if always || healthy >= desired && desired > 0 {
            return Ok(());
        }
    }
    if number("observedGeneration") < budget["metadata"]["generation"].as_i64().unwrap_or(0) {
        return Err(refused(format!("The disruption budget {name} is still being processed by the server."), Some(10)));
    }
    if number("disruptionsAllowed") <= 0 {
        let (healthy, desired) = (number("currentHealthy"), number("desiredHealthy"));
        let message = if healthy <= desired {
            format!("The disruption budget {name} needs {desired} healthy pods and has {healthy} currently")
        } else {
            format!("The disruption budget {name} does not allow evicting pods currently")
        };
        return Err(refused(message, None));
    }
    let Some(kind) = context.store().kind("policy/v1", "PodDisruptionBudget").filter(|_| !dry_run) else {
        return Ok(());
    };
    let now = context.store().timestamp();
    let pod_name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let options = WriteOptions::trusted("kube-apiserver");
    context.store().modify(&kind, namespace, name, &options, |mut budget| {
        let left = budget["status"]["disruptionsAllowed"].as_i64().unwrap_or(0) - 1;
        budget["status"]["disruptionsAllowed"] = left.into();
        budget["status"]["disruptedPods"][pod_name] = now.clone().into();
        Ok(budget)
    })?;
    Ok(())
}

fn refused(message: String, retry_after: Option<u64>) -> ApiError {
    let mut error =
        ApiError::new(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.");
    error.set_causes(&[Cause { reason: "DisruptionBudget", message, field: String::new() }]);
    if let Some(seconds) = retry_after {
        error.details.get_or_insert_with(|| json!({}))["retryAfterSeconds"] = seconds.into();
    }
    error
}
