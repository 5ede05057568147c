//! From keys to what they mean: keys as people write them, the list of everything a key can do
//! (verbs), key maps read from TOML with scopes per view, and the conflicts in them. What a verb
//! does is decided by the pages; which bytes a terminal sends for a key is `terminal`'s business.

pub mod key;
pub mod load;
pub mod map;
pub mod verbs;

pub use key::{Code, Key};
pub use map::{Found, Keymap, Keys};
pub use verbs::{Command, Verb};
