//! What may come back from the core without having been waited for.

use crate::Problem;
use crate::actions::RunEvent;

/// Told to the face (screen or command line) that listens. Cheap: it says that something changed,
/// and the listener reads the change where it is kept.
#[derive(Clone, Debug)]
pub enum Event {
    /// A watched table has changed (rows or freshness). At most one is under way per table until it is read.
    TableChanged,
    /// An overview has been derived anew.
    OverviewChanged { context: String },
    /// The connection of a context changed.
    ConnectionChanged { context: String },
    /// More is known about what this user may do: ask [`crate::session::Session::offers`] again.
    AccessChanged { context: String },
    /// A guard changed: an unlock began or ended, read-only was switched.
    GuardChanged { context: String },
    /// A run went on.
    Run { run: u64, event: RunEvent },
    /// Something a person should know that stops nothing, e.g. that the journal cannot be written.
    Notice(Problem),
}

/// Takes events. Must return at once.
pub type Listener = std::sync::Arc<dyn Fn(Event) + Send + Sync>;
