//! The last known state of all that is watched: one writer a store, many readers, cheap windows.
//! What a kind's rows look like is `resources`' business; where the bytes come from is `cluster`'s.

pub mod collection;
mod decode;
mod feed;
pub mod freshness;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod registry;
mod shelf;
mod sink;
pub mod source;
pub mod table;
pub mod view;

pub use collection::{CollectionHandle, Projection};
pub use freshness::Freshness;
pub use registry::Stores;
pub use source::Source;
pub use table::{TableHandle, TableRequest};
pub use view::TableView;

#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;
