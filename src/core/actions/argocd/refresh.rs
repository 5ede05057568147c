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
const ANNOTATION: &str = "argocd.argoproj.io/refresh";

/// A refresh, with or without what the repo-server has kept.
pub struct Refresh {
    name: &'static str,
    title: &'static str,
    help: &'static str,
    /// The annotation's value.
    how: &'static str,
    /// For the plan's title, and in words for its steps.
    verb: &'static str,
    words: &'static str,
}

/// See [`Action::help`].
pub static REFRESH: Refresh = Refresh {
    name: "argocd-refresh",
    title: "Argo CD: refresh",
    help: "Compare the Application with git now.",
    how: "normal",
    verb: "Refresh",
    words: "compare with git now",
};
/// See [`Action::help`].
pub static HARD_REFRESH: Refresh = Refresh {
    name: "argocd-hard-refresh",
    title: "Argo CD: hard refresh",
    help: "Make the manifests anew, past every cache, and compare.",
    how: "hard",
    verb: "Refresh hard",
    words: "compare anew, with manifests made anew",
};

/// Done when the controller has taken the annotation away; says what the comparison came to.
fn progress(object: Option<&Value>) -> Option<Progress> {
    let Some(object) = object else { return Some(Progress::Failed("the Application was deleted meanwhile".into())) };
    if !object["metadata"]["annotations"][ANNOTATION].is_null() {
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
        self.name
    }
    fn title(&self) -> &'static str {
        self.title
    }
    fn help(&self) -> &'static str {
        self.help
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
        let patch = json!({"metadata": {"annotations": {ANNOTATION: self.how}}});
        Ok(Proposal {
            title: format!("{} {}", self.verb, crate::actions::pipeline::objects_in_words(asked.targets)),
            steps: asked.targets.iter().map(|t| Step::patch_object(t, &patch, self.words).without_undo()).collect(),
            risk: Risk::None,
            warnings: Vec::new(),
            undo: "nothing to undo: the cluster is only compared with git".into(),
        })
    }
    fn stages(&self, _object: &ObjectRef) -> Vec<Stage> {
        vec![Stage::progress("compared", "compared with git")]
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        progress(object)
    }
}
