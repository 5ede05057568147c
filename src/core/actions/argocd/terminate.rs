//! Terminate: stop the operation that is running. Argo CD's server sets `status.operationState.phase` to
//! `Terminating` (`server/application` TerminateOperation, v3.5); so do we.

use super::application::{self as app, KIND};
use crate::Result;
use crate::actions::action::{Action, Asked, Progress, Proposal};
use crate::actions::plan::{DiffLine, Risk, Step};
use crate::actions::stage::Stage;
use crate::cluster::Right;
use crate::findings::cause::line;
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Terminate;

#[async_trait::async_trait]
impl Action for Terminate {
    fn name(&self) -> &'static str {
        "argocd-terminate"
    }
    fn title(&self) -> &'static str {
        "Argo CD: terminate operation"
    }
    fn help(&self) -> &'static str {
        "Stop the sync that is running; what it has applied stays."
    }
    fn applies(&self, kind: &Kind) -> bool {
        app::is_application(kind)
    }
    fn own_kind(&self) -> &'static str {
        KIND
    }
    fn may_be_reverted(&self) -> bool {
        false
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        app::rights(target)
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let patch = json!({"status": {"operationState": {"phase": "Terminating"}}});
        let mut steps = Vec::new();
        for target in asked.targets {
            let state = &target.object["status"]["operationState"];
            if !target.object["operation"].is_object() || !state.is_object() {
                return Err(app::no("terminate", target, "no operation is running", ""));
            }
            let mut step = Step::patch_object(target, &patch, "stop the running operation").without_undo();
            // The status of an object is not compared; here it is what is written.
            step.diff = vec![DiffLine {
                path: "status.operationState.phase".into(),
                before: Some(line(state["phase"].as_str().unwrap_or("-"), 40)),
                after: Some("Terminating".into()),
            }];
            steps.push(step);
        }
        Ok(Proposal {
            title: format!("Terminate the operation of {}", crate::actions::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings: vec!["hooks that run are ended; objects that were applied stay as they are now".into()],
            undo: String::new(),
        })
    }
    fn stages(&self, _object: &ObjectRef) -> Vec<Stage> {
        vec![Stage::progress("ended", "the operation has ended")]
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        let Some(object) = object else { return Some(Progress::Done("the Application is gone".into())) };
        let state = &object["status"]["operationState"];
        let message = line(state["message"].as_str().unwrap_or_default(), 160);
        Some(match state["phase"].as_str() {
            Some("Running" | "Terminating") => Progress::Going(format!("being terminated: {message}")),
            Some(phase) => Progress::Done(format!("the operation has ended, {}: {message}", line(phase, 20))),
            None => Progress::Done("no operation is running".into()),
        })
    }
}
