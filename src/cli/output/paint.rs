//! Colours: only on a terminal, never with NO_COLOR, `TERM=dumb` or `--plain`. They repeat what a word says.

use quarterdeck_core::resources::Level;
use std::io::IsTerminal;

/// Whether and how text is coloured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// For standard output.
    pub fn stdout(plain: bool) -> Self {
        Self { on: wanted(plain) && std::io::stdout().is_terminal() }
    }
    /// For standard error.
    pub fn stderr(plain: bool) -> Self {
        Self { on: wanted(plain) && std::io::stderr().is_terminal() }
    }
    pub fn level(self, level: Level, text: &str) -> String {
        let code = match level {
            Level::Bad => "31",
            Level::Warn => "33",
            Level::Busy => "36",
            Level::Good => "32",
            Level::Off | Level::Unknown => "2",
        };
        self.code(code, text)
    }
    pub fn strong(self, text: &str) -> String {
        self.code("1", text)
    }
    pub fn dim(self, text: &str) -> String {
        self.code("2", text)
    }
    fn code(self, code: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

fn wanted(plain: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    !plain && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// A word and a symbol for a level; the symbol is plain ASCII where the terminal has nothing else.
pub fn mark(level: Level) -> &'static str {
    match level {
        Level::Bad => "x",
        Level::Warn => "!",
        Level::Busy => "~",
        Level::Good => "+",
        Level::Off => "-",
        Level::Unknown => "?",
    }
}
