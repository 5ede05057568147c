//! Where the user was: views, filters, cursors, and namespaces typed before. Small, and lost without harm.

use parking_lot::Mutex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is remembered between starts.
#[derive(Clone, Default)]
pub struct Memory {
    inner: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl Memory {
    /// What was remembered under this key, e.g. `view/prod-eu`.
    pub fn get<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_value(self.inner.lock().get(key)?.clone()).ok()
    }
    /// Remembers; written to disk at once, atomically.
    pub fn set<T: serde::Serialize>(&self, key: &str, value: &T) {
        if let Ok(value) = serde_json::to_value(value) {
            self.inner.lock().insert(key.into(), value);
        }
    }
    /// Namespaces that were typed before in this context.
    pub fn namespaces(&self, context: &str) -> Vec<String> {
        self.get(&format!("namespaces/{context}")).unwrap_or_default()
    }
    pub fn add_namespace(&self, context: &str, namespace: &str) {
        let mut all = self.namespaces(context);
        all.retain(|n| n != namespace);
        all.insert(0, namespace.into());
        all.truncate(50);
        self.set(&format!("namespaces/{context}"), &all);
    }
}
