//! What the actions read of an Application, and what they refuse.

use crate::actions::action::{Arg, ArgKind, Asked, Target};
use crate::cluster::Right;
use crate::findings::cause::line;
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};

/// As the command line names the kind when only a name is given.
pub(crate) const KIND: &str = "applications.argoproj.io";

pub(super) fn is_application(kind: &Kind) -> bool {
    kind.group == "argoproj.io" && kind.plural == "applications"
}

/// Argo CD's Applications have no status subresource: one right is enough for all.
pub(super) fn rights(target: &ObjectRef) -> Vec<Right> {
    vec![Right::new("patch", "argoproj.io", "applications", &target.namespace)]
}

/// Whether Argo CD syncs it by itself: `automated` is there and not `enabled: false` (since 3.1).
pub(crate) fn auto_sync(application: &Value) -> bool {
    let automated = &application["spec"]["syncPolicy"]["automated"];
    automated.is_object() && automated["enabled"] != false
}

/// Whether Argo CD takes changes by hand back by itself.
pub(crate) fn self_heal(application: &Value) -> bool {
    auto_sync(application) && application["spec"]["syncPolicy"]["automated"]["selfHeal"] == true
}

/// Why an operation cannot begin, as Argo CD's server sees it.
pub(super) fn refuse_busy(what: &str, target: &Target) -> Result<()> {
    let object = &target.object;
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return Err(no(what, target, "the Application is being deleted", ""));
    }
    if object["operation"].is_object() {
        let message = line(object["status"]["operationState"]["message"].as_str().unwrap_or_default(), 80);
        let why = if message.is_empty() { String::new() } else { format!(": {message}") };
        let next = "wait for its end, or terminate it (argocd-terminate)";
        return Err(no(what, target, format!("another operation is running{why}"), next));
    }
    Ok(())
}

/// A refusal that names the Application.
pub(super) fn no(what: &str, target: &Target, why: impl Into<String>, next: &str) -> Problem {
    Problem::new(ProblemKind::Invalid, format!("cannot {what}"), why).on(target.reference.to_string()).next(next)
}

/// Who an operation says has started it.
pub(super) fn initiator(asked: &Asked<'_>) -> Value {
    json!({ "username": asked.cluster.acting_user() })
}

/// The patch that starts an operation, as Argo CD's server sets it: the state of the last one is cleared, so that
/// any state seen afterwards is of this one.
pub(super) fn start(operation: &Value) -> Value {
    json!({ "operation": operation, "status": { "operationState": null } })
}

/// The sources of an Application, one or many.
pub(super) fn sources(application: &Value) -> Vec<&Value> {
    let spec = &application["spec"];
    match spec["sources"].as_array().filter(|s| !s.is_empty()) {
        Some(many) => many.iter().collect(),
        None => spec.get("source").into_iter().collect(),
    }
}

/// The first characters of a revision, or all of a name.
pub(super) fn short(revision: &str) -> String {
    let hash = revision.len() >= 40 && revision.chars().all(|c| c.is_ascii_hexdigit());
    line(if hash { &revision[..8] } else { revision }, 60)
}

/// Whoever makes the Application itself puts its specification back.
pub(super) fn maker_warning(target: &Target) -> Option<String> {
    let owners = target.object["metadata"]["ownerReferences"].as_array()?;
    let set = owners.iter().find(|o| o["kind"] == "ApplicationSet")?;
    let name = line(set["name"].as_str().unwrap_or_default(), 60);
    Some(format!("ApplicationSet {name} makes {} and may put its sync policy back", target.reference))
}

pub(super) const PRUNE: Arg =
    Arg { name: "prune", kind: ArgKind::Switch, help: "delete objects that are no longer declared", required: false };
pub(super) const REHEARSAL: Arg = Arg {
    name: "rehearsal",
    kind: ArgKind::Switch,
    help: "Argo CD goes through all of it as a dry run and applies nothing",
    required: false,
};
