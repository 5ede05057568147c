//! Draws the plan page.

use super::form::Form;
use super::state::{Focus, PlanPage, Stage};
use crate::theme::Role;
use crate::view::Seen;
use crate::widgets::{Canvas, notice, text};
use quarterdeck_core::actions::{ArgKind, DryRun, Plan, Risk};
use quarterdeck_core::cluster::Access;
use quarterdeck_core::{Problem, ProblemKind};

/// Draws it.
pub fn draw(page: &PlanPage, _seen: &Seen<'_>, canvas: &mut Canvas<'_>) {
    match &page.stage {
        Stage::Form(form) => questions(form, canvas),
        Stage::Planning => {
            canvas.text(1, 0, "making the plan: reading the objects, asking the server to try it", Role::Muted);
        }
        Stage::Failed(problem) => {
            canvas.text(1, 0, "Nothing was changed.", Role::Strong);
            notice::problem(problem, &mut canvas.below(2));
        }
        Stage::Review(plan) => review(page, plan, canvas),
    }
}

fn questions(form: &Form, canvas: &mut Canvas<'_>) {
    let width = canvas.width();
    let label = form.fields.iter().map(|f| f.arg.name.len()).max().unwrap_or(0) as u16 + 3;
    let mut y = 0;
    for (i, field) in form.fields.iter().enumerate() {
        let here = i == form.at;
        if here {
            let cursor = canvas.glyphs().cursor;
            canvas.text(0, y, cursor, Role::Cursor);
        }
        canvas.text(2, y, field.arg.name, if here { Role::Strong } else { Role::Text });
        let room = width.saturating_sub(label + 2);
        match field.arg.kind {
            ArgKind::Switch | ArgKind::Choice(_) => {
                let text = match (field.arg.kind, field.line.text()) {
                    (ArgKind::Switch, "true") => "yes",
                    (ArgKind::Switch, _) => "no",
                    (_, "") => "(as it is)",
                    (_, text) => text,
                };
                canvas.text(label + 2, y, &format!("< {text} >"), Role::Input);
            }
            _ if here => field.line.draw(canvas, label + 2, y, room),
            _ => {
                canvas.fit(label + 2, y, room, field.line.text(), Role::Input);
            }
        }
        let needed = if field.arg.required || field.arg.kind == ArgKind::Switch { "" } else { " (may stay empty)" };
        y = canvas.paragraph(label + 2, y + 1, &format!("{}{needed}", field.arg.help), Role::Muted) + 1;
    }
    if !form.problem.is_empty() {
        canvas.text(2, y, &form.problem, Role::Bad);
    }
}

fn risk(risk: Risk) -> (&'static str, Role) {
    match risk {
        Risk::None => ("none", Role::Good),
        Risk::Reversible => ("reversible", Role::Good),
        Risk::Wide => ("cannot be taken back, or hits many", Role::Warn),
        Risk::Severe => ("severe", Role::Bad),
    }
}

fn review(page: &PlanPage, plan: &Plan, canvas: &mut Canvas<'_>) {
    let (width, height) = (canvas.width(), canvas.height());
    let (word, role) = risk(plan.risk);
    canvas.fit(1, 0, width.saturating_sub(2), &format!("Plan: {}", plan.title), Role::Strong);
    let waves = match plan.waves() {
        0 | 1 => String::new(),
        n => format!("   {} objects in {n} waves of {}, the first failure stops the rest", plan.steps.len(), plan.wave),
    };
    let label = format!("risk: {word}{waves}");
    canvas.text(1, 1, &label, role);
    if text::width(&label) + text::width(&plan.context) + 4 < usize::from(width) {
        canvas.right(1, 1, width.saturating_sub(2), &plan.context, Role::Muted);
    }

    let lines = wrapped(body(page, plan), width);
    let foot = foot_height(page, plan);
    let room = usize::from(height.saturating_sub(3 + foot));
    let top = page.top.min(lines.len().saturating_sub(room));
    for (y, (indent, text, role)) in (3..).zip(lines.iter().skip(top).take(room)) {
        canvas.fit(*indent, y, width.saturating_sub(*indent + 1), text, *role);
    }
    if lines.len() > room + top {
        let more = format!("{} more lines below", lines.len() - room - top);
        canvas.right(1, 3 + room as u16 - 1, width.saturating_sub(2), &more, Role::Muted);
    }
    confirm(page, plan, &mut canvas.below(height.saturating_sub(foot)));
}

/// Long lines go on in the next one, indented a little more: a plan is read whole or not at all.
fn wrapped(lines: Vec<(u16, String, Role)>, width: u16) -> Vec<(u16, String, Role)> {
    let mut out = Vec::new();
    for (indent, line, role) in lines {
        let room = usize::from(width.saturating_sub(indent + 3));
        for (i, part) in text::wrap(&line, room).into_iter().enumerate() {
            out.push((if i == 0 { indent } else { indent + 2 }, part, role));
        }
    }
    out
}

