//! Telling somebody who does not look: the bell, and a notification where the terminal has them.

use super::caps::Notify;

/// Longest text of a notification, in characters.
const LONGEST: usize = 160;

/// The bytes that ring and notify. Nothing of the text can end the sequence or begin another one.
pub fn sequence(how: Notify, text: &str) -> String {
    let clean = quarterdeck_core::text::clean_line(text);
    let text: String = clean.chars().take(LONGEST).collect();
    // The bell goes last: an end of the sequence by ST is not one.
    match how {
        Notify::Bell => "\x07".into(),
        // ConEmu takes `9;1` and the like for commands of its own: text begins with a letter.
        Notify::Osc9 => format!("\x1b]9;qd: {text}\x1b\\\x07"),
        Notify::Osc99 => format!("\x1b]99;i=qd:d=0:p=title;qd\x1b\\\x1b]99;i=qd:d=1:p=body;{text}\x1b\\\x07"),
        Notify::Osc777 => format!("\x1b]777;notify;qd;{}\x1b\\\x07", text.replace(';', ",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Caps;

    #[test]
    fn each_terminal_is_told_in_its_own_way_and_no_text_ends_the_sequence() {
        let caps = |env: &[(&str, &str)]| {
            let env: Vec<(String, String)> = env.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            Caps::from_env(|name| env.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone())).notify
        };
        assert_eq!(caps(&[("TERM", "xterm-kitty")]), Notify::Osc99);
        assert_eq!(caps(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")]), Notify::Osc9);
        assert_eq!(caps(&[("TERM", "foot")]), Notify::Osc777);
        assert_eq!(caps(&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/x,1,0")]), Notify::Bell);
        assert_eq!(caps(&[("TERM", "xterm")]), Notify::Bell);
        for how in [Notify::Bell, Notify::Osc9, Notify::Osc99, Notify::Osc777] {
            let sent = sequence(how, "a\x1b\\\x07b\nc;d\u{9c}");
            assert!(sent.ends_with('\x07') && sent.matches('\x07').count() == 1, "{sent:?}");
            assert!(!sent.contains('\n') && !sent.contains('\u{9c}'), "{sent:?}");
            let sequences = if how == Notify::Bell {
                0
            } else if how == Notify::Osc99 {
                4
            } else {
                2
            };
            assert_eq!(sent.matches('\x1b').count(), sequences, "{sent:?}");
        }
    }
}
