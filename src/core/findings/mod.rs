//! Something wrong, told once for all faces: a stable code, the object, why, the evidence and the
//! next step. What is wrong is found out in `certificates`, `routes`, `platform`, `tenants` and
//! `resources`; here are the words for it.

pub mod finding;

pub use finding::{Evidence, Finding};
