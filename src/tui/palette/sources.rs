//! What the palette and the help offer at this moment.

use super::{Choice, Pick};
use crate::keymap::{Command, Verb};
use crate::pages::Page;
use crate::state::State;
use quarterdeck_core::actions::WhyNot;
use quarterdeck_core::actions::command::TASK;
use quarterdeck_core::platform::PlatformTask;
use quarterdeck_core::resources::ObjectRef;
use quarterdeck_core::text::clean_line;

/// Kinds of which there can be very many are offered by name only up to here.
const FINDABLE: usize = 2_000;

fn scopes(state: &State) -> Vec<String> {
    state.scopes()
}

/// Why an action cannot be used; for a right that is missing, Enter shows the Role that would give it.
fn why(why: &WhyNot) -> String {
    match why {
        WhyNot::Rights(_) => format!("{} (enter: a Role that gives it)", why.line()),
        _ => why.line(),
    }
}

/// The actions for what is marked or under the cursor.
fn actions(state: &State, keys: &dyn Fn(&Command) -> String) -> Vec<Choice> {
    let about = |targets: &[ObjectRef]| match targets {
        [one] => one.short(),
        many => format!("{} marked", many.len()),
    };
    state
        .offers()
        .into_iter()
        .filter(|(o, _)| !matches!(o.enabled, Err(WhyNot::NotApplicable(_))))
        .map(|(offer, targets)| {
            let command = Command::new(Verb::Do, offer.name);
            Choice {
                label: offer.title.into(),
                detail: format!("{}: {}", about(&targets), offer.help),
                key: keys(&command),
                why_not: offer.enabled.err().map(|w| why(&w)),
                command: Some(command),
                weight: 30,
                ..Choice::default()
            }
        })
        .collect()
}

/// The tasks of the platform's profile, once the platform is known.
pub fn tasks(state: &State) -> Vec<Choice> {
    let tasks = state.session.platform_tasks(&state.context);
    let choice = |task: PlatformTask| Choice {
        label: format!("Reconcile: {}", clean_line(task.heading())),
        detail: clean_line(&format!("platform task {}: {} {}", task.name, task.action(), task.object())).into_owned(),
        command: Some(Command::new(Verb::Do, format!("{TASK} {}", task.name))),
        weight: 4,
        ..Choice::default()
    };
    tasks.into_iter().map(choice).collect()
}

/// The command palette: actions valid here, views, kinds, namespaces, contexts, objects in view, commands.
pub fn palette(state: &State) -> Pick {
    let scopes = scopes(state);
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let keys = |command: &Command| state.keymap.keys_for(&scopes, command);
    let mut all = actions(state, &keys);
    let choice = |label: String, detail: &str, command: Command, weight: u8| Choice {
        key: keys(&command),
        label,
        detail: detail.into(),
        command: Some(command),
        weight,
        ..Choice::default()
    };
    for (name, title) in Page::named() {
        let aliases = super::typed::words_for(name);
        all.push(Choice { aliases, ..choice(name.into(), title, Command::new(Verb::Go, name), 25) });
    }
    all.extend(tasks(state));
    for (label, command) in super::choices::presets(state) {
        all.push(choice(label, "filter", command, 5));
    }
    for kind in state.kinds.iter().filter(|k| k.can("list") || k.verbs.is_empty()) {
        let detail = match (kind.group.as_str(), kind.short_names.join(",")) {
            ("", short) if short.is_empty() => "kind".into(),
            ("", short) => format!("kind ({short})"),
            (group, short) if short.is_empty() => format!("kind of {group}"),
            (group, short) => format!("kind of {group} ({short})"),
        };
        let mut aliases = kind.short_names.clone();
        aliases.extend([kind.singular.clone(), kind.resource()]);
        all.push(Choice {
            aliases,
            ..choice(kind.plural.clone(), &detail, Command::new(Verb::Go, kind.resource()), 8)
        });
    }
    for (i, name) in state.namespaces.iter().enumerate() {
        let key = if i < 9 { keys(&Command::new(Verb::Namespace, (i + 1).to_string())) } else { String::new() };
        let command = Command::new(Verb::Namespace, format!("{name},"));
        all.push(Choice { key, ..choice(name.clone(), "namespace", command, 6) });
    }
    for context in state.session.contexts() {
        let detail = if context.current { "context (current of the kubeconfig)" } else { "context" };
        all.push(choice(context.name.clone(), detail, Command::new(Verb::Context, context.name), 6));
    }
    for found in state.page().map(|p| p.findable()).unwrap_or_default().into_iter().take(FINDABLE) {
        all.push(choice(found.label, "here", Command::new(Verb::Find, found.id), 1));
    }
    for verb in Verb::ALL {
        // A verb without a key here means nothing here, but for those that are words of their own.
        let own = matches!(
            verb,
            Verb::Quit | Verb::Theme | Verb::Keymap | Verb::Mouse | Verb::Problems | Verb::Unlock | Verb::SignIn
        );
        let key = keys(&Command::from(*verb));
        if own || !key.is_empty() && !matches!(verb, Verb::Down | Verb::Up | Verb::Palette) {
            let aliases = super::typed::words_for(verb.name());
            all.push(Choice { key, aliases, ..choice(verb.name().into(), verb.help(), Command::from(*verb), 2) });
        }
    }
    let mut pick = Pick::new("", all).free();
    pick.uncertain = state.kinds.is_empty();
    pick
}

/// Every key that is valid here; Enter runs it.
pub fn help(state: &State) -> Pick {
    let scopes = scopes(state);
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let offers = state.offers();
    let mut choices: Vec<(usize, Choice)> = Vec::new();
    for (keys, command) in state.keymap.bindings(&scopes) {
        let written = crate::keymap::map::written(&keys);
        if let Some((_, known)) = choices.iter_mut().find(|(_, c)| c.command.as_ref() == Some(&command)) {
            known.key = format!("{}, {written}", known.key);
            continue;
        }
        let (label, detail, why_not) = if command.verb == Verb::Do {
            match offers.iter().find(|(o, _)| o.name == command.arg) {
                Some((o, _)) => (o.title.to_owned(), o.help.to_owned(), o.enabled.as_ref().err().map(why)),
                None => continue,
            }
        } else {
            let label = if command.arg.is_empty() { command.verb.name().into() } else { command.to_string() };
            (label, command.verb.help().to_owned(), None)
        };
        let near = scopes.iter().position(|s| state.keymap.bindings(&[s]).contains(&(keys.clone(), command.clone())));
        let order = near.unwrap_or(9) * 1000 + Verb::ALL.iter().position(|v| *v == command.verb).unwrap_or(0);
        let choice = Choice { label, detail, key: written, command: Some(command), why_not, ..Choice::default() };
        choices.push((order, choice));
    }
    choices.sort_by_key(|(order, _)| *order);
    let title = state.page().map(|p| p.crumb()).unwrap_or_default();
    Pick::new(&format!("Keys: {title}"), choices.into_iter().map(|(_, c)| c).collect())
}
