//! Draws the home page.

use super::state::{Home, Line};
use crate::pages::table::view::trouble;
use crate::state::age;
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::{Canvas, notice, text};
use quarterdeck_core::cluster::Connection;
use quarterdeck_core::overview::{Counts, Overview};
use quarterdeck_core::resources::Level;

pub fn draw(page: &Home, seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    let Some(watched) = &page.watched else {
        if let Some(problem) = page.problem() {
            trouble(problem, canvas);
        }
        return;
    };
    let overview = &watched.seen;
    let notes = watched.notes();
    let height = usize::from(canvas.height()).saturating_sub(notes.len());
    let (lines, at) = page.lines();
    let first = Home::first_line(at, lines.len(), height);
    let mut y = 0;
    let width = canvas.width();
    if page.findings.is_empty() {
        let (level, words) = if let Connection::Lost { problem, .. } | Connection::SignIn { problem } = &seen.state.connection {
            y = notice::problem(problem, &mut canvas.part(0, 0, width, height as u16 / 2));
            (Level::Unknown, "what is wrong on the platform cannot be seen")
        } else if overview.loaded {
            (Level::Good, "nothing is wrong as far as it can be seen")
        } else {
            (Level::Busy, "looking at the platform…")
        };
        let x = canvas.level(1, y, level);
        canvas.text(x + 1, y, words, Role::from(level));
        y += 2;
    }
    // Names of findings in one column.
    let names = page.findings.iter().map(|f| text::width(&f.title)).max().unwrap_or(0);
    let names = names.min(usize::from(width) * 2 / 5) as u16;
    let mut cut = None;
    for line in lines.iter().skip(first).take(height.saturating_sub(usize::from(y))) {
        match line {
            Line::Head(level, title, since) => {
                let x = canvas.level(1, y, *level);
                canvas.fit(x + 1, y, width.saturating_sub(x + 16), title, Role::from(*level));
                if let Some(since) = since {
                    canvas.right(0, y, width.saturating_sub(1), &format!("since {}", age::age(*since, seen.now)), Role::Muted);
                }
            }
            Line::Finding(_, shown) => {
                let finding = &shown.row;
                if shown.cursor {
                    canvas.text(0, y, canvas.glyphs().cursor, Role::Cursor);
                }
                let role = if shown.ghost { Role::Ghost } else { Role::Text };
                let clean = quarterdeck_core::text::clean_line(&finding.title);
                canvas.text(4, y, &text::cut_middle(&clean, usize::from(names), canvas.glyphs().ellipsis), role);
                if shown.cursor {
                    canvas.emphasize(4, y, names);
                }
                let x = 4 + names + 2;
                let words = if shown.ghost { "gone" } else { finding.reason.as_str() };
                if shown.cursor && text::width(words) > usize::from(width.saturating_sub(x + 1)) {
                    cut = Some(words);
                }
                canvas.fit(x, y, width.saturating_sub(x + 1), words, role);
            }
            Line::Counts => counts(overview, canvas, y),
            Line::Heading(title) => {
                canvas.text(1, y, title, Role::Title);
            }
            Line::Done(entry) => {
                let level = if entry.ok { Level::Good } else { Level::Bad };
                happened(level, Some(entry.at), &entry.title, &format!("by {}", entry.user), seen.now, canvas, y);
            }
            Line::Changed(change) => {
                happened(change.level, change.at, &change.text, &change.by, seen.now, canvas, y);
            }
        }
        y += 1;
    }
    if let Some(words) = cut {
        notice::foot(y, "", words, &mut canvas.part(0, 0, width, height as u16));
    }
    for (i, (level, words)) in notes.iter().enumerate() {
        let y = canvas.height().saturating_sub((notes.len() - i) as u16);
        let x = canvas.level(1, y, *level);
        canvas.fit(x + 1, y, width.saturating_sub(x + 2), words, Role::from(*level));
    }
}

/// Something that was done or that changed.
fn happened(level: Level, at: Option<i64>, what: &str, by: &str, now: i64, canvas: &mut Canvas<'_>, y: u16) {
    let width = canvas.width();
    let x = canvas.level(4, y, level);
    let age = at.map(|at| age::age(at, now)).unwrap_or_default();
    canvas.right(x, y, 4, &age, Role::Muted);
    let room = width.saturating_sub(x + 6 + text::width(by) as u16 + 3);
    canvas.fit(x + 6, y, room, what, Role::Text);
    canvas.right(0, y, width.saturating_sub(1), by, Role::Muted);
}

/// What is well, in one line.
fn counts(overview: &Overview, canvas: &mut Canvas<'_>, y: u16) {
    let Counts { apps, tenants, certificates, routes, .. } = overview.counts;
    let mut x = 1;
    for (name, count) in [("tenants", tenants), ("apps", apps), ("certificates", certificates), ("routes", routes)] {
        if count.total == 0 {
            continue;
        }
        let level = if count.bad > 0 {
            Level::Bad
        } else if count.warn > 0 {
            Level::Warn
        } else {
            Level::Good
        };
        let suspended = if count.off > 0 { format!(", {} off", count.off) } else { String::new() };
        let words = if count.good + count.off == count.total {
            format!("{} {name} fine{suspended}", count.good)
        } else {
            format!("{} of {} {name} fine{suspended}", count.good, count.total)
        };
        if x + text::width(&words) as u16 + 3 > canvas.width() {
            break;
        }
        x = canvas.level(x, y, level) + 1;
        x = canvas.text(x, y, &words, Role::Text) + 3;
    }
}
