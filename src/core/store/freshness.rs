//! How fresh a store is.

use crate::Problem;

/// How fresh a store is, and what is missing in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Freshness {
    /// The first list is still coming; rows so far can be used.
    #[default]
    Loading,
    /// Watched: changes arrive by themselves.
    Live,
    /// The watch is broken since this time (seconds since 1970); the rows are those of then.
    Stale { since: i64, problem: Problem },
    /// There is nothing to show, and why.
    Failed(Problem),
}
