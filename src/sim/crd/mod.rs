//! CustomResourceDefinitions: creating one makes its kind served, deleting it
//! ends it. Its schema prunes, fills in and checks the objects.

mod convert;
mod fill;
mod lifecycle;
mod limits;
mod prune;

pub(crate) use convert::source;
pub(crate) use fill::fill;
pub(crate) use lifecycle::{STORAGE, check, complete};
pub(crate) use limits::violations;
pub(crate) use prune::prune;
