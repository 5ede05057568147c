//! An entry of the journal.

use crate::actions::{Effect, Risk};
use crate::resources::{Kind, ObjectRef};
use serde_json::Value;

/// Something that was done.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// For `qd undo ID`.
    pub id: String,
    /// Seconds since 1970.
    pub at: i64,
    pub context: String,
    /// The user of the kubeconfig, or who is impersonated.
    pub user: String,
    pub action: String,
    /// In words: `Scale Deployment client-acme/api to 3`.
    pub title: String,
    /// `Kind namespace/name` of each object.
    pub objects: Vec<String>,
    pub risk: Risk,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    pub ok: bool,
    /// How it ended, in words.
    pub outcome: String,
    pub can_undo: bool,
    /// The entry that took this one back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<String>,
    /// Seconds until the end, as far as it was followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<i64>,
    /// How long its stages took: later runs learn from it how long they usually take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Took>,
}

/// How long a stage took.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Took {
    pub stage: String,
    /// Of the object, e.g. `Deployment`.
    pub kind: String,
    pub seconds: i64,
}

/// How the journal is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Markdown,
    Json,
}

/// An object, as it is kept on disk.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptObject {
    #[serde(default)]
    pub group: String,
    pub version: String,
    pub kind: String,
    pub plural: String,
    pub namespaced: bool,
    #[serde(default)]
    pub namespace: String,
    pub name: String,
    #[serde(default)]
    pub uid: String,
}

impl KeptObject {
    pub fn of(object: &ObjectRef) -> Self {
        Self {
            group: object.kind.group.clone(),
            version: object.kind.version.clone(),
            kind: object.kind.kind.clone(),
            plural: object.kind.plural.clone(),
            namespaced: object.kind.namespaced,
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            uid: object.uid.to_string(),
        }
    }
    pub fn reference(&self) -> ObjectRef {
        let kind = Kind::of(&self.group, &self.version, &self.kind, &self.plural, self.namespaced);
        let mut object = ObjectRef::new(kind, &self.namespace, &self.name);
        object.uid = self.uid.as_str().into();
        object
    }
}

/// How one step is taken back.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UndoStep {
    pub object: KeptObject,
    pub title: String,
    /// A merge patch with the former values, or the deletion of what was made; without identity.
    pub effect: Effect,
    /// What has to be there for the undo to be right: the values that were written.
    #[serde(default)]
    pub expect: Value,
}

/// An entry and what is needed to take it back.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Record {
    #[serde(flatten)]
    pub entry: Entry,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<UndoStep>,
}

impl Record {
    /// What may be written down: without the former values of Secrets, and so without their undo.
    pub(crate) fn for_disk(&self) -> Self {
        let mut record = self.clone();
        let secret = |u: &UndoStep| crate::actions::plan::holds_secrets(&u.object.reference(), &u.effect);
        if record.undo.iter().any(secret) {
            record.undo.clear();
            record.entry.can_undo = false;
        }
        record
    }
}
