//! Suspend and resume: whether a CronJob starts jobs at its times.

use super::action::{Action, Asked, Proposal};
use super::plan::{Risk, Step};
use crate::Result;
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use serde_json::json;

/// See [`Action::help`].
pub struct Suspend;
/// See [`Action::help`].
pub struct Resume;

fn is_cron_job(kind: &Kind) -> bool {
    kind.group == "batch" && kind.plural == "cronjobs"
}

fn rights(target: &ObjectRef) -> Vec<Right> {
    vec![Right::new("patch", "batch", "cronjobs", &target.namespace)]
}

fn propose(asked: &Asked<'_>, on: bool) -> Proposal {
    let patch = json!({"spec": {"suspend": on}});
    let (verb, words, undo) =
        if on { ("Suspend", "start no more jobs", "resume") } else { ("Resume", "start jobs at its times", "suspend") };
    Proposal {
        title: format!("{verb} {}", super::pipeline::objects_in_words(asked.targets)),
        steps: asked.targets.iter().map(|t| Step::patch_object(t, &patch, words)).collect(),
        risk: Risk::Reversible,
        warnings: Vec::new(),
        undo: undo.into(),
    }
}

#[async_trait::async_trait]
impl Action for Suspend {
    fn name(&self) -> &'static str {
        "suspend"
    }
    fn title(&self) -> &'static str {
        "Suspend"
    }
    fn help(&self) -> &'static str {
        "Start no more jobs; those that run go on."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_cron_job(kind)
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        rights(target)
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        Ok(propose(&asked, true))
    }
}

#[async_trait::async_trait]
impl Action for Resume {
    fn name(&self) -> &'static str {
        "resume"
    }
    fn title(&self) -> &'static str {
        "Resume"
    }
    fn help(&self) -> &'static str {
        "Start jobs at their times again."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_cron_job(kind)
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        rights(target)
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        Ok(propose(&asked, false))
    }
}
