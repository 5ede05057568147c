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
    /// Sign in anew where no plugin needs the terminal.
    SignIn,
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
    SignedIn(Result<()>),
    Object(ObjectRef, Result<Value>),
    Events(Result<Vec<Value>>),
    Plan(Box<Result<Plan>>),
    Outcome(Option<Outcome>),
    Forwarded(Result<OpenForward>),
    OperatorState(Result<Vec<StateView>>),
    Usage(Scope, Result<Option<Usage>>),
    Revisions(Result<Vec<Operation>>),
    Looks(Looks),
    CheckStep(CheckStep),
    /// All checks are made.
    Checked(Result<()>),
    Note(Result<String>),
    /// What came of $EDITOR.
    Edited(Edited),
}

/// What came of handing a text to $EDITOR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// It was left as it was.
    Same,
    Changed(String),
    /// The editor failed or could not be started; with what it had changed by then.
    Failed {
        problem: Problem,
        text: Option<String>,
    },
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

/// Writes a file whole or not at all, in the working folder, else in the folder for temporary files. What there is to
/// say about it.
pub(crate) fn save(name: &str, text: &str) -> (Level, String) {
    // It may hold what others on this machine must not read.
    let write = |path: &std::path::Path| quarterdeck_core::drafts::write_private(path, text.as_bytes());
    let here = std::path::PathBuf::from(name);
    let elsewhere = std::env::temp_dir().join(name);
    let whole = std::path::absolute(&here).unwrap_or_else(|_| here.clone());
    match (write(&here), &elsewhere) {
        (Ok(()), _) => (Level::Good, format!("saved to {}", whole.display())),
        (Err(first), elsewhere) => match write(elsewhere) {
            Ok(()) => (
                Level::Warn,
                format!("saved to {}: {} cannot be written: {first}", elsewhere.display(), whole.display()),
            ),
            Err(second) => (
                Level::Bad,
                format!(
                    "cannot save to {}: {first}; nor to {}: {second}. Nothing was written. Next: copy it, or make room",
                    whole.display(),
                    elsewhere.display()
                ),
            ),
        },
    }
}
