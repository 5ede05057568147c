//! Draws a [`Document`]: its window, the cursor line, matches, folds.

use super::{Canvas, text};
use crate::state::document::{Document, Line, Tone};
use crate::theme::Role;
use ratatui::style::{Modifier, Style};

impl From<Tone> for Role {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Plain => Self::Text,
            Tone::Heading => Self::Title,
            Tone::Label | Tone::Muted => Self::Muted,
            Tone::Key => Self::Key,
            Tone::Text => Self::String,
            Tone::Number | Tone::Word => Self::Number,
            Tone::Added => Self::Added,
            Tone::Removed => Self::Removed,
            Tone::Level(level) => level.into(),
        }
    }
}

/// Draws the window of a document: one column for the cursor and for changes, then the text.
pub fn draw(document: &Document, canvas: &mut Canvas<'_>) {
    let (width, height) = (usize::from(canvas.width()), usize::from(canvas.height()));
    let room = width.saturating_sub(2);
    let mut y = 0;
    for (place, line) in document.window(height) {
        if y >= canvas.height() {
            break;
        }
        let is_cursor = place == document.at();
        let first = y;
        if is_cursor {
            let cursor = canvas.glyphs().cursor;
            canvas.text(0, y, cursor, Role::Cursor);
        } else if document.has_changed(line) {
            canvas.text(0, y, "*", Role::Mark);
        }
        if document.wrap && text::width(&line.text) > room {
            y = wrapped(document, line, canvas, y, room);
        } else {
            let from = skipped(&line.text, document.left);
            part(document, line, canvas, 2, y, from, line.text.len());
            let hidden = text::width(&line.text[from..]) > room;
            if hidden && width > 2 {
                let more = canvas.glyphs().ellipsis;
                canvas.text(canvas.width() - 1, y, more, Role::Muted);
            }
            y += 1;
        }
        if document.is_folded(line) {
            let end = 2 + text::width(&line.text).min(room) as u16;
            let folded = canvas.glyphs().folded;
            canvas.text(end + 1, first, folded, Role::Muted);
        }
        if is_cursor {
            let width = canvas.width();
            for row in first..y {
                canvas.emphasize(0, row, width);
            }
        }
    }
}

fn skipped(text: &str, cells: usize) -> usize {
    text.len() - text::skip(text, cells).len()
}

fn wrapped(document: &Document, line: &Line, canvas: &mut Canvas<'_>, y: u16, room: usize) -> u16 {
    let (mut y, mut from, mut x) = (y, 0, 2_u16);
    let mut room_here = room;
    while from < line.text.len() && y < canvas.height() {
        let piece = text::head(&line.text[from..], room_here);
        let to = if piece.is_empty() { line.text.len() } else { from + piece.len() };
        // Break at a blank when there is one in the second half of the line.
        let cut = line.text[from..to].rfind(' ').filter(|i| *i > piece.len() / 2 && to < line.text.len());
        let to = cut.map_or(to, |i| from + i + 1);
        part(document, line, canvas, x, y, from, to);
        from = to;
        y += 1;
        let indent = line.indent.min(room / 2);
        x = 2 + indent as u16;
        room_here = room.saturating_sub(indent).max(1);
    }
    y
}

/// Draws a part of a line (byte positions) with its tones and matches.
fn part(document: &Document, line: &Line, canvas: &mut Canvas<'_>, x: u16, y: u16, from: usize, to: usize) {
    let mut x = x;
    let mut at = from;
    let mut edges: Vec<usize> = line.tones.iter().flat_map(|(r, _)| [r.start, r.end]).collect();
    let matches = document.matches(line);
    edges.extend(matches.iter().flat_map(|r| [r.start, r.end]));
    edges.push(to);
    edges.sort_unstable();
    for edge in edges.into_iter().filter(|e| *e > from && *e <= to) {
        if edge <= at {
            continue;
        }
        let tone = line.tones.iter().find(|(r, _)| r.contains(&at)).map_or(Tone::Plain, |(_, t)| *t);
        let mut style = canvas.style(tone.into());
        if matches.iter().any(|r| r.contains(&at)) {
            style = style.patch(canvas.style(Role::Match)).patch(Style::new().add_modifier(Modifier::REVERSED));
        }
        x = canvas.styled(x, y, &line.text[at..edge], style);
        at = edge;
    }
}
