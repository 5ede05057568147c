//! Draws a page about one thing.

use super::state::{Detail, Item, Story, Told};
use crate::state::age;
use crate::state::cursor::Shown;
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::{Canvas, text};
use quarterdeck_core::resources::Level;
use quarterdeck_core::store::Freshness;

/// The verdict in words, and its next step.
fn verdict(told: &Told, gone: bool, now: i64) -> (String, String) {
    let verdict = &told.verdict;
    let mut words = if verdict.level >= Level::Warn { verdict.word.to_uppercase() } else { verdict.word.to_string() };
    if gone {
        words = format!("GONE (was {words})");
    }
    if let Some(since) = told.since.filter(|_| verdict.level >= Level::Warn) {
        words.push_str(&format!(" for {}", age::length(now - since)));
    }
    if !verdict.why.is_empty() {
        words.push_str(": ");
        words.push_str(&verdict.why);
    }
    let next = if verdict.next.is_empty() { String::new() } else { format!("Next step: {}", verdict.next) };
    (words, next)
}

/// Lines of the verdict, with one empty line below.
fn head(told: &Told, gone: bool, width: u16, now: i64) -> (Vec<String>, Vec<String>) {
    let room = usize::from(width.saturating_sub(4));
    let (words, next) = verdict(told, gone, now);
    let lines = |t: &str| if t.is_empty() { Vec::new() } else { text::wrap(&quarterdeck_core::text::clean(t), room) };
    let (mut words, mut next) = (lines(&words), lines(&next));
    words.truncate(4);
    next.truncate(4);
    (words, next)
}

/// The first part that is shown, so that the cursor is seen.
fn first(index: usize, count: usize, room: usize) -> usize {
    if count <= room {
        0
    } else {
        (index + 1).saturating_sub(room).max(index.saturating_sub(room / 2)).min(count - room)
    }
}

/// The part that is drawn at a line of the page.
pub(super) fn item_at<S: Story>(page: &Detail<S>, told: &Told, size: (u16, u16), now: i64, y: u16) -> Option<usize> {
    let (words, next) = head(told, page.gone, size.0, now);
    let above = words.len() + next.len() + 1;
    let line = usize::from(y).checked_sub(above)?;
    let room = usize::from(size.1).saturating_sub(above).max(1);
    let at = first(page.cursor.index(), told.items.len(), room) + line;
    (at < told.items.len()).then_some(at)
}

pub fn draw<S: Story>(page: &Detail<S>, seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    let Some(told) = &page.told else {
        let loading = page.story.freshness() == Some(Freshness::Loading);
        canvas.text(1, 1, if loading { "loading…" } else { "it is not there (any more)" }, Role::Muted);
        return;
    };
    let (words, next) = head(told, page.gone, canvas.width(), seen.now);
    canvas.level(1, 0, told.verdict.level);
    let mut y = 0;
    for line in &words {
        canvas.text(3, y, line, Role::from(told.verdict.level));
        y += 1;
    }
    for line in &next {
        canvas.text(3, y, line, Role::Text);
        y += 1;
    }
    y += 1;
    let lines = page.lines();
    let room = usize::from(canvas.height().saturating_sub(y)).max(1);
    let from = first(page.cursor.index(), lines.len(), room);
    let widest = |f: &dyn Fn(&Item) -> &str, limit: usize| {
        let parts = lines.iter().filter(|l| l.row.level.is_some());
        parts.map(|l| text::width(f(&l.row))).max().unwrap_or(0).min(limit) as u16
    };
    let narrow = canvas.width() < 100;
    let titles = widest(&|i| &i.title, if narrow { 20 } else { 30 });
    let names = widest(&|i| &i.name, if narrow { 24 } else { 50 });
    for line in lines.iter().skip(from).take(room) {
        part(line, (titles, names), seen.now, canvas, y);
        y += 1;
    }
}

fn part(line: &Shown<Item>, widths: (u16, u16), now: i64, canvas: &mut Canvas<'_>, y: u16) {
    let item = &line.row;
    let glyphs = canvas.glyphs();
    let width = canvas.width();
    if line.cursor {
        canvas.text(0, y, glyphs.cursor, Role::Cursor);
    }
    let Some(level) = item.level else {
        canvas.fit(2, y, width.saturating_sub(3), &item.title, Role::Title);
        return;
    };
    let plain = if line.ghost { Role::Ghost } else { Role::Text };
    let strong = if line.ghost {
        Role::Ghost
    } else if level >= Level::Warn {
        Role::from(level)
    } else {
        Role::Text
    };
    if item.broken {
        canvas.text(1, y, glyphs.right, Role::Bad);
    }
    canvas.level(3, y, level);
    let mut x = 5;
    canvas.fit(x, y, widths.0, &item.title, plain);
    x += widths.0 + 2;
    let name = quarterdeck_core::text::clean_line(&item.name);
    canvas.text(x, y, &text::cut_middle(&name, usize::from(widths.1), glyphs.ellipsis), strong);
    if line.cursor {
        canvas.emphasize(x, y, widths.1);
    }
    if widths.1 > 0 {
        x += widths.1 + 2;
    }
    let since = item.since.map(|at| age::age(at, now)).unwrap_or_default();
    let right = if since.is_empty() { 0 } else { text::width(&since) as u16 + 2 };
    canvas.fit(x, y, width.saturating_sub(x + right + 1), &item.words, if item.broken { strong } else { plain });
    canvas.right(0, y, width.saturating_sub(1), &since, Role::Muted);
}
