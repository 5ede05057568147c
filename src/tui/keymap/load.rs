//! Key maps from TOML: built in, and the user's own on top.
//!
//! A file has `parent = "default"` (optional) and one table a scope: `[global]`, `[table]`, `[pods]`.
//! Each line binds keys to a command: `"ctrl-d" = "do delete"`; an empty command unbinds.

use super::map::KeymapProblem;
use super::{Command, Key, Keymap, Keys};
use std::path::Path;

/// The built-in key maps.
pub const BUILT_IN: &[(&str, &str)] =
    &[("default", include_str!("../../../keymaps/default.toml")), ("vim", include_str!("../../../keymaps/vim.toml"))];

fn parse_keys(text: &str) -> Option<Keys> {
    let keys: Option<Keys> = text.split_whitespace().map(Key::parse).collect();
    keys.filter(|k| !k.is_empty())
}

/// Puts a file's bindings on top of a map. What cannot be understood is reported and left out.
fn merge(map: &mut Keymap, file: &str, text: &str, folder: Option<&Path>, depth: u8) {
    let mut report = |text: String| map.problems.push(KeymapProblem { file: file.into(), text });
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            let line = error.span().map_or(1, |s| text[..s.start.min(text.len())].lines().count().max(1));
            report(format!("line {line}: {}", error.message()));
            map.unreadable = true;
            return;
        }
    };
    if let Some(parent) = table.get("parent").and_then(|p| p.as_str()) {
        if depth > 4 {
            report(format!("parent `{parent}`: the parents go in a circle"));
        } else {
            match source(parent, folder) {
                Some((file, text)) => merge(map, &file, &text, folder, depth + 1),
                None => report(format!("parent `{parent}`: there is no such key map")),
            }
        }
    }
    for (scope, bindings) in &table {
        let Some(bindings) = bindings.as_table() else { continue };
        for (written, command) in bindings {
            let mut report = |text: String| map.problems.push(KeymapProblem { file: file.into(), text });
            let Some(keys) = parse_keys(written) else {
                report(format!("[{scope}] `{written}` is no key"));
                continue;
            };
            let Some(text) = command.as_str() else {
                report(format!("[{scope}] `{written}`: a command is a text in quotes"));
                continue;
            };
            let command = if text.is_empty() {
                None
            } else {
                let Some(command) = Command::parse(text) else {
                    report(format!("[{scope}] `{written}`: there is no command `{text}`"));
                    continue;
                };
                Some(command)
            };
            let bound = map.scopes.entry(scope.clone()).or_default();
            // A longer binding of the same file or its child takes a prefix that its parent used alone.
            if depth == 0 {
                for n in 1..keys.len() {
                    if table[scope]
                        .as_table()
                        .is_none_or(|t| !t.keys().any(|k| parse_keys(k).as_deref() == Some(&keys[..n])))
                    {
                        bound.remove(&keys[..n]);
                    }
                }
            }
            bound.insert(keys, command);
        }
    }
}

fn source(name: &str, folder: Option<&Path>) -> Option<(String, String)> {
    if let Some(folder) = folder {
        let path = folder.join(format!("{name}.toml"));
        if let Ok(text) = std::fs::read_to_string(&path) {
            return Some((path.display().to_string(), text));
        }
    }
    BUILT_IN.iter().find(|(n, _)| *n == name).map(|(n, text)| (format!("keymaps/{n}.toml"), (*text).to_owned()))
}

/// The key map of this name: the user's file of that name or a built-in one, and `keys.toml` of the
/// same folder on top. Never fails: what is wrong is in [`Keymap::problems`], and the default map answers.
pub fn keymap(name: &str, folder: Option<&Path>) -> Keymap {
    let mut map = Keymap { name: name.into(), ..Keymap::default() };
    match source(name, folder) {
        Some((file, text)) => merge(&mut map, &file, &text, folder, 0),
        None => {
            map.problems.push(KeymapProblem { file: name.into(), text: "there is no such key map".into() });
            map.name = "default".into();
        }
    }
    if map.scopes.is_empty() {
        merge(&mut map, "keymaps/default.toml", BUILT_IN[0].1, None, 0);
    }
    let mut checked = String::from("built in");
    if let Some(own) = folder.map(|f| f.join("keys.toml"))
        && let Ok(text) = std::fs::read_to_string(&own)
    {
        checked = own.display().to_string();
        merge(&mut map, &checked.clone(), &text, None, 0);
    }
    map.check(&checked);
    map
}

