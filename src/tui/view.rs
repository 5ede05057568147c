//! The whole screen: header line, page, hint line, and what is in front of them.

use crate::keymap::{Found, Keymap};
use crate::state::State;
use crate::state::age;
use crate::state::app::Overlay;
use crate::state::toasts::Toast;
use crate::terminal::encode::LinkArea;
use crate::theme::Role;
use crate::widgets::{Canvas, popup, text};
use quarterdeck_core::cluster::Connection;
use quarterdeck_core::guards::Environment;
use quarterdeck_core::resources::{Level, Scope};
use quarterdeck_core::store::Freshness;
use ratatui::buffer::Buffer;

/// What a page sees of the rest when it is drawn.
pub struct Seen<'a> {
    /// Seconds since 1970.
    pub now: i64,
    pub context: &'a str,
    pub scope: &'a Scope,
    pub keymap: &'a Keymap,
    pub state: &'a State,
}

/// Draws the screen into an empty buffer. Returns where the terminal's cursor belongs (text input).
pub fn draw(state: &State, buffer: &mut Buffer) -> Option<(u16, u16)> {
    let mut cursor = None;
    let mut canvas = Canvas::new(buffer, &state.theme, &mut cursor);
    let (width, height) = (canvas.width(), canvas.height());
    if width < 20 || height < 5 {
        canvas.text(0, 0, "too small: 20x5", Role::Warn);
        return None;
    }
    header(state, &mut canvas.part(0, 0, width, 1));
    let seen = Seen { now: state.now(), context: &state.context, scope: &state.scope, keymap: &state.keymap, state };
    if let Some(entry) = state.top() {
        entry.page.draw(&seen, &mut canvas.part(0, 1, width, height - 2));
    }
    let foot = height - 1;
    match &state.overlay {
        Some(Overlay::Filter { line, problem, .. }) => {
            prompt(&mut canvas.part(0, foot, width, 1), "/", line, problem);
        }
        Some(Overlay::Ask { label, line, .. }) => {
            prompt(&mut canvas.part(0, foot, width, 1), &format!("{label} "), line, "");
        }
        _ => hints(state, &mut canvas.part(0, foot, width, 1)),
    }
    toasts(state, &mut canvas);
    which_key(state, &mut canvas);
    if let Some(Overlay::Pick(pick)) = &state.overlay {
        crate::palette::view::draw(pick, (width, height), &mut canvas);
    }
    cursor
}

fn prompt(canvas: &mut Canvas<'_>, label: &str, line: &crate::widgets::line::Line, problem: &str) {
    let at = canvas.text(0, 0, label, Role::HintKey);
    let room = canvas.width().saturating_sub(at + text::width(problem) as u16 + 1);
    line.draw(canvas, at, 0, room.max(10));
    if !problem.is_empty() {
        let width = canvas.width();
        canvas.right(at + room, 0, width.saturating_sub(at + room), problem, Role::Bad);
    }
}

/// How the connection is, in words.
fn connection(state: &State) -> (Level, String) {
    match &state.connection {
        Connection::SignIn { .. } => return (Level::Bad, "sign in: ctrl-r".into()),
        Connection::Lost { .. } => {}
        Connection::Connecting => return (Level::Busy, "connecting".into()),
        Connection::Live => match state.page().and_then(|p| p.freshness()) {
            Some(Freshness::Loading) => return (Level::Busy, "loading".into()),
            Some(Freshness::Failed(_)) => return (Level::Bad, "no data".into()),
            Some(Freshness::Stale { .. }) => {}
            _ => return (Level::Good, "live".into()),
        },
    }
    let old = state.stale_since().map_or(0, |since| state.now() - since);
    let words = match old {
        0..=5 => "not reachable".into(),
        6..=59 => format!("data {old} s old"),
        _ => format!("data {} old", age::length(old)),
    };
    (Level::Bad, words)
}

fn header(state: &State, canvas: &mut Canvas<'_>) {
    let width = canvas.width();
    let role = match state.guard.environment {
        Environment::Prod => Role::HeaderProd,
        Environment::Stage => Role::HeaderStage,
        _ => Role::Header,
    };
    if state.guard.environment >= Environment::Stage {
        // The whole line has the colour of the environment; the word says the same.
        canvas.clear(0, 0, width, 1, role);
    }
    let mut right: Vec<(String, Role)> = Vec::new();
    let going = state.session.runs_going();
    if going > 0 {
        right.push((format!("{going} running"), Role::Busy));
    }
    let (level, words) = connection(state);
    right.push((words, if level == Level::Good { Role::Good } else { Role::from(level) }));
    match (&state.guard.read_only, state.guard.unlocked_until) {
        (Some(_), _) => right.push(("read-only".into(), Role::Muted)),
        (None, Some(until)) => {
            right.push((format!("unlocked {}", age::length(until - state.now())), Role::Warn));
        }
        _ => {}
    }
    let word = state.guard.environment.word();
    if !word.is_empty() {
        right.push((word.to_uppercase(), role));
    }
    let right_width: usize = right.iter().map(|(t, _)| text::width(t) + 2).sum();
    let room = usize::from(width).saturating_sub(right_width + 1);
    let separator = format!(" {} ", state.theme.glyphs.separator);
    let mut crumbs: Vec<String> = Vec::new();
    if !state.context.is_empty() {
        crumbs.push(state.context.clone());
    }
    crumbs.push(state.page().map(|p| p.crumb()).unwrap_or_default());
    crumbs.push(match &state.scope {
        Scope::All => String::new(),
        Scope::Namespaces(set) if set.len() > 2 => format!("{} namespaces", set.len()),
        scope => scope.to_string(),
    });
    crumbs.retain(|c| !c.is_empty());
    let mut line = crumbs.join(&separator);
    if text::width(&line) > room && crumbs.len() > 1 {
        // The page says more than the context's name, so that one is cut first.
        let rest: usize = crumbs[1..].iter().map(|c| text::width(c) + 3).sum();
        let context = room.saturating_sub(rest).max(6);
        crumbs[0] = text::cut_middle(&crumbs[0], context, state.theme.glyphs.ellipsis).into_owned();
        line = crumbs.join(&separator);
    }
    canvas.fit(1, 0, room as u16, &line, role);
    let mut x = width.saturating_sub(right_width as u16);
    for (words, role) in right {
        x = canvas.text(x + 2, 0, &words, role);
    }
}

