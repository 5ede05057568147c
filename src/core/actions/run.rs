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
