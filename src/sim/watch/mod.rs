//! Watches: initial state, changes, bookmarks, and how they end.

mod stream;

pub(crate) use stream::start;
