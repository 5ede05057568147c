//! A plan being carried out.

use crate::problem::Problem;

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
