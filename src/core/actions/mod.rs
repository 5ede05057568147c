//! One verb, one file; `catalogue.rs` lists them. An action says to what it applies and which rights
//! it needs, asks its question, and makes a plan: pure data that can be shown, saved and compared.
//! The pipeline then guards, dry-runs, confirms, runs, observes, journals and undoes it. Nothing
//! else in this library changes a cluster.

pub mod action;
pub mod catalogue;
pub mod diff;
pub mod merge;
pub mod patch;
pub mod plan;
pub mod run;

pub use action::{Action, Arg, ArgKind, Args, Asked, Offer, Progress, Proposal, Target, WhyNot};
pub use plan::{DiffLine, DryRun, Effect, Plan, Risk, Step};
pub use run::{Confirmation, Outcome, RunEvent, RunId};