fn hints(state: &State, canvas: &mut Canvas<'_>) {
    let scopes = state.scopes();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let width = canvas.width();
    let mut x = 1;
    let mut all: Vec<(String, String)> = Vec::new();
    for hint in state.page().map(|p| p.hints()).unwrap_or_default() {
        all.push((state.keymap.keys_for(&scopes, &hint.command), hint.label));
    }
    use crate::keymap::Verb;
    for (verb, label) in [(Verb::Palette, "command"), (Verb::Help, "all keys")] {
        all.push((state.keymap.keys_of(&scopes, verb), label.into()));
    }
    all.retain(|(key, _)| !key.is_empty());
    // The last two always fit: without them nobody finds the rest.
    let size = |(key, label): &(String, String)| (text::width(key) + text::width(label) + 3) as u16;
    let tail: u16 = all.iter().rev().take(2).map(size).sum();
    let last = all.len().saturating_sub(2);
    for (i, hint) in all.iter().enumerate() {
        if i < last && x + size(hint) + tail > width {
            continue;
        }
        x = canvas.text(x, 0, &hint.0, Role::HintKey);
        x = canvas.text(x + 1, 0, &hint.1, Role::Hint) + 2;
    }
}

/// A message as it stands on the screen: its left end, its first line, its width, its lines.
struct Placed<'a> {
    toast: &'a Toast,
    x: u16,
    top: u16,
    cells: u16,
    lines: Vec<String>,
}

fn placed(state: &State, width: u16, height: u16) -> Vec<Placed<'_>> {
    let mut y = height.saturating_sub(1);
    let mut all = Vec::new();
    for toast in state.toasts.shown().iter().rev() {
        let room = usize::from(width.saturating_sub(6)).max(8);
        let mut lines = text::wrap(&quarterdeck_core::text::clean(&toast.text), room);
        lines.truncate(4);
        let cells = lines.iter().map(|l| text::width(l)).max().unwrap_or(0) as u16 + 4;
        let Some(top) = y.checked_sub(lines.len() as u16).filter(|top| *top > 1) else { break };
        all.push(Placed { toast, x: width.saturating_sub(cells), top, cells, lines });
        y = top;
    }
    all
}

fn toasts(state: &State, canvas: &mut Canvas<'_>) {
    for Placed { toast, x, top, cells, lines } in placed(state, canvas.width(), canvas.height()) {
        canvas.clear(x, top, cells, lines.len() as u16, Role::Toast);
        canvas.text(x + 1, top, state.theme.glyphs.level(toast.level), Role::Toast);
        for (i, line) in lines.iter().enumerate() {
            canvas.text(x + 3, top + i as u16, line, Role::Toast);
        }
    }
}

/// Where links stand on a screen of this size.
pub fn links(state: &State, (width, height): (u16, u16)) -> Vec<LinkArea> {
    if state.toasts.shown().iter().all(|t| t.link.is_none()) || width < 20 || height < 5 {
        return Vec::new();
    }
    let mut all = Vec::new();
    for Placed { toast, x, top, lines, .. } in placed(state, width, height) {
        let Some(url) = &toast.link else { continue };
        for (i, line) in lines.iter().enumerate() {
            let cells = text::width(line) as u16;
            all.push(LinkArea { x: x + 3, y: top + i as u16, cells, url: url.clone() });
        }
    }
    all
}

fn which_key(state: &State, canvas: &mut Canvas<'_>) {
    if state.pending.is_empty() {
        return;
    }
    let scopes = state.scopes();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let Found::Prefix(following) = state.keymap.find(&scopes, &state.pending) else { return };
    let n = state.pending.len();
    let entries: Vec<(String, String)> = following
        .iter()
        .map(|(keys, command)| {
            let what = if command.arg.is_empty() { command.verb.help().to_owned() } else { command.to_string() };
            (crate::keymap::map::written(&keys[n..]), what)
        })
        .collect();
    let wide = entries.iter().map(|(k, w)| text::width(k) + text::width(w) + 3).max().unwrap_or(0) as u16 + 4;
    let (width, height) = (canvas.width(), canvas.height());
    let (w, h) = (wide.min(width), (entries.len() as u16 + 2).min(height.saturating_sub(2)));
    let title = crate::keymap::map::written(&state.pending);
    let mut inside = popup::boxed(canvas, width - w, height.saturating_sub(h + 1), w, h, &title);
    for (i, (key, what)) in entries.iter().enumerate() {
        let x = inside.text(0, i as u16, key, Role::HintKey);
        let room = inside.width().saturating_sub(x + 1);
        inside.fit(x + 1, i as u16, room, what, Role::Hint);
    }
}
