//! What the screen asks of the world, as data, and what comes back.

use quarterdeck_core::actions::{Args, Outcome, Plan, RunId};
use quarterdeck_core::certificates::truths::Looks;
use quarterdeck_core::cluster::Namespaces;
use quarterdeck_core::handover::{About, note};
use quarterdeck_core::overview::Overview;
use quarterdeck_core::platform::{Operation, StateView, WayIn};
use quarterdeck_core::probe::CheckStep;
use quarterdeck_core::resources::{Kinds, Level, ObjectRef, Scope};
use quarterdeck_core::session::OpenForward;
use quarterdeck_core::usage::{Of, Usage};
use quarterdeck_core::{Problem, ProblemKind, Result};
use serde_json::Value;
use std::sync::Arc;

/// Names an open page while the program lives.
pub type PageId = u64;

/// Something to be done outside of `update`.
#[derive(Debug)]
pub enum Effect {
    /// Asks the core; the answer comes back as [`super::Input::Answer`] to this page. Asks of a page
    /// that is closed are dropped.
    Ask(PageId, Ask),
    /// A page was closed: its running asks end.
    Forget(PageId),
    /// To the clipboard; with what it is, for the toast.
    Copy {
        text: String,
        what: String,
    },
    OpenLink(String),
    Mouse(bool),
    /// Stop as Ctrl-Z does.
    Suspend,
    /// Draw everything again.
    Redraw,
    /// Let $EDITOR change a text; the answer is [`Answer::Edited`].
    Editor {
        page: PageId,
        name: String,
        text: String,
    },
    /// Let the context's credential plugin talk to the user on the real terminal.
    SignIn {
        context: String,
    },
    /// Tell beyond the terminal: bell, and a notification where the terminal has them.
    Notify(String),
    /// Write a file that is not there yet, for its owner's eyes; the toast says where or why not.
    Keep {
        name: String,
        text: String,
    },
    /// Write a file; the toast says where or why not.
    Save {
        path: String,
        text: String,
    },
}

/// A question to the core that takes its time.
#[derive(Debug)]
pub enum Ask {
    Kinds {
        again: bool,
    },
    Namespaces,
    Version,
    Object(ObjectRef),
    Events(ObjectRef),
    Plan {
        action: String,
        targets: Vec<ObjectRef>,
        args: Args,
    },
    /// The plan that sets a task of the platform going.
    Task(String),
    /// The plan that takes a journal entry back.
    Undo(String),
    /// The end of a run.
    Wait(RunId),
    /// A local port that leads to the page of this app.
    Forward(String, WayIn),
    /// What the platform's operator says of itself.
    OperatorState,
    /// What pods or nodes use.
    Usage {
        of: Of,
        scope: Scope,
    },
    /// ReplicaSets of Deployments: the revisions that can be gone back to.
    Revisions(Vec<ObjectRef>),
    /// What is served at the hosts of a certificate; `wanted`: a person has asked.
    Looks {
        seen: Arc<Overview>,
        object: ObjectRef,
        wanted: bool,
    },
    /// The checks that the authority of a certificate will make; each step is an answer of its own.
    SelfCheck {
        seen: Arc<Overview>,
        object: ObjectRef,
    },
    /// The incident note.
    Note {
        seen: Arc<Overview>,
        about: About,
    },
}

/// An answer to an [`Ask`].
#[derive(Debug)]
pub enum Answer {
    Kinds(Result<Arc<Kinds>>),
    Namespaces(Namespaces),
    Version(Result<String>),
    Object(ObjectRef, Result<Value>),
    Events(Result<Vec<Value>>),
    Plan(Box<Result<Plan>>),
    Outcome(Option<Outcome>),
    Forwarded(Result<OpenForward>),
    OperatorState(Result<Vec<StateView>>),
    Usage(Result<Option<Usage>>),
    Revisions(Result<Vec<Operation>>),
    Looks(Looks),
    CheckStep(CheckStep),
    /// All checks are made.
    Checked(Result<()>),
    Note(Result<String>),
    /// What $EDITOR left; `None` when it failed or nothing was written.
    Edited(Result<Option<String>, Problem>),
}

/// Writes a file that must not be there, in the working folder, else in the folder for temporary files. What there is
/// to say about it.
pub(crate) fn keep(name: &str, text: &str) -> (Level, String) {
    let here = std::path::PathBuf::from(name);
    let elsewhere = std::env::temp_dir().join(name);
    let saved = note::save(&here, text).or_else(|problem| match problem.kind {
        ProblemKind::Io => note::save(&elsewhere, text),
        _ => Err(problem),
    });
    match saved {
        Ok(path) => (Level::Good, format!("saved to {}", path.display())),
        Err(problem) => (Level::Bad, problem.line()),
    }
}
