//! What a text from a controller means, in plain words.

/// Why something does not work: a stable code, a sentence for people, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// One of [`super::codes::ALL`].
    pub code: &'static str,
    /// One line; starts with the subject ("DNS: …", "rate limit: …").
    pub why: String,
    /// The next step; empty when none is known.
    pub next: String,
}

impl Cause {
    pub fn new(code: &'static str, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code, why: why.into(), next: next.into() }
    }
}

/// A text from outside as one line of at most `limit` characters.
pub fn line(text: &str, limit: usize) -> String {
    let text = crate::text::clean_line(text.trim());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= limit {
        return text;
    }
    let cut: String = text.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// The part of `text` between two marks; `None` when either is missing.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let from = text.find(start)? + start.len();
    let to = text[from..].find(end)? + from;
    Some(&text[from..to])
}
