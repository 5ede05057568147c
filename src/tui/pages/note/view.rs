//! Draws the note.

use super::NotePage;
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::{Canvas, document, notice};

/// Draws it.
pub fn draw(page: &NotePage, _seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    if page.problem.is_none() && page.document.is_empty() {
        canvas.text(1, 0, "asking for everything about it …", Role::Muted);
        return;
    }
    let used = notice::object(false, page.problem.as_ref(), page.document.is_empty(), canvas);
    document::draw(&page.document, &mut canvas.below_rest(used));
}
