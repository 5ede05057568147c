//! Symbols, for terminals with and without Unicode. All are one cell wide.

use quarterdeck_core::resources::Level;

/// A set of symbols.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    pub ascii: bool,
    pub good: &'static str,
    pub off: &'static str,
    pub unknown: &'static str,
    pub busy: &'static str,
    pub warn: &'static str,
    pub bad: &'static str,
    pub cursor: &'static str,
    pub mark: &'static str,
    pub separator: &'static str,
    pub ellipsis: &'static str,
    pub horizontal: &'static str,
    pub vertical: &'static str,
    /// Top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    pub up: &'static str,
    pub down: &'static str,
    pub left: &'static str,
    pub right: &'static str,
    pub folded: &'static str,
    pub unfolded: &'static str,
    pub branch: &'static str,
    pub last_branch: &'static str,
    pub bullet: &'static str,
}

/// For terminals that show UTF-8.
pub static UNICODE: Glyphs = Glyphs {
    ascii: false,
    good: "✓",
    off: "–",
    unknown: "?",
    busy: "~",
    warn: "!",
    bad: "✗",
    cursor: "▶",
    mark: "*",
    separator: "▪",
    ellipsis: "…",
    horizontal: "─",
    vertical: "│",
    corners: ["┌", "┐", "└", "┘"],
    up: "↑",
    down: "↓",
    left: "←",
    right: "→",
    folded: "▸",
    unfolded: "▾",
    branch: "├",
    last_branch: "└",
    bullet: "·",
};

/// For all others.
pub static ASCII: Glyphs = Glyphs {
    ascii: true,
    good: "+",
    off: "-",
    unknown: "?",
    busy: "~",
    warn: "!",
    bad: "x",
    cursor: ">",
    mark: "*",
    separator: "|",
    ellipsis: "~",
    horizontal: "-",
    vertical: "|",
    corners: ["+", "+", "+", "+"],
    up: "^",
    down: "v",
    left: "<",
    right: ">",
    folded: "+",
    unfolded: "-",
    branch: "|",
    last_branch: "`",
    bullet: ".",
};

impl Glyphs {
    pub fn level(&self, level: Level) -> &'static str {
        match level {
            Level::Good => self.good,
            Level::Off => self.off,
            Level::Unknown => self.unknown,
            Level::Busy => self.busy,
            Level::Warn => self.warn,
            Level::Bad => self.bad,
        }
    }
    /// A character that this set's terminals can show.
    pub fn showable(&self, c: char) -> char {
        if !self.ascii || c.is_ascii() {
            return c;
        }
        match c {
            '–' | '—' | '─' | '‐' | '−' => '-',
            '…' => '~',
            '→' | '▶' | '▸' | '›' => '>',
            '←' | '‹' => '<',
            '↑' => '^',
            '↓' | '▾' => 'v',
            '✓' => '+',
            '✗' | '×' => 'x',
            '│' | '▪' => '|',
            '·' | '•' => '.',
            '’' | '‘' => '\'',
            '“' | '”' => '"',
            'ä' | 'à' | 'á' | 'â' => 'a',
            'ö' | 'ó' | 'ô' => 'o',
            'ü' | 'ú' => 'u',
            'é' | 'è' | 'ê' => 'e',
            _ => '?',
        }
    }
}
