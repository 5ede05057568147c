//! Tables aligned as kubectl aligns them: columns at least six wide, three blanks between, names in capitals.

use super::paint::Paint;
use quarterdeck_core::resources::Level;
use unicode_width::UnicodeWidthStr;

const LEAST: usize = 6;
const GAP: usize = 3;

/// Lines of cells under a line of names. Cells have to be harmless already.
#[derive(Clone, Debug, Default)]
pub struct Table {
    names: Vec<String>,
    rows: Vec<(Vec<String>, Option<Level>)>,
}

impl Table {
    pub fn new(names: &[&str]) -> Self {
        Self { names: names.iter().map(|n| n.to_uppercase()).collect(), rows: Vec::new() }
    }
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push((cells, None));
    }
    /// A row that is coloured where it is not good.
    pub fn row_with(&mut self, cells: Vec<String>, level: Level) {
        self.rows.push((cells, Some(level)));
    }
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    /// Least widths of the columns, so that rows that come later stand below.
    pub fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.names.iter().map(|n| n.width()).collect();
        for (row, _) in &self.rows {
            for (i, cell) in row.iter().enumerate() {
                match widths.get_mut(i) {
                    Some(width) => *width = (*width).max(cell.width()),
                    None => widths.push(cell.width()),
                }
            }
        }
        widths
    }
    /// The text; every line ends in a newline.
    pub fn text(&self, headers: bool, paint: Paint) -> String {
        self.text_with(&self.widths(), headers, paint)
    }
    /// The text with columns at least as wide as given.
    pub fn text_with(&self, widths: &[usize], headers: bool, paint: Paint) -> String {
        let mut text = String::new();
        if headers {
            text.push_str(&paint.strong(&aligned(&self.names, widths)));
            text.push('\n');
        }
        for (row, level) in &self.rows {
            let line = aligned(row, widths);
            match level {
                Some(level @ (Level::Bad | Level::Warn | Level::Busy | Level::Off)) => {
                    text.push_str(&paint.level(*level, &line))
                }
                _ => text.push_str(&line),
            }
            text.push('\n');
        }
        text
    }
}

fn aligned(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (i, cell) in cells.iter().enumerate() {
        line.push_str(cell);
        if i + 1 < cells.len() {
            let width = (widths.get(i).copied().unwrap_or(0) + GAP).max(LEAST);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_as_kubectl_prints_them() {
        let mut table = Table::new(&["Name", "Age"]);
        table.row(vec!["a".into(), "5m".into()]);
        table.row(vec!["längster".into(), "1".into()]);
        assert_eq!(table.text(true, Paint::default()), "NAME       AGE\na          5m\nlängster   1\n");
    }
}
