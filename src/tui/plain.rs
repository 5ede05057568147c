//! Line mode, for terminals that cannot address their cursor and for screen readers: the same state
//! and the same pages, printed as lines. Nothing is printed unasked but messages.
//!
//! What can be typed: what follows `:` in the palette (`pods`, `certs`, `ctx prod`), a line's number to
//! open it (`3`), a number and a key (`3 d`), a key's name alone (`?`, `y`, `back`), `/filter`, text for
//! the question that is asked, `<tab><enter>` for keys as they are, nothing to see the page again, `q`.

use crate::driver::Driver;
use crate::keymap::{Command, Found, Key, Verb};
use crate::state::app::Overlay;
use crate::state::effect::{Answer, Effect};
use crate::state::input::{Mouse, MouseWhat};
use crate::state::update::{refresh, update};
use crate::state::{Input, State};
use crate::view;
use quarterdeck_core::resources::Level;
use quarterdeck_core::store::Freshness;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::{self, Write};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Lines of a page that are printed at once.
const LINES: u16 = 60;
/// So long is waited for data before the page is printed as far as it is known.
const PATIENCE: Duration = Duration::from_secs(10);

/// The size of a page in line mode: as wide as the terminal says, as long as [`LINES`].
pub fn size() -> (u16, u16) {
    let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(100);
    (u16::clamp(width, 40, 250), LINES + 2)
}

/// The page in front as numbered lines.
pub fn print(state: &State) -> String {
    let (w, h) = state.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, w, h));
    view::draw(state, &mut buffer);
    let line = |y: u16| {
        let symbols = (0..w).map(|x| buffer[(x, y)].symbol());
        symbols.collect::<String>().trim_end().to_owned()
    };
    let mut text = format!("{}\n", line(0).trim());
    if let Some(Overlay::Pick(pick)) = &state.overlay {
        for (i, (choice, _)) in pick.window(usize::from(LINES)).into_iter().enumerate() {
            let chosen = if pick.is_chosen(&choice.label) { "[x] " } else { "" };
            let detail = choice.why_not.as_ref().map_or_else(|| choice.detail.clone(), |w| format!("not now: {w}"));
            text.push_str(&format!("{:>3}  {chosen}{}  {detail}  {}\n", i + 1, choice.label, choice.key));
        }
        return text;
    }
    let last = (1..h - 1).rev().find(|y| !line(*y).is_empty()).unwrap_or(0);
    for y in 1..=last {
        text.push_str(&format!("{y:>3} {}\n", line(y)));
    }
    if let Some(Overlay::Filter { problem, .. }) = &state.overlay {
        text.push_str(&format!("filter? {problem}\n"));
    }
    if let Some(Overlay::Ask { label, .. }) = &state.overlay {
        text.push_str(&format!("{label}\n"));
    }
    text
}

/// What a typed line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    Nothing,
    /// A line of the page, and what to do with it.
    Line(u16, String),
    Keys(Vec<Key>),
    Command(Command),
    /// As typed after `:`.
    Typed(String),
}

fn wish(state: &State, text: &str) -> Wish {
    let text = text.trim();
    if text.is_empty() {
        return Wish::Nothing;
    }
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    if let Ok(n) = first.parse::<u16>() {
        return Wish::Line(n, rest.trim().into());
    }
    if let Some(filter) = text.strip_prefix('/') {
        return Wish::Command(Command::new(Verb::Filter, filter));
    }
    if text.starts_with('<') && text.ends_with('>') {
        let names = text.trim_matches(['<', '>']).split("><");
        return Wish::Keys(names.filter_map(Key::parse).collect());
    }
    let scopes = state.scopes();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let keys: Option<Vec<Key>> = text.split_whitespace().map(Key::parse).collect();
    if let Some(keys) = keys
        && let Found::Command(command) = state.keymap.find(&scopes, &keys)
    {
        return if text == "q" && state.stack.len() < 2 {
            Wish::Command(Verb::Quit.into())
        } else {
            Wish::Command(command)
        };
    }
    if let Some(command) = Command::parse(text) {
        return Wish::Command(command);
    }
    Wish::Typed(text.into())
}

