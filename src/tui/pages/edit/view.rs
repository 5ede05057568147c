//! Draws the editor page.

use super::EditorPage;
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::{Canvas, document, notice};

/// Draws it.
pub fn draw(page: &EditorPage, _seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    if let Some(difference) = &page.difference {
        document::draw(difference, canvas);
        return;
    }
    if !page.loaded() {
        notice::object(false, page.problem.as_ref(), true, canvas);
        return;
    }
    let mut used = 0;
    if let Some(problem) = &page.problem {
        let most = canvas.height() / 2;
        let width = canvas.width();
        used = notice::problem(problem, &mut canvas.part(0, 0, width, most));
    } else if page.checking {
        canvas.text(1, 0, "the server tries it (dry run)", Role::Muted);
        used = 1;
    } else if page.restored() && page.changed() {
        canvas.text(1, 0, "This is the draft that you left. The difference to what it began with: diff.", Role::Warn);
        used = 1;
    }
    page.editor.draw(&mut canvas.below_rest(used), &page.marked);
}
