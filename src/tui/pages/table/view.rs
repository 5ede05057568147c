//! Draws a table: only the rows that are seen are turned into text.

use super::columns::cell_text;
use super::state::{Lines, Table};
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::columns::{GAP, Want, share};
use crate::widgets::{Canvas, text};
use quarterdeck_core::resources::row::RowArc;
use quarterdeck_core::resources::{Cell, Column, ColumnType, Level};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, ProblemKind};

/// Width of the cursor and mark at the left of each row.
const GUTTER: u16 = 2;

pub fn draw(page: &Table, seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    let mut y = 0;
    if page.has_chips() {
        chips(page, canvas);
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
        return;
    }
    let height = page.rows_height(usize::from(canvas.height()));
    let lines = page.cursor.window(&Lines(&watched.view), height);
    if lines.is_empty() {
        let (words, role) = match (&freshness, watched.handle.is_empty()) {
            (Freshness::Loading, _) => ("loading…".to_owned(), Role::Muted),
            (_, true) => (format!("no {} in {}", watched.kind.plural, seen.scope), Role::Muted),
            (_, false) => (format!("none of {} matches; esc removes the filter", watched.handle.len()), Role::Muted),
        };
        let y = partial(page, canvas, y);
        canvas.text(1, y + 1, &words, role);
        return;
    }
    let rows: Vec<&RowArc> = lines.iter().map(|l| &l.row).collect();
    let shown = layout(page, &watched.columns, &rows, canvas.width().saturating_sub(GUTTER), seen.now);
    titles(page, &watched.columns, &shown, canvas, y);
    for (i, line) in lines.iter().enumerate() {
        let y = y + 1 + i as u16;
        let glyphs = canvas.glyphs();
        if line.cursor {
            canvas.text(0, y, glyphs.cursor, Role::Cursor);
        }
        if line.marked {
            canvas.text(1, y, glyphs.mark, Role::Mark);
        }
        let mut x = GUTTER;
        for (column, width) in &shown {
            let Some(cell) = line.row.cells.get(*column) else { continue };
            let role = if line.ghost { Role::Ghost } else { role_of(cell, &watched.columns[*column], line.row.level) };
            draw_cell(canvas, x, y, *width, cell, &watched.columns[*column], role, seen.now);
            x += width + GAP;
        }
        if line.ghost {
            canvas.right(0, y, canvas.width(), " gone", Role::Warn);
        } else if line.row.meta.deleting.is_some() {
            canvas.right(0, y, canvas.width(), " deleting", Role::Busy);
        }
        if line.cursor {
            // Bold on the name only: moving the cursor then costs few bytes.
            if let Some((_, width)) = shown.first() {
                let name = name_span(&shown, &watched.columns).unwrap_or((GUTTER, *width));
                canvas.emphasize(name.0, y, name.1);
            }
        }
    }
}

/// Where the name column is.
fn name_span(shown: &[(usize, u16)], columns: &[Column]) -> Option<(u16, u16)> {
    let mut x = GUTTER;
    for (column, width) in shown {
        if columns[*column].name.eq_ignore_ascii_case("name") {
            return Some((x, *width));
        }
        x += width + GAP;
    }
    None
}

fn role_of(cell: &Cell, column: &Column, row: Level) -> Role {
    match cell {
        Cell::Status(level, _) => Role::from(*level),
        Cell::Ratio(some, all) if some < all && row >= Level::Warn => Role::Warn,
        Cell::Time(_) | Cell::Duration(_) => Role::Muted,
        _ if column.name.eq_ignore_ascii_case("name") && row >= Level::Warn => Role::from(row),
        _ => Role::Text,
    }
}

fn numeric(column: &Column) -> bool {
    matches!(column.column_type, ColumnType::Int | ColumnType::Quantity)
}

#[allow(clippy::too_many_arguments)]
fn draw_cell(
    canvas: &mut Canvas<'_>,
    x: u16,
    y: u16,
    width: u16,
    cell: &Cell,
    column: &Column,
    role: Role,
    now: i64,
) {
    let content = cell_text(cell, now);
    if let Cell::Status(level, _) = cell {
        let end = canvas.text(x, y, canvas.glyphs().level(*level), role);
        canvas.fit(end + 1, y, width.saturating_sub(2), &content, role);
    } else if numeric(column) {
        canvas.right(x, y, width, &content, role);
    } else if column.name.eq_ignore_ascii_case("name") {
        let clean = quarterdeck_core::text::clean_line(&content);
        let shown = text::cut_middle(&clean, usize::from(width), canvas.glyphs().ellipsis);
        canvas.text(x, y, &shown, role);
    } else {
        canvas.fit(x, y, width, &content, role);
    }
}