/// One typed line. Returns what is to be done outside.
fn line(state: &mut State, text: &str) -> Vec<Effect> {
    let type_in = |state: &mut State, text: &str| {
        let mut effects = update(state, Input::Paste(text.trim().into()));
        effects.extend(update(state, Input::Key(Key::plain(crate::keymap::Code::Enter))));
        effects
    };
    match &mut state.overlay {
        Some(Overlay::Pick(pick)) => {
            let n = text.trim().parse::<usize>().ok().filter(|n| (1..=pick.len()).contains(n));
            return match (n, text.trim()) {
                (Some(n), _) => {
                    let mut effects = Vec::new();
                    for _ in 1..n {
                        effects.extend(update(state, Input::Key(Key::plain(crate::keymap::Code::Down))));
                    }
                    effects.extend(update(state, Input::Key(Key::plain(crate::keymap::Code::Enter))));
                    effects
                }
                (None, "") => update(state, Input::Key(Key::plain(crate::keymap::Code::Esc))),
                (None, text) => type_in(state, text),
            };
        }
        Some(Overlay::Filter { .. } | Overlay::Ask { .. }) => return type_in(state, text),
        None => {}
    }
    match wish(state, text) {
        Wish::Nothing => Vec::new(),
        Wish::Line(n, then) => {
            let depth = state.stack.len();
            let at = state.top().map(|e| e.id);
            let click = Input::Mouse(Mouse { what: MouseWhat::Click, x: 4, y: n });
            let mut effects = update(state, click);
            // The line the cursor was on already has been opened by the click.
            if state.stack.len() == depth && state.top().map(|e| e.id) == at {
                let then = if then.is_empty() { "open" } else { &then };
                effects.extend(line(state, then));
            }
            effects
        }
        Wish::Keys(keys) => keys.into_iter().flat_map(|key| update(state, Input::Key(key))).collect(),
        Wish::Command(command) if command.verb == Verb::Filter && !command.arg.is_empty() => {
            let mut effects = update(state, Input::Key(Key::char('/')));
            effects.extend(type_in(state, &command.arg));
            effects
        }
        Wish::Command(command) => {
            state.command(&command);
            state.take_effects()
        }
        Wish::Typed(text) => {
            state.typed(&text);
            state.take_effects()
        }
    }
}

/// Carries out what can be done without a screen.
async fn carry_out(
    state: &mut State,
    driver: &mut Driver,
    effects: Vec<Effect>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut effects = effects;
    while !effects.is_empty() {
        for effect in std::mem::take(&mut effects) {
            match effect {
                Effect::Ask(page, ask) => driver.ask(&state.context, page, ask),
                Effect::Forget(page) => driver.forget(page),
                // There is nothing to copy to: it is printed, where it can be taken from.
                Effect::Copy { text, .. } => writeln!(out, "{text}")?,
                Effect::OpenLink(url) => writeln!(out, "{url}")?,
                Effect::Keep { name, text } => {
                    let (level, said) = crate::state::effect::keep(&name, &text);
                    effects.extend(update(state, Input::Say(level, said)));
                }
                Effect::Save { path, text } => {
                    let (level, said) = crate::state::effect::save(&path, &text);
                    effects.extend(update(state, Input::Say(level, said)));
                }
                Effect::Editor { page, name, text } => {
                    let edited = crate::terminal::handover::edit_with(&name, &text, |command| command.status());
                    effects.extend(update(state, Input::Answer(page, Answer::Edited(edited))));
                }
                Effect::SignIn { context } => {
                    let said = match state.session.sign_in(&context).await {
                        Ok(()) => Input::Say(Level::Good, format!("signed in to {context}")),
                        Err(problem) => Input::Say(Level::Bad, problem.to_string()),
                    };
                    effects.extend(update(state, said));
                }
                Effect::Mouse(_) | Effect::Redraw | Effect::Suspend | Effect::Notify(_) => {}
            }
        }
        effects.extend(state.take_effects());
    }
    Ok(())
}

