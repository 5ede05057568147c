//! Verbs that turn one field on or off: cordon and uncordon, suspend, pause and resume. One table; a line a verb and kind.

use super::action::{Action, Asked, Progress, Proposal};
use super::plan::{Risk, Step};
use super::rollout;
use crate::Result;
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// A field of a kind, and what turning it means.
struct Switch {
    group: &'static str,
    plural: &'static str,
    /// Below `spec`.
    field: &'static str,
    /// What is written: `None` takes the field away, which the server reads as false.
    value: Option<bool>,
    /// In words, for the step.
    words: &'static str,
    /// What a person should know before; empty when nothing.
    warning: &'static str,
}

/// A verb that turns fields.
pub struct Toggle {
    name: &'static str,
    title: &'static str,
    help: &'static str,
    /// The verb that takes it back.
    undo: &'static str,
    /// Whether pods are waited for afterwards.
    rolls: bool,
    switches: &'static [Switch],
}

const fn switch(
    (group, plural): (&'static str, &'static str),
    field: &'static str,
    value: Option<bool>,
    words: &'static str,
    warning: &'static str,
) -> Switch {
    Switch { group, plural, field, value, words, warning }
}

const NODES: (&str, &str) = ("", "nodes");
const CRON_JOBS: (&str, &str) = ("batch", "cronjobs");
const JOBS: (&str, &str) = ("batch", "jobs");
const DEPLOYMENTS: (&str, &str) = ("apps", "deployments");

pub static CORDON: Toggle = Toggle {
    name: "cordon",
    title: "Cordon",
    help: "Keep new pods away from a node; those on it stay.",
    undo: "uncordon",
    rolls: false,
    switches: &[switch(NODES, "unschedulable", Some(true), "no new pods on this node", "")],
};
pub static UNCORDON: Toggle = Toggle {
    name: "uncordon",
    title: "Uncordon",
    help: "Let new pods come to a node again.",
    undo: "cordon",
    rolls: false,
    switches: &[switch(NODES, "unschedulable", None, "new pods may come to this node", "")],
};
pub static SUSPEND: Toggle = Toggle {
    name: "suspend",
    title: "Suspend",
    help: "Start no more jobs of a CronJob (those that run go on); stop a Job and end its pods.",
    undo: "resume",
    rolls: false,
    switches: &[
        switch(CRON_JOBS, "suspend", Some(true), "start no more jobs", ""),
        switch(JOBS, "suspend", Some(true), "stop, and end its pods", "its running pods end; what they did is lost"),
    ],
};
pub static PAUSE: Toggle = Toggle {
    name: "pause",
    title: "Pause rollout",
    help: "Hold the rollout of a Deployment: a changed template brings no new pods until it is resumed.",
    undo: "resume",
    rolls: false,
    switches: &[switch(DEPLOYMENTS, "paused", Some(true), "hold its rollout", "")],
};
pub static RESUME: Toggle = Toggle {
    name: "resume",
    title: "Resume",
    help: "Start jobs at their times again, let a suspended Job run, or let a paused rollout go on.",
    undo: "suspend or pause",
    rolls: true,
    switches: &[
        switch(CRON_JOBS, "suspend", Some(false), "start jobs at its times", ""),
        switch(JOBS, "suspend", Some(false), "let it run", ""),
        switch(DEPLOYMENTS, "paused", None, "let its rollout go on", ""),
    ],
};

impl Toggle {
    fn switch(&self, kind: &Kind) -> Option<&'static Switch> {
        self.switches.iter().find(|s| s.group == kind.group && s.plural == kind.plural)
    }
}

#[async_trait::async_trait]
impl Action for Toggle {
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
        self.switch(kind).is_some()
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("patch", &target.kind.group, &target.kind.plural, &target.namespace)]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let mut warnings = Vec::new();
        let mut steps = Vec::new();
        for target in asked.targets {
            let Some(switch) = self.switch(&target.reference.kind) else { continue };
            if !switch.warning.is_empty() {
                warnings.push(format!("{}: {}", target.reference, switch.warning));
            }
            let patch = json!({"spec": {switch.field: switch.value}});
            steps.push(Step::patch_object(target, &patch, switch.words));
        }
        Ok(Proposal {
            title: format!("{} {}", self.title, super::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: self.undo.into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        if self.rolls { rollout::progress(object) } else { None }
    }
}
