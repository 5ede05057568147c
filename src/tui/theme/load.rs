//! Themes from TOML: built in, and the user's own.
//!
//! A file has `parent = "dark"` (optional), `[palette]` with names for colours, and `[roles]`:
//! `bad = { fg = "red", bold = true }`, or `bad = "red"` for the foreground alone.

use super::{Role, Theme};
use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

/// The built-in themes.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("terminal", include_str!("../../../themes/terminal.toml")),
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../../themes/colour-blind.toml")),
    ("solarized-dark", include_str!("../../../themes/solarized-dark.toml")),
];

#[derive(Default)]
struct Reading {
    palette: BTreeMap<String, Color>,
    roles: BTreeMap<&'static str, (Role, Style)>,
    problems: Vec<String>,
    /// A file is no TOML: nothing of it counts.
    unreadable: bool,
}

impl Reading {
    fn color(&self, text: &str) -> Option<Color> {
        if text == "default" {
            return Some(Color::Reset);
        }
        self.palette.get(text).copied().or_else(|| Color::from_str(text).ok())
    }

    fn look(&mut self, file: &str, role: &str, value: &toml::Value) -> Style {
        let mut style = Style::new();
        let mut wrong = Vec::new();
        match value {
            toml::Value::String(fg) => match self.color(fg) {
                Some(color) => style.fg = Some(color),
                None => wrong.push(format!("`{fg}` is no colour")),
            },
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let modifier = match key.as_str() {
                        "bold" => Modifier::BOLD,
                        "dim" => Modifier::DIM,
                        "italic" => Modifier::ITALIC,
                        "underline" => Modifier::UNDERLINED,
                        "reverse" => Modifier::REVERSED,
                        "strike" => Modifier::CROSSED_OUT,
                        "fg" | "bg" => {
                            match value.as_str().and_then(|v| self.color(v)) {
                                Some(color) if key == "fg" => style.fg = Some(color),
                                Some(color) => style.bg = Some(color),
                                None => wrong.push(format!("{key} = {value} is no colour")),
                            }
                            continue;
                        }
                        _ => {
                            wrong.push(format!("`{key}` is not known"));
                            continue;
                        }
                    };
                    if value.as_bool() == Some(true) {
                        style.add_modifier |= modifier;
                    }
                }
            }
            _ => wrong.push("a look is a colour or { fg, bg, bold, … }".into()),
        }
        self.problems.extend(wrong.into_iter().map(|w| format!("{file}: {role}: {w}")));
        style
    }

    fn read(&mut self, file: &str, text: &str, folder: Option<&Path>, depth: u8) {
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                let line = error.span().map_or(1, |s| text[..s.start.min(text.len())].lines().count().max(1));
                self.problems.push(format!("{file}: line {line}: {}", error.message()));
                self.unreadable = true;
                return;
            }
        };
        if let Some(parent) = table.get("parent").and_then(|p| p.as_str()) {
            match source(parent, folder) {
                Some((file, text)) if depth < 5 => self.read(&file, &text, folder, depth + 1),
                _ => self.problems.push(format!("{file}: parent `{parent}`: there is no such theme, or a circle")),
            }
        }
        for (name, value) in table.get("palette").and_then(|p| p.as_table()).into_iter().flatten() {
            match value.as_str().and_then(|v| self.color(v)) {
                Some(color) => {
                    self.palette.insert(name.clone(), color);
                }
                None => self.problems.push(format!("{file}: palette {name}: {value} is no colour")),
            }
        }
        for (name, value) in table.get("roles").and_then(|p| p.as_table()).into_iter().flatten() {
            let look = self.look(file, name, value);
            match Role::named(name) {
                Some(role) => {
                    self.roles.insert(role.name(), (role, look));
                }
                None => self.problems.push(format!("{file}: there is no role `{name}`")),
            }
        }
    }

    fn finish(&self, name: &str) -> Theme {
        let looks = Role::ALL
            .iter()
            .map(|role| {
                let mut at = *role;
                loop {
                    if let Some((_, look)) = self.roles.get(at.name()) {
                        return *look;
                    }
                    if at.parent() == at {
                        return Style::new();
                    }
                    at = at.parent();
                }
            })
            .collect();
        Theme::new(name, looks)
    }
}

