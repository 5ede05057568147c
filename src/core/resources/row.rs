//! A row of a table: what is kept of one object, and the columns that name its cells.

use super::{Cell, Level, Meta};
use crate::Str;
use std::sync::Arc;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    Text,
    Int,
    Time,
    Duration,
    Quantity,
    Ratio,
    Status,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    /// As the server names it, e.g. `Ready`; shown in capitals.
    pub name: Str,
    pub column_type: ColumnType,
    /// Shown in wide mode only (the server's priority > 0).
    pub wide: bool,
    /// On a narrow screen columns with a higher number are left out first; 0 is never left out.
    pub importance: u8,
    /// Cells that a narrow screen must leave room for.
    pub min_width: u16,
    pub description: Str,
}

/// What is kept of one object in a table.
#[derive(Clone, Debug)]
pub struct Row {
    pub meta: Meta,
    /// One cell a column.
    pub cells: Box<[Cell]>,
    /// The row as a whole: decides its colour and the "failing" preset.
    pub level: Level,
}

/// A row as it is shared between a store and those who look at it.
pub type RowArc = Arc<Row>;
