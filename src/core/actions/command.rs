//! A plan as a command line.

use super::action::{ArgKind, Args};
use crate::resources::ObjectRef;
use std::collections::BTreeMap;

/// What sets a task of the platform going is called: a trigger or a restart of what the profile names.
pub const TASK: &str = "platform-reconcile";

/// `qd --context lab do scale deployments.apps/api -n team --replicas 3`, one line a namespace.
pub(crate) fn line(context: &str, action: &str, targets: &[ObjectRef], args: &Args) -> String {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for target in targets {
        let words = places.entry(&target.namespace).or_default();
        words.push(quoted(&format!("{}/{}", target.kind.resource(), target.name)));
    }
    let mut tail = String::new();
    for (name, value) in args.iter().filter(|(_, v)| !v.is_empty()) {
        // A switch has no value in a shell.
        let args = super::catalogue::find(action).map(|a| a.args()).unwrap_or_default();
        if args.iter().any(|a| a.name == name && a.kind == ArgKind::Switch) {
            if matches!(value, "true" | "yes" | "1") {
                tail.push_str(&format!(" --{name}"));
            }
            continue;
        }
        let value = if matches!(name, "yaml" | "base") { format!("@{name}.yaml") } else { quoted(value) };
        tail.push_str(&format!(" --{name} {value}"));
    }
    let lines: Vec<String> = places
        .into_iter()
        .map(|(namespace, words)| {
            let place = if namespace.is_empty() { String::new() } else { format!(" -n {}", quoted(namespace)) };
            format!("qd --context {} do {action} {}{place}{tail}", quoted(context), words.join(" "))
        })
        .collect();
    lines.join("\n")
}

/// `qd --context lab do platform-reconcile copy-certs`
pub(crate) fn task(context: &str, name: &str) -> String {
    format!("qd --context {} do {TASK} {}", quoted(context), quoted(name))
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let word = crate::text::clean_line(word);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