fn source(name: &str, folder: Option<&Path>) -> Option<(String, String)> {
    if let Some(folder) = folder {
        let path = folder.join(format!("{name}.toml"));
        if let Ok(text) = std::fs::read_to_string(&path) {
            return Some((path.display().to_string(), text));
        }
    }
    BUILT_IN.iter().find(|(n, _)| *n == name).map(|(n, text)| (format!("themes/{n}.toml"), (*text).to_owned()))
}

/// The theme of this name, and what is wrong with its file. Never fails: the default theme stands in.
pub fn theme(name: &str, folder: Option<&Path>) -> (Theme, Vec<String>) {
    let mut reading = Reading::default();
    match source(name, folder) {
        Some((file, text)) => reading.read(&file, &text, folder, 0),
        None => {
            reading.problems.push(format!("there is no theme `{name}`"));
            reading.read("themes/terminal.toml", BUILT_IN[0].1, None, 0);
        }
    }
    if reading.unreadable && reading.roles.is_empty() {
        reading.read("themes/terminal.toml", BUILT_IN[0].1, None, 0);
    }
    let theme = reading.finish(name);
    (theme, reading.problems)
}

/// The theme of this name after its file changed, and what is wrong with it.
///
/// # Errors
/// When a file cannot be read at all: whoever has a theme keeps it.
pub fn again(name: &str, folder: Option<&Path>) -> Result<(Theme, Vec<String>), Vec<String>> {
    let mut reading = Reading::default();
    match source(name, folder) {
        Some((file, text)) => reading.read(&file, &text, folder, 0),
        None => return Err(vec![format!("there is no theme `{name}` any more")]),
    }
    if reading.unreadable { Err(reading.problems) } else { Ok((reading.finish(name), reading.problems)) }
}

/// A theme from text alone (tests, fuzzing).
pub fn from_text(text: &str) -> (Theme, Vec<String>) {
    let mut reading = Reading::default();
    reading.read("text", text, None, 0);
    (reading.finish("text"), reading.problems)
}

/// Names of all themes there are.
pub fn names(folder: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN.iter().map(|(n, _)| (*n).to_owned()).collect();
    for entry in folder.and_then(|f| std::fs::read_dir(f).ok()).into_iter().flatten().flatten() {
        if let Some(name) = entry.file_name().to_str().and_then(|n| n.strip_suffix(".toml"))
            && !names.iter().any(|n| n == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Depth;

    #[test]
    fn built_in_themes_are_sound_at_every_depth() {
        for (name, _) in BUILT_IN {
            let (theme, problems) = theme(name, None);
            assert!(problems.is_empty(), "{problems:?}");
            for depth in [Depth::None, Depth::Ansi, Depth::Indexed, Depth::True] {
                let fitted = theme.clone().fitted(depth, false);
                for role in Role::ALL {
                    let look = fitted.style(*role);
                    let colours = [look.fg, look.bg].into_iter().flatten();
                    for colour in colours {
                        assert!(depth != Depth::None, "{name}: {} has {colour} without colours", role.name());
                        assert!(depth == Depth::True || !matches!(colour, Color::Rgb(..)), "{name}: {}", role.name());
                    }
                }
            }
        }
    }

    #[test]
    fn a_role_without_a_look_takes_that_of_its_parent() {
        let (theme, problems) =
            from_text("[roles]\nmuted = \"red\"\nnonsense = \"red\"\nbad = { fg = \"nocolour\" }\n");
        assert_eq!(theme.style(Role::Comment).fg, Some(Color::Red));
        assert_eq!(theme.style(Role::Text).fg, None);
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
