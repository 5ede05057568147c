//! Patches: JSON, merge and strategic merge. Server-side apply lives in `apply`.

mod json;
mod merge;
mod strategic;

pub use json::json_patch;
pub use merge::merge;
pub use strategic::strategic;
