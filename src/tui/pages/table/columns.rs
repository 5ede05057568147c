//! Cells as text, columns that are shown, and what of them is copied.

use super::state::Table;
use crate::keymap::{Command, Verb};
use crate::palette::{Choice, Pick};
use crate::state::age;
use quarterdeck_core::Result;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, Query};
use quarterdeck_core::store::TableView;
use std::borrow::Cow;

/// A cell as it is shown.
pub fn cell_text(cell: &Cell, now: i64) -> Cow<'_, str> {
    match cell {
        Cell::None => Cow::Borrowed(""),
        Cell::Text(text) | Cell::Quantity(_, text) | Cell::Status(_, text) => Cow::Borrowed(text),
        Cell::Int(n) => Cow::Owned(n.to_string()),
        Cell::Time(at) => Cow::Owned(age::age(*at, now)),
        Cell::Duration(seconds) => Cow::Owned(age::length(*seconds)),
        Cell::Counted(n, last) => Cow::Owned(format!("{n} ({} ago)", age::age(*last, now))),
        Cell::Ratio(some, all) => Cow::Owned(format!("{some}/{all}")),
    }
}

/// `namespace/name`, or the name alone.
pub fn short(row: &RowArc) -> String {
    if row.meta.namespace.is_empty() {
        row.meta.name.to_string()
    } else {
        format!("{}/{}", row.meta.namespace, row.meta.name)
    }
}

/// Filters a view.
///
/// # Errors
/// When the filter cannot be understood; the last one stays.
pub fn filter(view: &mut TableView, text: &str) -> Result<()> {
    let columns = view.handle().columns();
    view.set_query(Query::parse(text, &columns)?);
    Ok(())
}

/// Columns that can be skipped to the left.
pub(super) fn scrollable(table: &Table) -> usize {
    let columns = table.watched.as_ref().map_or(0, |w| w.columns.len());
    columns.saturating_sub(2)
}

/// Rows as tab-separated values with their titles.
pub fn tsv(columns: &[Column], rows: &[RowArc], now: i64) -> String {
    let mut text = columns.iter().map(|c| c.name.to_uppercase()).collect::<Vec<_>>().join("\t");
    for row in rows {
        text.push('\n');
        let cells: Vec<_> = row.cells.iter().map(|c| cell_text(c, now).replace(['\t', '\n'], " ")).collect();
        text.push_str(&cells.join("\t"));
    }
    text
}

/// `name`, or `3 names`.
pub fn counted(all: &[String], what: &str) -> String {
    if all.len() == 1 { format!("{what} {}", all[0]) } else { format!("{} {what}s", all.len()) }
}

/// What can be copied.
pub fn copy_pick() -> Pick {
    let choice = |label: &str, arg: &str| Choice {
        label: label.into(),
        command: Some(Command::new(Verb::Copy, arg)),
        ..Choice::default()
    };
    Pick::new(
        "Copy",
        vec![
            choice("name", "name"),
            choice("namespace", "namespace"),
            choice("kubectl command", "kubectl"),
            choice("rows", "rows"),
            choice("whole table", "table"),
        ],
    )
}
