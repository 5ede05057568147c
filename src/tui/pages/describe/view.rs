//! Draws the describe page.

use super::Describe;
use crate::view::Seen;
use crate::widgets::{Canvas, document, notice};

/// Draws it.
pub fn draw(page: &Describe, _seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    let used = notice::object(page.followed.gone, page.problem.as_ref(), page.document.is_empty(), canvas);
    document::draw(&page.document, &mut canvas.below_rest(used));
}
