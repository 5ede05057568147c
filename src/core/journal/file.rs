//! The journal's file: one JSON object a line, appended; a later line of the same entry replaces the
//! earlier one. Several programs may write at once.

use super::entry::Record;
use crate::clock::Clock;
use crate::event::{Event, Listener};
use crate::{Problem, Result};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Most entries that are kept; the oldest go.
const KEPT: usize = 1000;
/// A file longer than this is written anew with what is kept.
const LONGEST_FILE: u64 = 4 * 1024 * 1024;

/// All that was done. Without a place on disk it is kept in memory.
#[derive(Debug, Default)]
pub struct Journal {
    file: Option<PathBuf>,
    records: Mutex<Vec<Record>>,
    /// It was told that it is in memory only.
    told: AtomicBool,
}

impl Journal {
    /// Opens the journal in a directory for state and reads what is there; makes nothing. Lines that
    /// cannot be read (a full disk cut them) are skipped.
    pub fn open(dir: Option<&Path>) -> Self {
        let file = dir.map(|d| d.join("journal.jsonl"));
        let mut records = file.as_deref().map(read).unwrap_or_default();
        for record in &mut records {
            // The program ended in the middle of it.
            if record.entry.outcome.is_empty() {
                record.entry.outcome = "not known: the program ended before the answer came".into();
            }
        }
        Self { file, records: Mutex::new(records), told: AtomicBool::new(false) }
    }
    /// A name for a new entry. With a clock that stands still it is the same in every run.
    pub fn new_id(&self, clock: &Clock, title: &str) -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (process, count) = match clock.is_fixed() {
            true => (0, self.records.lock().len() as u64),
            false => (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)),
        };
        let digest = Sha256::digest(format!("{} {process} {count} {title}", clock.now()));
        digest.iter().take(4).map(|b| format!("{b:02x}")).collect()
    }
    /// The entries, the oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.records.lock().clone()
    }
    /// The record whose identifier begins so; `last` is the latest that can be undone.
    ///
    /// # Errors
    /// When there is none, or the beginning fits several.
    pub fn find(&self, id: &str) -> Result<Record> {
        let records = self.records.lock();
        if id == "last" {
            let last = records.iter().rev().find(|r| r.entry.can_undo && r.entry.undone_by.is_none());
            return last
                .cloned()
                .ok_or_else(|| Problem::usage("nothing to undo", "no entry of the journal can be undone"));
        }
        let mut found = records.iter().filter(|r| !id.is_empty() && r.entry.id.starts_with(id));
        match (found.next(), found.next()) {
            (Some(record), None) => Ok(record.clone()),
            (Some(_), Some(_)) => {
                Err(Problem::usage("cannot find the journal entry", format!("several begin with {id}")))
            }
            _ => Err(Problem::usage("cannot find the journal entry", format!("there is no entry {id}"))
                .next("qd journal lists them")),
        }
    }
    /// Adds or replaces an entry; tells once when it is in memory only.
    pub(crate) fn keep(&self, record: Record, listener: &Listener) {
        match self.put(record) {
            Ok(()) => self.told.store(false, Ordering::Relaxed),
            Err(problem) if !self.told.swap(true, Ordering::Relaxed) => listener(Event::Notice(problem)),
            Err(_) => {}
        }
    }
    /// Adds or replaces an entry, on disk before this returns.
    ///
    /// # Errors
    /// When it is in memory only: no place for state, read-only or full.
    pub fn put(&self, record: Record) -> Result<()> {
        let mut records = self.records.lock();
        match records.iter_mut().rev().find(|r| r.entry.id == record.entry.id) {
            Some(old) => *old = record.clone(),
            None => records.push(record.clone()),
        }
        let surplus = records.len().saturating_sub(KEPT);
        records.drain(..surplus);
        drop(records);
        let in_memory = |why: String| {
            Problem::new(crate::ProblemKind::Io, "the journal is kept in memory only", why)
                .next("it is lost when qd ends; export it with `qd journal export` or from the journal page")
        };
        let Some(file) = &self.file else {
            return Err(in_memory("there is no directory for state".into()));
        };
        append(file, &record.for_disk()).map_err(|e| in_memory(e.to_string()).on(file.display().to_string()))
    }
}

/// Holds the journal's lock until dropped; works without one where the file system has none.
fn lock(file: &Path) -> Option<File> {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(file.with_extension("lock")).ok()?;
    lock.lock().ok()?;
    Some(lock)
}

