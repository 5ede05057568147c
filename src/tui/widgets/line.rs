//! A line of text being typed: the state of every prompt, and its drawing.

use super::{Canvas, text};
use crate::keymap::{Code, Key};
use crate::theme::Role;
use unicode_segmentation::UnicodeSegmentation;

/// A line of text being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    /// Bytes before the cursor.
    at: usize,
}

impl Line {
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }
    pub fn text(&self) -> &str {
        &self.text
    }
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
    pub fn set(&mut self, text: impl Into<String>) {
        *self = Self::new(text);
    }
    /// Types or pastes; line breaks become blanks.
    pub fn insert(&mut self, typed: &str) {
        let typed = quarterdeck_core::text::clean_line(typed);
        self.text.insert_str(self.at, &typed);
        self.at += typed.len();
    }
    fn left(&self) -> usize {
        self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(i, _)| i)
    }
    fn right(&self) -> usize {
        self.text[self.at..].graphemes(true).next().map_or(self.at, |g| self.at + g.len())
    }
    fn word_left(&self) -> usize {
        let before = self.text[..self.at].trim_end();
        before.rfind(|c: char| c.is_whitespace() || c == '/' || c == '-').map_or(0, |i| {
            let end = i + before[i..].chars().next().map_or(1, char::len_utf8);
            if end == before.len() { i } else { end }
        })
    }
    /// Whether the key was for the line (it changed the text or moved in it).
    pub fn key(&mut self, key: Key) -> bool {
        if let Some(c) = key.typed() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return true;
        }
        match (key.code, key.ctrl) {
            (Code::Backspace, false) | (Code::Char('h'), true) => {
                let from = self.left();
                self.text.replace_range(from..self.at, "");
                self.at = from;
            }
            (Code::Delete, _) => {
                let to = self.right();
                self.text.replace_range(self.at..to, "");
            }
            (Code::Left, false) => self.at = self.left(),
            (Code::Right, false) => self.at = self.right(),
            (Code::Home, _) | (Code::Char('a'), true) => self.at = 0,
            (Code::End, _) | (Code::Char('e'), true) => self.at = self.text.len(),
            (Code::Char('u'), true) => {
                self.text.replace_range(..self.at, "");
                self.at = 0;
            }
            (Code::Char('k'), true) => self.text.truncate(self.at),
            (Code::Char('w'), true) | (Code::Backspace, true) => {
                let from = self.word_left();
                self.text.replace_range(from..self.at, "");
                self.at = from;
            }
            _ => return false,
        }
        true
    }
    /// Draws it with the terminal's cursor in it.
    pub fn draw(&self, canvas: &mut Canvas<'_>, x: u16, y: u16, cells: u16) {
        let before = text::width(&self.text[..self.at]);
        let room = usize::from(cells.saturating_sub(1)).max(1);
        let from = before.saturating_sub(room);
        let shown = text::head(text::skip(&self.text, from), room + 1);
        canvas.text(x, y, shown, Role::Input);
        canvas.place_cursor(x + (before - from) as u16, y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_goes_by_what_is_seen() {
        let mut line = Line::new("status!=Ready ns:team");
        for key in ["ctrl-w", "x", "漢", "backspace", "home", "delete", "end", "left", "y"] {
            assert!(line.key(Key::parse(key).unwrap()), "{key}");
        }
        assert_eq!(line.text(), "tatus!=Ready yx");
        assert!(!line.key(Key::parse("enter").unwrap()));
        line.insert("a\nb");
        assert_eq!(line.text(), "tatus!=Ready ya bx");
    }
}
