//! What pods and nodes use, as columns beside the server's own. It cannot be watched: while the page is in front and the
//! screen wide enough to show it, it is asked for again as often as it is measured.

use crate::state::{Ask, Cx};
use quarterdeck_core::resources::row::{Row, RowArc};
use quarterdeck_core::resources::{Cell, Column, Kind, Scope};
use quarterdeck_core::usage::{FRESH, Of, Usage};
use quarterdeck_core::{Problem, Result};
use std::sync::Arc;

/// Narrower screens have no room for it.
const ROOM: u16 = 100;
/// So much later it is asked again when it could not be told.
const LATER: i64 = 60;

/// The usage beside a table's rows.
#[derive(Default)]
pub struct Beside {
    told: Option<Usage>,
    /// What is looked at: usage of other namespaces says nothing about it.
    scope: Option<Scope>,
    problem: Option<Problem>,
    /// Asked, and not answered yet.
    asking: bool,
    /// When it was answered last.
    at: i64,
}

impl Beside {
    /// Asks, when the kind has usage, the server tells it, there is room, and what is known is too old.
    pub fn refresh(&mut self, kind: &Kind, scope: &Scope, cx: &mut Cx<'_>) {
        if self.scope.as_ref() != Some(scope) {
            *self = Self { scope: Some(scope.clone()), ..Self::default() };
        }
        let served = Of::kind(kind).filter(|of| of.served(cx.kinds).is_some());
        let Some(of) = served.filter(|_| cx.size.0 >= ROOM) else {
            (self.told, self.problem) = (None, None);
            return;
        };
        if !self.asking && cx.now >= self.next() {
            self.asking = true;
            cx.ask(Ask::Usage { of, scope: scope.clone() });
        }
    }
    /// When it is asked again; while it is under way that is not known.
    fn next(&self) -> i64 {
        match (self.told.is_some(), self.problem.is_some()) {
            (true, _) => self.at + FRESH,
            (false, true) => self.at + LATER,
            (false, false) => 0,
        }
    }
    pub fn next_change(&self) -> Option<i64> {
        (!self.asking && (self.told.is_some() || self.problem.is_some())).then(|| self.next())
    }
    /// What was told of a scope; of one that is not looked at any more it is dropped.
    pub fn answered(&mut self, scope: &Scope, answer: Result<Option<Usage>>, now: i64) {
        if self.scope.as_ref() != Some(scope) {
            return;
        }
        (self.asking, self.at) = (false, now);
        match answer {
            Ok(told) => (self.told, self.problem) = (told, None),
            // What was told before is too old by then.
            Err(problem) => (self.told, self.problem) = (None, Some(problem)),
        }
    }
    /// For the first line: how often it is asked, or why it is not told.
    pub fn words(&self) -> String {
        match (&self.told, &self.problem) {
            (Some(_), _) => format!(", usage every {FRESH}s"),
            (None, Some(_)) => ", usage not told".into(),
            (None, None) => String::new(),
        }
    }
    /// Where its columns stand: after the age.
    fn place(columns: &[Column]) -> usize {
        columns.iter().position(|c| &*c.name == "Age").map_or(columns.len(), |at| at + 1)
    }
    /// The server's columns with those of the usage.
    pub fn columns(&self, columns: &Arc<[Column]>) -> Arc<[Column]> {
        let Some(usage) = &self.told else { return columns.clone() };
        let mut all = columns.to_vec();
        let at = Self::place(columns);
        all.splice(at..at, usage.of.columns());
        all.into()
    }
    /// A row with the cells of its usage.
    pub fn row(&self, columns: &[Column], row: &RowArc) -> RowArc {
        let Some(usage) = &self.told else { return row.clone() };
        let mut cells = row.cells.to_vec();
        let at = Self::place(columns).min(cells.len());
        let load = usage.get(&row.meta.namespace, &row.meta.name);
        let extra = load.map_or_else(|| vec![Cell::None; usage.of.columns().len()], |l| l.cells(usage.of));
        cells.splice(at..at, extra);
        Arc::new(Row { meta: row.meta.clone(), cells: cells.into(), level: row.level })
    }
}
