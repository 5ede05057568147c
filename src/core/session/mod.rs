//! The front door for both faces: open a context, watch, ask, plan, run, listen.
//!
//! Lives here: what a face may ask of the core, cut by what it is for: opening and asking (`front`), acting on objects
//! (`acting`), journal and guards (`keeping`), the platform's own tasks (`tasks`). Does not live here: any logic of its
//! own; that is in the rooms behind.

mod acting;
mod front;
mod keeping;
mod tasks;

pub use front::{ContextInfo, KubeconfigFrom, OpenForward, Options, OverviewHandle, READ_ONLY_VARIABLE, Session};
