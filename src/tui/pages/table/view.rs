//! Draws a table: only the rows that are seen are turned into text.

use super::columns::{Widths, shown_text};
use super::state::{Lines, Table};
use crate::pages::board::is_heading;
use crate::state::cursor::Shown;
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::columns::{GAP, Want, share};
use crate::widgets::{Canvas, notice, text};
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level, Query};
use quarterdeck_core::cluster::Right;
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, ProblemKind};
use std::borrow::Cow;

/// Stands for the namespace among the places of columns.
const NAMESPACE: usize = usize::MAX;
/// Width of the cursor and mark at the left of each row.
const GUTTER: u16 = 2;

pub fn draw(page: &Table, seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    let mut y = 0;
    if page.has_chips() {
        filter_chips(&page.filter, &page.selectors(), canvas);
        y = 1;
    }
    let Some(watched) = &page.watched else {
        match &page.problem {
            Some(problem) => trouble(problem, &mut canvas.below(y)),
            None => {
                canvas.text(1, y, "asking the server what it offers…", Role::Muted);
            }
        }
        return;
    };
    let freshness = watched.handle.freshness();
    if let Freshness::Failed(problem) = &freshness {
        trouble(problem, &mut canvas.below(y));
        if problem.kind == ProblemKind::Forbidden
            && let Some(right) = page.missing_right()
        {
            role(&right, canvas);
        }
        return;
    }
    let y = notes(page, canvas, y);
    let height = page.rows_height(usize::from(canvas.height()));
    let lines = page.cursor.window(&Lines(&watched.view), height);
    if lines.is_empty() {
        let (words, role) = match (&freshness, watched.handle.is_empty()) {
            (Freshness::Loading, _) => ("loading…".to_owned(), Role::Muted),
            (_, true) => (format!("no {} in {}", watched.kind.plural, seen.scope), Role::Muted),
            (_, false) => (format!("none of {} matches; esc removes the filter", watched.handle.len()), Role::Muted),
        };
        canvas.text(1, y + 1, &words, role);
        return;
    }
    let columns = page.usage.columns(&watched.columns);
    let mut lines = lines;
    lines.iter_mut().for_each(|line| line.row = page.usage.row(&watched.columns, &line.row));
    let grid = Grid {
        columns: &columns,
        namespace: page.shows_namespace(),
        widths: &page.widths,
        lead: "Name",
        sort: page.sort.as_ref().map(|(n, d)| (n.as_str(), *d)),
        wide: page.wide,
        skipped: page.skipped,
        now: seen.now,
    };
    grid.draw(&lines, canvas, y);
}

/// Rows with columns, as tables and boards draw them.
pub struct Grid<'a> {
    pub columns: &'a [Column],
    /// With a first column for the namespace, which servers leave out.
    pub namespace: bool,
    pub widths: &'a Widths,
    /// The column that names the row; it stays when the others are scrolled away.
    pub lead: &'a str,
    pub sort: Option<(&'a str, bool)>,
    pub wide: bool,
    pub skipped: usize,
    pub now: i64,
}

