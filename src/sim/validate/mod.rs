//! Whether an object may be written as it is: names and labels, unknown
//! fields, the schema of custom kinds, and the rules of built-in kinds that
//! people run into. Answers in the words of the real server.

mod fields;
mod immutable;
mod names;
mod object;
mod required;

pub(crate) use fields::unknown_fields;
pub(crate) use object::{missing_version, on_create, on_update};
