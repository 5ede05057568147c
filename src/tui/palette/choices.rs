//! The smaller lists: namespaces, themes, key maps, presets, columns, and what is wrong with the configuration.

use super::{Choice, Pick};
use crate::keymap::{Command, Verb};
use crate::state::State;
use quarterdeck_core::cluster::Right;
use quarterdeck_core::resources::Scope;

fn simple(label: &str, detail: &str, command: Command) -> Choice {
    Choice { label: label.into(), detail: detail.into(), command: Some(command), ..Choice::default() }
}

/// The namespaces that are looked at: Space chooses several.
pub fn namespaces(state: &State) -> Pick {
    let chosen: Vec<String> = match &state.scope {
        Scope::All => Vec::new(),
        Scope::Namespaces(set) => set.iter().map(ToString::to_string).collect(),
    };
    let mut choices = vec![simple("all", "every namespace", Command::new(Verb::Namespace, "all"))];
    choices.extend(state.namespaces.iter().map(|n| simple(n, "", Command::new(Verb::Namespace, format!("{n},")))));
    let title = if state.namespaces_complete {
        "Namespaces"
    } else {
        "Namespaces (the list may not be complete: type any name)"
    };
    Pick::new(title, choices).many(Command::from(Verb::Namespace), chosen)
}

/// Themes, shown while the cursor moves over them.
pub fn themes(state: &State) -> Pick {
    let folder = state.config_dir.as_ref().map(|d| d.join("themes"));
    let choices = crate::theme::load::names(folder.as_deref())
        .into_iter()
        .map(|name| simple(&name, "theme", Command::new(Verb::Theme, &name)))
        .collect();
    Pick::new("Themes", choices).preview(Command::new(Verb::Theme, &state.theme.name)).on(&state.theme.name)
}

pub fn keymaps(state: &State) -> Pick {
    let folder = state.config_dir.as_ref().map(|d| d.join("keymaps"));
    let choices = crate::keymap::load::names(folder.as_deref())
        .into_iter()
        .map(|name| simple(&name, "key map", Command::new(Verb::Keymap, &name)))
        .collect();
    Pick::new("Key maps", choices).on(&state.keymap.name)
}

/// Filter presets, by name and with their filter.
pub const PRESETS: &[(&str, &str)] =
    &[("failing", "failing"), ("changed", "changed<1h"), ("new", "age<1h"), ("all", "")];

/// Presets as commands, for pages that can be filtered.
pub fn presets(state: &State) -> Vec<(String, Command)> {
    if state.page().and_then(|p| p.filter()).is_none() {
        return Vec::new();
    }
    PRESETS.iter().map(|(name, _)| (format!("preset {name}"), Command::new(Verb::Preset, *name))).collect()
}

pub fn preset_pick() -> Pick {
    let choices =
        PRESETS.iter().map(|(name, filter)| simple(name, filter, Command::new(Verb::Preset, *name))).collect();
    Pick::new("Show", choices)
}

/// Columns to sort by.
pub fn columns<'a>(names: impl Iterator<Item = &'a str>, sorted: Option<&str>) -> Pick {
    let choices = names.map(|name| simple(name, "", Command::new(Verb::Sort, name))).collect();
    let pick = Pick::new("Sort by", choices);
    match sorted {
        Some(name) => pick.on(name),
        None => pick,
    }
}

/// The Roles that would give the rights that are missing, to be read and copied for whoever grants rights.
pub fn roles(why: &str, rights: &[Right]) -> Pick {
    let yaml = rights.iter().map(Right::role_yaml).collect::<Vec<_>>().join("---\n");
    let line = |line: &str| Choice {
        label: line.to_owned(),
        command: Some(Command::new(Verb::CopyRole, yaml.clone())),
        ..Choice::default()
    };
    let mut choices = vec![Choice { label: "Copy this Role for whoever grants rights".into(), ..line("") }];
    choices.extend(yaml.lines().map(line));
    Pick::new(why, choices)
}

/// What is wrong with configuration and connection.
pub fn problems(state: &State) -> Pick {
    let mut choices = Vec::new();
    let mut add = |label: String, detail: String| choices.push(Choice { label, detail, ..Choice::default() });
    for problem in state.session.problems() {
        add(problem.line(), problem.next);
    }
    for problem in &state.keymap.problems {
        add(problem.text.clone(), problem.file.clone());
    }
    for problem in &state.theme_problems {
        add(problem.clone(), "theme".into());
    }
    if let Some(problem) = &state.kinds_problem {
        add(problem.line(), problem.next.clone());
    }
    if choices.is_empty() {
        choices.push(Choice { label: "nothing is wrong".into(), ..Choice::default() });
    }
    Pick::new("Problems", choices)
}
