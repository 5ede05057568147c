//! Contexts as rows.

use crate::pages::board::{Source, column, row, wide};
use crate::state::{Cx, Order, Place};
use quarterdeck_core::Result;
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level};

/// The contexts of the kubeconfig.
pub struct ContextSource {
    read: Option<String>,
}

impl Source for ContextSource {
    const NAME: &'static str = "contexts";
    const TITLE: &'static str = "contexts of the kubeconfig: other clusters and users";
    fn open(_place: &Place, _cx: &mut Cx<'_>) -> Result<Self> {
        Ok(Self { read: None })
    }
    fn columns(&self) -> Vec<Column> {
        vec![
            column("Status", ColumnType::Status, 1, 8),
            column("Name", ColumnType::Text, 0, 16),
            column("Environment", ColumnType::Text, 3, 5),
            column("Cluster", ColumnType::Text, 4, 10),
            column("User", ColumnType::Text, 5, 10),
            column("Namespace", ColumnType::Text, 6, 8),
            column("Server", ColumnType::Text, 2, 20),
            wide("Guard", ColumnType::Text, 12),
        ]
    }
    fn rows(&mut self, cx: &mut Cx<'_>) -> Option<Vec<RowArc>> {
        if self.read.as_deref() == Some(cx.context) {
            return None;
        }
        self.read = Some(cx.context.into());
        let rows = cx.session.contexts().into_iter().map(|c| {
            let guard = cx.session.guard(&c.name);
            let (level, word) = match (c.name == cx.context, c.current) {
                (true, _) => (Level::Good, "open"),
                (false, true) => (Level::Off, "current"),
                _ => (Level::Off, "–"),
            };
            let cells = vec![
                Cell::Status(level, word.into()),
                Cell::Text(c.name.as_str().into()),
                Cell::Text(guard.environment.word().into()),
                Cell::Text(c.cluster.as_str().into()),
                Cell::Text(c.user.as_str().into()),
                Cell::Text(c.namespace.as_str().into()),
                Cell::Text(c.server.as_str().into()),
                Cell::Text(guard.read_only.unwrap_or_default().into()),
            ];
            row(&c.name, &c.namespace, &c.name, level, cells)
        });
        Some(rows.collect())
    }
    fn enter(&mut self, row: &RowArc, cx: &mut Cx<'_>) {
        cx.order(Order::SetContext(row.meta.name.to_string()));
    }
    fn empty(&self) -> String {
        "the kubeconfig has no contexts".into()
    }
}
