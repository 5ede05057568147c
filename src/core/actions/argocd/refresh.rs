//! Refresh: Argo CD compares git and cluster now instead of in some minutes.

use super::application::{KIND, is_application, rights};
use crate::Result;
use crate::actions::action::{Action, Asked, Progress, Proposal};
use crate::actions::plan::{Risk, Step};
use crate::actions::stage::Stage;
use crate::cluster::Right;
use crate::findings::cause::line;
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// The controller takes it away when it has compared.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// See [`Action::help`].
pub struct Refresh;
/// See [`Action::help`].
pub struct HardRefresh;

fn propose(asked: &Asked<'_>, how: &str) -> Proposal {
    let patch = json!({"metadata": {"annotations": {REFRESH: how}}});
    let words = if how == "hard" { "compare anew, with manifests made anew" } else { "compare with git now" };
    let verb = if how == "hard" { "Refresh hard" } else { "Refresh" };
    Proposal {
        title: format!("{verb} {}", crate::actions::pipeline::objects_in_words(asked.targets)),
        steps: asked.targets.iter().map(|t| Step::patch_object(t, &patch, words).without_undo()).collect(),
        risk: Risk::None,
        warnings: Vec::new(),
        undo: "nothing to undo: the cluster is only compared with git".into(),
    }
}

/// Done when the controller has taken the annotation away; says what the comparison came to.
fn progress(object: Option<&Value>) -> Option<Progress> {
    let Some(object) = object else { return Some(Progress::Failed("the Application was deleted meanwhile".into())) };
    if !object["metadata"]["annotations"][REFRESH].is_null() {
        return Some(Progress::Going("waits for the application controller".into()));
    }
    let status = &object["status"];
    let conditions = status["conditions"].as_array();
    let error = conditions.into_iter().flatten().find_map(|c| {
        let kind = c["type"].as_str().filter(|k| matches!(*k, "ComparisonError" | "InvalidSpecError"))?;
        crate::findings::gitops::argo_condition(kind, c["message"].as_str().unwrap_or_default())
    });
    if let Some((why, next)) = error {
        return Some(Progress::Failed(format!("{why}; {next}")));
    }
    let word = |v: &Value| line(v.as_str().unwrap_or("Unknown"), 20);
    let revision = status["sync"]["revision"].as_str().unwrap_or_default();
    let at = if revision.is_empty() { String::new() } else { format!(" at {}", super::application::short(revision)) };
    let (sync, health) = (word(&status["sync"]["status"]), word(&status["health"]["status"]));
    Some(Progress::Done(format!("compared{at}: {sync}, {health}")))
}

#[async_trait::async_trait]
impl Action for Refresh {
    fn name(&self) -> &'static str {
        "argocd-refresh"
    }
    fn title(&self) -> &'static str {
        "Argo CD: refresh"
    }
    fn help(&self) -> &'static str {
        "Compare the Application with git now."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_application(kind)
    }
    fn own_kind(&self) -> &'static str {
        KIND
    }
    fn may_be_reverted(&self) -> bool {
        false
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        rights(target)
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        Ok(propose(&asked, "normal"))
    }
    fn stages(&self, _object: &ObjectRef) -> Vec<Stage> {
        vec![Stage::progress("compared", "compared with git")]
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        progress(object)
    }
}

#[async_trait::async_trait]
impl Action for HardRefresh {
    fn name(&self) -> &'static str {
        "argocd-hard-refresh"
    }
    fn title(&self) -> &'static str {
        "Argo CD: hard refresh"
    }
    fn help(&self) -> &'static str {
        "Make the manifests anew, past every cache, and compare."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_application(kind)
    }
    fn own_kind(&self) -> &'static str {
        KIND
    }
    fn may_be_reverted(&self) -> bool {
        false
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        rights(target)
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        Ok(propose(&asked, "hard"))
    }
    fn stages(&self, _object: &ObjectRef) -> Vec<Stage> {
        vec![Stage::progress("compared", "compared with git")]
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        progress(object)
    }
}
