//! The filter language of tables: text, regular expressions, fuzzy, labels, and typed terms by
//! column (`status!=Ready age<1h ns:team-*`). Parsing, matching, completion; no state, no screen.

mod complete;
mod labels;
mod parse;
mod term;

pub use complete::{Completion, complete};
pub use labels::Selector;
pub use parse::{Chip, Query, QueryError};
pub(crate) use term::shows_age;
