//! Lists to choose from, in front of the page: the command palette, help, sort columns, namespaces,
//! themes. `pick.rs` is the list, `sources.rs` what the palette offers, `typed.rs` what k9s fingers
//! type (`:deploy team-a /web`), `fuzzy.rs` how entries are matched, `view.rs` draws.

pub mod choices;
pub mod fuzzy;
pub mod pick;
pub mod sources;
pub mod typed;
pub mod view;

pub use pick::{Choice, Pick, Picked};
