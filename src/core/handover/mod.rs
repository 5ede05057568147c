//! Handing over: from an alert to the page about it, and the incident note for whoever comes next.
//!
//! Lives here: reading alerts and saying which object each means, and writing the note. Does not live here: links
//! (`link.rs`), the journal's own hand-over (`journal/export.rs`), opening pages.

pub mod about;
pub mod alert;
mod gather;
pub mod note;
#[cfg(test)]
mod tests;

pub use about::{About, Looking};
pub use alert::{Alert, Candidate};
