//! Draws the logs page.

use super::Logs;
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::{Canvas, notice, text};
use ansi_to_tui::IntoText;
use quarterdeck_core::logs::Entry;
use ratatui::style::{Modifier, Style};

/// Roles that tell containers apart.
const SOURCES: [Role; 5] = [Role::Accent, Role::Busy, Role::Good, Role::Warn, Role::Number];

/// Draws it.
pub fn draw(page: &Logs, _seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    if let Some(problem) = &page.problem {
        notice::problem(problem, canvas);
        return;
    }
    status(page, canvas);
    let width = usize::from(canvas.width());
    let mut below = canvas.below(1);
    let height = usize::from(below.height());
    page.read(|buffer| {
        let mut y = 0;
        for place in page.first(buffer, width, height)..page.view.len() {
            if y >= below.height() {
                break;
            }
            if let Some(entry) = page.view.number(place).and_then(|n| buffer.get(n)) {
                y = line(page, entry, &mut below, y);
            }
        }
    });
}

/// One line above the log: what is read, how, and how much.
fn status(page: &Logs, canvas: &mut Canvas<'_>) {
    let targets = page.targets_of_follower();
    let counts = page.read(|b| (b.len(), b.first(), b.end()));
    let (len, gone, end) = counts.unwrap_or_default();
    let mut parts = vec![match targets.len() {
        0 => "looking for containers".to_owned(),
        1 => targets[0].container.to_string(),
        n => format!("{n} containers"),
    }];
    parts.push(page.since.clone());
    parts.push(if page.view.len() == len { format!("{len} lines") } else { format!("{} of {len} lines", page.view.len()) });
    if gone > 0 {
        parts.push(format!("{gone} older ones left the buffer"));
    }
    if page.left_out() > 0 {
        parts.push(format!("{} more pods are not read", page.left_out()));
    }
    let (role, word) = match page.top {
        Some(top) => {
            let behind = end.saturating_sub(top);
            (Role::Warn, format!("paused, {behind} lines from here to the end"))
        }
        None if page.running() => (Role::Good, "following".to_owned()),
        None if targets.is_empty() => (Role::Muted, String::new()),
        None => (Role::Muted, "ended".to_owned()),
    };
    let x = canvas.text(1, 0, &word, role);
    let x = if x > 1 { x + 2 } else { x };
    let room = canvas.width().saturating_sub(x);
    canvas.fit(x, 0, room, &parts.join(" · "), Role::Muted);
}

/// Draws an entry, wrapped if wanted; returns the line after it.
fn line(page: &Logs, entry: &Entry, canvas: &mut Canvas<'_>, y: u16) -> u16 {
    let prefix = page.prefix(entry);
    let role = SOURCES[usize::from(entry.source()) % SOURCES.len()];
    let mut pieces: Vec<(String, Style)> = Vec::new();
    if !prefix.is_empty() {
        pieces.push((prefix, canvas.style(role)));
    }
    match entry {
        Entry::Gap { why, .. } => pieces.push((format!("---- {why} ----"), canvas.style(Role::Warn))),
        Entry::Line(line) if line.text.contains('\u{1b}') => coloured(&line.text, canvas, &mut pieces),
        Entry::Line(line) => highlighted(page, &line.text, canvas, &mut pieces),
    }
    let width = canvas.width();
    let (mut x, mut y) = (0_u16, y);
    let mut skip = if page.wrap { 0 } else { page.left };
    for (piece, style) in pieces {
        let mut rest = piece.as_str();
        if skip > 0 {
            let cells = text::width(rest);
            rest = text::skip(rest, skip);
            skip = skip.saturating_sub(cells);
        }
        while !rest.is_empty() && y < canvas.height() {
            let fits = text::head(rest, usize::from(width.saturating_sub(x)));
            x = canvas.styled(x, y, fits, style);
            rest = &rest[fits.len()..];
            if rest.is_empty() || !page.wrap {
                break;
            }
            x = 0;
            y += 1;
        }
    }
    y + 1
}

/// The colours that the program wrote, as far as this terminal may show them.
fn coloured(text: &str, canvas: &Canvas<'_>, pieces: &mut Vec<(String, Style)>) {
    let Ok(parsed) = text.into_text() else { return };
    for span in parsed.lines.iter().flat_map(|l| &l.spans) {
        pieces.push((span.content.to_string(), canvas.theme.fit(span.style)));
    }
}

fn highlighted(page: &Logs, line: &str, canvas: &Canvas<'_>, pieces: &mut Vec<(String, Style)>) {
    let plain = canvas.style(Role::Text);
    let found = canvas.style(Role::Match).patch(Style::new().add_modifier(Modifier::REVERSED));
    let mut at = 0;
    for range in page.view.filter().matches(line) {
        pieces.push((line[at..range.start].to_owned(), plain));
        pieces.push((line[range.clone()].to_owned(), found));
        at = range.end;
    }
    pieces.push((line[at..].to_owned(), plain));
}
