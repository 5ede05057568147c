//! What k9s fingers type: `:deploy team-a /web`, `:ctx prod`, `:ns kube-system`, `:q`, a page, a command.

use crate::keymap::{Command, Verb};
use crate::pages::Page;
use crate::state::{Place, State, Subject};
use quarterdeck_core::link::Link;
use quarterdeck_core::resources::Scope;
use quarterdeck_core::{Problem, Result};

/// A thing to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Scope(Scope),
    Context(String),
    Go(Place),
    Filter(String),
    Command(Command),
    Link(Link),
}

/// Other words for pages and commands, as k9s and habit know them.
const WORDS: &[(&str, &str)] = &[
    ("ctx", "contexts"),
    ("context", "contexts"),
    ("ns", "namespaces"),
    ("namespace", "namespaces"),
    ("certs", "certificates"),
    ("cert", "certificates"),
    ("expiries", "timeline"),
    ("app", "apps"),
    ("tenant", "tenants"),
    ("route", "routes"),
    ("pulse", "home"),
    ("actions", "journal"),
    ("run", "runs"),
    ("q", "quit"),
    ("q!", "quit"),
    ("wq", "quit"),
    ("exit", "quit"),
    ("h", "help"),
    ("skin", "theme"),
];

/// Other words for a page or command.
pub fn words_for(name: &str) -> Vec<String> {
    WORDS.iter().filter(|(_, to)| *to == name).map(|(word, _)| (*word).to_owned()).collect()
}

/// Reads a command line.
///
/// # Errors
/// When its first word is no page, kind, context or command.
pub fn parse(state: &State, text: &str) -> Result<Vec<Step>> {
    let text = text.trim().trim_start_matches(':');
    if Link::is(text) {
        return Ok(vec![Step::Link(Link::parse(text)?)]);
    }
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let word = word.to_lowercase();
    let known = WORDS.iter().find(|(w, _)| *w == word).map_or(word.as_str(), |(_, to)| *to);
    match known {
        "contexts" if !rest.is_empty() => {
            let found = state.session.contexts().into_iter().any(|c| c.name == rest);
            return if found {
                Ok(vec![Step::Context(rest.into())])
            } else {
                Err(Problem::usage(format!("cannot go to context `{rest}`"), "the kubeconfig has none of that name"))
            };
        }
        "namespaces" if !rest.is_empty() => {
            return Ok(vec![Step::Command(Command::new(Verb::Namespace, rest.replace(' ', ",")))]);
        }
        _ => {}
    }
    if let Some((name, _)) = Page::named().into_iter().find(|(name, _)| *name == known) {
        return Ok(with_details(state, Place::new(name), rest));
    }
    if state.kinds.find(&word).is_some() || state.kinds.is_empty() && Verb::named(known).is_none() {
        let subject = match state.kinds.find(&word) {
            Some(kind) => Subject::Kind(kind.clone()),
            None => Subject::Name(word),
        };
        return Ok(with_details(state, Place::about("table", subject), rest));
    }
    if let Some(verb) = Verb::named(known) {
        return Ok(vec![Step::Command(Command::new(verb, rest))]);
    }
    if state.session.contexts().iter().any(|c| c.name.to_lowercase() == word) {
        return Ok(vec![Step::Context(text.into())]);
    }
    if state.namespaces.contains(&word) {
        return Ok(vec![Step::Scope(Scope::one(&word))]);
    }
    Err(Problem::usage(format!("cannot go to `{word}`"), "no view, kind, context, namespace or command has that name")
        .next("type `:` and a part of a name; a kind that was just installed is found after ctrl-r"))
}

/// Details in any order: a namespace (or several with commas), `/filter`, `label=value`, `@context`.
fn with_details(state: &State, mut place: Place, rest: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut filter = String::new();
    let (details, typed) = match rest.split_once('/') {
        Some((details, filter)) => (details, Some(filter)),
        None => (rest, None),
    };
    for detail in details.split_whitespace() {
        if let Some(context) = detail.strip_prefix('@') {
            steps.push(Step::Context(context.into()));
        } else if detail.contains('=') {
            place = place.with("labels", detail);
        } else if detail == "all" {
            steps.push(Step::Scope(Scope::All));
        } else if place.page == "table" || state.namespaces.iter().any(|n| n == detail) {
            steps.push(Step::Scope(Scope::of(detail.split(',').filter(|n| !n.is_empty()))));
        } else {
            filter.push_str(detail);
            filter.push(' ');
        }
    }
    steps.push(Step::Go(place));
    filter.push_str(typed.unwrap_or(""));
    let filter = filter.trim().trim_end_matches('/').to_owned();
    if !filter.is_empty() {
        steps.push(Step::Filter(filter));
    }
    steps
}
