//! A theme as it is used: a look per role, fitted to the terminal.

use super::{Glyphs, Role, glyphs};
use ratatui::style::{Color, Modifier, Style};

/// How many colours a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Depth {
    /// None (`NO_COLOR`, monochrome): bold, underline and reverse remain.
    None,
    /// The terminal's own 16.
    #[default]
    Ansi,
    Indexed,
    True,
}

/// A look per role.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    pub name: String,
    pub(super) looks: Vec<Style>,
    pub(super) depth: Depth,
    pub glyphs: &'static Glyphs,
}

/// The nearest of the 256 colours: the 6×6×6 cube or the grey ramp.
fn indexed(r: u8, g: u8, b: u8) -> u8 {
    const STEPS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    let near = |v: u8| (0..6).min_by_key(|i| (STEPS[*i] - i32::from(v)).abs()).unwrap_or(0);
    let (ri, gi, bi) = (near(r), near(g), near(b));
    let distance = |x: [i32; 3]| [r, g, b].iter().zip(x).map(|(a, b)| (i32::from(*a) - b).pow(2)).sum::<i32>();
    let cube = distance([STEPS[ri], STEPS[gi], STEPS[bi]]);
    let grey = ((i32::from(r) + i32::from(g) + i32::from(b)) / 3 - 8).clamp(0, 230) / 10;
    let level = 8 + 10 * grey;
    if distance([level, level, level]) < cube {
        232 + u8::try_from(grey).unwrap_or(0)
    } else {
        u8::try_from(16 + 36 * ri + 6 * gi + bi).unwrap_or(15)
    }
}

/// The nearest of the terminal's 16 colours, by hue and brightness.
fn ansi(r: u8, g: u8, b: u8) -> Color {
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    if max - min < 40 {
        return match max {
            0..=63 => Color::Black,
            64..=140 => Color::DarkGray,
            141..=210 => Color::Gray,
            _ => Color::White,
        };
    }
    let on = |v: u8| u16::from(v) * 2 > u16::from(max) + u16::from(min) / 2;
    let bright = max > 190;
    match (on(r), on(g), on(b), bright) {
        (true, false, false, false) => Color::Red,
        (true, false, false, true) => Color::LightRed,
        (false, true, false, false) => Color::Green,
        (false, true, false, true) => Color::LightGreen,
        (true, true, false, false) => Color::Yellow,
        (true, true, false, true) => Color::LightYellow,
        (false, false, true, false) => Color::Blue,
        (false, false, true, true) => Color::LightBlue,
        (true, false, true, false) => Color::Magenta,
        (true, false, true, true) => Color::LightMagenta,
        (false, true, true, false) => Color::Cyan,
        (false, true, true, true) => Color::LightCyan,
        _ => Color::Gray,
    }
}

fn ansi_of_index(i: u8) -> Color {
    match i {
        0..=15 => Color::Indexed(i),
        16..=231 => {
            let (r, g, b) = ((i - 16) / 36, (i - 16) / 6 % 6, (i - 16) % 6);
            let step = |v: u8| if v == 0 { 0 } else { 55 + v * 40 };
            ansi(step(r), step(g), step(b))
        }
        _ => {
            let v = 8 + (i - 232) * 10;
            ansi(v, v, v)
        }
    }
}

/// A colour that a terminal of this depth can show.
fn fit(color: Color, depth: Depth) -> Option<Color> {
    match (depth, color) {
        (Depth::None, _) => None,
        (Depth::True, c) | (_, c @ Color::Reset) => Some(c),
        (Depth::Indexed, Color::Rgb(r, g, b)) => Some(Color::Indexed(indexed(r, g, b))),
        (Depth::Ansi, Color::Rgb(r, g, b)) => Some(ansi(r, g, b)),
        (Depth::Ansi, Color::Indexed(i)) => Some(ansi_of_index(i)),
        (_, c) => Some(c),
    }
}

impl Theme {
    /// Looks for all roles, in the order of [`Role::ALL`].
    pub(super) fn new(name: &str, looks: Vec<Style>) -> Self {
        Self { name: name.into(), looks, depth: Depth::True, glyphs: &glyphs::UNICODE }
    }
    /// A look that came from elsewhere (colours in a log), as far as this terminal shows it.
    pub fn fit(&self, style: Style) -> Style {
        Style { fg: style.fg.and_then(|c| fit(c, self.depth)), bg: style.bg.and_then(|c| fit(c, self.depth)), ..style }
    }
    /// The look of a role.
    pub fn style(&self, role: Role) -> Style {
        self.looks.get(role as usize).copied().unwrap_or_default()
    }
    /// The same theme on a terminal that shows fewer colours or no Unicode.
    #[must_use]
    pub fn fitted(mut self, depth: Depth, ascii: bool) -> Self {
        for look in &mut self.looks {
            look.fg = look.fg.and_then(|c| fit(c, depth));
            look.bg = look.bg.and_then(|c| fit(c, depth));
            look.underline_color = None;
        }
        if depth == Depth::None {
            // Without colour the chosen line must still be seen.
            for role in [Role::Select, Role::Danger] {
                let look = &mut self.looks[role as usize];
                look.add_modifier |= Modifier::REVERSED;
            }
        }
        self.depth = depth;
        self.glyphs = if ascii { &glyphs::ASCII } else { &glyphs::UNICODE };
        self
    }
}
