//! What is kept of logs: the newest lines up to a number of bytes, in the order in which they came.

use crate::text::clean;
use std::collections::VecDeque;

/// Longer lines are cut here, and the cut is shown; no terminal line needs more.
const LONGEST: usize = 16 * 1024;
/// What an entry costs besides its text.
const OVERHEAD: usize = 56;

/// A line of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Index of its source in the follower's targets.
    pub source: u16,
    /// Nanoseconds since 1970, as the kubelet stamped it.
    pub time: Option<i64>,
    /// Made harmless, colours (SGR sequences) excepted: those are interpreted when the line is drawn.
    pub text: Box<str>,
}

/// An entry of the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Line(LogLine),
    /// Here something is missing or ended, and why.
    Gap {
        source: u16,
        why: Box<str>,
    },
}

impl Entry {
    pub fn text(&self) -> &str {
        match self {
            Self::Line(line) => &line.text,
            Self::Gap { why, .. } => why,
        }
    }
    pub fn source(&self) -> u16 {
        match self {
            Self::Line(line) => line.source,
            Self::Gap { source, .. } => *source,
        }
    }
}

/// The newest lines up to a number of bytes. Every entry has a number that never changes.
#[derive(Debug)]
pub struct LogBuffer {
    entries: VecDeque<Entry>,
    first: u64,
    bytes: usize,
    limit: usize,
    pinned: bool,
}

impl LogBuffer {
    /// Keeps about `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { entries: VecDeque::new(), first: 0, bytes: 0, limit, pinned: false }
    }
    /// Number of the oldest entry that is kept: so many have left the buffer.
    pub fn first(&self) -> u64 {
        self.first
    }
    /// Number that the next entry will get.
    pub fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }
    pub fn len(&self) -> usize {
        self.entries.len()
    }
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    pub fn bytes(&self) -> usize {
        self.bytes
    }
    /// While someone reads (pause), four times as much is kept before the oldest lines leave.
    pub fn pin(&mut self, on: bool) {
        self.pinned = on;
        self.trim();
    }
    /// The entry of a number, if it is still here.
    pub fn get(&self, number: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
    /// Entries from a number on.
    pub fn from(&self, number: u64) -> impl Iterator<Item = (u64, &Entry)> {
        let skip = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.entries.len());
        let first = self.first + skip as u64;
        self.entries.range(skip..).enumerate().map(move |(i, e)| (first + i as u64, e))
    }
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.text().len() + OVERHEAD;
        self.entries.push_back(entry);
        self.trim();
    }
    /// Takes a raw line of a source, without its newline.
    pub fn push_line(&mut self, source: u16, time: Option<i64>, raw: &[u8]) {
        let cut = raw.len() > LONGEST;
        let text = String::from_utf8_lossy(&raw[..raw.len().min(LONGEST)]);
        let mut text = clean_but_colours(text.trim_end_matches('\r'));
        if cut {
            text.push_str(&format!(" … ({} bytes more)", raw.len() - LONGEST));
        }
        self.push(Entry::Line(LogLine { source, time, text: text.into() }));
    }
    pub fn push_gap(&mut self, source: u16, why: impl Into<String>) {
        self.push(Entry::Gap { source, why: why.into().into() });
    }
    /// Forgets everything; numbers go on.
    pub fn clear(&mut self) {
        self.first = self.end();
        self.entries.clear();
        self.bytes = 0;
    }
    fn trim(&mut self) {
        let limit = if self.pinned { self.limit * 4 } else { self.limit };
        while self.bytes > limit
            && let Some(oldest) = self.entries.pop_front()
        {
            self.bytes -= oldest.text().len() + OVERHEAD;
            self.first += 1;
        }
    }
}

/// Makes a line harmless but leaves its colours: `ESC [ digits ; … m`.
fn clean_but_colours(text: &str) -> String {
    if !text.contains('\u{1b}') {
        return clean(text).into_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&clean(&rest[..at]));
        let after = &rest[at + 1..];
        let body = after.strip_prefix('[').unwrap_or("");
        let end = body.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':');
        match end {
            Some(end) if body[end..].starts_with('m') => {
                out.push_str("\u{1b}[");
                out.push_str(&body[..=end]);
                rest = &body[end + 1..];
            }
            _ => {
                out.push('\u{fffd}');
                rest = after;
            }
        }
    }
    out.push_str(&clean(rest));
    out
}

/// A line's text without its colours, for filters and files.
pub fn without_colours(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once('m').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_lines_leave_and_numbers_stay() {
        let mut buffer = LogBuffer::new(10 * (OVERHEAD + 2));
        for i in 0..100_u64 {
            buffer.push_line(0, None, format!("{i:02}").as_bytes());
        }
        assert_eq!((buffer.first(), buffer.end(), buffer.len()), (90, 100, 10));
        assert_eq!(buffer.get(95).map(Entry::text), Some("95"));
        assert_eq!(buffer.get(3), None);
        assert_eq!(buffer.from(98).map(|(n, e)| (n, e.text().to_string())).collect::<Vec<_>>().len(), 2);
    }

    #[test]
    fn a_paused_reader_keeps_what_it_reads() {
        let mut buffer = LogBuffer::new(10 * (OVERHEAD + 1));
        for _ in 0..10 {
            buffer.push_line(0, None, b"a");
        }
        buffer.pin(true);
        for _ in 0..20 {
            buffer.push_line(0, None, b"b");
        }
        assert_eq!(buffer.first(), 0);
        buffer.pin(false);
        assert_eq!(buffer.first(), 20);
    }

    #[test]
    fn colours_stay_and_every_other_sequence_is_disarmed() {
        let mut buffer = LogBuffer::new(100_000);
        buffer.push_line(0, None, b"\x1b[31mred\x1b[0m \x1b[2Jgone \x1b]0;title\x07 \x9b5m\r");
        let text = buffer.get(0).unwrap().text().to_string();
        assert!(text.starts_with("\u{1b}[31mred\u{1b}[0m \u{fffd}[2Jgone \u{fffd}]0;title\u{fffd}"), "{text:?}");
        assert_eq!(&without_colours(&text)[..4], "red ");
        buffer.push_line(0, None, &vec![b'x'; 20_000]);
        assert!(buffer.get(1).unwrap().text().ends_with("(3616 bytes more)"));
    }
}
