//! What this terminal can do: first from the environment, then from what it answers.

use crate::theme::Depth;

/// What a terminal can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caps {
    /// It can address the cursor at all; if not, only line mode is left.
    pub addressable: bool,
    pub unicode: bool,
    pub depth: Depth,
    /// Synchronized output, DEC private mode 2026.
    pub synchronized: bool,
    /// Kitty keyboard protocol: Esc comes without delay, Ctrl-I is not Tab.
    pub kitty_keys: bool,
    /// We run at the far end of an SSH connection.
    pub ssh: bool,
    /// Inside tmux or screen.
    pub multiplexer: bool,
    /// OSC 8 links are shown.
    pub links: bool,
    /// How it shows a notification.
    pub notify: Notify,
    /// Dark or light background, where it is known.
    pub dark: Option<bool>,
}

/// How a terminal shows a notification beyond its bell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// Only the bell.
    Bell,
    /// `OSC 9 ; text`: iTerm2, WezTerm, Ghostty, Windows Terminal.
    Osc9,
    /// `OSC 99 ; … ; text`: kitty.
    Osc99,
    /// `OSC 777 ; notify ; title ; text`: VTE, foot, urxvt.
    Osc777,
}

/// Known terminals only: what is not understood may be printed. A multiplexer passes the bell on, and nothing else.
fn notify(term: &str, program: &str, multiplexer: bool, set: &dyn Fn(&str) -> Option<String>) -> Notify {
    if multiplexer {
        Notify::Bell
    } else if term == "xterm-kitty" || set("KITTY_WINDOW_ID").is_some() {
        Notify::Osc99
    } else if ["iTerm.app", "WezTerm", "ghostty"].contains(&program) || ["xterm-ghostty", "wezterm"].contains(&term) {
        Notify::Osc9
    } else if term.starts_with("foot") || term.starts_with("rxvt") || set("VTE_VERSION").is_some() {
        Notify::Osc777
    } else {
        Notify::Bell
    }
}

impl Caps {
    /// What the environment says.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| get(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let locale =
            set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default().to_lowercase();
        let no_color = set("NO_COLOR").is_some() || set("CLICOLOR").as_deref() == Some("0");
        let truecolor = set("COLORTERM").is_some_and(|c| c == "truecolor" || c == "24bit");
        let depth = if no_color || matches!(term.as_str(), "dumb" | "vt100" | "vt220" | "linux-m" | "xterm-mono") {
            Depth::None
        } else if truecolor || term.ends_with("-direct") {
            Depth::True
        } else if term.contains("256") || term.contains("kitty") || term.contains("ghostty") {
            Depth::Indexed
        } else {
            Depth::Ansi
        };
        let program = set("TERM_PROGRAM").unwrap_or_default();
        let multiplexer = set("TMUX").is_some() || set("STY").is_some() || term.starts_with("screen");
        let known_links = ["iTerm.app", "WezTerm", "ghostty", "vscode", "rio"].contains(&program.as_str())
            || ["xterm-kitty", "alacritty", "foot", "xterm-ghostty"].contains(&term.as_str())
            || set("VTE_VERSION").is_some()
            || set("KONSOLE_VERSION").is_some()
            || set("WT_SESSION").is_some();
        // rxvt and others: "foreground;background", 0 to 6 and 8 are dark.
        let dark = set("COLORFGBG")
            .and_then(|v| v.rsplit(';').next().and_then(|b| b.parse::<u8>().ok()))
            .map(|b| b < 7 || b == 8);
        Self {
            addressable: !(term.is_empty() || term == "dumb" || term == "unknown"),
            unicode: (locale.contains("utf-8") || locale.contains("utf8")) && term != "linux",
            depth,
            synchronized: false,
            kitty_keys: false,
            ssh: ["SSH_TTY", "SSH_CONNECTION", "SSH_CLIENT"].iter().any(|v| set(v).is_some()),
            multiplexer,
            notify: notify(&term, &program, multiplexer, &set),
            links: known_links && !multiplexer,
            dark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(env: &[(&str, &str)]) -> Caps {
        let env: Vec<(String, String)> = env.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Caps::from_env(|name| env.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
    }

    #[test]
    fn the_environment_decides_colours_symbols_and_mode() {
        let modern = caps(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LANG", "C.UTF-8")]);
        assert_eq!((modern.depth, modern.unicode, modern.addressable), (Depth::True, true, true));
        let quiet = caps(&[("TERM", "xterm-256color"), ("NO_COLOR", "1"), ("LANG", "en_GB.utf8")]);
        assert_eq!((quiet.depth, quiet.unicode), (Depth::None, true));
        let ascii = caps(&[("TERM", "xterm"), ("LC_ALL", "C"), ("LANG", "C.UTF-8")]);
        assert_eq!((ascii.depth, ascii.unicode), (Depth::Ansi, false));
        assert!(!caps(&[("TERM", "dumb")]).addressable);
        assert!(caps(&[("TERM", "xterm"), ("SSH_TTY", "/dev/pts/0")]).ssh);
        assert_eq!(caps(&[("TERM", "rxvt"), ("COLORFGBG", "0;15")]).dark, Some(false));
    }
}
