//! Rows of a board: kept whole, filtered and sorted here.

use crate::state::cursor::{RowId, Rows};
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, Meta, Query, Row};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

/// A column that stays on a narrow screen the longer the lower its importance is.
pub fn column(name: &str, column_type: ColumnType, importance: u8, min_width: u16) -> Column {
    Column { name: name.into(), column_type, wide: false, importance, min_width, description: "".into() }
}

/// A column of the wide mode only.
pub fn wide(name: &str, column_type: ColumnType, min_width: u16) -> Column {
    Column { wide: true, ..column(name, column_type, 9, min_width) }
}

/// A row of a thing with this identity.
pub fn row(id: &str, namespace: &str, name: &str, level: Level, cells: Vec<Cell>) -> RowArc {
    let meta = Meta { uid: id.into(), namespace: namespace.into(), name: name.into(), ..Meta::default() };
    Arc::new(Row { meta, cells: cells.into(), level })
}

/// The rows that are shown.
#[derive(Default)]
pub struct Lines {
    pub(super) all: Vec<RowArc>,
    /// Places in `all`, and after those in `headings`.
    shown: Vec<usize>,
    headings: Vec<RowArc>,
    matching: usize,
}

/// Whether a row is the heading of a group.
pub fn is_heading(row: &RowArc) -> bool {
    row.meta.uid.starts_with("group/")
}

impl Lines {
    /// Takes new rows, or shows the same ones anew.
    pub(super) fn arrange(&mut self, columns: &[Column], query: &Query, sort: Option<(usize, bool)>, now: i64) {
        let all = &self.all;
        self.headings.clear();
        self.shown = (0..all.len()).filter(|i| query.matches(&all[*i], columns, now)).collect();
        self.matching = self.shown.len();
        let Some((column, descending)) = sort else { return };
        self.shown.sort_by(|a, b| {
            let (Some(x), Some(y)) = (all[*a].cells.get(column), all[*b].cells.get(column)) else {
                return Ordering::Equal;
            };
            let order = match (x.is_blank(), y.is_blank()) {
                // Nothing comes last whichever way it goes.
                (false, false) if descending => x.compare(y).reverse(),
                (false, false) => x.compare(y),
                (x, y) => x.cmp(&y),
            };
            order.then_with(|| all[*a].meta.name.cmp(&all[*b].meta.name))
        });
    }
}

impl Lines {
    /// Rows that are shown, headings not counted; rows of folded groups are.
    pub(super) fn counted(&self) -> usize {
        self.matching
    }
    /// Puts rows of one group together, under a heading each; the groups in the order of their first rows. `fold` tells
    /// which groups show their heading only.
    pub(super) fn group(
        &mut self,
        group_of: &dyn Fn(&RowArc) -> quarterdeck_core::Str,
        heading: &dyn Fn(&str, &[RowArc]) -> RowArc,
        fold: &dyn Fn(&str) -> bool,
    ) {
        let mut groups: Vec<(quarterdeck_core::Str, Vec<usize>)> = Vec::new();
        for i in std::mem::take(&mut self.shown) {
            let name = group_of(&self.all[i]);
            match groups.iter_mut().find(|(n, _)| *n == name) {
                Some((_, rows)) => rows.push(i),
                None => groups.push((name, vec![i])),
            }
        }
        for (name, rows) in groups {
            let members: Vec<RowArc> = rows.iter().map(|i| self.all[*i].clone()).collect();
            self.shown.push(self.all.len() + self.headings.len());
            self.headings.push(heading(&name, &members));
            if !fold(&name) {
                self.shown.extend(rows);
            }
        }
    }
    /// The same under given headings, in their order; one that may stand `alone` stands there without rows too.
    pub(super) fn group_under(
        &mut self,
        headings: &[RowArc],
        group_of: &dyn Fn(&RowArc) -> quarterdeck_core::Str,
        alone: &dyn Fn(&str) -> bool,
        fold: &dyn Fn(&str) -> bool,
    ) {
        let mut members: HashMap<quarterdeck_core::Str, Vec<usize>> = HashMap::new();
        for i in std::mem::take(&mut self.shown) {
            members.entry(group_of(&self.all[i])).or_default().push(i);
        }
        for heading in headings {
            let name = heading.meta.uid.strip_prefix("group/").unwrap_or_default();
            let rows = members.remove(name).unwrap_or_default();
            if rows.is_empty() && !alone(name) {
                continue;
            }
            self.shown.push(self.all.len() + self.headings.len());
            self.headings.push(heading.clone());
            if !fold(name) {
                self.shown.extend(rows);
            }
        }
        let mut rest: Vec<usize> = members.into_values().flatten().collect();
        rest.sort_unstable();
        self.shown.extend(rest);
    }
    fn at(&self, place: usize) -> &RowArc {
        self.all.get(place).unwrap_or_else(|| &self.headings[place - self.all.len()])
    }
}

impl Rows for Lines {
    type Row = RowArc;
    fn len(&self) -> usize {
        self.shown.len()
    }
    fn row(&self, index: usize) -> Option<RowArc> {
        self.shown.get(index).map(|i| self.at(*i).clone())
    }
    fn id(row: &RowArc) -> RowId {
        row.meta.uid.clone()
    }
    fn position(&self, id: &str) -> Option<usize> {
        self.shown.iter().position(|i| &*self.at(*i).meta.uid == id)
    }
}
