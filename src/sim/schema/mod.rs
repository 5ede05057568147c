//! The types of objects: built-in ones from a table condensed from Kubernetes'
//! published API description, custom ones from their CRD. Says what fields
//! there are, what is a list by key and what is atomic, what is missing or
//! unknown. Merging and ownership of fields live in `patch` and `apply`.

mod builtin;
mod types;

pub use builtin::{full_type_name, named, root_type, type_names};
pub use types::{Field, ListKind, Schema, Shape};