/// The columns that are shown, with their widths.
fn layout(page: &Table, columns: &[Column], rows: &[&RowArc], width: u16, now: i64) -> Vec<(usize, u16)> {
    let mut candidates: Vec<usize> =
        (0..columns.len()).filter(|i| page.wide || page.skipped > 0 || !columns[*i].wide).collect();
    // Scrolled: the name stays, the columns after it move out to the left.
    if page.skipped > 0 {
        let name = candidates.iter().position(|i| columns[*i].name.eq_ignore_ascii_case("name")).unwrap_or(0);
        let from = (name + 1).min(candidates.len());
        let to = (from + page.skipped).min(candidates.len());
        candidates.drain(from..to);
    }
    let wants: Vec<Want> = candidates
        .iter()
        .map(|i| {
            let column = &columns[*i];
            let status = if column.column_type == ColumnType::Status { 2 } else { 0 };
            let widest = rows
                .iter()
                .filter_map(|r| r.cells.get(*i))
                .map(|c| text::width(&cell_text(c, now)))
                .max()
                .unwrap_or(0)
                .min(120);
            let natural = (widest + status).max(text::width(&column.name)) as u16;
            let cuttable = matches!(column.column_type, ColumnType::Text | ColumnType::Status);
            // When columns are asked for, the left ones come first.
            let importance = if page.skipped > 0 && column.importance > 0 { 1 } else { column.importance };
            Want { natural, min: column.min_width.max(4), importance, cuttable }
        })
        .collect();
    let (shown, _) = share(&wants, width);
    shown.into_iter().map(|(i, w)| (candidates[i], w)).collect()
}

fn titles(page: &Table, columns: &[Column], shown: &[(usize, u16)], canvas: &mut Canvas<'_>, y: u16) {
    let mut x = GUTTER;
    let glyphs = canvas.glyphs();
    let sorted = page.sort.as_ref().map_or(("Name", false), |(n, d)| (n.as_str(), *d));
    for (i, width) in shown {
        let column = &columns[*i];
        let mut title = column.name.to_uppercase();
        if column.name.eq_ignore_ascii_case(sorted.0) {
            title.push_str(if sorted.1 { glyphs.down } else { glyphs.up });
        }
        if numeric(column) {
            canvas.right(x, y, *width, &title, Role::Column);
        } else {
            canvas.fit(x, y, width + 1, &title, Role::Column);
        }
        x += width + GAP;
    }
    let hidden = columns.len() - shown.len();
    let title = if page.skipped > 0 { format!("{}{}", glyphs.left, page.skipped) } else { String::new() };
    let more = if hidden > page.skipped { format!("{title} +{}{}", hidden - page.skipped, glyphs.right) } else { title };
    let width = canvas.width();
    if usize::from(width.saturating_sub(x)) > more.len() {
        canvas.right(x, y, width - x, &more, Role::Muted);
    }
}

/// The filter as chips.
fn chips(page: &Table, canvas: &mut Canvas<'_>) {
    let mut x = 1;
    for selector in page.selectors().into_iter().filter(|s| !s.is_empty()) {
        x = canvas.text(x, 0, &format!("[{selector}]"), Role::Chip) + 1;
    }
    for term in page.filter.split_whitespace() {
        x = canvas.text(x, 0, &format!("[{term}]"), Role::Chip) + 1;
    }
    canvas.text(x + 1, 0, "esc removes", Role::Muted);
}

/// Namespaces that could not be read. Returns the line after them.
fn partial(page: &Table, canvas: &mut Canvas<'_>, y: u16) -> u16 {
    let mut y = y;
    for problem in page.watched.iter().flat_map(|w| w.handle.partial()).take(5) {
        canvas.text(1, y, canvas.glyphs().warn, Role::Warn);
        let width = canvas.width();
        canvas.fit(3, y, width.saturating_sub(4), &problem.line(), Role::Warn);
        y += 1;
    }
    y
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
