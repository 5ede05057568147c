//! A cell knows what it means, so that it sorts and filters by value and not by its text.

use crate::Str;

/// How good or bad something is. Colour, symbol and word follow from it together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Fine.
    Good,
    /// Switched off or finished on purpose (suspended, completed).
    Off,
    /// Cannot be told.
    Unknown,
    /// On its way; normal so far.
    Busy,
    /// Wants attention.
    Warn,
    /// Broken.
    Bad,
}

/// What is the matter, in one word and one sentence.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    pub level: Level,
    /// One or two words: `Ready`, `Not issued`.
    pub word: Str,
    /// Why, in plain words; empty when there is nothing to explain.
    pub why: String,
    /// The next step; empty when there is none.
    pub next: String,
}

impl Verdict {
    pub fn new(level: Level, word: &str) -> Self {
        Self { level, word: word.into(), why: String::new(), next: String::new() }
    }
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }
}

/// One cell of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing there; sorts last.
    #[default]
    None,
    Text(Str),
    Int(i64),
    /// A moment, seconds since 1970; shown as an age (or as "in 3d" when it lies ahead).
    Time(i64),
    /// A length of time in seconds.
    Duration(i64),
    /// A Kubernetes quantity: its value in base units and its text as the server wrote it.
    Quantity(f64, Str),
    /// So many of so many, e.g. ready replicas.
    Ratio(u32, u32),
    /// A state in words with its level.
    Status(Level, Str),
}
