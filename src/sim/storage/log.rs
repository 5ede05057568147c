//! The log of changes of one resource, which watches read at their own pace.

use std::{collections::VecDeque, sync::Arc};

use super::object::Object;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It has a new state.
    Modified,
    /// It is gone; the change's object is its last state with the deletion's version.
    Deleted,
}

/// One change of one object.
#[derive(Debug)]
pub struct Change {
    /// The resourceVersion it made.
    pub version: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// The state after it.
    pub object: Arc<Object>,
    /// The state before it.
    pub previous: Option<Arc<Object>>,
    /// Group of the resource.
    pub group: String,
    /// Plural of the resource.
    pub plural: String,
}

/// What a reader finds after a version.
pub enum LogRead {
    /// The changes since then, oldest first; may be empty.
    Changes(Vec<Arc<Change>>),
    /// The log no longer reaches back that far; it starts after this version.
    Expired(u64),
}

/// Changes in order of version, with a bounded memory.
pub(crate) struct Log {
    changes: VecDeque<Arc<Change>>,
    /// Changes up to this version are forgotten.
    compacted: u64,
    capacity: usize,
}

impl Log {
    pub(crate) fn new(compacted: u64, capacity: usize) -> Self {
        Self { changes: VecDeque::new(), compacted, capacity }
    }

    pub(crate) fn push(&mut self, change: Arc<Change>) {
        if self.changes.len() >= self.capacity
            && let Some(oldest) = self.changes.pop_front()
        {
            self.compacted = oldest.version;
        }
        self.changes.push_back(change);
    }

    /// Forgets everything up to `version`.
    pub(crate) fn compact(&mut self, version: u64) {
        self.changes.retain(|c| c.version > version);
        self.compacted = self.compacted.max(version);
    }

    pub(crate) fn since(&self, version: u64) -> LogRead {
        if version < self.compacted {
            return LogRead::Expired(self.compacted);
        }
        let start = self.changes.partition_point(|c| c.version <= version);
        LogRead::Changes(self.changes.range(start..).cloned().collect())
    }
}