impl Grid<'_> {
    /// Draws titles and lines from a line of the canvas on.
    pub fn draw(&self, lines: &[Shown<RowArc>], canvas: &mut Canvas<'_>, y: u16) {
        let shown = self.layout(canvas.width().saturating_sub(GUTTER));
        self.titles(&shown, canvas, y);
        for (i, line) in lines.iter().enumerate() {
            let y = y + 1 + i as u16;
            let glyphs = canvas.glyphs();
            if line.cursor {
                canvas.text(0, y, glyphs.cursor, Role::Cursor);
            }
            if line.marked {
                canvas.text(1, y, glyphs.mark, Role::Mark);
            }
            if is_heading(&line.row) && matches!(line.row.cells.as_ref(), [] | [Cell::Time(_)]) {
                self.heading(line, canvas, y);
                continue;
            }
            let mut x = GUTTER;
            for (column, width) in &shown {
                let at = (x, y, *width);
                x += width + GAP;
                if *column == NAMESPACE {
                    let role = if line.ghost { Role::Ghost } else { Role::Text };
                    let clean = quarterdeck_core::text::clean_line(&line.row.meta.namespace);
                    canvas.text(at.0, y, &text::cut_middle(&clean, usize::from(*width), glyphs.ellipsis), role);
                    continue;
                }
                let (Some(cell), title) = (line.row.cells.get(*column), &self.columns[*column]) else { continue };
                let lead = self.is_lead(title);
                let role = if line.ghost { Role::Ghost } else { role_of(cell, lead, line.row.level) };
                self.cell(canvas, at, cell, title, role);
            }
            if line.ghost {
                canvas.right(0, y, canvas.width(), " gone", Role::Warn);
            } else if line.row.meta.deleting.is_some() {
                canvas.right(0, y, canvas.width(), " deleting", Role::Busy);
            }
            // Bold on the name only: moving the cursor then costs few bytes.
            if line.cursor
                && let Some((x, width)) = self.lead_span(&shown)
            {
                canvas.emphasize(x, y, width);
            }
        }
        if let Some(line) = lines.iter().find(|l| l.cursor && !l.ghost)
            && let Some((title, words)) = self.cut(&shown, &line.row)
        {
            notice::foot(y + 1 + lines.len() as u16, &title, &words, canvas);
        }
    }

    /// A line over the whole width that heads a group: its state, its words, and since when.
    fn heading(&self, line: &Shown<RowArc>, canvas: &mut Canvas<'_>, y: u16) {
        let role = if line.ghost { Role::Ghost } else { Role::from(line.row.level) };
        let x = canvas.level(GUTTER, y, line.row.level) + 1;
        let since = match line.row.cells.first() {
            Some(Cell::Time(at)) => format!(" for {}", crate::state::age::length(self.now - at)),
            _ => String::new(),
        };
        let room = canvas.width().saturating_sub(x + text::width(&since) as u16);
        canvas.fit(x, y, room, &line.row.meta.name, if line.ghost { role } else { Role::Title });
        if !since.is_empty() {
            canvas.right(x, y, canvas.width().saturating_sub(x), &since, role);
        }
    }

    /// The sentence of a row that is cut the most, with its column's title: why, a message, hosts. Names tell
    /// enough with their middle cut.
    fn cut<'r>(&self, shown: &[(usize, u16)], row: &'r RowArc) -> Option<(String, Cow<'r, str>)> {
        let missing = |(column, width): &(usize, u16)| {
            let (title, cell) = (self.columns.get(*column)?, row.cells.get(*column)?);
            let words = shown_text(cell, self.now, self.widths.is_narrow());
            let lost = text::width(&words).saturating_sub(usize::from(*width));
            (lost > 0 && matches!(cell, Cell::Text(_)) && !self.is_lead(title)).then_some((lost, title, words))
        };
        let (_, title, words) = shown.iter().filter_map(missing).max_by_key(|(lost, ..)| *lost)?;
        Some((title.name.to_uppercase(), words))
    }

    fn is_lead(&self, column: &Column) -> bool {
        column.name.eq_ignore_ascii_case(self.lead)
    }

    /// Where the column is that names the row.
    fn lead_span(&self, shown: &[(usize, u16)]) -> Option<(u16, u16)> {
        let mut x = GUTTER;
        for (column, width) in shown {
            if self.columns.get(*column).is_some_and(|c| self.is_lead(c)) {
                return Some((x, *width));
            }
            x += width + GAP;
        }
        None
    }

    fn cell(&self, canvas: &mut Canvas<'_>, at: (u16, u16, u16), cell: &Cell, column: &Column, role: Role) {
        let (x, y, width) = at;
        let content = shown_text(cell, self.now, self.widths.is_narrow());
        if let Cell::Status(level, _) = cell {
            let end = canvas.text(x, y, canvas.glyphs().level(*level), role);
            canvas.fit(end + 1, y, width.saturating_sub(2), &content, role);
        } else if numeric(column) {
            canvas.right(x, y, width, &content, role);
        } else if self.is_lead(column) {
            let clean = quarterdeck_core::text::clean_line(&content);
            let shown = text::cut_middle(&clean, usize::from(width), canvas.glyphs().ellipsis);
            canvas.text(x, y, &shown, role);
        } else {
            canvas.fit(x, y, width, &content, role);
        }
    }

    /// The width of a column's title and widest cell.
    fn natural(&self, column: usize) -> u16 {
        let title = &self.columns[column];
        let status = if title.column_type == ColumnType::Status { 2 } else { 0 };
        (self.widths.of(column) + status).max(text::width(&title.name) as u16)
    }

    /// The columns that are shown, with their widths.
    fn layout(&self, width: u16) -> Vec<(usize, u16)> {
        let columns = self.columns;
        let all = self.wide || self.skipped > 0;
        let mut candidates: Vec<usize> = (0..columns.len()).filter(|i| all || !columns[*i].wide).collect();
        // Scrolled: the name stays, the columns after it move out to the left.
        if self.skipped > 0 {
            let name = candidates.iter().position(|i| self.is_lead(&columns[*i])).unwrap_or(0);
            let from = (name + 1).min(candidates.len());
            let to = (from + self.skipped).min(candidates.len());
            candidates.drain(from..to);
        }
        if self.namespace {
            candidates.insert(0, NAMESPACE);
        }
        let wants: Vec<Want> = candidates
            .iter()
            .map(|i| {
                if *i == NAMESPACE {
                    // On a narrow screen the beginning and end of a namespace tell it apart.
                    let natural = self.widths.namespace().clamp(9, (width / 6).max(14));
                    return Want { natural, min: natural, importance: 1, cuttable: true };
                }
                let column = &columns[*i];
                let natural = self.natural(*i);
                let cuttable = matches!(column.column_type, ColumnType::Text | ColumnType::Status);
                // When columns are asked for, the left ones come first.
                let importance = if self.skipped > 0 && column.importance > 0 { 1 } else { column.importance };
                Want { natural, min: column.min_width.max(4), importance, cuttable }
            })
            .collect();
        let (mut shown, _) = share(&wants, width);
        let used: u16 = shown.iter().map(|(_, w)| w + GAP).sum();
        // What nobody else wants makes namespaces whole.
        if let Some((_, namespace)) = shown.iter_mut().find(|(i, _)| candidates[*i] == NAMESPACE) {
            let spare = (width + GAP).saturating_sub(used);
            *namespace += self.widths.namespace().saturating_sub(*namespace).min(spare);
        }
        shown.into_iter().map(|(i, w)| (candidates[i], w)).collect()
    }

    fn titles(&self, shown: &[(usize, u16)], canvas: &mut Canvas<'_>, y: u16) {
        let mut x = GUTTER;
        let glyphs = canvas.glyphs();
        for (i, width) in shown {
            if *i == NAMESPACE {
                let sorted = self.sort.filter(|(name, _)| name.eq_ignore_ascii_case("namespace"));
                let arrow = sorted.map_or("", |(_, down)| if down { glyphs.down } else { glyphs.up });
                canvas.fit(x, y, width + 1, &format!("NAMESPACE{arrow}"), Role::Column);
                x += width + GAP;
                continue;
            }
            let column = &self.columns[*i];
            let mut title = column.name.to_uppercase();
            if let Some((_, down)) = self.sort.filter(|(name, _)| column.name.eq_ignore_ascii_case(name)) {
                title.push_str(if down { glyphs.down } else { glyphs.up });
            }
            if numeric(column) {
                canvas.right(x, y, *width, &title, Role::Column);
            } else {
                canvas.fit(x, y, width + 1, &title, Role::Column);
            }
            x += width + GAP;
        }
        let hidden = self.columns.len() + usize::from(self.namespace) - shown.len();
        let left = if self.skipped > 0 { format!("{}{}", glyphs.left, self.skipped) } else { String::new() };
        let more = hidden.saturating_sub(self.skipped);
        let more = if more > 0 { format!("{left} +{more}{}", glyphs.right) } else { left };
        let width = canvas.width();
        if usize::from(width.saturating_sub(x)) > text::width(&more) {
            canvas.right(x, y, width - x, &more, Role::Muted);
        }
    }
}

