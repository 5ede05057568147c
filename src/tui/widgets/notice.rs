//! What is said above the content of a page (that its object is gone, what went wrong) and at its foot.

use super::{Canvas, text};
use crate::theme::Role;
use quarterdeck_core::Problem;
use quarterdeck_core::resources::Level;

/// Draws what stands in the way of showing an object as it is; returns the lines it took.
pub fn object(gone: bool, problem: Option<&Problem>, empty: bool, canvas: &mut Canvas<'_>) -> u16 {
    if let Some(problem) = problem {
        return self::problem(problem, canvas);
    }
    if gone {
        let x = canvas.level(1, 0, Level::Warn);
        canvas.text(x + 1, 0, "This object is gone. What you see is how it was.", Role::Warn);
        return 2;
    }
    if empty {
        canvas.text(2, 0, "asking the server", Role::Muted);
        return 1;
    }
    0
}

/// Draws a problem: what, why, what to do. Returns the lines it took.
pub fn problem(problem: &Problem, canvas: &mut Canvas<'_>) -> u16 {
    let x = canvas.level(1, 0, Level::Bad);
    let mut y = canvas.paragraph(x + 1, 0, &problem.line(), Role::Bad);
    for field in &problem.fields {
        y = canvas.paragraph(x + 1, y, &format!("{}: {}", field.field, field.message), Role::Text);
    }
    if !problem.next.is_empty() {
        y = canvas.paragraph(x + 1, y, &format!("Next step: {}", problem.next), Role::Text);
    }
    y + 1
}

/// Text that had no room in its row, below the `used` lines when there are free ones.
pub fn foot(used: u16, title: &str, words: &str, canvas: &mut Canvas<'_>) {
    // A blank line stays between the rows and their foot.
    let free = usize::from(canvas.height().saturating_sub(used + 1));
    let x = text::width(title) as u16 + if title.is_empty() { 4 } else { 4 + 1 };
    let room = usize::from(canvas.width().saturating_sub(x + 1));
    if free == 0 || room < 20 {
        return;
    }
    let mut lines = text::wrap(&quarterdeck_core::text::clean(words), room);
    if lines.len() > free {
        lines.truncate(free);
        if let Some(last) = lines.last_mut() {
            last.push_str(canvas.glyphs().ellipsis);
        }
    }
    let top = used + 1;
    canvas.text(4, top, title, Role::Muted);
    for (i, line) in lines.iter().enumerate() {
        canvas.text(x, top + i as u16, line, Role::Text);
    }
}