/// A key map from text alone (tests, fuzzing).
pub fn from_text(text: &str) -> Keymap {
    let mut map = Keymap { name: "text".into(), ..Keymap::default() };
    merge(&mut map, "text", text, None, 0);
    map.check("text");
    map
}

/// Names of all key maps there are.
pub fn names(folder: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN.iter().map(|(n, _)| (*n).to_owned()).collect();
    for entry in folder.and_then(|f| std::fs::read_dir(f).ok()).into_iter().flatten().flatten() {
        if let Some(name) = entry.file_name().to_str().and_then(|n| n.strip_suffix(".toml"))
            && name != "keys"
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
    use crate::keymap::{Found, Verb};

    #[test]
    fn built_in_maps_have_no_conflict() {
        for (name, _) in BUILT_IN {
            let map = keymap(name, None);
            assert!(map.problems.is_empty(), "{name}: {:?}", map.problems);
        }
    }

    #[test]
    fn no_action_needs_a_key_that_terminals_keep_for_themselves() {
        for (name, _) in BUILT_IN {
            let map = keymap(name, None);
            for scope in map.all_scopes() {
                for (keys, command) in map.bindings(&[scope]) {
                    for taken in ["ctrl-a", "ctrl-b", "ctrl-s", "ctrl-q"] {
                        let only = keys == vec![Key::parse(taken).unwrap()]
                            && map.keys_for(&[scope, "global"], &command) == taken;
                        assert!(!only, "{name} [{scope}] {command} is reached by {taken} only");
                    }
                }
            }
        }
    }

    #[test]
    fn conflicts_and_mistakes_are_told_and_the_rest_works() {
        let map = from_text(
            "[global]\n\"?\" = \"help\"\n\":\" = \"palette\"\n\"g\" = \"top\"\n\"g g\" = \"bottom\"\n\"xyz\" = \"top\"\n\"b\" = \"fly\"\n",
        );
        let told: Vec<&str> = map.problems.iter().map(|p| p.text.as_str()).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.iter().any(|t| t.contains("`xyz` is no key")));
        assert!(told.iter().any(|t| t.contains("no command `fly`")));
        assert!(told.iter().any(|t| t.contains("`g g` (bottom) is never reached")));
        assert_eq!(map.find(&["global"], &[Key::char('?')]), Found::Command(Verb::Help.into()));
    }

    #[test]
    fn a_broken_file_names_its_line() {
        let map = from_text("[global]\n\"?\" = \"help\"\n\"?\" = \"top\"\n");
        assert!(map.problems[0].text.starts_with("line "), "{:?}", map.problems);
    }

    /// The list of keys that people read is made from the key map itself.
    #[test]
    fn the_written_list_of_keys_is_that_of_the_key_map() {
        let map = keymap("default", None);
        let mut text = String::from(
            "# Keys\n\nMade from `default.toml` by a test of `src/tui/keymap`; run it with `INSTA_UPDATE=always` after a change.\n\
             Narrower scopes win: a kind's own keys, then `list` or `text`, then `global`.\n",
        );
        for scope in map.all_scopes() {
            text.push_str(&format!("\n## {scope}\n\n| Key | Does | |\n|---|---|---|\n"));
            for (keys, command) in map.bindings(&[scope]) {
                let keys = crate::keymap::map::written(&keys).replace('|', "\\|");
                text.push_str(&format!("| `{keys}` | {command} | {} |\n", command.verb.help().replace('|', "\\|")));
            }
        }
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../keymaps/README.md");
        if std::env::var_os("INSTA_UPDATE").is_some_and(|v| v == "always") {
            std::fs::write(file, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(file).unwrap_or_default(), text, "keymaps/README.md is out of date");
    }
}
