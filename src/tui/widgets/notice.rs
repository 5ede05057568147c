//! What is said above the content of a page: that its object is gone, or what went wrong.

use super::Canvas;
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
