//! Paths that are no resource: what is served, version, health, the API description.

mod answer;
mod documents;
mod groups;

pub(crate) use answer::answer;
