//! How long stages usually take, learnt from the journal (which is bounded).

use super::entry::Record;
use std::collections::HashMap;

/// So many of the latest say what is usual.
const LATEST: usize = 25;

/// How long stages usually take.
#[derive(Clone, Debug, Default)]
pub struct Usual {
    /// By action (empty: any), kind and stage; the latest first.
    lengths: HashMap<(String, String, String), Vec<i64>>,
}

impl Usual {
    /// Learns from records, the oldest first.
    pub fn of(records: &[Record]) -> Self {
        let mut usual = Self::default();
        for entry in records.iter().rev().map(|r| &r.entry).filter(|e| e.ok) {
            for took in &entry.stages {
                for action in [entry.action.as_str(), ""] {
                    let key = (action.to_owned(), took.kind.clone(), took.stage.clone());
                    let lengths = usual.lengths.entry(key).or_default();
                    if lengths.len() < LATEST {
                        lengths.push(took.seconds);
                    }
                }
            }
        }
        usual
    }
    /// The median of what a stage took for this kind, after this action if that was seen, else after any.
    pub fn seconds(&self, action: &str, kind: &str, stage: &str) -> Option<i64> {
        let find = |action: &str| self.lengths.get(&(action.to_owned(), kind.to_owned(), stage.to_owned()));
        let mut lengths = find(action).or_else(|| find(""))?.clone();
        lengths.sort_unstable();
        lengths.get(lengths.len() / 2).copied()
    }
}
