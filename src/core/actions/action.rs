//! What an action is, what it asks, and what it is given.

use super::plan::{Risk, Step};
use super::run::Blocked;
use super::stage::{self, Stage};
use crate::cluster::{Cluster, Right};
use crate::platform::Profile;
use crate::problem::{Problem, Result};
use crate::resources::{Kind, ObjectRef};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What sort of answer an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ArgKind {
    Text,
    /// A whole number, not below zero.
    Number,
    /// One of these.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// `key=value` or `key-` (remove), several separated by white space, as kubectl label takes them.
    Pairs,
    /// A whole object as YAML: opens the editor.
    Yaml,
}

/// A question that an action asks before it can plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Arg {
    /// As on the command line: `replicas` is `--replicas`.
    pub name: &'static str,
    pub kind: ArgKind,
    pub help: &'static str,
    /// Without it there is no plan.
    pub required: bool,
}

/// Answers to an action's questions, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Args(BTreeMap<String, String>);

impl Args {
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds an answer; an empty one counts as none.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }
    /// The answer, if there is one that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
    /// The answer, or a problem that names the missing argument.
    pub fn need(&self, action: &str, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| {
            Problem::usage(format!("cannot plan {action}"), format!("--{name} is missing"))
                .next(format!("give --{name}"))
        })
    }
    /// A whole number that is not below zero.
    pub fn number(&self, name: &str) -> Result<Option<i64>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.trim().parse::<i64>() {
            Ok(n) if n >= 0 => Ok(Some(n)),
            _ => Err(Problem::usage(format!("--{name} is wrong"), format!("`{text}` is no whole number ≥ 0"))),
        }
    }
    /// The same without one of the answers.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut args = self.clone();
        args.0.remove(name);
        args
    }
    pub fn switch(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "yes" | "1"))
    }
}

/// An object that an action is to change: what was shown, and what the server has now.
#[derive(Clone, Debug)]
pub struct Target {
    pub reference: ObjectRef,
    /// As the server gave it just now; same UID as the one that was shown.
    pub object: Value,
}

/// What an action is given to make its plan.
pub struct Asked<'a> {
    pub cluster: &'a Cluster,
    /// Seconds since 1970.
    pub now: i64,
    pub targets: &'a [Target],
    pub args: &'a Args,
    /// The profile that was chosen for the context; all there are, the user's own first, where none was.
    pub platforms: &'a [Arc<Profile>],
    /// The configuration file, where there is one.
    pub config: Option<&'a std::path::Path>,
}

/// What an action proposes; the pipeline adds rights, dry run, guards and how it is confirmed.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// In words: `Scale Deployment client-acme/api to 3`.
    pub title: String,
    pub steps: Vec<Step>,
    /// At least this; guards and the number of objects can raise it.
    pub risk: Risk,
    pub warnings: Vec<String>,
    /// In words, how it is undone; empty when it cannot be.
    pub undo: String,
}

