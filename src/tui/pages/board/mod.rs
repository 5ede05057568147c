//! What all boards have in common: a list of things that are derived (apps, tenants, certificates,
//! routes) or known without a watch (contexts, journal), with cursor, marks, filter and sort as in a
//! table. A board is a [`Source`]; its rows and where Enter leads are its own.

pub mod overview;
mod rows;
pub mod several;
mod state;
pub mod view;

pub use rows::{Lines, column, is_heading, row, wide};
pub use state::{Board, Source};