fn role_of(cell: &Cell, lead: bool, row: Level) -> Role {
    match cell {
        Cell::Status(level, _) => Role::from(*level),
        Cell::Ratio(some, all) if some < all && row >= Level::Warn => Role::Warn,
        Cell::Time(_) | Cell::Duration(_) => Role::Muted,
        _ if lead && row >= Level::Warn => Role::from(row),
        _ => Role::Text,
    }
}

fn numeric(column: &Column) -> bool {
    matches!(column.column_type, ColumnType::Int | ColumnType::Quantity)
}

/// The filter as chips.
pub fn filter_chips(filter: &str, selectors: &[&str], canvas: &mut Canvas<'_>) {
    let mut x = 1;
    for selector in selectors.iter().filter(|s| !s.is_empty()) {
        x = canvas.text(x, 0, &format!("[{selector}]"), Role::Chip) + 1;
    }
    if let Ok(query) = Query::parse(filter, &[]) {
        for chip in query.chips() {
            x = canvas.text(x, 0, &format!("[{}]", chip.text), Role::Chip) + 1;
        }
    }
    canvas.text(x + 1, 0, "esc removes", Role::Muted);
}

/// Namespaces that could not be read, above the rows. Returns the line after them.
fn notes(page: &Table, canvas: &mut Canvas<'_>, y: u16) -> u16 {
    let mut y = y;
    for words in page.notes() {
        canvas.text(1, y, canvas.glyphs().warn, Role::Warn);
        let width = canvas.width();
        canvas.fit(3, y, width.saturating_sub(4), &words, Role::Warn);
        y += 1;
    }
    y
}

/// The Role that would give a right, at the foot of the page.
fn role(right: &Right, canvas: &mut Canvas<'_>) {
    let yaml = right.role_yaml().replace("\"list,watch\"", "\"list\", \"watch\"").replace("list,watch", "list");
    let lines: Vec<&str> = yaml.lines().collect();
    let top = canvas.height().saturating_sub(lines.len() as u16 + 2);
    if top < 6 {
        return;
    }
    canvas.text(1, top, "A role that gives it, for whoever grants rights:", Role::Muted);
    for (i, line) in lines.iter().enumerate() {
        canvas.text(3, top + 1 + i as u16, line, Role::Text);
    }
}

/// What went wrong where the data would be, with the next step.
pub fn trouble(problem: &Problem, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.part(1, 1, canvas.width().saturating_sub(2), canvas.height());
    let glyph = inside.glyphs().bad;
    inside.text(0, 0, glyph, Role::Bad);
    let mut y = inside.paragraph(2, 0, &problem.line(), Role::Bad);
    if !problem.next.is_empty() {
        y = inside.paragraph(2, y + 1, &format!("Next step: {}", problem.next), Role::Text);
    }
    if problem.kind == ProblemKind::Forbidden {
        inside.paragraph(2, y + 1, "What you may see is reached by `:` and its name, or a namespace with `v n`.", Role::Muted);
    }
}
