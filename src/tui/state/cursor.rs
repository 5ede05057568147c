//! A cursor that holds on to an object and not to a line: rows may come, go and be sorted anew, the
//! cursor stays on its object. When the object goes, its line stays as a ghost until the cursor leaves.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Identifies a row: a UID, or another name that never means something else.
pub type RowId = Arc<str>;

/// Rows as the cursor needs them.
pub trait Rows {
    /// The row with its cells, kept for the ghost.
    type Row: Clone;
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn row(&self, index: usize) -> Option<Self::Row>;
    fn id(row: &Self::Row) -> RowId;
    fn position(&self, id: &str) -> Option<usize>;
}

/// The cursor of a list, its marks and its scroll position.
#[derive(Clone, Debug)]
pub struct Cursor<R> {
    /// What it is on; `None` in an empty list.
    row: Option<(RowId, R)>,
    /// The line it is on, counted with the ghost.
    index: usize,
    gone: bool,
    top: usize,
    marks: BTreeSet<RowId>,
    anchor: Option<RowId>,
    /// Set once a person moved it; before that it stays on the first line.
    moved: bool,
}

impl<R> Default for Cursor<R> {
    fn default() -> Self {
        Self { row: None, index: 0, gone: false, top: 0, marks: BTreeSet::new(), anchor: None, moved: false }
    }
}

/// A line as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown<R> {
    pub row: R,
    pub cursor: bool,
    pub marked: bool,
    /// The object is gone; the line stays until the cursor leaves it.
    pub ghost: bool,
}

impl<R: Clone> Cursor<R> {
    /// Lines that are shown: rows and the ghost.
    pub fn lines<S: Rows<Row = R>>(&self, rows: &S) -> usize {
        rows.len() + usize::from(self.gone)
    }
    pub fn index(&self) -> usize {
        self.index
    }
    pub fn top(&self) -> usize {
        self.top
    }
    /// The object under the cursor; `None` in an empty list and on a ghost.
    pub fn current(&self) -> Option<&R> {
        self.row.as_ref().filter(|_| !self.gone).map(|(_, row)| row)
    }
    /// The object under the cursor, be it gone or not.
    pub fn current_or_ghost(&self) -> Option<&R> {
        self.row.as_ref().map(|(_, row)| row)
    }
    pub fn on_ghost(&self) -> bool {
        self.gone
    }
    pub fn id(&self) -> Option<&RowId> {
        self.row.as_ref().map(|(id, _)| id)
    }
    pub fn marks(&self) -> &BTreeSet<RowId> {
        &self.marks
    }
    pub fn clear_marks(&mut self) -> bool {
        self.anchor = None;
        !std::mem::take(&mut self.marks).is_empty()
    }

    /// Follows the rows after they changed: the cursor stays on its object and, if it can, on its line of the screen.
    pub fn follow<S: Rows<Row = R>>(&mut self, rows: &S, height: usize) {
        match self.row.take() {
            Some((id, old)) => match rows.position(&id) {
                Some(at) if self.moved => {
                    // The object keeps its place on the screen while rows above it come and go.
                    let on_screen = self.index.saturating_sub(self.top);
                    self.index = at;
                    self.top = at.saturating_sub(on_screen);
                    self.gone = false;
                    self.row = rows.row(at).map(|row| (id, row));
                }
                // Nobody chose this row so far: stay on the first line.
                Some(_) => self.land(rows, 0),
                None if self.moved => {
                    self.gone = true;
                    self.index = self.index.min(rows.len());
                    self.row = Some((id, old));
                }
                None => self.land(rows, 0),
            },
            None => self.land(rows, self.index),
        }
        self.scroll(rows, height);
    }

    fn land<S: Rows<Row = R>>(&mut self, rows: &S, index: usize) {
        self.gone = false;
        self.index = index.min(rows.len().saturating_sub(1));
        self.row = rows.row(self.index).map(|row| (S::id(&row), row));
    }

    /// Moves by so many lines. A ghost that is left disappears.
    pub fn step<S: Rows<Row = R>>(&mut self, rows: &S, by: isize, height: usize) {
        self.moved = true;
        let target = self.index.saturating_add_signed(by);
        // Behind the ghost every row is one line higher once it is gone.
        let target = if self.gone && by > 0 { target.saturating_sub(1) } else { target };
        if self.gone && by == 0 {
            return;
        }
        self.land(rows, target);
        self.scroll(rows, height);
    }

    /// Moves to a line of the list.
    pub fn go<S: Rows<Row = R>>(&mut self, rows: &S, index: usize, height: usize) {
        let by = index as isize - self.index as isize;
        self.step(rows, by, height);
    }

    /// Moves to an object, if it is there.
    pub fn go_to<S: Rows<Row = R>>(&mut self, rows: &S, id: &str, height: usize) -> bool {
        let Some(at) = rows.position(id) else { return false };
        self.moved = true;
        self.land(rows, at);
        self.scroll(rows, height);
        true
    }

    /// Keeps the cursor within the visible lines.
    pub fn scroll<S: Rows<Row = R>>(&mut self, rows: &S, height: usize) {
        let height = height.max(1);
        let lines = self.lines(rows);
        if self.index < self.top {
            self.top = self.index;
        } else if self.index >= self.top + height {
            self.top = self.index + 1 - height;
        }
        self.top = self.top.min(lines.saturating_sub(height));
    }

