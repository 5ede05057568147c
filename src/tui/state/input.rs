//! What can happen to the screen.

use super::effect::{Answer, PageId};
use crate::keymap::Key;
use quarterdeck_core::event::Event;

/// What a mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseWhat {
    Click,
    Menu,
    WheelUp,
    WheelDown,
}

/// A mouse report; cells of the whole screen, 0,0 is the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    pub what: MouseWhat,
    pub x: u16,
    pub y: u16,
}

/// What can happen to the screen.
#[derive(Debug)]
pub enum Input {
    Key(Key),
    /// Pasted text: never taken for keys.
    Paste(String),
    Mouse(Mouse),
    Resize(u16, u16),
    Focus(bool),
    /// The core has something to tell.
    Core(Event),
    /// The answer to an [`super::Ask`] of a page.
    Answer(PageId, Answer),
    /// A moment came at which something visible changes by itself (an age, a toast).
    Tick,
    /// A file of the themes or keymaps folder changed.
    ConfigChanged,
    /// An address that could not be opened here, and what is said of it.
    Link {
        url: String,
        text: String,
    },
    /// Text that an effect has to tell, e.g. which way something was copied.
    Say(quarterdeck_core::resources::Level, String),
}

impl Input {
    /// Whether a person did it: such inputs are answered before all others.
    pub fn from_person(&self) -> bool {
        matches!(self, Self::Key(_) | Self::Paste(_) | Self::Mouse(_) | Self::Resize(..))
    }
}
