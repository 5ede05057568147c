//! CustomResourceDefinitions: creating one makes its kind served, deleting it ends it.

mod lifecycle;

pub(crate) use lifecycle::STORAGE;
