//! What an action would do.

use super::action::Target;
use super::diff::mask_body;
use super::patch;
use super::wipe::Known;
use crate::cluster::{Access, Method, Right};
use crate::problem::Problem;
use crate::resources::ObjectRef;
use serde_json::Value;

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

/// A call that changes the server, as data. One that carries a Secret is overwritten when it is dropped (`wipe.rs`).
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
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
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// In words: `set replicas from 2 to 3`.
    pub title: String,
    pub object: ObjectRef,
    pub effect: Effect,
    pub diff: Vec<DiffLine>,
    pub dry_run: DryRun,
    /// The call that takes it back, if there is one; without the identity of the object's later state.
    pub undo: Option<Effect>,
    /// What the server had at the effect's path when the plan was made; `null` for what is to be created.
    pub current: Known,
}

impl Step {
    /// A merge patch on an object, tied to its UID and to the state that was read. `current` is what the
    /// server has at `path` (the object itself, or its subresource).
    pub fn patch(target: &Target, path: String, current: &Value, patch: &Value, title: impl Into<String>) -> Self {
        let meta = &current["metadata"];
        let uid = meta["uid"].as_str().unwrap_or(&target.reference.uid);
        let version = meta["resourceVersion"].as_str().unwrap_or_default();
        let effect = |body: Value| Effect {
            method: Method::MergePatch,
            path: path.clone(),
            query: Vec::new(),
            body: Some(body),
        };
        Self {
            title: title.into(),
            object: target.reference.clone(),
            effect: effect(patch::with_identity(patch, uid, version)),
            diff: Vec::new(),
            dry_run: DryRun::Pending,
            // Of what could not be read nobody knows what to go back to.
            undo: was_read(current).then(|| effect(patch::inverse(current, patch))),
            current: current.clone().into(),
        }
    }
    /// A merge patch on the object itself.
    pub fn patch_object(target: &Target, patch: &Value, title: impl Into<String>) -> Self {
        Self::patch(target, target.reference.path(None), &target.object, patch, title)
    }
    /// The same step without a way back.
    #[must_use]
    pub fn without_undo(mut self) -> Self {
        self.undo = None;
        self
    }
    /// Whether its body holds the values of a Secret.
    pub fn holds_secrets(&self) -> bool {
        holds_secrets(&self.object, &self.effect)
    }
    /// What happened to the right object only in this form may be shown or written down.
    fn shown(&self, effect: &Effect) -> Effect {
        let body = match &effect.body {
            Some(body) if is_secret_kind(&self.object) => Some(mask_body(body)),
            other => other.clone(),
        };
        Effect { method: effect.method, path: effect.path.clone(), query: effect.query.clone(), body }
    }
}

/// Whether this is what the server has, or only what is known without the right to read it.
pub(crate) fn was_read(current: &Value) -> bool {
    !current["metadata"]["creationTimestamp"].is_null()
}

fn is_secret_kind(object: &ObjectRef) -> bool {
    object.kind.group.is_empty() && object.kind.plural == "secrets"
}

/// Whether an effect on this object carries the values of a Secret.
pub(crate) fn holds_secrets(object: &ObjectRef, effect: &Effect) -> bool {
    is_secret_kind(object)
        && effect.body.as_ref().is_some_and(|b| b.get("data").is_some() || b.get("stringData").is_some())
}

impl serde::Serialize for Step {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = s.serialize_struct("Step", 6)?;
        out.serialize_field("title", &self.title)?;
        out.serialize_field("object", &self.object.to_string())?;
        out.serialize_field("effect", &self.shown(&self.effect))?;
        out.serialize_field("diff", &self.diff)?;
        out.serialize_field("dryRun", &self.dry_run)?;
        match &self.undo {
            Some(undo) => out.serialize_field("undo", &self.shown(undo))?,
            None => out.skip_field("undo")?,
        }
        out.end()
    }
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
    /// Why it cannot be run as things are, each in words: a guard, a missing right, a refused dry run.
    pub blocked: Vec<String>,
    /// Objects that are done at once; each wave is followed to its end before the next one begins.
    pub wave: usize,
    /// The journal entry that this plan takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
}

impl Plan {
    /// Whether its steps belong together and are not done in waves ([`super::Action::in_waves`]).
    pub fn is_one_piece(&self) -> bool {
        self.wave == usize::MAX
    }
    /// How many waves it has.
    pub fn waves(&self) -> usize {
        self.steps.len().div_ceil(self.wave.max(1))
    }
    /// Whether nothing that is known stands against it.
    pub fn can_run(&self) -> bool {
        self.blocked.is_empty()
    }
    /// Whether the way back is held by this program only, because it is a Secret, and goes with it.
    pub fn undo_ends_with_program(&self) -> bool {
        self.steps.iter().any(|s| s.undo.as_ref().is_some_and(|undo| holds_secrets(&s.object, undo)))
    }
    /// Whether the server would have been left as it is.
    pub fn changes_nothing(&self) -> bool {
        self.steps.iter().all(|s| s.effect.method == Method::MergePatch && s.diff.is_empty())
    }
}
