//! The loop: wait until something happens, take everything that waits, update, carry out effects,
//! draw at most once. When nothing happens it does nothing at all.

use crate::config_watch::ConfigWatch;
use crate::driver::Driver;
use crate::options::TuiOptions;
use crate::signals::{Signals, Told as Signal};
use crate::state::app::PROGRAM;
use crate::state::effect::{Answer, Ask, Effect};
use crate::state::update::{refresh, update};
use crate::state::{Input, State};
use crate::terminal::input::{Told, events};
use crate::terminal::{self, Caps, Screen, clipboard, handover, links, probe, screen};
use crate::view;
use futures::StreamExt;
use quarterdeck_core::resources::{Level, Scope};
use quarterdeck_core::session::{Options, Session};
use quarterdeck_core::{Problem, ProblemKind, Result};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Frames a second in the long run.
const RATE: f64 = 24.0;
/// Frames that may be drawn at once after a rest; with [`RATE`] never more than 30 in a second.
const BURST: f64 = 6.0;
/// Of these, so many are kept for keys: changes of data do not use them up.
const KEPT: f64 = 3.0;
/// Between two frames for changes of data: 12 a second at most.
const DATA_GAP: Duration = Duration::from_millis(84);

/// How many frames may be drawn now: a bucket that fills evenly, so that a key that is held down is
/// answered evenly too and not in bursts.
#[derive(Debug)]
struct Pace {
    /// Frames that could be drawn at `at`.
    left: f64,
    at: Option<Instant>,
    /// How long the last frame took to send: a slow link gets fewer.
    sending: Duration,
    /// When changes of data were looked at last, whether or not anything of them was seen.
    looked: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { left: BURST, at: None, sending: Duration::ZERO, looked: None }
    }
}

impl Pace {
    fn left(&self, now: Instant) -> f64 {
        let rest = self.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        (self.left + rest * RATE).min(BURST)
    }
    fn drew(&mut self, at: Instant, sending: Duration) {
        self.left = self.left(at) - 1.0;
        self.at = Some(at);
        self.sending = sending;
    }
    /// The earliest moment for the next frame.
    fn next(&self, for_person: bool, now: Instant) -> Instant {
        let needed = if for_person { 1.0 } else { 1.0 + KEPT };
        let missing = (needed - self.left(now)).max(0.0);
        let by_count = now + Duration::from_secs_f64(missing / RATE);
        let gap = if for_person { self.sending } else { DATA_GAP.max(self.sending * 4) };
        let by_gap = self.at.map(|t| t + gap);
        let by_look = self.looked.filter(|_| !for_person).map(|t| t + gap);
        [Some(by_count), by_gap, by_look].into_iter().flatten().max().unwrap_or(now).max(now)
    }
}

fn io_problem(what: &str) -> impl Fn(io::Error) -> Problem {
    let what = what.to_owned();
    move |error| Problem::io(what.clone(), &error).next("`qd --plain` needs no screen")
}

