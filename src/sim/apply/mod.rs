//! Who owns which field: `managedFields`, and server-side apply on top of it.

mod conflict;
mod managers;
mod merge;
mod paths;
mod server_side;
mod track;

pub(crate) use managers::ownership_changed;
pub(crate) use track::track;