    /// Marks or unmarks what the cursor is on; nothing on a ghost.
    pub fn mark(&mut self) -> bool {
        let Some((id, _)) = self.row.as_ref().filter(|_| !self.gone) else { return false };
        let id = id.clone();
        if !self.marks.remove(&id) {
            self.marks.insert(id.clone());
        }
        self.anchor = Some(id);
        true
    }
    /// Marks everything from the last mark to the cursor.
    pub fn mark_range<S: Rows<Row = R>>(&mut self, rows: &S) {
        let Some(from) = self.anchor.as_ref().and_then(|id| rows.position(id)) else {
            self.mark();
            return;
        };
        let (from, to) = (from.min(self.index), from.max(self.index));
        self.marks.extend((from..=to).filter_map(|i| rows.row(i)).map(|row| S::id(&row)));
    }
    pub fn mark_all<S: Rows<Row = R>>(&mut self, rows: &S) {
        self.marks.extend((0..rows.len()).filter_map(|i| rows.row(i)).map(|row| S::id(&row)));
    }
    /// Marked rows that are still there, in the order of the list; without marks the row under the cursor.
    pub fn chosen<S: Rows<Row = R>>(&self, rows: &S) -> Vec<R> {
        if self.marks.is_empty() {
            return self.current().cloned().into_iter().collect();
        }
        let mut at: Vec<usize> = self.marks.iter().filter_map(|id| rows.position(id)).collect();
        at.sort_unstable();
        at.into_iter().filter_map(|i| rows.row(i)).collect()
    }

    /// The lines of a window, the ghost at its place.
    pub fn window<S: Rows<Row = R>>(&self, rows: &S, height: usize) -> Vec<Shown<R>> {
        let last = (self.top + height).min(self.lines(rows));
        (self.top..last)
            .filter_map(|line| {
                let ghost = self.gone && line == self.index;
                let row = if ghost {
                    self.row.as_ref().map(|(_, row)| row.clone())?
                } else {
                    rows.row(line - usize::from(self.gone && line > self.index))?
                };
                let marked = self.marks.contains(&S::id(&row));
                Some(Shown { row, cursor: line == self.index, marked, ghost })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names(Vec<&'static str>);
    impl Rows for Names {
        type Row = RowId;
        fn len(&self) -> usize {
            self.0.len()
        }
        fn row(&self, index: usize) -> Option<RowId> {
            self.0.get(index).map(|n| RowId::from(*n))
        }
        fn id(row: &RowId) -> RowId {
            row.clone()
        }
        fn position(&self, id: &str) -> Option<usize> {
            self.0.iter().position(|n| *n == id)
        }
    }
    fn on(cursor: &Cursor<RowId>) -> Option<&str> {
        cursor.current().map(|r| &**r)
    }

    #[test]
    fn the_cursor_stays_on_its_object_when_rows_above_go() {
        let mut rows = Names(vec!["a", "b", "c", "d", "e"]);
        let mut cursor = Cursor::default();
        cursor.follow(&rows, 3);
        cursor.step(&rows, 3, 3);
        assert_eq!(on(&cursor), Some("d"));
        rows.0.retain(|n| *n != "a" && *n != "b");
        cursor.follow(&rows, 3);
        assert_eq!((on(&cursor), cursor.index()), (Some("d"), 1));
    }

    #[test]
    fn a_vanished_object_leaves_a_ghost_and_never_a_neighbour() {
        let mut rows = Names(vec!["a", "b", "c"]);
        let mut cursor = Cursor::default();
        cursor.follow(&rows, 10);
        cursor.step(&rows, 1, 10);
        rows.0.remove(1);
        cursor.follow(&rows, 10);
        assert!(cursor.on_ghost());
        assert_eq!(on(&cursor), None, "no key may hit a neighbour");
        assert!(cursor.chosen(&rows).is_empty());
        let shown: Vec<_> = cursor.window(&rows, 10).into_iter().map(|l| (l.row.to_string(), l.ghost)).collect();
        assert_eq!(shown, [("a".into(), false), ("b".into(), true), ("c".into(), false)]);
        cursor.step(&rows, 1, 10);
        assert_eq!(on(&cursor), Some("c"), "the next line, not the one after it");
        assert_eq!(cursor.lines(&rows), 2);
    }

    #[test]
    fn marks_are_of_objects() {
        let mut rows = Names(vec!["a", "b", "c", "d"]);
        let mut cursor = Cursor::default();
        cursor.follow(&rows, 10);
        cursor.mark();
        cursor.step(&rows, 2, 10);
        cursor.mark_range(&rows);
        rows.0 = vec!["d", "c", "a"];
        cursor.follow(&rows, 10);
        let chosen: Vec<_> = cursor.chosen(&rows).iter().map(ToString::to_string).collect();
        assert_eq!(chosen, ["c", "a"], "what is gone is not chosen, the order is that of the screen");
    }

    #[test]
    fn an_empty_list_and_a_list_that_fills_are_no_surprise() {
        let mut rows = Names(vec![]);
        let mut cursor = Cursor::default();
        cursor.follow(&rows, 5);
        cursor.step(&rows, 1, 5);
        assert_eq!(on(&cursor), None);
        rows.0 = vec!["a", "b"];
        cursor.follow(&rows, 5);
        assert_eq!(on(&cursor), Some("a"));
    }
}
