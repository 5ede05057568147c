//! Draws a board.

use super::state::{Board, Source};
use crate::pages::table::view::{Grid, filter_chips, trouble};
use crate::state::cursor::Rows;
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::Canvas;
use quarterdeck_core::store::Freshness;

pub fn draw<S: Source>(page: &Board<S>, seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    let mut y = 0;
    let width = canvas.width();
    if !page.filter.is_empty() {
        filter_chips(&page.filter, &[], canvas);
        y += 1;
    }
    for (level, words) in page.source.notes().into_iter().take(3) {
        let x = canvas.level(1, y, level);
        canvas.fit(x + 1, y, width.saturating_sub(x + 2), &words, Role::from(level));
        y += 1;
    }
    for spans in page.source.chart() {
        let mut x = 0;
        for (level, text) in spans {
            x = canvas.text(x, y, text, Role::from(*level));
        }
        y += 1;
    }
    if let Some(problem) = page.source.problem() {
        trouble(problem, &mut canvas.below(y));
        return;
    }
    let height = usize::from(canvas.height()).saturating_sub(page.above()).max(1);
    let lines = page.cursor.window(&page.lines, height);
    if lines.is_empty() {
        let words = match (page.source.freshness(), page.lines.all.len()) {
            (Some(Freshness::Loading), _) => "loading…".to_owned(),
            (_, 0) => page.source.empty(),
            (_, all) => format!("none of {all} matches; esc removes the filter"),
        };
        canvas.paragraph(1, y + 1, &words, Role::Muted);
        return;
    }
    debug_assert!(lines.len() <= page.lines.len() + 1);
    let grid = Grid {
        columns: &page.columns,
        namespace: false,
        widths: &page.widths,
        lead: S::LEAD,
        sort: page.sort.map(|(i, down)| (&*page.columns[i].name, down)),
        wide: page.wide,
        skipped: page.skipped,
        now: seen.now,
    };
    grid.draw(&lines, canvas, y);
}
