//! What each verb does on a resource: one file a verb or a family of them.
//! Who may call it was decided in `server`; what a write means for the object
//! is decided in `storage`.

mod dispatch;
mod evict;
mod measured;
mod options;
mod pods;
mod read;
mod remove;
mod reviews;
mod scale;
mod write;

pub(crate) use dispatch::dispatch;
pub(crate) use measured::kinds as measured_kinds;
pub(crate) use options::list_query;
