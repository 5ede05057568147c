//! Is it well? The verdict on an object of a built-in kind: a level, the reason in plain words, the
//! next step. Pure functions of the object; one file a family of kinds.

mod generic;
mod judge;
mod pod;
mod workload;

pub use judge::verdict;

use judge::{condition, int, list, since, text};

#[cfg(test)]
mod tests;
