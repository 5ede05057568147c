//! What the screen remembers and how it answers: the stack of pages, the box in front of them, what
//! comes in (inputs), what goes out (effects), and `update`, which turns the one into the other.
//! Knows the core and the pages, but no terminal and no drawing.

pub mod age;
pub mod app;
pub mod commands;
pub mod cursor;
pub mod cx;
pub mod document;
pub mod effect;
pub mod input;
mod links;
pub mod place;
pub mod reading;
pub mod remember;
pub mod toasts;
pub mod update;

pub use app::State;
pub use cx::{Cx, Order};
pub use effect::{Answer, Ask, Effect, PageId};
pub use input::Input;
pub use place::{Place, Subject};
pub use update::update;
