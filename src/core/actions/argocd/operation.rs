//! How far an operation of Argo CD has come: `status.operationState`, and what it says of each object.

use crate::actions::action::Progress;
use crate::actions::stage::Stage;
use crate::findings::{cause::line, gitops};
use crate::resources::ObjectRef;
use serde_json::Value;

/// Objects that are named; of the others only their number is told.
const NAMED: usize = 3;
const WAITS: &str = "waits for the application controller";

/// Progress of the operation that the Application has at present. Whoever starts one clears the state of the last.
pub(super) fn progress(object: Option<&Value>) -> Option<Progress> {
    let Some(object) = object else { return Some(Progress::Failed("the Application was deleted meanwhile".into())) };
    let state = &object["status"]["operationState"];
    let message = line(state["message"].as_str().unwrap_or_default(), 160);
    Some(match state["phase"].as_str() {
        None => Progress::Going(WAITS.into()),
        Some("Running") => Progress::Going(running(state, &message)),
        Some("Terminating") => Progress::Going(format!("is being terminated: {message}")),
        Some("Succeeded") => Progress::Done(succeeded(state, &message)),
        Some(_) => Progress::Failed(failed(state, &message)),
    })
}

/// What follows on an operation that was written: the controller begins, it is carried out, then what it brought.
pub(super) fn stages(object: &ObjectRef) -> Vec<Stage> {
    let begun = |object: Option<&Value>| match progress(object) {
        Some(Progress::Going(text)) if text == WAITS => Some(Progress::Going(text)),
        Some(Progress::Failed(_)) if object.is_none() => progress(object),
        _ => Some(Progress::Done("the application controller has begun".into())),
    };
    let mut stages = vec![
        Stage::object("controller", "Argo CD began", object.clone(), begun),
        Stage::progress("operation", "sync operation"),
    ];
    stages.extend(Stage::workloads(object));
    stages
}

/// What is said of each object; hooks are among them.
fn results(state: &Value) -> impl Iterator<Item = &Value> {
    state["syncResult"]["resources"].as_array().into_iter().flatten()
}

fn name(result: &Value) -> String {
    let text = |field: &str| result[field].as_str().unwrap_or_default();
    let hook = if text("hookType").is_empty() { String::new() } else { format!("{} hook ", text("hookType")) };
    let place = if text("namespace").is_empty() { String::new() } else { format!("{}/", text("namespace")) };
    line(&format!("{hook}{} {place}{}", text("kind"), text("name")), 80)
}

fn running(state: &Value, message: &str) -> String {
    let all = results(state).count();
    let over = |r: &&Value| r["status"].is_string() || matches!(r["hookPhase"].as_str(), Some("Succeeded"));
    match (all, message) {
        (0, "") => "syncs".into(),
        (0, message) => message.to_owned(),
        (all, message) => format!("{} of {all} objects: {message}", results(state).filter(over).count()),
    }
}

fn succeeded(state: &Value, message: &str) -> String {
    let count = |status: &str| results(state).filter(|r| r["status"] == status).count();
    let mut parts = Vec::new();
    for (status, word) in [("Synced", "synced"), ("Pruned", "pruned"), ("PruneSkipped", "not pruned")] {
        match count(status) {
            0 => {}
            n => parts.push(format!("{n} {word}")),
        }
    }
    let revision = state["syncResult"]["revision"].as_str().unwrap_or_default();
    let at = if revision.is_empty() { String::new() } else { format!(" at {}", super::application::short(revision)) };
    match parts.is_empty() {
        true => format!("{message}{at}"),
        false => format!("{message}{at}: {}", parts.join(", ")),
    }
}

fn failed(state: &Value, message: &str) -> String {
    let bad: Vec<String> = results(state)
        .filter(|r| r["status"] == "SyncFailed" || matches!(r["hookPhase"].as_str(), Some("Failed" | "Error")))
        .map(|r| format!("{}: {}", name(r), line(r["message"].as_str().unwrap_or_default(), 120)))
        .collect();
    let (why, next) = gitops::argo_operation(message);
    let mut text = why;
    for one in bad.iter().take(NAMED) {
        text.push_str(&format!("; {one}"));
    }
    if bad.len() > NAMED {
        text.push_str(&format!("; and {} more", bad.len() - NAMED));
    }
    if next.is_empty() { text } else { format!("{text}; {next}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_operation_is_followed_by_its_phase_and_what_it_says_of_each_object() {
        let tell = |state: Value| match progress(Some(&json!({"status": {"operationState": state}}))) {
            Some(Progress::Going(t)) => format!("… {t}"),
            Some(Progress::Done(t)) => format!("✓ {t}"),
            Some(Progress::Failed(t)) => format!("✗ {t}"),
            None => "nothing".into(),
        };
        assert_eq!(tell(Value::Null), "… waits for the application controller");
        let one = |status: &str| json!({"kind": "ConfigMap", "namespace": "web", "name": "a", "status": status});
        let two = json!({"resources": [one("Synced"), {"kind": "Deployment", "namespace": "web", "name": "b"}]});
        let waits = "waiting for healthy state of apps/Deployment/b";
        assert_eq!(
            tell(json!({"phase": "Running", "message": waits, "syncResult": two})),
            format!("… 1 of 2 objects: {waits}")
        );
        let done = json!({"phase": "Succeeded", "message": "successfully synced (all tasks run)", "syncResult":
            {"revision": "8c1a5c0e9f3b4d7a6e2f1b0c9d8e7f6a5b4c3d2e", "resources": [one("Synced"), one("Pruned")]}});
        assert_eq!(tell(done), "✓ successfully synced (all tasks run) at 8c1a5c0e: 1 synced, 1 pruned");
        let hook = json!({"kind": "Job", "namespace": "web", "name": "migrate", "hookType": "PreSync", "hookPhase": "Failed",
            "message": "Job has reached the specified backoff limit"});
        let failed =
            tell(json!({"phase": "Failed", "message": "one or more synchronization tasks completed unsuccessfully",
            "syncResult": {"resources": [one("Synced"), hook]}}));
        assert!(
            failed.contains("PreSync hook Job web/migrate: Job has reached the specified backoff limit"),
            "{failed}"
        );
        assert!(matches!(progress(None), Some(Progress::Failed(_))));
    }
}