/// The lines of a plan: indent, text, look.
fn body(page: &PlanPage, plan: &Plan) -> Vec<(u16, String, Role)> {
    let mut lines = Vec::new();
    let many = plan.steps.len() > 1;
    for (i, step) in plan.steps.iter().enumerate() {
        if plan.waves() > 1 && i % plan.wave == 0 {
            lines.push((1, format!("wave {} of {}", i / plan.wave + 1, plan.waves()), Role::Title));
        }
        let number = if many { format!("{:>2}  ", i + 1) } else { String::new() };
        lines.push((2, format!("{number}{}  {}", step.object, step.title), Role::Text));
        // Of several objects the titles say what is done; the full difference is one key away.
        let most = match (page.full, many) {
            (true, _) => usize::MAX,
            (false, true) => 0,
            (false, false) => 12,
        };
        for line in step.diff.iter().take(most) {
            let path = &line.path;
            match (&line.before, &line.after) {
                (Some(before), Some(after)) => {
                    lines.push((6, path.to_string(), Role::Key));
                    lines.push((8, format!("- {before}"), Role::Removed));
                    lines.push((8, format!("+ {after}"), Role::Added));
                }
                (None, Some(after)) => lines.push((6, format!("+ {path}: {after}"), Role::Added)),
                (Some(before), None) => lines.push((6, format!("- {path}: {before}"), Role::Removed)),
                (None, None) => {}
            }
        }
        match &step.dry_run {
            DryRun::Accepted if many => {}
            DryRun::Accepted => lines.push((2, "dry run   accepted by the server".into(), Role::Good)),
            DryRun::Pending => lines.push((2, "dry run   not made".into(), Role::Muted)),
            DryRun::Skipped(why) => lines.push((2, format!("dry run   not possible: {why}"), Role::Warn)),
            DryRun::Refused(problem) => {
                lines.push((2, format!("dry run   refused: {}", problem.line()), Role::Bad));
                for field in &problem.fields {
                    lines.push((6, format!("{}: {}", field.field, field.message), Role::Bad));
                }
            }
        }
        if page.full {
            lines.push((6, format!("{:?} {}", step.effect.method, step.effect.path), Role::Muted));
        }
    }
    if many && plan.steps.iter().all(|s| s.dry_run == DryRun::Accepted) {
        lines.push((2, format!("dry run   all {} accepted by the server", plan.steps.len()), Role::Good));
    }
    for (right, access) in &plan.rights {
        let (word, role) = match access {
            Access::Allowed => ("you may", Role::Good),
            Access::Denied => ("you may not", Role::Bad),
            Access::Unknown => ("could not be asked", Role::Warn),
        };
        lines.push((2, format!("needs     {}  ({word})", right.line()), role));
    }
    if !plan.undo.is_empty() {
        lines.push((2, format!("undo      {}", plan.undo), Role::Text));
    } else {
        lines.push((2, "undo      there is none".into(), Role::Warn));
    }
    lines.extend(plan.warnings.iter().map(|w| (2, format!("note      {w}"), Role::Warn)));
    lines.extend(plan.blocked.iter().map(|b| (2, format!("blocked   {b}"), Role::Bad)));
    lines.push((2, String::new(), Role::Text));
    lines.push((2, format!("as a command   {}", plan.command), Role::Muted));
    lines
}

fn foot_height(page: &PlanPage, plan: &Plan) -> u16 {
    let inputs = u16::from(!plan.type_to_confirm.is_empty()) + u16::from(plan.needs_reason);
    let refused = page.refused.as_ref().map_or(0, |_| 2);
    3 + inputs + refused
}

fn confirm(page: &PlanPage, plan: &Plan, canvas: &mut Canvas<'_>) {
    let foci = PlanPage::foci(plan);
    let width = canvas.width();
    let mut y = 1;
    if let Some(problem) = &page.refused {
        canvas.fit(2, y, width.saturating_sub(3), &refused(problem), Role::Bad);
        y += 1;
    }
    if foci.contains(&Focus::Typed) {
        let label = format!("Type {} to confirm  ", plan.type_to_confirm);
        let x = canvas.text(2, y, &label, Role::Strong);
        let right = page.typed.text() == plan.type_to_confirm;
        if page.focus == Focus::Typed {
            page.typed.draw(canvas, x, y, width.saturating_sub(x + 2));
        } else {
            canvas.fit(x, y, width.saturating_sub(x + 2), page.typed.text(), if right { Role::Good } else { Role::Input });
        }
        y += 1;
    }
    if foci.contains(&Focus::Reason) {
        let x = canvas.text(2, y, "Reason  ", Role::Strong);
        if page.focus == Focus::Reason {
            page.reason.draw(canvas, x, y, width.saturating_sub(x + 2));
        } else {
            canvas.fit(x, y, width.saturating_sub(x + 2), page.reason.text(), Role::Input);
        }
        y += 1;
    }
    let cancel = if page.focus == Focus::Cancel { "[ Cancel ]" } else { "  Cancel  " };
    let x = canvas.text(2, y, cancel, if page.focus == Focus::Cancel { Role::Select } else { Role::Text });
    if foci.contains(&Focus::Run) {
        let run = if page.focus == Focus::Run { "[ Run ]" } else { "  Run  " };
        let look = match (page.focus == Focus::Run, plan.risk > Risk::Reversible) {
            (true, true) => Role::Danger,
            (true, false) => Role::Select,
            _ => Role::Text,
        };
        canvas.text(x + 3, y, run, look);
    } else {
        let why = if plan.changes_nothing() { "nothing would change" } else { "cannot be run as it stands" };
        canvas.text(x + 3, y, why, Role::Warn);
    }
}

/// What stood against the last yes, in one line.
fn refused(problem: &Problem) -> String {
    let words = format!("{}: {}", problem.what, problem.why);
    match problem.kind {
        ProblemKind::Guarded => format!("{words}. Unlock, and it is asked again."),
        _ => words,
    }
}
