//! One verb, one file; `catalogue.rs` lists them. An action says to what it applies and which rights
//! it needs, asks its question, and makes a plan: pure data that can be shown, saved and compared.
//! The pipeline then guards, dry-runs, confirms, runs, observes, journals and undoes it. Nothing
//! else in this library changes a cluster.

pub mod action;
pub mod annotate;
pub(crate) mod answers;
pub(crate) mod archive;
pub mod argocd;
pub mod backup;
pub mod catalogue;
pub mod cert;
pub mod command;
pub mod delete;
pub mod diff;
pub mod drain;
pub mod edit;
pub mod edit_text;
pub(crate) mod evict;
pub mod flux;
pub(crate) mod follow;
pub mod label;
pub(crate) mod leavers;
pub mod merge;
pub mod observe;
pub(crate) mod owner;
pub mod pairs;
pub mod patch;
pub mod pipeline;
pub mod plan;
pub mod refresh_secret;
pub(crate) mod refusal;
pub mod rerun;
pub mod restart;
pub mod revisions;
pub mod rollback;
pub mod rollout;
pub mod run;
pub mod runner;
pub(crate) mod runs;
pub mod scale;
pub(crate) mod send;
pub mod set_image;
pub mod stage;
pub(crate) mod stream_out;
pub mod toggle;
pub mod trigger;
pub mod undo;
pub(crate) mod wipe;

pub use action::{Action, Arg, ArgKind, Args, Asked, Carried, Offer, Progress, Proposal, Target, WhyNot, Work};
pub use edit_text::EditText;
pub use plan::{DiffLine, DryRun, Effect, Plan, Risk, Step};
pub use run::{
    Blocked, Confirmation, Outcome, RunEvent, RunId, RunStep, RunView, StageNow, StageState, StepResult, StepState,
};
pub use stage::{Found, Look, Own, Scene, Stage};
pub use wipe::Known;

#[cfg(test)]
mod gitops_tests;
#[cfg(test)]
mod tests;
