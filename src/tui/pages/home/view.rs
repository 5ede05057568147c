//! Draws the home page.

use super::state::{Findings, Home};
use crate::state::age;
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::Canvas;

pub fn draw(page: &Home, seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    let width = canvas.width();
    let height = (usize::from(canvas.height()).saturating_sub(4) / 2).max(1);
    let lines = page.cursor.window(&Findings(&page.seen.findings), height);
    if lines.is_empty() {
        let glyph = canvas.glyphs().good;
        canvas.text(1, 1, glyph, Role::Good);
        canvas.text(3, 1, "nothing is wrong as far as it is known", Role::Good);
        return;
    }
    for (i, line) in lines.iter().enumerate() {
        let y = 2 * i as u16;
        let finding = &line.row;
        if line.cursor {
            canvas.text(0, y, canvas.glyphs().cursor, Role::Cursor);
        }
        let role = if line.ghost { Role::Ghost } else { Role::from(finding.level) };
        let x = canvas.level(2, y, finding.level);
        let name = if finding.namespace.is_empty() {
            format!("{} {}", finding.kind, finding.name)
        } else {
            format!("{} {}/{}", finding.kind, finding.namespace, finding.name)
        };
        canvas.fit(x + 1, y, width.saturating_sub(x + 14), &name, role);
        if let Some(since) = finding.since {
            let words = if line.ghost { "gone".into() } else { format!("since {}", age::age(since, seen.now)) };
            canvas.right(0, y, width.saturating_sub(1), &words, Role::Muted);
        }
        canvas.fit(4, y + 1, width.saturating_sub(5), &finding.reason, Role::Text);
        if line.cursor {
            canvas.emphasize(x + 1, y, width.saturating_sub(x + 14));
        }
    }
}
