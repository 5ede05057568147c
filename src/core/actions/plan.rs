//! What an action would do.

use crate::cluster::{Access, Method, Right};
use crate::problem::Problem;
use crate::resources::ObjectRef;

/// How much a mistake would cost; decides how it is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Risk {
    /// Changes nothing that matters: no question.
    None,
    /// Can be undone: done at once on one confirmation, a toast offers the undo.
    Reversible,
    /// Cannot be undone or hits many: type the name.
    Wide,
    /// Production or cluster-wide: type the name and give a reason.
    Severe,
}

/// A call that changes the server, as data.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    pub method: Method,
    pub path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
}

/// A line of a semantic diff.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiffLine {
    /// e.g. `spec.replicas`
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What the server said to the same call with `dryRun=All`.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DryRun {
    /// Not asked so far.
    Pending,
    Accepted,
    Refused(Problem),
    /// The server cannot dry-run this; why.
    Skipped(String),
}

/// One step of a plan: one call on one object.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// In words: `set replicas from 2 to 3`.
    pub title: String,
    /// `namespace/name` of the object.
    #[serde(serialize_with = "crate::actions::plan::object_line")]
    pub object: ObjectRef,
    pub effect: Effect,
    pub diff: Vec<DiffLine>,
    pub dry_run: DryRun,
    /// The call that takes it back, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<Effect>,
}

pub(crate) fn object_line<S: serde::Serializer>(object: &ObjectRef, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(object)
}

/// What an action would do. Pure data.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Name of the action in the catalogue, e.g. `scale`.
    pub action: String,
    /// In words: `Scale Deployment client-acme/api to 3`.
    pub title: String,
    pub context: String,
    pub steps: Vec<Step>,
    pub rights: Vec<(Right, Access)>,
    pub risk: Risk,
    /// What else a person should know before saying yes.
    pub warnings: Vec<String>,
    /// What has to be typed to confirm; empty when a choice is enough.
    pub type_to_confirm: String,
    pub needs_reason: bool,
    /// In words, how it is undone; empty when it cannot be.
    pub undo: String,
    /// The same as a command line.
    pub command: String,
}
