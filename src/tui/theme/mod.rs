//! Colours by meaning: the roles that the screen knows, themes from TOML with parents and fallbacks,
//! fitted to what the terminal can show, and the symbols for terminals with and without Unicode.
//! Which role something has is decided where it is drawn.

pub mod glyphs;
pub mod load;
pub mod role;
pub mod style;

pub use glyphs::Glyphs;
pub use role::Role;
pub use style::{Depth, Theme};