/// Something that can be done to objects. One file a verb; its line in `catalogue.rs` is all that
/// help, palette, key hints, command line, access check and journal need.
#[async_trait::async_trait]
pub trait Action: Send + Sync {
    /// Stable, as on the command line: `scale`.
    fn name(&self) -> &'static str;
    /// For menus: `Scale`.
    fn title(&self) -> &'static str;
    /// One sentence.
    fn help(&self) -> &'static str;
    /// Whether it makes sense for a kind.
    fn applies(&self, kind: &Kind) -> bool;
    /// Whether several objects can be taken in one plan.
    fn many(&self) -> bool {
        true
    }
    /// The rights it needs for one object.
    fn rights(&self, target: &ObjectRef) -> Vec<Right>;
    fn args(&self) -> &'static [Arg] {
        &[]
    }
    /// What an argument is at present, to start from.
    fn default_of(&self, _arg: &str, _object: &Value) -> Option<String> {
        None
    }
    /// The same, where the platform's profile says more; `platforms` as in [`Asked`].
    fn default_on(&self, arg: &str, object: &Value, _platforms: &[Arc<Profile>]) -> Option<String> {
        self.default_of(arg, object)
    }
    /// Makes the plan. May read; changes nothing.
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal>;
    /// What is seen of a step's effect on its object, or on what is left when it is gone (`None`).
    /// `None` as the answer: there is nothing to wait for.
    fn progress(&self, _object: Option<&Value>) -> Option<Progress> {
        None
    }
    /// What follows on a step on this object once the server took it, in order; nothing to follow when empty. The
    /// run page and `qd do --wait` go through them and say which is stuck. A verb with a chain of its own (commit →
    /// source → Application) names it here, and ends it with [`Stage::workloads`] where workloads come of it.
    fn stages(&self, object: &ObjectRef) -> Vec<Stage> {
        match self.progress(None) {
            None => Vec::new(),
            // What ends with the object itself (a deletion) ends there.
            Some(Progress::Done(_)) => vec![Stage::progress("gone", "it is gone")],
            _ => stage::usual(object),
        }
    }
    /// The same where the object as it was planned says more: a deleted one, what it belonged to.
    fn stages_of(&self, _step: &Step, object: &ObjectRef) -> Vec<Stage> {
        self.stages(object)
    }
    /// Whether several objects are done in waves, each followed to its end before the next one begins. False for
    /// plans whose steps are one piece.
    fn in_waves(&self) -> bool {
        true
    }
    /// Whether it carries this step out itself, because that is more than one call: evictions that wait for a budget, a
    /// stream into a file. Else the step's effect is sent as it is.
    fn carries(&self, _step: &Step) -> bool {
        false
    }
    /// Carries such a step out. It ends when it is done, fails or is cancelled; nobody else sets it a time.
    async fn carry(&self, work: &Work<'_>) -> Result<Carried> {
        Err(Problem::new(crate::ProblemKind::Internal, "cannot carry it out", "the action does not know how")
            .on(work.step.object.to_string()))
    }
    /// The kind that is meant when the command line names objects without one, e.g. `applications.argoproj.io`;
    /// empty: a kind has to be named.
    fn own_kind(&self) -> &'static str {
        ""
    }
    /// Whether what it changes is something that Argo CD, Flux or Helm may take back.
    fn may_be_reverted(&self) -> bool {
        true
    }
    /// Whether each step is seen to its end before the next one is sent.
    fn in_turn(&self) -> bool {
        false
    }
    /// How long an effect may take before it is given up on.
    fn patience(&self) -> std::time::Duration {
        std::time::Duration::from_secs(600)
    }
}

/// A step that an action carries out itself.
pub struct Work<'a> {
    pub cluster: &'a Cluster,
    pub step: &'a Step,
    /// Takes what is seen, in words.
    pub tell: &'a (dyn Fn(&str) + Send + Sync),
    /// Takes what it waits for, and that it waits no more.
    pub block: &'a (dyn Fn(Option<Blocked>) + Send + Sync),
    /// Asks the guards again: before each call that changes something.
    pub allowed: &'a (dyn Fn() -> Result<()> + Send + Sync),
    pub cancel: &'a tokio_util::sync::CancellationToken,
}

impl Work<'_> {
    /// The problem of a work that the user has stopped.
    pub(crate) fn stopped(&self, left: impl Into<String>) -> Problem {
        Problem::new(crate::ProblemKind::Cancelled, "stopped by the user", left).on(self.step.object.to_string())
    }
}

/// What carrying a step out came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// How it ended, in words.
    pub text: String,
}

/// How far an effect has come on the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Going(String),
    Done(String),
    Failed(String),
}

/// Why an action cannot be used here.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WhyNot {
    /// Rights that are missing; [`Right::role_yaml`] is the Role that gives one.
    Rights(Vec<Right>),
    /// A guard refuses; in words.
    Guard(String),
    /// It makes no sense for this kind or number of objects; in words.
    NotApplicable(String),
}

impl WhyNot {
    /// One line.
    pub fn line(&self) -> String {
        match self {
            Self::Rights(rights) => {
                let list: Vec<String> = rights.iter().map(Right::line).collect();
                format!("you may not {}", list.join("; "))
            }
            Self::Guard(why) | Self::NotApplicable(why) => why.clone(),
        }
    }
}

/// An action as it is offered for some objects.
#[derive(Clone, Debug)]
pub struct Offer {
    pub name: &'static str,
    pub title: &'static str,
    pub help: &'static str,
    pub args: &'static [Arg],
    pub enabled: Result<(), WhyNot>,
}
