//! The last known state of all that is watched: one writer a store, many readers, cheap windows.
//! What a kind's rows look like is `resources`' business; where the bytes come from is `cluster`'s.

pub mod freshness;
pub mod table;

pub use freshness::Freshness;
pub use table::{TableHandle, TableRequest, TableView};
