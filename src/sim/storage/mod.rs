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

/// A random UUID (version 4) in text form.
pub fn random_uid() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut halves = [0u64; 2];
    for half in &mut halves {
        // Keys from the operating system, different for every `RandomState`.
        *half = RandomState::new().build_hasher().finish();
    }
    let (a, b) = (halves[0], (halves[1] & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        b >> 48,
        b & 0xffff_ffff_ffff
    )
}
