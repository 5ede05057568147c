//! Copies text. Over SSH the terminal itself takes it (OSC 52); else the desktop's clipboard, and
//! OSC 52 when there is none. Never claims more than is known.

use super::Caps;
use base64::Engine;

/// Terminals take no more than this by OSC 52, in bytes of base64 (xterm's limit, which k9s keeps too).
const LIMIT: usize = 74_994;

/// The bytes that ask the terminal to take a text; `None` when it is too long.
fn osc52(text: &str, caps: &Caps) -> Option<String> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    if encoded.len() > LIMIT {
        return None;
    }
    let plain = format!("\x1b]52;c;{encoded}\x07");
    // screen passes nothing on by itself; tmux does with set-clipboard.
    Some(if caps.multiplexer && std::env::var_os("STY").is_some() { format!("\x1bP{plain}\x1b\\") } else { plain })
}

/// Copies. Says in words which way was used, or why it could not be done.
pub fn copy(text: &str, caps: &Caps, send: impl Fn(&str) -> std::io::Result<()>) -> Result<String, String> {
    let by_terminal = || match osc52(text, caps) {
        Some(bytes) => send(&bytes).map(|()| "sent to the terminal (OSC 52)".to_owned()).map_err(|e| e.to_string()),
        None => Err(format!("{} bytes are too many for the terminal's clipboard", text.len())),
    };
    if caps.ssh {
        return by_terminal();
    }
    let desktop = std::env::var_os("DISPLAY").is_some()
        || std::env::var_os("WAYLAND_DISPLAY").is_some()
        || cfg!(any(target_os = "macos", target_os = "windows"));
    if desktop
        && let Ok(mut clipboard) = arboard::Clipboard::new()
        && clipboard.set_text(text.to_owned()).is_ok()
    {
        // On X11 the text is served by its owner, so the owner has to live as long as the program.
        KEEP.with(|k| *k.borrow_mut() = Some(clipboard));
        return Ok("copied to the desktop's clipboard".into());
    }
    by_terminal()
}

thread_local! {
    static KEEP: std::cell::RefCell<Option<arboard::Clipboard>> = const { std::cell::RefCell::new(None) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_ssh_the_terminal_is_asked_and_the_text_says_so() {
        let caps = Caps { ssh: true, ..Caps::from_env(|_| None) };
        let sent = std::cell::RefCell::new(String::new());
        let said = copy("api-tls", &caps, |s| {
            sent.borrow_mut().push_str(s);
            Ok(())
        });
        assert_eq!(*sent.borrow(), "\x1b]52;c;YXBpLXRscw==\x07");
        assert!(said.unwrap().contains("OSC 52"));
        assert!(copy(&"x".repeat(80_000), &caps, |_| Ok(())).is_err());
    }
}
