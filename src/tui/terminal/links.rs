//! Opens a URL: in the desktop's browser, or, over SSH, as something to click or paste.

use super::Caps;

/// Only links to the web are opened: other schemes could start programs.
pub fn allowed(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && !url.chars().any(|c| c.is_control() || c == ' ')
}

/// Whether a browser can be started here.
pub fn has_browser(caps: &Caps) -> bool {
    !caps.ssh
        && (std::env::var_os("DISPLAY").is_some()
            || std::env::var_os("WAYLAND_DISPLAY").is_some()
            || cfg!(any(target_os = "macos", target_os = "windows")))
}

/// Starts the browser without waiting for it.
pub fn open(url: &str) -> Result<(), String> {
    if !allowed(url) {
        return Err("only http and https links are opened".into());
    }
    open::that_detached(url).map_err(|e| e.to_string())
}
