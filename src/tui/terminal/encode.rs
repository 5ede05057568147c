//! A changed buffer as the fewest bytes: no cursor movement where printing moves it anyway, no
//! attribute that is set already, nothing at all when nothing changed.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

/// Cells of a line that lead to an address when they are clicked (OSC 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkArea {
    pub x: u16,
    pub y: u16,
    pub cells: u16,
    pub url: String,
}

impl LinkArea {
    fn holds(&self, x: u16, y: u16) -> bool {
        y == self.y && (self.x..self.x + self.cells).contains(&x)
    }
}

/// What the terminal's pen and cursor are at, as far as we know.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    at: Option<(u16, u16)>,
    pen: Option<(Color, Color, Modifier)>,
}

/// SGR switches: on, off. Bold and dim share their off.
const SWITCHES: &[(Modifier, &str, &str)] = &[
    (Modifier::BOLD, "1", "22"),
    (Modifier::DIM, "2", "22"),
    (Modifier::ITALIC, "3", "23"),
    (Modifier::UNDERLINED, "4", "24"),
    (Modifier::REVERSED, "7", "27"),
    (Modifier::CROSSED_OUT, "9", "29"),
];

fn color(out: &mut String, color: Color, background: bool) {
    let base = if background { 10 } else { 0 };
    let named = match color {
        Color::Reset => 39,
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::Gray => 37,
        Color::DarkGray => 90,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightBlue => 94,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        Color::White => 97,
        Color::Indexed(i) => {
            let _ = write!(out, "{};5;{i}", 38 + base);
            return;
        }
        Color::Rgb(r, g, b) => {
            let _ = write!(out, "{};2;{r};{g};{b}", 38 + base);
            return;
        }
    };
    let _ = write!(out, "{}", named + base);
}

impl Encoder {
    /// Forgets what it knows of the terminal (after a clear or when another program had it).
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    fn go(&mut self, out: &mut String, x: u16, y: u16) {
        let from = self.at.replace((x, y));
        match from {
            Some((px, py)) if (px, py) == (x, y) => {}
            Some((px, py)) if py == y && x > px => {
                let _ = if x - px == 1 { write!(out, "\x1b[C") } else { write!(out, "\x1b[{}C", x - px) };
            }
            Some((_, py)) if x == 0 && y == py + 1 => out.push_str("\r\n"),
            Some((_, py)) if x == 0 && y == py => out.push('\r'),
            _ if x == 0 && y == 0 => out.push_str("\x1b[H"),
            _ if x == 0 => {
                let _ = write!(out, "\x1b[{}H", y + 1);
            }
            _ => {
                let _ = write!(out, "\x1b[{};{}H", y + 1, x + 1);
            }
        }
    }

    fn paint(&mut self, out: &mut String, cell: &Cell) {
        let want = (cell.fg, cell.bg, cell.modifier);
        if self.pen == Some(want) {
            return;
        }
        let mut codes = String::new();
        let next = |codes: &mut String| {
            if !codes.is_empty() {
                codes.push(';');
            }
        };
        let plain = (Color::Reset, Color::Reset, Modifier::empty());
        let from = match self.pen {
            Some(pen) if want != plain => pen,
            // To the plain pen there is one short way.
            _ => {
                if self.pen.is_some() && want == plain {
                    out.push_str("\x1b[m");
                    self.pen = Some(want);
                    return;
                }
                codes.push('0');
                plain
            }
        };
        let gone = from.2 - want.2;
        let mut dropped = Modifier::empty();
        for (modifier, _, off) in SWITCHES {
            if gone.contains(*modifier) && !(*off == "22" && dropped.intersects(Modifier::BOLD | Modifier::DIM)) {
                next(&mut codes);
                codes.push_str(off);
                dropped |= *modifier;
            }
        }
        // Switching bold or dim off switches both off.
        let kept = if dropped.intersects(Modifier::BOLD | Modifier::DIM) {
            from.2 - gone - Modifier::BOLD - Modifier::DIM
        } else {
            from.2 - gone
        };
        for (modifier, on, _) in SWITCHES {
            if (want.2 - kept).contains(*modifier) {
                next(&mut codes);
                codes.push_str(on);
            }
        }
        if want.0 != from.0 {
            next(&mut codes);
            color(&mut codes, want.0, false);
        }
        if want.1 != from.1 {
            next(&mut codes);
            color(&mut codes, want.1, true);
        }
        let _ = write!(out, "\x1b[{codes}m");
        self.pen = Some(want);
    }

