//! Messages that pass.

use quarterdeck_core::resources::Level;

/// Seconds a message stays, by how bad it is.
fn lifetime(level: Level) -> i64 {
    match level {
        Level::Bad => 20,
        Level::Warn => 12,
        _ => 6,
    }
}

/// A message that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub level: Level,
    pub text: String,
    /// Where the text leads when it is clicked, in a terminal that shows links.
    pub link: Option<String>,
    /// When it goes (seconds since 1970).
    pub until: i64,
}

/// Messages, the latest last.
#[derive(Clone, Debug, Default)]
pub struct Toasts {
    all: Vec<Toast>,
}

impl Toasts {
    /// Shows a message. The same one again only stays longer.
    pub fn say(&mut self, level: Level, text: impl Into<String>, now: i64) {
        self.push(level, text.into(), None, now);
    }
    /// Shows an address; it stays for as long as something bad, because a person has to get at it.
    pub fn link(&mut self, url: &str, text: impl Into<String>, now: i64) {
        self.push(Level::Good, text.into(), Some(url.to_owned()), now);
    }
    fn push(&mut self, level: Level, text: String, link: Option<String>, now: i64) {
        let stays = if link.is_some() { lifetime(Level::Bad) } else { lifetime(level) };
        self.all.retain(|t| t.text != text);
        self.all.push(Toast { level, text, link, until: now + stays });
        if self.all.len() > 4 {
            self.all.remove(0);
        }
    }
    /// Those that are still shown.
    pub fn shown(&self) -> &[Toast] {
        &self.all
    }
    /// Drops those whose time is over; whether there were any.
    pub fn pass(&mut self, now: i64) -> bool {
        let before = self.all.len();
        self.all.retain(|t| t.until > now);
        before != self.all.len()
    }
    /// Drops all; a key press says that they were seen.
    pub fn clear(&mut self) {
        self.all.clear();
    }
    /// Drops those with these texts.
    pub fn drop_seen(&mut self, texts: &[String]) {
        self.all.retain(|t| !texts.contains(&t.text));
    }
    pub fn next_change(&self) -> Option<i64> {
        self.all.iter().map(|t| t.until).min()
    }
}
