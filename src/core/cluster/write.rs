//! Writes as they are always made: in our name, with strict field validation, on the object that was meant.

use super::{Cluster, Method, Request};
use crate::Result;
use crate::actions::plan::Effect;
use bytes::Bytes;

/// The name under which the server records our changes (managedFields).
pub const FIELD_MANAGER: &str = "quarterdeck";

/// What holds for a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Ask the server what it would do; nothing is stored.
    pub dry_run: bool,
    /// Take fields over from other managers (server-side apply only).
    pub force: bool,
}

impl Cluster {
    /// Carries out an effect and gives the server's answer: the object, or a Status.
    pub async fn write(&self, effect: &Effect, options: WriteOptions) -> Result<Bytes> {
        let answer = self.call(write_request(effect, options)).await;
        if answer.is_ok() && !options.dry_run && effect.path.contains("/rbac.authorization.k8s.io/") {
            self.invalidate_access();
        }
        answer
    }
}

/// The call that an effect stands for. What the effect's own query says is not overruled.
pub fn write_request(effect: &Effect, options: WriteOptions) -> Request {
    let body = crate::wipe::body_of(&effect.path, effect.body.as_ref());
    let mut request = Request::write(effect.method, effect.path.clone(), body);
    if effect.body.is_none() {
        request.body = None;
    }
    request.query.clone_from(&effect.query);
    let mut set = |name: &str, value: &str| {
        if !request.query.iter().any(|(n, _)| n == name) {
            request.query.push((name.into(), value.into()));
        }
    };
    if effect.method != Method::Delete {
        set("fieldManager", FIELD_MANAGER);
        // Evictions and other subresources that take no object accept it as well.
        set("fieldValidation", "Strict");
    }
    if effect.method == Method::ApplyPatch && options.force {
        set("force", "true");
    }
    if options.dry_run {
        set("dryRun", "All");
        // The server reads a delete with a body from the body alone: without this a "dry run" would delete.
        if let (Method::Delete, Some(body)) = (effect.method, &effect.body) {
            let mut body = body.clone();
            body["dryRun"] = serde_json::json!(["All"]);
            request.body = Some(body.to_string().into());
        }
    }
    request
}

/// The body of a delete that hits this very object and no other of the same name.
pub fn delete_options(uid: &str, grace_seconds: Option<u64>, propagation: &str) -> serde_json::Value {
    let mut body = serde_json::json!({ "apiVersion": "v1", "kind": "DeleteOptions" });
    if !uid.is_empty() {
        body["preconditions"] = serde_json::json!({ "uid": uid });
    }
    if let Some(seconds) = grace_seconds {
        body["gracePeriodSeconds"] = seconds.into();
    }
    if !propagation.is_empty() {
        body["propagationPolicy"] = propagation.into();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_is_the_same_call_with_one_more_word() {
        let effect = Effect {
            method: Method::MergePatch,
            path: "/apis/apps/v1/namespaces/a/deployments/d".into(),
            query: Vec::new(),
            body: Some(serde_json::json!({ "spec": { "replicas": 3 } })),
        };
        let real = write_request(&effect, WriteOptions::default());
        let dry = write_request(&effect, WriteOptions { dry_run: true, force: false });
        assert_eq!((&real.path, &real.body), (&dry.path, &dry.body));
        assert_eq!(dry.query.len(), real.query.len() + 1);
        assert!(dry.query.contains(&("dryRun".into(), "All".into())));
        assert!(real.query.contains(&("fieldManager".into(), "quarterdeck".into())));
    }
}
