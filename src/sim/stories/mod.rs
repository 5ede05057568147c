//! Stories: what goes on in a world over time, told by a script. Each acts on
//! the store as a person or a program would and leaves the rest to the
//! controllers, which a story starts if it needs them.

mod catalog;
mod certificate;
mod churn;
mod degrading;
mod rollout;
mod start;
#[cfg(test)]
mod tests;

pub use catalog::names;
pub use start::{StoryError, StoryHandle, start};
