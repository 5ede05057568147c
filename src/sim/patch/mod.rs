//! Patches: JSON, merge and strategic merge. Server-side apply lives in `apply`.

mod merge;

pub use merge::merge;
