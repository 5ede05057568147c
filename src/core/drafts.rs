//! Text that was being edited: on disk from the first key, so that nothing typed is ever lost.

use crate::resources::ObjectRef;
use crate::{Problem, ProblemKind, Result};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
    #[serde(default)]
    pub namespace: String,
    pub name: String,
    #[serde(default)]
    pub uid: String,
    /// The YAML that the edit began with; a later merge needs it.
    pub base: String,
    pub text: String,
    /// Seconds since 1970.
    pub saved: i64,
}

impl Draft {
    /// A draft of an object: the YAML it began with, and the text as it is now.
    pub fn of(context: &str, object: &ObjectRef, base: &str, text: &str, now: i64) -> Self {
        let identity = [context, &object.kind.resource(), &object.namespace, &object.name, &object.uid].join("\n");
        let digest = Sha256::digest(identity.as_bytes());
        Self {
            id: digest.iter().take(8).map(|b| format!("{b:02x}")).collect(),
            context: context.into(),
            api_version: object.kind.api_version(),
            kind: object.kind.kind.clone(),
            resource: object.kind.plural.clone(),
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            uid: object.uid.to_string(),
            base: base.into(),
            text: text.into(),
            saved: now,
        }
    }
    /// Whether its text may not be on disk in the clear.
    pub fn secret(&self) -> bool {
        self.api_version == "v1" && self.kind == "Secret"
    }
}

/// Where drafts are kept. Cheap to clone.
#[derive(Clone, Default)]
pub struct Drafts {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    dir: Option<PathBuf>,
    all: Mutex<Vec<Draft>>,
}

impl Drafts {
    /// Opens the drafts in a directory for state and reads what earlier runs left; makes nothing.
    pub fn open(dir: Option<&Path>) -> Self {
        let dir = dir.map(|d| d.join("drafts"));
        let mut all: Vec<Draft> = Vec::new();
        for entry in dir.iter().filter_map(|d| std::fs::read_dir(d).ok()).flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "json")
                && let Some(draft) = std::fs::read(&path).ok().and_then(|t| serde_json::from_slice(&t).ok())
            {
                all.push(draft);
            }
        }
        Self { inner: Arc::new(Inner { dir, all: Mutex::new(all) }) }
    }
    /// Keeps a draft; called on every change. `Ok(true)`: it is on disk; `Ok(false)`: in memory only,
    /// because it is of a Secret.
    ///
    /// # Errors
    /// When the disk does not take it. It is kept in memory all the same.
    pub fn save(&self, draft: Draft) -> Result<bool> {
        let (id, secret) = (draft.id.clone(), draft.secret());
        let text = serde_json::to_vec(&draft).unwrap_or_default();
        let mut all = self.inner.all.lock();
        all.retain(|d| d.id != id);
        all.push(draft);
        if secret {
            return Ok(false);
        }
        let failed = |why: String| {
            Problem::new(ProblemKind::Io, "the draft is kept in memory only", why)
                .next("save the text elsewhere before qd ends")
        };
        let dir = self.inner.dir.as_ref().ok_or_else(|| failed("there is no directory for state".into()))?;
        make_private_dir(dir)
            .and_then(|()| write_private(&dir.join(format!("{id}.json")), &text))
            .map_err(|e| failed(e.to_string()).on(dir.display().to_string()))?;
        Ok(true)
    }
    /// All drafts, the latest first.
    pub fn list(&self) -> Vec<Draft> {
        let mut all = self.inner.all.lock().clone();
        all.sort_by(|a, b| b.saved.cmp(&a.saved).then_with(|| a.id.cmp(&b.id)));
        all
    }
    /// Drops a draft: it was accepted by the server, or its writer let it go.
    pub fn remove(&self, id: &str) {
        let mut all = self.inner.all.lock();
        all.retain(|d| d.id != id);
        if let Some(dir) = &self.inner.dir
            && id.chars().all(|c| c.is_ascii_hexdigit())
        {
            let _ = std::fs::remove_file(dir.join(format!("{id}.json")));
        }
    }
}

/// Makes a directory that only its owner can look into.
pub fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Replaces a file in one step, readable by its owner only. A crash leaves the old or the new one, never a part.
///
/// # Errors
/// When the disk does not take it; nothing of it is left behind then.
pub fn write_private(file: &Path, text: &[u8]) -> std::io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let beside = file.with_extension(format!("tmp{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written =
        options.open(&beside).and_then(|mut out| out.write_all(text)).and_then(|()| std::fs::rename(&beside, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Kind;

    fn draft(kind: &str, plural: &str, text: &str) -> Draft {
        let object = ObjectRef::new(Kind::of("", "v1", kind, plural, true), "a", "b");
        Draft::of("lab", &object, "base", text, 5)
    }

    #[test]
    fn the_next_start_finds_what_was_typed_and_only_the_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let drafts = Drafts::open(Some(&state));
        for text in ["x", "xy", "xyz"] {
            assert!(drafts.save(draft("ConfigMap", "configmaps", text)).unwrap());
        }
        // No goodbye: as after kill -9.
        let again = Drafts::open(Some(&state));
        assert_eq!(again.list().iter().map(|d| d.text.as_str()).collect::<Vec<_>>(), ["xyz"]);
        #[cfg(unix)]
        for entry in std::fs::read_dir(state.join("drafts")).unwrap() {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        again.remove(&again.list()[0].id);
        assert!(Drafts::open(Some(&state)).list().is_empty());
    }

    #[test]
    fn a_secret_is_never_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let drafts = Drafts::open(Some(dir.path()));
        assert!(!drafts.save(draft("Secret", "secrets", "hunter2")).unwrap());
        assert_eq!(drafts.list().len(), 1);
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none());
    }

    #[test]
    fn without_a_disk_the_text_stays_in_memory_and_that_is_said() {
        let drafts = Drafts::open(None);
        let problem = drafts.save(draft("ConfigMap", "configmaps", "x")).unwrap_err();
        assert!(problem.what.contains("in memory only"));
        assert_eq!(drafts.list().len(), 1);
    }
}
