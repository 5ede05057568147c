//! How far a Flux object has come: whether its controller has seen the request, then its Ready condition for the
//! present generation.

use super::reconcile::REQUESTED;
use crate::actions::action::Progress;
use crate::actions::stage::Stage;
use crate::findings::{cause::line, gitops};
use crate::resources::ObjectRef;
use serde_json::Value;

/// What follows on a request: Flux sees it, it is ready, then what it brought.
pub(super) fn stages(object: &ObjectRef) -> Vec<Stage> {
    let handled = |object: Option<&Value>| match object {
        None => requested(None),
        Some(o) if is_handled(o) => Some(Progress::Done("seen by its controller".into())),
        Some(_) => requested(object),
    };
    let mut stages =
        vec![Stage::object("handled", "Flux looked at it", object.clone(), handled), Stage::progress("ready", "ready")];
    if matches!(object.kind.plural.as_str(), "kustomizations" | "helmreleases") {
        stages.extend(Stage::workloads(object));
    }
    stages
}

/// Whether the controller has seen the latest request.
fn is_handled(object: &Value) -> bool {
    let asked = &object["metadata"]["annotations"][REQUESTED];
    asked.is_null() || *asked == object["status"]["lastHandledReconcileAt"]
}

/// Progress of a requested reconcile.
pub(super) fn requested(object: Option<&Value>) -> Option<Progress> {
    let Some(object) = object else { return Some(Progress::Failed("was deleted meanwhile".into())) };
    if !is_handled(object) {
        return Some(Progress::Going(match condition(object, "Reconciling") {
            Some(c) if c["status"] == "True" => format!("reconciles: {}", message(c)),
            _ => "waits for its controller".into(),
        }));
    }
    Some(state(object))
}

/// Progress of an object that was resumed.
pub(super) fn resumed(object: Option<&Value>) -> Option<Progress> {
    let Some(object) = object else { return Some(Progress::Failed("was deleted meanwhile".into())) };
    // Alerts and Providers have no status.
    if object["status"]["conditions"].as_array().is_none_or(Vec::is_empty) {
        let silent = matches!(object["kind"].as_str(), Some("Alert" | "Provider"));
        let silent = silent || super::kinds::is_oci_repository(object);
        return (!silent).then(|| Progress::Going("waits for its controller".into()));
    }
    Some(state(object))
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind)
}

fn message(condition: &Value) -> String {
    line(condition["message"].as_str().unwrap_or_default(), 160)
}

/// The Ready condition, if it is about the present generation.
fn state(object: &Value) -> Progress {
    let generation = object["metadata"]["generation"].as_i64().unwrap_or(0);
    let Some(ready) = condition(object, "Ready") else {
        return Progress::Going("waits for its controller".into());
    };
    let seen = ready["observedGeneration"].as_i64().or_else(|| object["status"]["observedGeneration"].as_i64());
    if seen.is_some_and(|seen| seen < generation) {
        return Progress::Going("waits for its controller".into());
    }
    match ready["status"].as_str() {
        Some("True") => Progress::Done(format!("ready: {}", message(ready))),
        Some("False") => {
            let reason = ready["reason"].as_str().unwrap_or_default();
            let (why, next) = gitops::flux_reason(reason, ready["message"].as_str().unwrap_or_default());
            Progress::Failed(if next.is_empty() { why } else { format!("{why}; {next}") })
        }
        _ => Progress::Going(format!("reconciles: {}", message(ready))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(handled: &str, ready: Value) -> Value {
        json!({"kind": "Kustomization", "metadata": {"generation": 2, "annotations": {REQUESTED: "t2"}},
            "status": {"lastHandledReconcileAt": handled, "conditions": [ready]}})
    }

    #[test]
    fn a_request_is_followed_until_it_is_handled_and_then_until_it_is_ready() {
        let ready = |status: &str, reason: &str, message: &str| {
            json!({"type": "Ready", "status": status,
            "reason": reason, "message": message, "observedGeneration": 2})
        };
        let fine = || ready("True", "ReconciliationSucceeded", "Applied revision: main@sha1:abc");
        assert_eq!(
            requested(Some(&object("t1", fine()))),
            Some(Progress::Going("waits for its controller".into())),
            "an old success is not this one"
        );
        assert_eq!(
            requested(Some(&object("t2", fine()))),
            Some(Progress::Done("ready: Applied revision: main@sha1:abc".into()))
        );
        let busy = object("t2", ready("Unknown", "Progressing", "Reconciliation in progress"));
        assert!(matches!(requested(Some(&busy)), Some(Progress::Going(_))));
        let wrong = "kustomization path not found: stat /tmp/k/nowhere: no such file or directory";
        let Some(Progress::Failed(why)) = requested(Some(&object("t2", ready("False", "ArtifactFailed", wrong))))
        else {
            panic!("a wrong path is a failure")
        };
        assert!(why.contains("path"), "{why}");
        assert_eq!(resumed(Some(&json!({"kind": "Alert"}))), None);
    }
}
