//! What a terminal sends: its answers to our questions, and keys, pastes and clicks as crossterm tells them.
#![no_main]

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use libfuzzer_sys::fuzz_target;
use quarterdeck_tui::keymap::{Found, Key, Keymap, load};
use quarterdeck_tui::terminal::Caps;
use quarterdeck_tui::terminal::input::{Told, told};
use quarterdeck_tui::terminal::probe::read_answers;
use std::sync::LazyLock;

static KEYMAPS: LazyLock<Vec<Keymap>> =
    LazyLock::new(|| load::BUILT_IN.iter().map(|(name, _)| load::keymap(name, None)).collect());

/// An event from four bytes: which, its modifiers, and a character or a place.
fn event(bytes: [u8; 4]) -> Event {
    let [which, modifiers, a, b] = bytes;
    let number = u16::from_le_bytes([a, b]);
    let code = match which % 24 {
        0 => KeyCode::Enter,
        1 => KeyCode::Esc,
        2 => KeyCode::Tab,
        3 => KeyCode::BackTab,
        4 => KeyCode::Backspace,
        5 => KeyCode::Delete,
        6 => KeyCode::Insert,
        7 => KeyCode::Up,
        8 => KeyCode::Home,
        9 => KeyCode::PageDown,
        10 => KeyCode::F(a),
        11 => KeyCode::Null,
        12 => KeyCode::CapsLock,
        13 => return Event::Resize(number, u16::from(a)),
        14 => return Event::FocusLost,
        15 | 16 => {
            let kind = match a % 5 {
                0 => MouseEventKind::Down(MouseButton::Left),
                1 => MouseEventKind::Down(MouseButton::Right),
                2 => MouseEventKind::ScrollUp,
                3 => MouseEventKind::ScrollDown,
                _ => MouseEventKind::Moved,
            };
            return Event::Mouse(MouseEvent { kind, column: number, row: u16::from(b), modifiers: KeyModifiers::NONE });
        }
        _ => KeyCode::Char(char::from_u32(u32::from(number)).unwrap_or('\u{fffd}')),
    };
    let kind = if modifiers & 0x80 == 0 { KeyEventKind::Press } else { KeyEventKind::Release };
    Event::Key(KeyEvent::new_with_kind(code, KeyModifiers::from_bits_truncate(modifiers & 0x3f), kind))
}

fuzz_target!(|data: &[u8]| {
    let mut caps = Caps::from_env(|_| None);
    let (done, typed) = read_answers(data, &mut caps);
    // In two reads the same is found as in one.
    let (again, rest) = read_answers(&typed, &mut caps);
    assert!(rest.len() <= typed.len() && typed.len() <= data.len());
    assert!(done || !again || typed.len() < data.len());
    let mut pressed: Vec<Key> = Vec::new();
    for bytes in data.chunks_exact(4).take(64) {
        let Some(Told::Key(key)) = told(event([bytes[0], bytes[1], bytes[2], bytes[3]])) else { continue };
        assert_eq!(key, key.normal(), "a key has one form only");
        assert!(key.typed().is_none() || !(key.ctrl || key.alt));
        // White space and numbers beyond F24 cannot be written in a key map.
        let text = key.to_string();
        if !text.contains(char::is_whitespace) && !text.is_empty() {
            if let Some(read) = Key::parse(&text) {
                assert_eq!(read, key, "{text}");
            }
        }
        pressed.push(key);
        for map in KEYMAPS.iter() {
            for scopes in [&["certificate-board", "list", "global"][..], &["text", "global"], &["global"]] {
                if let Found::Prefix(following) = map.find(scopes, &pressed) {
                    assert!(following.iter().all(|(keys, _)| keys.len() > pressed.len()));
                }
            }
        }
        if pressed.len() > 2 {
            pressed.clear();
        }
    }
});