/// Opens the screen and stays until the user leaves. Must be called within a tokio runtime.
///
/// # Errors
/// When the kubeconfig cannot be read or the terminal cannot be used. What the cluster does is no
/// error: the screen stays and says it.
pub async fn run(session: Options, options: TuiOptions) -> Result<()> {
    let mut caps = Caps::from_env(|name| std::env::var(name).ok());
    let (inputs, mut waiting) = unbounded_channel();
    let core = inputs.clone();
    let listener = Arc::new(move |event| {
        let _ = core.send(Input::Core(event));
    });
    let session = Session::new(session, listener)?;
    if options.plain || !caps.addressable || !std::io::IsTerminal::is_terminal(&io::stdout()) {
        return plain(session, options.fitted(&caps), inputs, waiting).await;
    }
    let mut typed = Vec::new();
    screen::restore_on_panic();
    Screen::raw().map_err(io_problem("cannot use this terminal"))?;
    typed.extend(probe::probe(&mut caps));
    let options = options.fitted(&caps).configured();
    let mut signals = Signals::new().map_err(io_problem("cannot listen to signals"))?;
    let mut screen = Screen::enter(caps, options.mouse).map_err(io_problem("cannot use this terminal"))?;
    let mut state = State::new(session.clone(), &options, screen::size());
    let mut watch = options.config_dir.as_deref().and_then(|dir| ConfigWatch::new(dir, inputs.clone()));
    if !options.namespaces.is_empty() {
        state.scope = Scope::of(options.namespaces.iter().map(String::as_str));
    }
    state.start(options.start_view.as_deref());
    for key in typed {
        let _ = inputs.send(Input::Key(key));
    }
    let mut driver = Driver::new(session, inputs);
    let ended = match turn(&mut state, &mut screen, &mut driver, &mut waiting, &mut signals, &mut watch).await {
        // Nobody may draw any more then, which is no fault of the terminal.
        Err(_) if screen::has_panicked() => Ok(Ended::Failed),
        ended => ended,
    };
    state.remember_here();
    // After a failure the place is offered only: it may be what fails.
    if matches!(ended, Ok(Ended::CutOff) | Err(_)) {
        state.cut_off();
    }
    state.keep_looked();
    drop(screen);
    match ended {
        Ok(Ended::Left | Ended::CutOff) => Ok(()),
        Ok(Ended::Failed) => Err(Problem::new(
            ProblemKind::Internal,
            "the screen was closed",
            "a part of qd failed; its report stands above",
        )
        .next("start it again: drafts and the place where you were are kept; please report what stands above")),
        Err(error) => Err(io_problem("the terminal is gone")(error)),
    }
}

/// How the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The user left, or somebody asked the program to end.
    Left,
    /// The terminal has gone.
    CutOff,
    /// A task panicked; the terminal is given back already.
    Failed,
}

/// Line mode instead of a screen.
async fn plain(
    session: Session,
    options: TuiOptions,
    inputs: tokio::sync::mpsc::UnboundedSender<Input>,
    mut waiting: UnboundedReceiver<Input>,
) -> Result<()> {
    let mut state = State::new(session.clone(), &options, crate::plain::size());
    if !options.namespaces.is_empty() {
        state.scope = Scope::of(options.namespaces.iter().map(String::as_str));
    }
    state.start(options.start_view.as_deref());
    let mut driver = Driver::new(session, inputs);
    let mut typed = crate::plain::typed_lines();
    let mut out = io::stdout();
    let ended = crate::plain::turn(&mut state, &mut driver, &mut waiting, &mut typed, &mut out).await;
    state.remember_here();
    state.keep_looked();
    match ended {
        // Whoever read us has gone: that is an end like any other.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        ended => ended.map_err(io_problem("cannot print")),
    }
}

fn as_input(told: Told) -> Input {
    match told {
        Told::Key(key) => Input::Key(key),
        Told::Paste(text) => Input::Paste(text),
        Told::Mouse(mouse) => Input::Mouse(mouse),
        Told::Resize(w, h) => Input::Resize(w, h),
        Told::Focus(on) => Input::Focus(on),
    }
}

