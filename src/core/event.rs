//! What may come back from the core without having been waited for.

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
    /// A run went on.
    Run { run: u64, event: RunEvent },
}

/// Takes events. Must return at once.
pub type Listener = std::sync::Arc<dyn Fn(Event) + Send + Sync>;
