//! A part of the screen to draw on: clipped, with the theme at hand, free of anything that could act
//! on the terminal.

use super::text;
use crate::theme::{Glyphs, Role, Theme};
use quarterdeck_core::resources::Level;
use quarterdeck_core::text::clean_line;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

/// A part of the screen. Coordinates are its own: 0,0 is its top left.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    pub theme: &'a Theme,
    cursor: &'a mut Option<(u16, u16)>,
}

impl<'a> Canvas<'a> {
    /// The whole buffer.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, cursor: &'a mut Option<(u16, u16)>) -> Self {
        let area = buffer.area;
        let mut canvas = Self { buffer, area, theme, cursor };
        let look = theme.style(Role::Text);
        if look.bg.is_some() || look.fg.is_some() {
            canvas.restyle(0, 0, area.width, area.height, look);
        }
        canvas
    }
    pub fn width(&self) -> u16 {
        self.area.width
    }
    pub fn height(&self) -> u16 {
        self.area.height
    }
    pub fn glyphs(&self) -> &'static Glyphs {
        self.theme.glyphs
    }
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }
    /// A part of this one; cut where it would reach beyond.
    pub fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Canvas<'_> {
        let (x, y) = (x.min(self.area.width), y.min(self.area.height));
        let area = Rect::new(
            self.area.x + x,
            self.area.y + y,
            width.min(self.area.width - x),
            height.min(self.area.height - y),
        );
        Canvas { buffer: self.buffer, area, theme: self.theme, cursor: self.cursor }
    }
    /// The lines from `y` on.
    pub fn below(&mut self, y: u16) -> Canvas<'_> {
        let (w, h) = (self.width(), self.height());
        self.part(0, y, w, h)
    }
    /// What is left below `used` lines.
    pub fn below_rest(&mut self, used: u16) -> Canvas<'_> {
        let (w, h) = (self.width(), self.height().saturating_sub(used));
        self.part(0, used, w, h)
    }
    /// Writes one line of text in a look; cut at the right edge without a mark. Returns where it ended.
    pub fn styled(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        if y >= self.area.height {
            return x;
        }
        let glyphs = self.theme.glyphs;
        let mut at = x;
        for grapheme in clean_line(text).graphemes(true) {
            let ascii: String;
            let symbol = if glyphs.ascii && !grapheme.is_ascii() {
                ascii = grapheme.chars().take(1).map(|c| glyphs.showable(c)).collect();
                &ascii
            } else {
                grapheme
            };
            let cells = text::width(symbol) as u16;
            if cells == 0 {
                continue;
            }
            if at.saturating_add(cells) > self.area.width {
                break;
            }
            if let Some(cell) = self.buffer.cell_mut((self.area.x + at, self.area.y + y)) {
                cell.set_symbol(symbol);
                cell.set_style(style);
            }
            for behind in 1..cells {
                if let Some(cell) = self.buffer.cell_mut((self.area.x + at + behind, self.area.y + y)) {
                    cell.reset();
                }
            }
            at += cells;
        }
        at
    }
    /// Writes one line of text in a role's look. Returns where it ended.
    pub fn text(&mut self, x: u16, y: u16, text: &str, role: Role) -> u16 {
        self.styled(x, y, text, self.theme.style(role))
    }
    /// Writes text that is cut with an ellipsis after so many cells. Returns where it ended.
    pub fn fit(&mut self, x: u16, y: u16, cells: u16, content: &str, role: Role) -> u16 {
        let cells = cells.min(self.width().saturating_sub(x));
        let clean = clean_line(content);
        let shown = text::cut(&clean, usize::from(cells), self.theme.glyphs.ellipsis);
        self.text(x, y, &shown, role)
    }
    /// Writes text that ends at the right edge of so many cells from `x`.
    pub fn right(&mut self, x: u16, y: u16, cells: u16, content: &str, role: Role) -> u16 {
        let clean = clean_line(content);
        let shown = text::cut(&clean, usize::from(cells), self.theme.glyphs.ellipsis);
        let from = x + cells.saturating_sub(text::width(&shown) as u16);
        self.text(from, y, &shown, role)
    }
    /// The symbol of a level. Returns where it ended.
    pub fn level(&mut self, x: u16, y: u16, level: Level) -> u16 {
        self.text(x, y, self.theme.glyphs.level(level), Role::from(level))
    }
    /// Wrapped text. Returns the line after it.
    pub fn paragraph(&mut self, x: u16, y: u16, content: &str, role: Role) -> u16 {
        let mut y = y;
        for line in text::wrap(&quarterdeck_core::text::clean(content), usize::from(self.width().saturating_sub(x))) {
            if y >= self.height() {
                break;
            }
            self.text(x, y, &line, role);
            y += 1;
        }
        y
    }
    /// Changes the look of what is there, on top of its own.
    pub fn restyle(&mut self, x: u16, y: u16, width: u16, height: u16, style: Style) {
        let area = Rect::new(self.area.x + x, self.area.y + y, width, height).intersection(self.area);
        self.buffer.set_style(area, style);
    }
    /// The look of the line the cursor is on: bold only, so that moving it costs few bytes.
    pub fn emphasize(&mut self, x: u16, y: u16, width: u16) {
        self.restyle(x, y, width, 1, Style::new().add_modifier(Modifier::BOLD));
    }
    /// Empties a part and gives it a look.
    pub fn clear(&mut self, x: u16, y: u16, width: u16, height: u16, role: Role) {
        let area = Rect::new(self.area.x + x, self.area.y + y, width, height).intersection(self.area);
        let style = self.theme.style(Role::Text).patch(self.theme.style(role));
        for row in area.top()..area.bottom() {
            for column in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((column, row)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
        }
    }
    /// A horizontal rule.
    pub fn rule(&mut self, y: u16) {
        let line = self.theme.glyphs.horizontal.repeat(usize::from(self.width()));
        self.text(0, y, &line, Role::Border);
    }
    /// Puts the terminal's own cursor here (text input).
    pub fn place_cursor(&mut self, x: u16, y: u16) {
        if x < self.area.width && y < self.area.height {
            *self.cursor = Some((self.area.x + x, self.area.y + y));
        }
    }
    /// The drawing area and its buffer, for widgets of ratatui.
    pub fn raw(&mut self) -> (Rect, &mut Buffer) {
        (self.area, self.buffer)
    }
}
