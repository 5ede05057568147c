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
