//! Which rows are wanted.

use super::{Column, Row};

/// Which rows are wanted; the default is all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    text: String,
}

impl Query {
    pub fn depends_on_time(&self) -> bool {
        false
    }
    /// Whether a row matches. `now`: seconds since 1970.
    pub fn matches(&self, row: &Row, _columns: &[Column], now: i64) -> bool {
        self.text.is_empty()
            || row.meta.name.contains(&self.text)
            || row.cells.iter().any(|c| c.text(now).contains(&self.text))
    }
}
