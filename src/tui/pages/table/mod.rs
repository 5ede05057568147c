//! Any kind of object as a table: cursor and marks by UID, filter, sort, columns by importance.
//! What a row is and how it is sorted and filtered is the core's; this page moves over it.

pub mod columns;
mod drill;
mod state;
mod usage;
pub mod view;

pub use state::Table;
