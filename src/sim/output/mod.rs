//! Objects in the form the client asked for: as they are, metadata only, or as a table.

mod jsonpath;
mod render;
mod table;

pub(crate) use jsonpath::lookup;
pub(crate) use render::{Renderer, error_event, list, object};