async fn turn(
    state: &mut State,
    screen: &mut Screen,
    driver: &mut Driver,
    waiting: &mut UnboundedReceiver<Input>,
    signals: &mut Signals,
    watch: &mut Option<ConfigWatch>,
) -> io::Result<Ended> {
    let mut terminal = Some(events());
    let mut pace = Pace::default();
    let mut batch: Vec<Input> = Vec::new();
    let mut person = true;
    loop {
        // Everything that was ordered is done before anything else is taken in.
        let mut effects = state.take_effects();
        while !effects.is_empty() {
            for effect in std::mem::take(&mut effects) {
                if let Effect::SignIn { context } = &effect {
                    let Some(command) = plugin(state, context).await else {
                        driver.ask(context, PROGRAM, Ask::SignIn);
                        continue;
                    };
                    terminal = None;
                    match crate::sign_in::sign_in(context, &command, state, screen, signals).await? {
                        Some(Signal::CutOff) => return Ok(Ended::CutOff),
                        Some(_) => return Ok(Ended::Left),
                        None => continue,
                    }
                }
                let lends = needs_terminal(&effect);
                if lends {
                    terminal = None;
                }
                effects.extend(carry_out(effect, state, screen, driver)?);
                if lends {
                    signals.forget_interrupts().await;
                }
            }
        }
        terminal.get_or_insert_with(events);
        if state.quit {
            return Ok(Ended::Left);
        }
        let now = Instant::now();
        if state.dirty || state.stale {
            let at = pace.next(person && state.dirty, now);
            if at <= now {
                // A key is echoed before the data is looked at: what changed there comes with the next frame.
                if state.stale && !(person && state.dirty) {
                    pace.looked = Some(now);
                    refresh(state).into_iter().for_each(|e| state.push_effect(e));
                }
                person = false;
                if std::mem::take(&mut state.dirty) {
                    let began = Instant::now();
                    // Reports of a size may come late, or not at all when many follow one another.
                    let size = screen::size();
                    if size != state.size {
                        update(state, Input::Resize(size.0, size.1)).into_iter().for_each(|e| state.push_effect(e));
                        state.dirty = false;
                    }
                    let links = view::links(state, size);
                    let sent = screen.draw(size, &links, |buffer| view::draw(state, buffer))?;
                    if sent > 0 {
                        pace.drew(began, began.elapsed());
                    }
                }
            }
        }
        let frame = (state.dirty || state.stale).then(|| pace.next(person && state.dirty, Instant::now()));
        let tick = state.next_change().map(|at| {
            let left = (at - state.now()).max(0).unsigned_abs();
            Instant::now() + Duration::from_secs(left.max(1))
        });
        if state.has_effects() {
            continue;
        }
        let Some(keys) = &mut terminal else { return Ok(Ended::Left) };
        tokio::select! {
            biased;
            () = screen::panicked() => return Ok(Ended::Failed),
            told = keys.next() => match told {
                Some(Ok(told)) => batch.push(as_input(told)),
                Some(Err(error)) => return Err(error),
                None => return Ok(Ended::CutOff),
            },
            signal = signals.any() => match signal {
                Signal::End | Signal::Interrupt => return Ok(Ended::Left),
                Signal::CutOff => return Ok(Ended::CutOff),
                Signal::GoOn => {
                    screen.retake()?;
                    state.dirty = true;
                }
            },
            input = waiting.recv() => match input {
                Some(input) => batch.push(input),
                None => return Ok(Ended::Left),
            },
            () = until(frame) => {}
            () = until(tick) => batch.push(Input::Tick),
        }
        // All that waits is taken at once; what a person did goes first.
        while let Some(Ok(told)) = already(keys).await {
            batch.push(as_input(told));
        }
        while let Ok(input) = waiting.try_recv() {
            batch.push(input);
        }
        batch.sort_by_key(|i| !i.from_person());
        for input in batch.drain(..) {
            if let (Input::ConfigChanged, Some(watch)) = (&input, watch.as_mut()) {
                watch.widen();
            }
            person |= input.from_person();
            update(state, input).into_iter().for_each(|e| state.push_effect(e));
        }
    }
}

