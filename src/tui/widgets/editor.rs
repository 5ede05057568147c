//! A text editor on a part of the screen: ratatui-textarea with our keys, roles and a place to jump to.

use super::Canvas;
use crate::keymap::{Code, Key};
use crate::theme::Role;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget;
use ratatui_textarea::{CursorMove, Input, Key as AreaKey, TextArea};

/// A text being edited.
pub struct Editor {
    area: TextArea<'static>,
    ends_in_newline: bool,
}

impl Editor {
    pub fn new(text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(String::from).collect();
        let mut area = TextArea::new(if lines.is_empty() { vec![String::new()] } else { lines });
        area.set_max_histories(1000);
        area.set_tab_length(2);
        Self { area, ends_in_newline: text.is_empty() || text.ends_with('\n') }
    }
    pub fn text(&self) -> String {
        let mut text = self.area.lines().join("\n");
        if self.ends_in_newline {
            text.push('\n');
        }
        text
    }
    /// Puts another text in place; what was there can be taken back with undo.
    pub fn replace(&mut self, text: &str) {
        self.area.select_all();
        self.area.insert_str(text.strip_suffix('\n').unwrap_or(text));
        self.area.move_cursor(CursorMove::Top);
    }
    /// Line and column of the cursor, from 0.
    pub fn cursor(&self) -> (usize, usize) {
        let at = self.area.cursor();
        (at.0, at.1)
    }
    pub fn go(&mut self, line: usize, column: usize) {
        let clamp = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(clamp(line), clamp(column)));
    }
    /// Types a key; whether the text changed.
    pub fn key(&mut self, key: Key) -> bool {
        match (key.code, key.ctrl, key.alt) {
            (Code::Char('u'), true, _) => return self.area.undo(),
            (Code::Char('u'), _, true) | (Code::Char('y'), true, _) => return self.area.redo(),
            // A new line begins where the one before it began.
            (Code::Enter, false, false) => {
                let line = self.area.lines().get(self.cursor().0).cloned().unwrap_or_default();
                let blanks: String = line.chars().take_while(|c| *c == ' ').collect();
                let at = self.cursor().1.min(blanks.len());
                self.area.insert_newline();
                self.area.insert_str(&blanks[..at]);
                return true;
            }
            _ => {}
        }
        let code = match key.code {
            Code::Char(c) => AreaKey::Char(c),
            Code::Enter => AreaKey::Enter,
            Code::Esc => AreaKey::Esc,
            Code::Tab => AreaKey::Tab,
            Code::Backspace => AreaKey::Backspace,
            Code::Delete => AreaKey::Delete,
            Code::Up => AreaKey::Up,
            Code::Down => AreaKey::Down,
            Code::Left => AreaKey::Left,
            Code::Right => AreaKey::Right,
            Code::Home => AreaKey::Home,
            Code::End => AreaKey::End,
            Code::PageUp => AreaKey::PageUp,
            Code::PageDown => AreaKey::PageDown,
            Code::F(n) => AreaKey::F(n),
            Code::Insert => return false,
        };
        self.area.input(Input { key: code, ctrl: key.ctrl, alt: key.alt, shift: key.shift })
    }
    /// Inserts pasted text as it is.
    pub fn paste(&mut self, text: &str) {
        self.area.insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    /// Moves the window (wheel).
    pub fn scroll(&mut self, lines: i16) {
        self.area.scroll((lines, 0));
    }
    /// Draws it with line numbers; `marked` are lines (from 0) at which something is wrong.
    pub fn draw(&self, canvas: &mut Canvas<'_>, marked: &[usize]) {
        let mut area = self.area.clone();
        area.set_style(canvas.style(Role::Text));
        area.set_line_number_style(canvas.style(Role::Muted));
        area.set_cursor_line_style(Style::new().add_modifier(Modifier::BOLD));
        area.set_cursor_style(Style::new().add_modifier(Modifier::REVERSED));
        let (rect, buffer) = canvas.raw();
        (&area).render(rect, buffer);
        let width = canvas.width();
        let bad = canvas.style(Role::Bad).patch(Style::new().add_modifier(Modifier::UNDERLINED));
        let top = usize::from(area.scroll_offset().0);
        for line in marked {
            if let Some(y) = line.checked_sub(top).and_then(|y| u16::try_from(y).ok())
                && y < canvas.height()
            {
                canvas.restyle(0, y, width, 1, bad);
            }
        }
    }
}
