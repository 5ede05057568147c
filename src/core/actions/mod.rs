//! One verb, one file; `catalogue.rs` lists them. An action says to what it applies and which rights
//! it needs, asks its question, and makes a plan: pure data that can be shown, saved and compared.
//! The pipeline then guards, dry-runs, confirms, runs, observes, journals and undoes it. Nothing
//! else in this library changes a cluster.

pub mod action;
pub mod annotate;
pub mod catalogue;
pub mod command;
pub mod cordon;
pub mod delete;
pub mod diff;
pub mod edit;
pub mod edit_text;
pub(crate) mod follow;
pub mod label;
pub mod merge;
pub mod observe;
pub mod pairs;
pub mod patch;
pub mod pipeline;
pub mod plan;
pub(crate) mod refusal;
pub mod restart;
pub mod rollout;
pub mod run;
pub mod runner;
pub(crate) mod runs;
pub mod scale;
pub(crate) mod send;
pub mod stage;
pub mod suspend;
pub mod trigger;
pub mod undo;

pub use action::{Action, Arg, ArgKind, Args, Asked, Offer, Progress, Proposal, Target, WhyNot};
pub use edit_text::EditText;
pub use plan::{DiffLine, DryRun, Effect, Plan, Risk, Step};
pub use run::{
    Blocked, Confirmation, Outcome, RunEvent, RunId, RunStep, RunView, StageNow, StageState, StepResult, StepState,
};
pub use stage::{Look, Stage};

#[cfg(test)]
mod tests;
