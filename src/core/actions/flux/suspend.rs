//! Suspend and resume: whether Flux looks at the object at all.

use super::{kinds, progress};
use crate::Result;
use crate::actions::action::{Action, Asked, Progress, Proposal};
use crate::actions::plan::{Risk, Step};
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Suspend;
/// See [`Action::help`].
pub struct Resume;

fn propose(asked: &Asked<'_>, on: bool) -> Proposal {
    let patch = json!({"spec": {"suspend": on}});
    let (verb, words, undo) = match on {
        true => ("Suspend", "let Flux leave it alone", "resume"),
        false => ("Resume", "let Flux look after it again", "suspend"),
    };
    Proposal {
        title: format!("{verb} {}", crate::actions::pipeline::objects_in_words(asked.targets)),
        steps: asked.targets.iter().map(|t| Step::patch_object(t, &patch, words)).collect(),
        risk: Risk::Reversible,
        warnings: Vec::new(),
        undo: undo.into(),
    }
}

#[async_trait::async_trait]
impl Action for Suspend {
    fn name(&self) -> &'static str {
        "flux-suspend"
    }
    fn title(&self) -> &'static str {
        "Flux: suspend"
    }
    fn help(&self) -> &'static str {
        "Flux leaves it and what it has made alone until it is resumed."
    }
    fn applies(&self, kind: &Kind) -> bool {
        kinds::suspends(kind)
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        kinds::rights(target)
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        Ok(propose(&asked, true))
    }
}

#[async_trait::async_trait]
impl Action for Resume {
    fn name(&self) -> &'static str {
        "flux-resume"
    }
    fn title(&self) -> &'static str {
        "Flux: resume"
    }
    fn help(&self) -> &'static str {
        "Flux looks after it again, at once; followed until it is ready."
    }
    fn applies(&self, kind: &Kind) -> bool {
        kinds::suspends(kind)
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        kinds::rights(target)
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        Ok(propose(&asked, false))
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        progress::resumed(object)
    }
}
