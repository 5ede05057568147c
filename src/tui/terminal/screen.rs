//! The terminal as a drawing surface: taken over, drawn on, and given back as it was found, also
//! after a panic or a signal.

use super::caps::Caps;
use super::encode::{Encoder, LinkArea};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::{Command, cursor, terminal};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Whether the terminal is ours at the moment; the panic hook asks.
static TAKEN: AtomicBool = AtomicBool::new(false);
static KITTY: AtomicBool = AtomicBool::new(false);
/// The terminal's mode as the program found it.
static FOUND: OnceLock<Termios> = OnceLock::new();

/// A terminal that was taken over. Gives it back when dropped.
pub struct Screen {
    pub caps: Caps,
    mouse: bool,
    shown: Buffer,
    next: Buffer,
    encoder: Encoder,
    cursor: Option<(u16, u16)>,
    clear: bool,
}

fn ansi(out: &mut String, command: impl Command) {
    let _ = command.write_ansi(out);
}

fn send(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Gives the terminal back if it is taken. Safe to call at any time, also from a panic hook.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = String::from("\x1b[?2026l");
    if KITTY.swap(false, Ordering::SeqCst) {
        ansi(&mut out, PopKeyboardEnhancementFlags);
    }
    ansi(&mut out, DisableMouseCapture);
    ansi(&mut out, DisableBracketedPaste);
    ansi(&mut out, DisableFocusChange);
    out.push_str("\x1b[m");
    ansi(&mut out, cursor::Show);
    ansi(&mut out, terminal::LeaveAlternateScreen);
    let _ = send(&out);
    let _ = terminal::disable_raw_mode();
}

static PANICKED: AtomicBool = AtomicBool::new(false);
static TOLD: Notify = Notify::const_new();

/// From now on a panic gives the terminal back before it reports, in whatever task it happens.
pub fn restore_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // Before the terminal is given back: nothing may be drawn between the two.
        PANICKED.store(true, Ordering::SeqCst);
        restore();
        before(info);
        TOLD.notify_one();
    }));
}

/// Waits until some task has panicked: the terminal is given back then, and nobody may draw on it.
pub async fn panicked() {
    TOLD.notified().await;
}

/// Whether some task has panicked.
pub fn has_panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

/// Gives the terminal the mode that the program found: who borrows it may leave another one behind, without echo or
/// raw, and that would be taken for the one to go back to.
pub fn as_found() {
    if let Some(mode) = FOUND.get() {
        // Without a terminal there is no mode to set.
        let _ = on_terminal(|fd| tcsetattr(fd, OptionalActions::Now, mode));
    }
}

/// The terminal that keys are read from: as crossterm finds it.
fn on_terminal<T>(ask: impl FnOnce(BorrowedFd<'_>) -> rustix::io::Result<T>) -> Option<T> {
    let input = rustix::stdio::stdin();
    if rustix::termios::isatty(input) {
        return ask(input).ok();
    }
    let file = std::fs::File::options().read(true).write(true).open("/dev/tty").ok()?;
    ask(file.as_fd()).ok()
}

/// The terminal's size in columns and rows; 80x24 when it does not say.
pub fn size() -> (u16, u16) {
    match terminal::size() {
        Ok((w, h)) if w > 0 && h > 0 => (w, h),
        _ => (80, 24),
    }
}

impl Screen {
    /// Raw mode on, so that the terminal can be asked what it can do.
    pub fn raw() -> io::Result<()> {
        if FOUND.get().is_none()
            && let Some(mode) = on_terminal(|fd| tcgetattr(fd))
        {
            let _ = FOUND.set(mode);
        }
        terminal::enable_raw_mode()
    }

    /// Takes the terminal over.
    pub fn enter(caps: Caps, mouse: bool) -> io::Result<Self> {
        let mut screen = Self {
            caps,
            mouse,
            shown: Buffer::empty(Rect::default()),
            next: Buffer::empty(Rect::default()),
            encoder: Encoder::default(),
            cursor: None,
            clear: true,
        };
        screen.take()?;
        Ok(screen)
    }

    /// Takes the terminal (again, after [`restore`]); the next frame is drawn whole.
    pub fn take(&mut self) -> io::Result<()> {
        // One that is raw is so by us, from this same mode.
        if !terminal::is_raw_mode_enabled().unwrap_or_default() {
            as_found();
        }
        terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let mut out = String::new();
        ansi(&mut out, terminal::EnterAlternateScreen);
        ansi(&mut out, EnableBracketedPaste);
        ansi(&mut out, EnableFocusChange);
        if self.mouse {
            ansi(&mut out, EnableMouseCapture);
        }
        if self.caps.kitty_keys {
            ansi(&mut out, PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES));
            KITTY.store(true, Ordering::SeqCst);
        }
        ansi(&mut out, cursor::Hide);
        self.invalidate();
        send(&out)
    }

    /// Takes a terminal that somebody else has changed while we were stopped, without a chance to give it back.
    pub fn retake(&mut self) -> io::Result<()> {
        // Else it would be taken for raw already.
        let _ = terminal::disable_raw_mode();
        self.take()
    }

    /// Mouse reports on or off; off leaves selecting text to the terminal.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        if on == self.mouse {
            return Ok(());
        }
        self.mouse = on;
        let mut out = String::new();
        if on {
            ansi(&mut out, EnableMouseCapture);
        } else {
            ansi(&mut out, DisableMouseCapture);
        }
        send(&out)
    }

    /// The next frame is drawn whole.
    pub fn invalidate(&mut self) {
        self.clear = true;
        self.cursor = None;
        self.encoder.forget();
    }

    /// Draws a frame of this size; `draw` fills an empty buffer and says where the text cursor is, `links` what
    /// of it can be clicked where the terminal shows links.
    /// Sends only what changed. Returns how many bytes that were.
    pub fn draw(
        &mut self,
        size: (u16, u16),
        links: &[LinkArea],
        draw: impl FnOnce(&mut Buffer) -> Option<(u16, u16)>,
    ) -> io::Result<usize> {
        if has_panicked() {
            return Err(io::Error::other("a part of the program failed"));
        }
        let area = Rect::new(0, 0, size.0, size.1);
        if self.shown.area != area {
            self.invalidate();
        }
        let mut out = String::new();
        if self.clear {
            self.clear = false;
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
            out.push_str("\x1b[?25l\x1b[m\x1b[2J");
        } else {
            self.next.reset();
        }
        let cursor = draw(&mut self.next);
        let changed = out.len();
        if cursor.is_none() && self.cursor.is_some() {
            out.push_str("\x1b[?25l");
        }
        let links = if self.caps.links { links } else { &[] };
        self.encoder.frame(&self.shown, &self.next, links, &mut out);
        if let Some((x, y)) = cursor {
            if self.cursor != cursor || out.len() > changed {
                self.encoder.place(&mut out, x, y);
            }
            if self.cursor.is_none() {
                out.push_str("\x1b[?25h");
            }
        }
        self.cursor = cursor;
        std::mem::swap(&mut self.shown, &mut self.next);
        if out.is_empty() {
            return Ok(0);
        }
        // A short write arrives as one piece anyway.
        if self.caps.synchronized && out.len() > 1200 {
            out.insert_str(0, "\x1b[?2026h");
            out.push_str("\x1b[?2026l");
        }
        send(&out)?;
        Ok(out.len())
    }

    /// Sends bytes that draw nothing (clipboard, notifications).
    pub fn send(&self, text: &str) -> io::Result<()> {
        send(text)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}
