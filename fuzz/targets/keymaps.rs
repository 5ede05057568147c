//! A key map: what cannot be understood is told, and what can be understood is found under its keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck_tui::keymap::map::written;
use quarterdeck_tui::keymap::{Command, Found, Key, load};

fuzz_target!(|text: &str| {
    let map = load::from_text(text);
    for scope in map.all_scopes() {
        let scopes = [scope, "global"];
        for (keys, command) in map.bindings(&scopes) {
            // As help and the hint line write them, so they are read again.
            let again: Option<Vec<Key>> = written(&keys).split(' ').map(Key::parse).collect();
            assert_eq!(again.as_ref(), Some(&keys), "{}", written(&keys));
            assert_eq!(Command::parse(&command.to_string()), Some(command.clone()));
            if matches!(map.find(&scopes, &keys), Found::Command(_)) {
                let _ = map.keys_for(&scopes, &command);
            }
        }
    }
    for word in text.split_whitespace().take(50) {
        if let Some(key) = Key::parse(word) {
            assert_eq!(Key::parse(&key.to_string()), Some(key), "{word}");
        }
    }
});
