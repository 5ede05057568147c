//! Draws the run page.

use super::state::{Line, RunPage};
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::{Canvas, text};
use quarterdeck_core::actions::{StageState, StepState};
use quarterdeck_core::clock::human_duration;
use quarterdeck_core::resources::Level;

/// Draws it.
pub fn draw(page: &RunPage, seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    let (view, width) = (&page.view, canvas.width());
    let took = human_duration(view.ended.unwrap_or(seen.now) - view.started);
    let (level, words) = match &view.outcome {
        Some(outcome) if outcome.ok => (Level::Good, outcome.text.as_str()),
        Some(outcome) => (Level::Bad, outcome.text.as_str()),
        None => match page.stuck().and_then(|(i, n)| page.blocked(i, n)) {
            Some(_) => (Level::Warn, "stuck"),
            None => (Level::Busy, "under way"),
        },
    };
    let x = canvas.level(1, 0, level);
    canvas.fit(x + 1, 0, width.saturating_sub(x + 10), &view.title, Role::Strong);
    canvas.right(0, 0, width.saturating_sub(1), &took, Role::Muted);
    let mut y = canvas.paragraph(x + 1, 1, words, Role::from(level)) + 1;
    let lines = page.lines();
    let foot = 3;
    let room = usize::from(canvas.height().saturating_sub(y + foot)).max(1);
    let first = (page.cursor + 1).saturating_sub(room);
    let columns = Columns::of(page, width);
    // What stands in the way takes two lines, so that there may be less room than lines.
    let end = canvas.height().saturating_sub(foot);
    for (i, line) in lines.iter().enumerate().skip(first) {
        if y >= end {
            break;
        }
        if i == page.cursor {
            canvas.text(0, y, canvas.glyphs().cursor, Role::Cursor);
        }
        y = draw_line(page, *line, (&columns, seen.now), canvas, y);
    }
    let y = canvas.height().saturating_sub(2);
    canvas.fit(2, y, width.saturating_sub(3), &format!("as a command  {}", one_line(&view.command)), Role::Muted);
    if !view.journal.is_empty() {
        canvas.fit(2, y + 1, width.saturating_sub(3), &format!("journal       {}", view.journal), Role::Muted);
    }
}

fn one_line(command: &str) -> String {
    command.replace('\n', "; ")
}

/// Where the columns begin.
struct Columns {
    names: u16,
    usual: bool,
}

impl Columns {
    fn of(page: &RunPage, width: u16) -> Self {
        let steps = &page.view.steps;
        let stages = steps.iter().flat_map(|s| &s.stages).map(|s| text::width(&s.title) + 2);
        let names = steps.iter().filter(|_| steps.len() > 1).map(|s| text::width(&s.name));
        let widest = stages.chain(names).max().unwrap_or(8).min(usize::from(width) * 2 / 5);
        Self { names: widest as u16, usual: steps.iter().flat_map(|s| &s.stages).any(|s| s.usual.is_some()) }
    }
}

fn draw_line(page: &RunPage, line: Line, (columns, now): (&Columns, i64), canvas: &mut Canvas<'_>, y: u16) -> u16 {
    let width = canvas.width();
    match line {
        Line::Wave(n, of) => {
            canvas.text(2, y, &format!("wave {n} of {of}"), Role::Title);
        }
        Line::Step(i) => {
            let step = &page.view.steps[i];
            let level = match (step.state, step.going()) {
                (_, true) => Level::Busy,
                (StepState::Waiting, _) => Level::Off,
                (StepState::Accepted | StepState::Done, _) => Level::Good,
                (StepState::Failed, _) => Level::Bad,
            };
            canvas.level(2, y, level);
            canvas.text(4, y, &text::cut_middle(&step.name, usize::from(columns.names), canvas.glyphs().ellipsis), Role::Text);
            let words = if step.text.is_empty() { &step.title } else { &step.text };
            times(step.started, step.ended, None, columns, now, canvas, y);
            let x = columns.names + 12 + if columns.usual { 13 } else { 0 };
            let role = if level == Level::Bad { Role::Bad } else { Role::Text };
            canvas.fit(x, y, width.saturating_sub(x + 1), words, role);
        }
        Line::Stage(i, n) => {
            let stage = &page.view.steps[i].stages[n];
            let level = match stage.state {
                StageState::Going if stage.blocked.is_some() => Level::Warn,
                StageState::Going => Level::Busy,
                StageState::Done => Level::Good,
                StageState::Failed => Level::Bad,
                StageState::Waiting | StageState::Skipped => Level::Off,
            };
            if page.stuck() == Some((i, n)) {
                canvas.text(1, y, canvas.glyphs().right, Role::from(level));
            }
            let indent = if page.view.steps.len() > 1 { 2 } else { 0 };
            canvas.level(3 + indent, y, level);
            let dim = matches!(stage.state, StageState::Waiting | StageState::Skipped);
            let role = if dim { Role::Muted } else { Role::Text };
            canvas.fit(5 + indent, y, columns.names.saturating_sub(indent), &stage.title, role);
            let ended = stage.ended.filter(|_| stage.state != StageState::Skipped);
            let started = stage.started.filter(|_| stage.state != StageState::Skipped);
            times(started, ended, stage.usual, columns, now, canvas, y);
            let x = columns.names + 12 + if columns.usual { 13 } else { 0 };
            let role = if level >= Level::Warn { Role::from(level) } else { role };
            canvas.fit(x, y, width.saturating_sub(x + 1), &stage.text, role);
        }
        Line::Blocked(i, n) => {
            let Some(blocked) = page.blocked(i, n) else { return y };
            let words = format!("waits for {}: {}", blocked.name, blocked.why);
            let mut y = y;
            canvas.level(5, y, Level::Warn);
            for (i, part) in text::wrap(&quarterdeck_core::text::clean_line(&words), usize::from(width.saturating_sub(9)))
                .into_iter()
                .take(3)
                .enumerate()
            {
                canvas.text(7 + if i > 0 { 2 } else { 0 }, y, &part, Role::Warn);
                y += 1;
            }
            if !blocked.next.is_empty() {
                canvas.fit(7, y, width.saturating_sub(8), &format!("Next step: {}", blocked.next), Role::Text);
                y += 1;
            }
            return y;
        }
    }
    y + 1
}

/// How long it took so far, and how long it usually takes.
fn times(
    started: Option<i64>,
    ended: Option<i64>,
    usual: Option<i64>,
    columns: &Columns,
    now: i64,
    canvas: &mut Canvas<'_>,
    y: u16,
) {
    let x = columns.names + 5;
    if let Some(from) = started {
        let took = ended.unwrap_or(now) - from;
        let late = ended.is_none() && usual.is_some_and(|usual| took > usual.max(5) * 2);
        canvas.right(x, y, 6, &human_duration(took), if late { Role::Warn } else { Role::Muted });
    }
    if let Some(usual) = usual {
        canvas.fit(x + 8, y, 12, &format!("usually {}", human_duration(usual)), Role::Muted);
    }
}
