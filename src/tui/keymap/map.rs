//! A key map: per scope (a view, a kind, or `global`) which keys mean which command.

use super::{Command, Key, Verb};
use std::collections::BTreeMap;

/// One or more keys pressed one after the other.
pub type Keys = Vec<Key>;

/// What the keys pressed so far mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Command(Command),
    /// They begin something longer; what may follow.
    Prefix(Vec<(Keys, Command)>),
    Nothing,
}

/// Something in a key map file that a person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeymapProblem {
    /// File, or `built in`.
    pub file: String,
    /// One line in plain words.
    pub text: String,
}

/// Keys per scope. Narrower scopes win over `global`.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    pub name: String,
    pub(super) scopes: BTreeMap<String, BTreeMap<Keys, Option<Command>>>,
    pub problems: Vec<KeymapProblem>,
    /// A file is no TOML: nothing of it counts.
    pub unreadable: bool,
}

/// Writes keys as people read them: `g g`, `ctrl-p`.
pub fn written(keys: &[Key]) -> String {
    let mut text = String::new();
    for key in keys {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&key.to_string());
    }
    text
}

impl Keymap {
    /// The bindings that are valid in these scopes (the narrowest first), each key once.
    pub fn bindings(&self, scopes: &[&str]) -> Vec<(Keys, Command)> {
        let mut seen: BTreeMap<&Keys, Option<&Command>> = BTreeMap::new();
        for scope in scopes {
            for (keys, command) in self.scopes.get(*scope).into_iter().flatten() {
                seen.entry(keys).or_insert(command.as_ref());
            }
        }
        seen.into_iter().filter_map(|(k, c)| Some((k.clone(), c?.clone()))).collect()
    }

    /// What these keys mean in these scopes, the narrowest first.
    pub fn find(&self, scopes: &[&str], keys: &[Key]) -> Found {
        for scope in scopes {
            let Some(bindings) = self.scopes.get(*scope) else { continue };
            match bindings.get(keys) {
                Some(Some(command)) => return Found::Command(command.clone()),
                // Unbound on purpose: wider scopes are not asked.
                Some(None) => return Found::Nothing,
                None => {
                    if bindings.iter().any(|(k, c)| c.is_some() && k.len() > keys.len() && k.starts_with(keys)) {
                        let mut following = self.bindings(scopes);
                        following.retain(|(k, _)| k.len() > keys.len() && k.starts_with(keys));
                        return Found::Prefix(following);
                    }
                }
            }
        }
        Found::Nothing
    }

    /// The shortest keys for a command in these scopes, as they are shown; empty when there are none.
    pub fn keys_for(&self, scopes: &[&str], command: &Command) -> String {
        let mut best: Option<&Keys> = None;
        for scope in scopes {
            for (keys, bound) in self.scopes.get(*scope).into_iter().flatten() {
                if bound.as_ref() != Some(command) || self.find(scopes, keys) != Found::Command(command.clone()) {
                    continue;
                }
                let cost = |k: &Keys| (k.len(), k.iter().map(|k| k.to_string().len()).sum::<usize>());
                if best.is_none_or(|b| cost(keys) < cost(b)) {
                    best = Some(keys);
                }
            }
            if best.is_some() {
                break;
            }
        }
        best.map(|k| written(k)).unwrap_or_default()
    }

    /// Keys for a verb that stands alone.
    pub fn keys_of(&self, scopes: &[&str], verb: Verb) -> String {
        self.keys_for(scopes, &Command::from(verb))
    }

    /// All scopes, `global` first.
    pub fn all_scopes(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.scopes.keys().map(String::as_str).collect();
        names.sort_by_key(|n| (*n != "global", n.to_string()));
        names
    }

    /// Finds keys that can never be reached, because a shorter one in the same scope answers first.
    pub(super) fn check(&mut self, file: &str) {
        let mut found = Vec::new();
        for (scope, bindings) in &self.scopes {
            for (keys, command) in bindings {
                let (Some(command), true) = (command, keys.len() > 1) else { continue };
                for n in 1..keys.len() {
                    if let Some(Some(shorter)) = bindings.get(&keys[..n]) {
                        found.push(format!(
                            "[{scope}] `{}` ({command}) is never reached: `{}` is {shorter}",
                            written(keys),
                            written(&keys[..n])
                        ));
                    }
                }
            }
            for essential in [Verb::Help, Verb::Palette] {
                if scope != "global" && self.keys_of(&[scope, "global"], essential).is_empty() {
                    found.push(format!("[{scope}] leaves no key for {}", essential.name()));
                }
            }
        }
        self.problems.extend(found.into_iter().map(|text| KeymapProblem { file: file.into(), text }));
    }
}