/// The next item if it is there already. Polled with the task's own waker: the terminal's stream keeps
/// the first waker it is given, and with one that does nothing the next key would wake nobody.
async fn already<S: futures::Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| match stream.poll_next_unpin(cx) {
        std::task::Poll::Ready(item) => std::task::Poll::Ready(item),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// The command of the plugin with which a context signs in.
async fn plugin(state: &State, context: &str) -> Option<String> {
    state.session.cluster(context).ok()?.sign_in_command().await
}

/// Effects for which nobody else may read the terminal.
fn needs_terminal(effect: &Effect) -> bool {
    matches!(effect, Effect::Suspend | Effect::Editor { .. })
}

fn carry_out(effect: Effect, state: &mut State, screen: &mut Screen, driver: &mut Driver) -> io::Result<Vec<Effect>> {
    let mut say = |level: Level, text: String| update(state, Input::Say(level, text));
    Ok(match effect {
        Effect::Ask(page, ask) => {
            driver.ask(&state.context, page, ask);
            Vec::new()
        }
        Effect::Forget(page) => {
            driver.forget(page);
            Vec::new()
        }
        Effect::Copy { text, what } => match clipboard::copy(&text, &screen.caps, |s| screen.send(s)) {
            Ok(way) => say(Level::Good, format!("{what}: {way}")),
            Err(why) => say(Level::Bad, format!("cannot copy {what}: {why}")),
        },
        Effect::OpenLink(url) => {
            let said = open_link(&url, screen);
            update(state, said)
        }
        Effect::Mouse(on) => {
            screen.set_mouse(on)?;
            Vec::new()
        }
        Effect::Redraw => {
            screen.invalidate();
            state.dirty = true;
            Vec::new()
        }
        Effect::Suspend => {
            let stopped = handover::suspend(screen);
            state.size = screen::size();
            state.dirty = true;
            match stopped {
                Ok(()) => Vec::new(),
                Err(error) => update(state, Input::Say(Level::Bad, format!("cannot suspend: {error}"))),
            }
        }
        Effect::Editor { page, name, text } => {
            let edited = handover::edit(screen, &name, &text);
            state.size = screen::size();
            state.dirty = true;
            update(state, Input::Answer(page, Answer::Edited(edited)))
        }
        // Carried out by the loop, which can wait.
        Effect::SignIn { .. } => Vec::new(),
        Effect::Notify(text) => {
            screen.send(&terminal::notify::sequence(screen.caps.notify, &text))?;
            Vec::new()
        }
        Effect::Keep { name, text } => {
            let (level, said) = crate::state::effect::keep(&name, &text);
            say(level, said)
        }
        Effect::Save { path, text } => {
            let (level, said) = crate::state::effect::save(&path, &text);
            say(level, said)
        }
    })
}

/// Opens an address in a browser of this machine; else it is shown as a link and copied.
fn open_link(url: &str, screen: &Screen) -> Input {
    if !links::allowed(url) {
        return Input::Say(Level::Warn, "only http and https links are opened".into());
    }
    if links::has_browser(&screen.caps) {
        return match links::open(url) {
            Ok(()) => Input::Say(Level::Good, format!("opened {url}")),
            Err(why) => Input::Say(Level::Bad, format!("cannot open {url}: {why}")),
        };
    }
    let text = match clipboard::copy(url, &screen.caps, |s| screen.send(s)) {
        Ok(way) => format!("{url}  ({way})"),
        Err(_) => url.to_owned(),
    };
    Input::Link { url: url.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_never_takes_the_frames_of_keys() {
        let mut pace = Pace::default();
        let start = Instant::now();
        let mut now = start;
        let mut data = 0;
        while now < start + Duration::from_secs(1) {
            now = pace.next(false, now);
            pace.drew(now, Duration::ZERO);
            data += 1;
        }
        assert!((10..=13).contains(&data), "{data} frames for data in a second");
        assert_eq!(pace.next(true, now), now, "a key is drawn at once");
    }

    #[test]
    fn a_key_that_is_held_down_is_answered_evenly_and_at_most_30_times_a_second() {
        let mut pace = Pace::default();
        let start = Instant::now();
        let mut drawn = Vec::new();
        // A key every 10 ms for three seconds.
        for press in 0..300_u64 {
            let pressed = start + Duration::from_millis(press * 10);
            let at = pace.next(true, pressed);
            if drawn.last().is_none_or(|last| at > *last) && at < pressed + Duration::from_millis(10) {
                pace.drew(at, Duration::ZERO);
                drawn.push(at);
            }
        }
        for (i, from) in drawn.iter().enumerate() {
            let within = drawn[i..].iter().filter(|t| **t < *from + Duration::from_secs(1)).count();
            assert!(within <= 30, "{within} frames in a second");
        }
        let longest = drawn.windows(2).map(|w| w[1] - w[0]).max().unwrap();
        assert!(longest < Duration::from_millis(60), "a frame came {longest:?} after the one before it");
    }
}
