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

/// How wide columns have been so far: they grow with what is seen and do not jump while one scrolls.
#[derive(Clone, Debug, Default)]
pub struct Widths {
    cells: Vec<u16>,
    namespace: u16,
    narrow: bool,
}

/// On screens narrower than this counts are shown without the moment of the last one.
const NARROW: u16 = 100;

impl Widths {
    /// Takes rows into account that are shown on a screen of this width.
    pub fn widen<'a>(&mut self, columns: &[Column], rows: impl Iterator<Item = &'a RowArc>, screen: u16, now: i64) {
        let narrow = screen < NARROW;
        if self.cells.len() != columns.len() || self.narrow != narrow {
            *self = Self { cells: vec![0; columns.len()], namespace: 0, narrow };
        }
        for row in rows {
            self.namespace = self.namespace.max(text_width(&row.meta.namespace));
            for (width, cell) in self.cells.iter_mut().zip(&row.cells) {
                *width = (*width).max(text_width(&shown_text(cell, now, narrow)));
            }
        }
    }
    pub fn of(&self, column: usize) -> u16 {
        self.cells.get(column).copied().unwrap_or(0)
    }
    pub fn namespace(&self) -> u16 {
        self.namespace
    }
    pub fn is_narrow(&self) -> bool {
        self.narrow
    }
}

fn text_width(text: &str) -> u16 {
    u16::try_from(crate::widgets::text::width(text)).unwrap_or(u16::MAX).min(120)
}

/// A cell as it is shown where there is little room.
pub fn shown_text(cell: &Cell, now: i64, narrow: bool) -> Cow<'_, str> {
    match cell {
        Cell::Counted(n, _) if narrow => Cow::Owned(n.to_string()),
        cell => cell_text(cell, now),
    }
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
