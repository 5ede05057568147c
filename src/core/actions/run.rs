//! A plan being carried out.

use crate::problem::Problem;
use crate::resources::ObjectRef;

/// What happens during a run.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RunEvent {
    StepStarted {
        step: usize,
    },
    StepDone {
        step: usize,
    },
    StepFailed {
        step: usize,
        problem: Problem,
    },
    /// What is seen of its effect, e.g. `2 of 3 replicas ready`.
    Progress {
        step: usize,
        text: String,
    },
    /// A stage of what follows on a step changed; [`crate::session::Session::run_view`] has it.
    Stage {
        step: usize,
        stage: usize,
    },
    Finished(Outcome),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub ok: bool,
    /// In words.
    pub text: String,
    /// Identifier of the journal entry, for `qd undo`.
    pub journal: String,
    pub can_undo: bool,
    /// One line an object, in the plan's order; those after a failure were not touched.
    pub results: Vec<StepResult>,
    /// What stopped it, if something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepResult {
    /// `Kind namespace/name`
    pub object: String,
    pub state: StepState,
    /// In words.
    pub text: String,
    /// Seconds from the call to the end of its effect, as far as it was followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<i64>,
}

/// A run as it is at this moment.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    pub id: RunId,
    pub context: String,
    pub action: String,
    pub title: String,
    /// The same as a command line.
    pub command: String,
    /// Seconds since 1970.
    pub started: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<i64>,
    /// The journal's entry; empty before it is written.
    pub journal: String,
    /// Objects that are done at once.
    pub wave: usize,
    pub steps: Vec<RunStep>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunStep {
    #[serde(skip)]
    pub object: ObjectRef,
    /// `Kind namespace/name`
    pub name: String,
    pub title: String,
    pub state: StepState,
    /// What was seen last, in words.
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<i64>,
    pub stages: Vec<StageNow>,
}

impl RunStep {
    /// Begun and not ended.
    pub fn going(&self) -> bool {
        self.started.is_some() && self.ended.is_none()
    }
}

/// A stage of what follows on a step.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageNow {
    /// As in [`super::Stage::id`].
    pub id: String,
    pub title: String,
    pub state: StageState,
    /// What is seen, in words.
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<i64>,
    /// Seconds that it usually takes, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual: Option<i64>,
    /// The object that it waits for, the nearest to the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
}

/// What a stage waits for.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Blocked {
    #[serde(skip)]
    pub object: ObjectRef,
    /// `Pod client-acme/api-1`
    pub name: String,
    pub why: String,
    /// The next step; empty when none is known.
    pub next: String,
}

/// How far a stage has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StageState {
    Waiting,
    Going,
    Done,
    Failed,
    /// It cannot be told, or there is nothing of the sort.
    Skipped,
}

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StepState {
    /// Not touched: an earlier one failed, or the run was stopped.
    Waiting,
    /// The server took it; its effect was not seen to the end.
    Accepted,
    Done,
    Failed,
}

/// Names a run while the program lives.
pub type RunId = u64;

/// A person's yes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// What was typed where [`super::Plan::type_to_confirm`] asks for it.
    pub typed: String,
    /// Why, where [`super::Plan::needs_reason`] asks for it.
    pub reason: String,
}
