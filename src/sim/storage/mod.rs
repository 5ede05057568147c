//! The objects: which kinds there are, the last state of each object as bytes
//! of JSON, the log of changes that watches read, and the one pipeline all
//! writes go through. No HTTP, no users, no rights here.

mod builtin;
pub(crate) mod convert;
mod delete;
mod kinds;
mod log;
mod meta;
mod object;
mod options;
mod select;
mod store;
mod uid;
mod write;

pub use delete::Deleted;
pub use kinds::{Kind, KindInfo, Registry, ScalePaths};
pub use log::{Change, ChangeKind, LogRead};
pub use meta::{ensure_object, owner_reference};
pub use object::{Object, ObjectKey};
pub use options::{DeleteOptions, FieldValidation, Propagation, WriteOptions};
pub use select::{FieldSelector, LabelSelector};
pub(crate) use store::Inner;
pub use store::{ListPage, ListQuery, Store};
pub use uid::random_uid;
