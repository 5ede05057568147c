//! A watched table of any kind, and a sorted and filtered look at it.

use super::Freshness;
use crate::Problem;
use crate::resources::row::RowArc;
use crate::resources::{Column, Kind, Scope};
use std::ops::Range;
use std::sync::Arc;

/// Which table is wanted. Equal requests share one store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableRequest {
    pub kind: Kind,
    pub scope: Scope,
    /// Server-side label selector; empty for none.
    pub labels: String,
    /// Server-side field selector; empty for none.
    pub fields: String,
}

impl TableRequest {
    pub fn new(kind: Kind, scope: Scope) -> Self {
        Self { kind, scope, labels: String::new(), fields: String::new() }
    }
}

/// A share in a store. The store lingers for a minute after the last share is dropped.
#[derive(Clone)]
pub struct TableHandle {
    pub(crate) request: Arc<TableRequest>,
}

impl TableHandle {
    pub fn request(&self) -> &TableRequest {
        &self.request
    }
    /// Grows with every change.
    pub fn version(&self) -> u64 {
        0
    }
    pub fn freshness(&self) -> Freshness {
        Freshness::Loading
    }
    /// Namespaces of the scope that could not be read, each with its reason.
    pub fn partial(&self) -> Vec<Problem> {
        Vec::new()
    }
    /// Empty before the first answer.
    pub fn columns(&self) -> Arc<[Column]> {
        Arc::from([])
    }
    /// Rows in the store, filtered or not.
    pub fn len(&self) -> usize {
        0
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A look of one's own at the store: its own filter, sort and place.
    pub fn view(&self) -> TableView {
        TableView { handle: self.clone() }
    }
}

/// A sorted and filtered look at a table. Follows the store when [`TableView::refresh`] is called.
pub struct TableView {
    handle: TableHandle,
}

impl TableView {
    pub fn handle(&self) -> &TableHandle {
        &self.handle
    }
    /// Takes over what changed since the last call; whether anything did.
    pub fn refresh(&mut self) -> bool {
        false
    }
    /// Sorts by a column (index into [`TableHandle::columns`]), ties by namespace and name; `None` is by name.
    pub fn sort_by(&mut self, _column: Option<usize>, _descending: bool) {}
    /// Rows that match.
    pub fn len(&self) -> usize {
        0
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The rows of a window, in order. A range that is too long is cut.
    pub fn window(&self, _range: Range<usize>) -> Vec<RowArc> {
        Vec::new()
    }
    pub fn get(&self, index: usize) -> Option<RowArc> {
        self.window(index..index + 1).pop()
    }
    /// Where the row of this UID stands in the present order.
    pub fn position(&self, _uid: &str) -> Option<usize> {
        None
    }
}
