//! What was done from here, by whom and why, on disk and without secrets: entries, their file and
//! their export. What an entry's undo means is the business of `actions`.

pub mod entry;
pub mod export;
pub mod file;
pub mod usual;

pub use entry::{Entry, ExportFormat, Record, UndoStep};
pub use file::Journal;
