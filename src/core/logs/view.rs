//! A filtered look at a log buffer. The filter is a look, never a loss: clearing it shows everything again.

use super::buffer::{Entry, LogBuffer, without_colours};
use crate::{Problem, Result};

/// Which lines are shown.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    typed: String,
    inverse: bool,
    pattern: Option<regex::Regex>,
    /// Indexes of the sources that are shown; all when empty.
    pub sources: Vec<u16>,
}

impl LogFilter {
    /// Plain text (any case), `/regex/`, and `!` before either for the inverse.
    pub fn parse(typed: &str) -> Result<Self> {
        let inverse = typed.starts_with('!');
        let body = typed.strip_prefix('!').unwrap_or(typed);
        if body.is_empty() {
            return Ok(Self { typed: typed.into(), ..Self::default() });
        }
        let source = match body.strip_prefix('/').map(|b| b.strip_suffix('/').unwrap_or(b)) {
            Some(expression) => expression.to_string(),
            None => regex::escape(body),
        };
        let pattern = regex::RegexBuilder::new(&source).case_insensitive(true).size_limit(1 << 20).build();
        let pattern = pattern.map_err(|e| {
            let why = e.to_string();
            Problem::usage("cannot filter the log", why.lines().last().unwrap_or("bad expression").trim())
                .on(typed)
                .next("without the slashes the text is searched as it stands")
        })?;
        Ok(Self { typed: typed.into(), inverse, pattern: Some(pattern), sources: Vec::new() })
    }
    /// As it was typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }
    pub fn is_active(&self) -> bool {
        self.pattern.is_some() || !self.sources.is_empty()
    }
    /// Gaps are shown whatever the filter says.
    pub fn shows(&self, entry: &Entry) -> bool {
        let Entry::Line(line) = entry else { return true };
        (self.sources.is_empty() || self.sources.contains(&line.source))
            && self.pattern.as_ref().is_none_or(|p| p.is_match(&without_colours(&line.text)) != self.inverse)
    }
    /// Where the pattern matches in a text without colours, for highlighting (byte ranges).
    pub fn matches(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        match &self.pattern {
            Some(pattern) if !self.inverse => pattern.find_iter(text).map(|m| m.range()).take(64).collect(),
            _ => Vec::new(),
        }
    }
}

/// The numbers of the entries that a filter shows; follows the buffer without looking twice at a line.
#[derive(Debug, Default)]
pub struct LogView {
    filter: LogFilter,
    shown: std::collections::VecDeque<u64>,
    seen: u64,
}

impl LogView {
    pub fn filter(&self) -> &LogFilter {
        &self.filter
    }
    pub fn set_filter(&mut self, filter: LogFilter) {
        self.filter = filter;
        self.shown.clear();
        self.seen = 0;
    }
    /// Takes over what came since the last call; whether anything shown changed.
    pub fn refresh(&mut self, buffer: &LogBuffer) -> bool {
        let before = (self.shown.len(), self.shown.back().copied());
        for (number, entry) in buffer.from(self.seen) {
            if self.filter.shows(entry) {
                self.shown.push_back(number);
            }
        }
        self.seen = buffer.end();
        while self.shown.front().is_some_and(|n| *n < buffer.first()) {
            self.shown.pop_front();
        }
        before != (self.shown.len(), self.shown.back().copied())
    }
    pub fn len(&self) -> usize {
        self.shown.len()
    }
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }
    /// The entry number at a place in the view.
    pub fn number(&self, index: usize) -> Option<u64> {
        self.shown.get(index).copied()
    }
    /// The place of the first shown entry at or after a number.
    pub fn place(&self, number: u64) -> usize {
        self.shown.partition_point(|n| *n < number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(view: &LogView, buffer: &LogBuffer) -> Vec<String> {
        (0..view.len()).filter_map(|i| Some(buffer.get(view.number(i)?)?.text().to_string())).collect()
    }

    #[test]
    fn a_filter_hides_and_gives_back() {
        let mut buffer = LogBuffer::new(1 << 20);
        for text in ["GET /a", "\u{1b}[31mERR\u{1b}[0mOR x", "GET /b"] {
            buffer.push_line(0, None, text.as_bytes());
        }
        buffer.push_gap(0, "cut");
        let mut view = LogView::default();
        view.refresh(&buffer);
        assert_eq!(view.len(), 4);
        view.set_filter(LogFilter::parse("error").unwrap());
        view.refresh(&buffer);
        assert_eq!(shown(&view, &buffer).len(), 2, "the line, whatever its colours, and the gap");
        view.set_filter(LogFilter::parse("!/get .a/").unwrap());
        view.refresh(&buffer);
        assert_eq!(view.len(), 3);
        view.set_filter(LogFilter::parse("").unwrap());
        assert!(view.refresh(&buffer));
        assert_eq!(view.len(), 4);
        assert!(!view.refresh(&buffer));
    }

    #[test]
    fn a_wrong_expression_is_told() {
        let problem = LogFilter::parse("/a(/").unwrap_err();
        assert!(problem.why.contains("unclosed group"), "{problem}");
    }
}
