//! An entry of the journal.

use crate::actions::Risk;

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
}

/// How the journal is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Markdown,
    Json,
}
