//! The decoders of lists and watches for `fuzz/`, which feeds them with everything.

use super::decode::{Decode, Line, peek_continue};
use super::table::{SharedColumns, TableRows};
use crate::clock::Clock;
use crate::resources::{Column, Kind, Row};

/// A table that is decoded line by line, as a feed does it.
pub struct Tables {
    rows: TableRows,
    columns: SharedColumns,
}

impl Tables {
    /// A table of a kind, looked at at this time.
    pub fn new(kind: &Kind, clock: &Clock) -> Self {
        let columns = SharedColumns::default();
        Self { rows: TableRows::new(columns.clone(), kind, clock), columns }
    }
    /// The row that a line of a watch puts, if it does.
    pub fn line(&mut self, line: &[u8]) -> Option<Row> {
        match self.rows.line(line) {
            Ok(Line::Put(row)) => Some(row),
            _ => None,
        }
    }
    /// The rows of a page; its head is looked at for the next one as a feed does it.
    pub fn page(&mut self, body: &[u8]) -> Vec<Row> {
        let _ = peek_continue(body);
        self.rows.page(body).map(|page| page.items).unwrap_or_default()
    }
    /// The columns that were told so far.
    pub fn columns(&self) -> Vec<Column> {
        self.columns.load().to_vec()
    }
}
