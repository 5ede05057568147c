//! A box in front of the page.

use super::{Canvas, text};
use crate::theme::Role;

/// Draws an empty box with a title, centred; returns its inside.
pub fn popup<'c>(canvas: &'c mut Canvas<'_>, width: u16, height: u16, title: &str) -> Canvas<'c> {
    let width = width.clamp(4, canvas.width().max(4));
    let height = height.clamp(3, canvas.height().max(3));
    let x = canvas.width().saturating_sub(width) / 2;
    let y = canvas.height().saturating_sub(height) / 3;
    boxed(canvas, x, y, width, height, title)
}

/// Draws an empty box with a title somewhere; returns its inside.
pub fn boxed<'c>(canvas: &'c mut Canvas<'_>, x: u16, y: u16, width: u16, height: u16, title: &str) -> Canvas<'c> {
    let glyphs = canvas.glyphs();
    canvas.clear(x, y, width, height, Role::Text);
    let inner = usize::from(width.saturating_sub(2));
    let line = glyphs.horizontal.repeat(inner);
    let [top_left, top_right, bottom_left, bottom_right] = glyphs.corners;
    canvas.text(x, y, &format!("{top_left}{line}{top_right}"), Role::Border);
    for row in 1..height.saturating_sub(1) {
        canvas.text(x, y + row, glyphs.vertical, Role::Border);
        canvas.text(x + width.saturating_sub(1), y + row, glyphs.vertical, Role::Border);
    }
    canvas.text(x, y + height.saturating_sub(1), &format!("{bottom_left}{line}{bottom_right}"), Role::Border);
    if !title.is_empty() && inner > 4 {
        let title = format!(" {} ", text::cut(title, inner - 4, glyphs.ellipsis));
        canvas.text(x + 2, y, &title, Role::Title);
    }
    canvas.part(x + 2, y + 1, width.saturating_sub(4), height.saturating_sub(2))
}
