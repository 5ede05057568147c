//! Unlocks that hold for every program of this user: one small file, readable by its owner only. Each has an end, and
//! none is believed longer than an unlock may be.

use super::keeper::LONGEST_UNLOCK;
use crate::drafts::{make_private_dir, write_private};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// An unlock as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unlock {
    /// Seconds since 1970.
    pub since: i64,
    pub until: i64,
    pub reason: String,
    pub user: String,
}

/// The file of unlocks. Without a place on disk they hold in this program only.
#[derive(Debug, Default)]
pub(super) struct Unlocks {
    file: Option<PathBuf>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The file's time and length as they were read; another one is read again.
    state: Option<(SystemTime, u64)>,
    all: BTreeMap<String, Unlock>,
}

impl Unlocks {
    pub(super) fn open(dir: Option<&Path>) -> Self {
        Self { file: dir.map(|d| d.join("unlocks.json")), seen: Mutex::default() }
    }
    /// The unlock that holds for a context at a time.
    pub(super) fn get(&self, context: &str, now: i64) -> Option<Unlock> {
        let mut seen = self.seen.lock();
        self.read(&mut seen);
        let longest = i64::from(LONGEST_UNLOCK) * 60;
        seen.all.get(context).filter(|u| u.since <= now && now < u.until && u.until - u.since <= longest).cloned()
    }
    /// Sets or removes an unlock; those whose time is over go.
    pub(super) fn set(&self, context: &str, unlock: Option<Unlock>, now: i64) {
        let mut seen = self.seen.lock();
        self.read(&mut seen);
        seen.all.retain(|_, u| u.until > now);
        match unlock {
            Some(unlock) => drop(seen.all.insert(context.into(), unlock)),
            None => drop(seen.all.remove(context)),
        }
        let Some(file) = &self.file else { return };
        let text = serde_json::to_vec_pretty(&seen.all).unwrap_or_default();
        let dir = file.parent().unwrap_or(Path::new("."));
        // A disk that does not take it: then it holds in this program only.
        let _ = make_private_dir(dir).and_then(|()| write_private(file, &text));
        seen.state = state(file);
    }
    fn read(&self, seen: &mut Seen) {
        let Some(file) = &self.file else { return };
        let now = state(file);
        if now == seen.state {
            return;
        }
        seen.state = now;
        let text = std::fs::read(file).ok().filter(|_| private(file));
        seen.all = text.and_then(|t| serde_json::from_slice(&t).ok()).unwrap_or_default();
    }
}

fn state(file: &Path) -> Option<(SystemTime, u64)> {
    let meta = std::fs::metadata(file).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// A file that others may write says nothing.
#[cfg(unix)]
fn private(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(file).is_ok_and(|m| m.mode() & 0o022 == 0)
}

#[cfg(not(unix))]
fn private(_file: &Path) -> bool {
    true
}