/// Prints messages that came since the last time.
fn messages(state: &mut State, out: &mut impl Write) -> io::Result<()> {
    for toast in state.toasts.shown() {
        writeln!(out, "{} {}", state.theme.glyphs.level(toast.level), quarterdeck_core::text::clean(&toast.text))?;
    }
    state.toasts.clear();
    Ok(())
}

/// The prompt loop: until `quit` or the end of the input.
pub async fn turn(
    state: &mut State,
    driver: &mut Driver,
    waiting: &mut UnboundedReceiver<Input>,
    typed: &mut UnboundedReceiver<String>,
    out: &mut impl Write,
) -> io::Result<()> {
    loop {
        let first = state.take_effects();
        carry_out(state, driver, first, out).await?;
        settle(state, driver, waiting, out).await?;
        if state.quit {
            return Ok(());
        }
        messages(state, out)?;
        write!(out, "{}> ", print(state))?;
        out.flush()?;
        let text = loop {
            tokio::select! {
                text = typed.recv() => break text,
                input = waiting.recv() => {
                    let Some(input) = input else { return Ok(()) };
                    let effects = update(state, input);
                    carry_out(state, driver, effects, out).await?;
                    if !state.toasts.shown().is_empty() {
                        writeln!(out)?;
                        messages(state, out)?;
                    }
                }
            }
        };
        let Some(text) = text else { return Ok(()) };
        let effects = line(state, &text);
        carry_out(state, driver, effects, out).await?;
        if state.quit {
            return Ok(());
        }
    }
}

/// Waits until what was asked has been answered, or for [`PATIENCE`].
async fn settle(
    state: &mut State,
    driver: &mut Driver,
    waiting: &mut UnboundedReceiver<Input>,
    out: &mut impl Write,
) -> io::Result<()> {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let effects = refresh(state);
        carry_out(state, driver, effects, out).await?;
        let loading = matches!(state.page().and_then(|p| p.freshness()), Some(Freshness::Loading));
        if !loading && driver.busy() == 0 && waiting.is_empty() {
            return Ok(());
        }
        // A question that is answered tells so by an input, but for the moment in which its task ends.
        let soon = (tokio::time::Instant::now() + Duration::from_millis(30)).min(end);
        match tokio::time::timeout_at(soon, waiting.recv()).await {
            Ok(Some(input)) => {
                let effects = update(state, input);
                carry_out(state, driver, effects, out).await?;
            }
            Ok(None) => return Ok(()),
            Err(_) if tokio::time::Instant::now() >= end => return Ok(()),
            Err(_) => {}
        }
    }
}

/// Lines of standard input as they are typed; the channel closes at their end.
pub fn typed_lines() -> UnboundedReceiver<String> {
    let (send, receive) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lines() {
            let Ok(line) = line else { return };
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

#[cfg(test)]
mod tests {
    use crate::robot::{Robot, RobotOptions};

    #[test]
    fn every_page_can_be_read_and_opened_line_by_line() {
        let mut options = RobotOptions::new("ominis", 100, 40);
        options.tui.ascii = true;
        let mut robot = Robot::with(options);
        let said = robot.plain(&["certs", "/acme", "1", "back", "back", "pods", "?", "", "nosuch", "q"]);
        assert!(said.contains("certificates cannot be issued"), "{said}");
        assert!(said.contains("CertificateRequest"), "the chain is told: {said}");
        assert!(said.contains("api-tls"), "{said}");
        assert!(said.contains("cannot go to `nosuch`"), "{said}");
        assert!(said.is_ascii() || !said.contains('\u{1b}'), "no escape sequence in line mode: {said}");
    }
}