fn append(file: &Path, record: &Record) -> std::io::Result<()> {
    if let Some(dir) = file.parent() {
        crate::drafts::make_private_dir(dir)?;
    }
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    let _lock = lock(file);
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(file)?;
    let length = out.metadata()?.len();
    if length > 0 && !ends_with_newline(&mut out, length)? {
        // A write that was cut short must not swallow this line too.
        line.insert(0, b'\n');
    }
    out.write_all(&line)?;
    out.sync_data()?;
    if length > LONGEST_FILE {
        compact(file)?;
    }
    Ok(())
}

fn ends_with_newline(file: &mut File, length: u64) -> std::io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last[0] == b'\n')
}

fn compact(file: &Path) -> std::io::Result<()> {
    let records = read(file);
    // Half of what may be kept, so that this is rare.
    let kept = &records[records.len().saturating_sub(KEPT / 2)..];
    let mut text = Vec::new();
    for record in kept {
        serde_json::to_writer(&mut text, record)?;
        text.push(b'\n');
    }
    crate::drafts::write_private(file, &text)
}

fn read(file: &Path) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    let mut places = std::collections::HashMap::new();
    let Ok(text) = std::fs::read(file) else { return records };
    for line in text.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        let Ok(record) = serde_json::from_slice::<Record>(line) else { continue };
        match places.get(&record.entry.id) {
            Some(&at) => records[at] = record,
            None => {
                places.insert(record.entry.id.clone(), records.len());
                records.push(record);
            }
        }
    }
    let surplus = records.len().saturating_sub(KEPT);
    records.drain(..surplus);
    records
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::Risk;
    use crate::journal::Entry;

    fn record(id: &str, outcome: &str) -> Record {
        Record {
            entry: Entry {
                id: id.into(),
                at: 7,
                context: "lab".into(),
                user: "ann".into(),
                action: "scale".into(),
                title: "Scale".into(),
                objects: vec!["Deployment a/b".into()],
                risk: Risk::Reversible,
                reason: String::new(),
                ok: true,
                outcome: outcome.into(),
                can_undo: true,
                undone_by: None,
                took: None,
                stages: Vec::new(),
            },
            undo: Vec::new(),
        }
    }

    #[test]
    fn it_survives_a_restart_a_torn_line_and_an_end_in_the_middle() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(Some(dir.path()));
        journal.put(record("a1", "")).unwrap();
        journal.put(record("a1", "done")).unwrap();
        let file = dir.path().join("journal.jsonl");
        let torn = [std::fs::read(&file).unwrap(), b"{\"id\":\"torn".to_vec()].concat();
        std::fs::write(&file, torn).unwrap();
        Journal::open(Some(dir.path())).put(record("b2", "")).unwrap();
        let again = Journal::open(Some(dir.path()));
        let seen: Vec<(String, String)> = again.records().into_iter().map(|r| (r.entry.id, r.entry.outcome)).collect();
        assert_eq!(seen[0], ("a1".into(), "done".into()));
        assert!(seen[1].1.contains("the program ended"), "{seen:?}");
        assert_eq!(again.find("last").unwrap().entry.id, "b2");
        assert_eq!(again.find("a").unwrap().entry.id, "a1");
        assert!(again.find("zz").is_err());
    }

    #[test]
    fn without_a_place_on_disk_it_stays_in_memory_and_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let blocked = dir.path().join("file");
        std::fs::write(&blocked, "").unwrap();
        for journal in [Journal::open(None), Journal::open(Some(&blocked))] {
            let problem = journal.put(record("a1", "done")).unwrap_err();
            assert!(problem.what.contains("in memory only"), "{problem}");
            assert_eq!(journal.records().len(), 1);
        }
    }

    #[test]
    fn its_length_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(Some(dir.path()));
        let mut long = record("x", "done");
        long.entry.title = "t".repeat(700_000);
        for i in 0..20 {
            long.entry.id = format!("x{}", i % 3);
            journal.put(long.clone()).unwrap();
        }
        let length = std::fs::metadata(dir.path().join("journal.jsonl")).unwrap().len();
        assert!(length < 2 * LONGEST_FILE, "{length}");
        assert_eq!(Journal::open(Some(dir.path())).records().len(), 3);
    }
}
