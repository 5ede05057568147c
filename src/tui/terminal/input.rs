//! Events of crossterm in our own words.

use crate::keymap::{Code, Key};
use crate::state::input::{Mouse, MouseWhat};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use futures::{Stream, StreamExt};

/// What a terminal tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Key(Key),
    Paste(String),
    Mouse(Mouse),
    Resize(u16, u16),
    Focus(bool),
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let mut shift = event.modifiers.contains(KeyModifiers::SHIFT);
    let code = match event.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => {
            shift = true;
            Code::Tab
        }
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(n) => Code::F(n),
        KeyCode::Null => return Some(Key::ctrl(' ')),
        _ => return None,
    };
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    Some(Key { code, ctrl, alt, shift }.normal())
}

/// What an event of crossterm means; `None`: nothing to us (a released key, a moved mouse).
pub fn told(event: Event) -> Option<Told> {
    Some(match event {
        Event::Key(event) => Told::Key(key(event)?),
        Event::Paste(text) => Told::Paste(text),
        Event::Resize(w, h) => Told::Resize(w, h),
        Event::FocusGained => Told::Focus(true),
        Event::FocusLost => Told::Focus(false),
        Event::Mouse(event) => {
            let what = match event.kind {
                MouseEventKind::Down(MouseButton::Left) => MouseWhat::Click,
                MouseEventKind::Down(MouseButton::Right) => MouseWhat::Menu,
                MouseEventKind::ScrollDown => MouseWhat::WheelDown,
                MouseEventKind::ScrollUp => MouseWhat::WheelUp,
                _ => return None,
            };
            Told::Mouse(Mouse { what, x: event.column, y: event.row })
        }
    })
}

/// Keys, pastes, clicks and resizes as they come. Dropping the stream stops reading the terminal.
pub fn events() -> impl Stream<Item = std::io::Result<Told>> + Unpin + Send {
    Box::pin(crossterm::event::EventStream::new().filter_map(|event| async {
        match event {
            Ok(event) => told(event).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }))
}
