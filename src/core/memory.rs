//! Where the user was: views, filters, cursors, and namespaces typed before. Small, and lost without harm.

use crate::drafts::{make_private_dir, write_private};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is remembered between starts. Cheap to clone.
#[derive(Clone, Default)]
pub struct Memory {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    file: Option<PathBuf>,
    all: Mutex<BTreeMap<String, Value>>,
    /// As it was when the program began.
    start: BTreeMap<String, Value>,
}

impl Memory {
    /// Opens the memory in a directory for state; makes nothing. A file that cannot be read is an empty one.
    pub fn open(dir: Option<&Path>) -> Self {
        let file = dir.map(|d| d.join("memory.json"));
        let all = file.as_deref().map(load).unwrap_or_default();
        Self { inner: Arc::new(Inner { file, start: all.clone(), all: Mutex::new(all) }) }
    }
    /// What was remembered under this key, e.g. `view/prod-eu`.
    pub fn get<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_value(self.inner.all.lock().get(key)?.clone()).ok()
    }
    /// What was remembered under this key when the program began, whatever came since.
    pub fn at_start<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_value(self.inner.start.get(key)?.clone()).ok()
    }
    /// Remembers; on disk before this returns when it is something new. What another program remembered
    /// under other keys meanwhile stays. A disk that does not take it is no reason to stop.
    pub fn set<T: serde::Serialize>(&self, key: &str, value: &T) {
        let Ok(value) = serde_json::to_value(value) else { return };
        let mut all = self.inner.all.lock();
        if all.get(key) == Some(&value) {
            return;
        }
        all.insert(key.into(), value.clone());
        if let Some(file) = &self.inner.file {
            let mut on_disk = load(file);
            on_disk.insert(key.into(), value);
            let text = serde_json::to_vec_pretty(&on_disk).unwrap_or_default();
            let dir = file.parent().unwrap_or(Path::new("."));
            let _ = make_private_dir(dir).and_then(|()| write_private(file, &text));
        }
    }
    /// Namespaces that were typed before in this context, the latest first.
    pub fn namespaces(&self, context: &str) -> Vec<String> {
        self.get(&format!("namespaces/{context}")).unwrap_or_default()
    }
    /// Remembers a namespace that was typed.
    pub fn add_namespace(&self, context: &str, namespace: &str) {
        let mut all = self.namespaces(context);
        all.retain(|n| n != namespace);
        all.insert(0, namespace.into());
        all.truncate(50);
        self.set(&format!("namespaces/{context}"), &all);
    }
}

fn load(file: &Path) -> BTreeMap<String, Value> {
    std::fs::read(file).ok().and_then(|t| serde_json::from_slice(&t).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_survives_a_restart_and_two_programs_do_not_wipe_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (Memory::open(Some(dir.path())), Memory::open(Some(dir.path())));
        one.set("view/lab", &"pods");
        two.add_namespace("lab", "a");
        two.add_namespace("lab", "b");
        two.add_namespace("lab", "a");
        let again = Memory::open(Some(dir.path()));
        assert_eq!(again.get::<String>("view/lab").as_deref(), Some("pods"));
        assert_eq!(again.namespaces("lab"), ["a", "b"]);
        std::fs::write(dir.path().join("memory.json"), "{broken").unwrap();
        assert_eq!(Memory::open(Some(dir.path())).get::<String>("view/lab"), None);
    }
}
