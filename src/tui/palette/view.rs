//! Draws a list to choose from.

use super::Pick;
use super::fuzzy::Fuzzy;
use crate::theme::Role;
use crate::widgets::{Canvas, popup, text};

/// The box for a screen of this size: x, y, width, height.
fn place(size: (u16, u16)) -> (u16, u16, u16, u16) {
    let width = size.0.saturating_sub(if size.0 > 60 { 8 } else { 0 }).min(110);
    let height = size.1.saturating_sub(if size.1 > 16 { 4 } else { 0 }).min(30);
    (size.0.saturating_sub(width) / 2, size.1.saturating_sub(height) / 3, width, height)
}

/// Entries that a list shows on a screen of this size.
pub fn lines(size: (u16, u16)) -> usize {
    usize::from(place(size).3.saturating_sub(4)).max(1)
}

/// The entry that is shown at a cell of the screen.
pub fn line_at(size: (u16, u16), pick: &Pick, x: u16, y: u16) -> Option<usize> {
    let (left, top, width, height) = place(size);
    let inside = x > left && x + 1 < left + width && y > top + 1 && y + 2 < top + height;
    let line = usize::from(y.checked_sub(top + 2)?);
    (inside && line < pick.len()).then_some(line)
}

/// Draws the list in front of what is there.
pub fn draw(pick: &Pick, size: (u16, u16), canvas: &mut Canvas<'_>) {
    let (x, y, width, height) = place(size);
    let mut inside = popup::boxed(canvas, x, y, width, height, &pick.title);
    let (w, h) = (inside.width(), inside.height());
    let at = inside.text(0, 0, if pick.free { ":" } else { "/" }, Role::HintKey);
    pick.line().draw(&mut inside, at + 1, 0, w.saturating_sub(at + 1));
    let count = lines(size);
    let shown = pick.window(count);
    let key_width = shown.iter().map(|(c, _)| text::width(&c.key)).max().unwrap_or(0).min(18) as u16;
    let label_width = shown.iter().map(|(c, _)| text::width(&c.label)).max().unwrap_or(0) as u16;
    let label_width = label_width.min(w.saturating_sub(key_width + 4).max(w * 2 / 3)).min(if w > 60 { 46 } else { w });
    let mut fuzzy = Fuzzy::new(pick.line().text().split_whitespace().next().unwrap_or(""));
    for (i, (choice, here)) in shown.into_iter().enumerate() {
        let line = 1 + i as u16;
        let role = if choice.why_not.is_some() { Role::Disabled } else { Role::Text };
        let mark = if pick.is_many() { if pick.is_chosen(&choice.label) { "[x] " } else { "[ ] " } } else { "" };
        let glyphs = inside.glyphs();
        inside.text(0, line, if here { glyphs.cursor } else { " " }, Role::Cursor);
        let from = inside.text(2, line, mark, Role::Muted);
        let end = inside.fit(from, line, label_width, &choice.label, role);
        if !pick.line().is_empty() && choice.label.is_ascii() {
            let look = inside.style(Role::Match);
            for index in fuzzy.indices(&choice.label) {
                if from + (index as u16) < end {
                    inside.restyle(from + index as u16, line, 1, 1, look);
                }
            }
        }
        let detail_at = from + label_width + 2;
        let detail_end = w.saturating_sub(key_width + 1);
        let detail = choice.why_not.as_ref().unwrap_or(&choice.detail);
        if detail_end > detail_at {
            inside.fit(detail_at, line, detail_end - detail_at, detail, Role::Muted);
        }
        inside.right(w.saturating_sub(key_width), line, key_width, &choice.key, Role::HintKey);
        if here {
            let look = inside.style(Role::Select);
            inside.restyle(0, line, w, 1, look);
        }
    }
    if pick.is_empty() {
        let hint = if pick.free { "nothing has that name; enter tries it as it is typed" } else { "nothing matches" };
        inside.text(2, 1, hint, Role::Muted);
    }
    let foot = h.saturating_sub(1);
    let mut text =
        if pick.is_many() { "space choose  enter take  esc close" } else { "enter run  esc close" }.to_owned();
    if let Some(why) = pick.current().and_then(|c| c.why_not.as_ref()) {
        text = why.clone();
    }
    inside.fit(0, foot, w, &text, Role::Hint);
}
