//! The only room that knows crossterm and the bytes of a terminal: what it can do, keys in, frames
//! out, leaving it as it was found, lending it to an editor or a sign-in plugin, clipboard and links.
//! What is drawn comes as a buffer from the views; what a key means is `keymap`'s business.

pub mod caps;
pub mod clipboard;
pub mod encode;
pub mod handover;
pub mod input;
pub mod links;
pub mod notify;
pub mod probe;
pub mod screen;

pub use caps::Caps;
pub use screen::Screen;