    /// What turns the old buffer's screen into the new one's. Empty when they look alike.
    pub fn frame(&mut self, old: &Buffer, new: &Buffer, links: &[LinkArea], out: &mut String) {
        let width = new.area.width;
        let mut open: Option<&LinkArea> = None;
        for (x, y, cell) in old.diff(new) {
            let link = links.iter().find(|l| l.holds(x, y));
            if link != open {
                // Only what we checked ourselves gets here: an http URL without controls.
                let _ = write!(out, "\x1b]8;;{}\x1b\\", link.map_or("", |l| l.url.as_str()));
                open = link;
            }
            // Over a short gap of equal cells in the same pen, printing them is shorter than moving.
            if let Some((px, py)) = self.at
                && links.is_empty()
                && py == y
                && x > px
                && x - px <= 3
                && (px..x).all(|gx| {
                    new.cell((gx, y))
                        .is_some_and(|c| Some((c.fg, c.bg, c.modifier)) == self.pen && c.symbol().len() == 1)
                })
            {
                for gx in px..x {
                    out.push_str(new.cell((gx, y)).map_or(" ", Cell::symbol));
                }
                self.at = Some((x, y));
            }
            self.go(out, x, y);
            self.paint(out, cell);
            out.push_str(cell.symbol());
            let wide = crate::widgets::text::width(cell.symbol()).max(1) as u16;
            // At the right edge terminals differ about where the cursor is.
            self.at = (x + wide < width).then_some((x + wide, y));
        }
        if open.is_some() {
            out.push_str("\x1b]8;;\x1b\\");
        }
    }

    /// Puts the terminal's own cursor somewhere (text input).
    pub fn place(&mut self, out: &mut String, x: u16, y: u16) {
        self.go(out, x, y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn what_is_encoded_is_what_a_terminal_shows() {
        let area = Rect::new(0, 0, 20, 4);
        let mut old = Buffer::empty(area);
        let mut encoder = Encoder::default();
        let mut terminal = vt100::Parser::new(4, 20, 0);
        terminal.process(b"\x1b[2J");
        let looks = [
            Style::new(),
            Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
            Style::new().bg(Color::Indexed(20)).add_modifier(Modifier::REVERSED),
            Style::new().add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
        ];
        for round in 0..60_u16 {
            // As a frame does: from an empty buffer.
            let mut new = Buffer::empty(area);
            for n in 0..(3 + round % 7) {
                let (x, y) = ((round * 7 + n * 5) % 4 + 4 * (n % 4), (round + n) % 4);
                let symbol = ["ab", "漢", "→x", "  "][usize::from((round + n * 3) % 4)];
                new.set_string(x, y, symbol, looks[usize::from(n % 4)]);
            }
            let mut out = String::new();
            encoder.frame(&old, &new, &[], &mut out);
            terminal.process(out.as_bytes());
            for y in 0..4 {
                let mut x = 0;
                while x < 20 {
                    let want = &new[(x, y)];
                    let got = terminal.screen().cell(y, x).unwrap();
                    let text = if got.has_contents() { got.contents() } else { " " };
                    assert_eq!(text, want.symbol(), "round {round} at {x},{y}");
                    assert_eq!(got.bold(), want.modifier.contains(Modifier::BOLD), "round {round} at {x},{y}");
                    assert_eq!(got.inverse(), want.modifier.contains(Modifier::REVERSED));
                    x += crate::widgets::text::width(want.symbol()).max(1) as u16;
                }
            }
            let mut again = String::new();
            encoder.frame(&new, &new, &[], &mut again);
            assert!(again.is_empty(), "nothing changed, nothing is sent");
            old = new;
        }
    }
}
