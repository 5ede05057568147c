//! A page's shares in the overviews of one or several contexts: each is watched on its own, none waits for another.

use super::overview::Watched;
use crate::keymap::{Command, Verb};
use crate::palette::{Choice, Pick};
use crate::state::{Cx, Order, Place};
use quarterdeck_core::Problem;
use quarterdeck_core::cluster::Connection;
use quarterdeck_core::overview::Overview;
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::store::Freshness;
use std::sync::Arc;

/// One context.
pub struct One {
    pub context: String,
    watched: Result<Watched, Problem>,
    /// Since when its server does not answer, and why.
    lost: Option<(i64, String)>,
}

impl One {
    pub fn seen(&self) -> Option<&Arc<Overview>> {
        self.watched.as_ref().ok().map(|w| &w.seen)
    }
    /// How it stands with the context itself, when not all is well: words, and since when.
    pub fn trouble(&self) -> Option<(Level, String, Option<i64>)> {
        let watched = match &self.watched {
            Ok(watched) => watched,
            Err(problem) => return Some((Level::Bad, problem.line(), None)),
        };
        if let Some((since, why)) = &self.lost {
            return Some((Level::Bad, format!("no answer: {why}"), Some(*since)));
        }
        match watched.freshness() {
            Freshness::Loading => Some((Level::Busy, "loading…".into(), None)),
            Freshness::Stale { since, problem } => Some((Level::Warn, format!("stale: {}", problem.why), Some(since))),
            _ if watched.seen.sources.0.iter().any(|s| s.resource == "discovery") => {
                let why = watched.seen.partial().flat_map(|s| s.problems.first()).next();
                Some((Level::Bad, why.map_or_else(|| "cannot be read".into(), Problem::line), None))
            }
            _ => None,
        }
    }
}

/// All contexts of the page, the program's own first.
#[derive(Default)]
pub struct Several {
    all: Vec<One>,
}

impl Several {
    /// Opens what is wanted and not open, takes the latest of each; whether something is another one.
    pub fn refresh(&mut self, cx: &Cx<'_>) -> bool {
        let mut wanted = vec![cx.context.to_owned()];
        wanted.extend(cx.beside.iter().filter(|c| *c != cx.context).cloned());
        let mut changed = false;
        if !self.all.iter().map(|o| &o.context).eq(wanted.iter()) {
            let mut old = std::mem::take(&mut self.all);
            for context in wanted {
                let kept = old.iter().position(|o| o.context == context).map(|i| old.swap_remove(i));
                self.all.push(kept.unwrap_or_else(|| One { watched: Watched::of(cx, &context), context, lost: None }));
            }
            changed = true;
        }
        for one in &mut self.all {
            if let Ok(watched) = &mut one.watched {
                changed |= watched.refresh(cx);
            }
            let connection = cx.session.cluster(&one.context).ok().map(|c| c.connection().borrow().clone());
            let lost = match connection {
                Some(Connection::Lost { since, problem }) => Some((since, problem.why)),
                _ => None,
            };
            changed |= lost != one.lost;
            one.lost = lost;
        }
        changed
    }
    pub fn iter(&self) -> impl Iterator<Item = &One> {
        self.all.iter()
    }
    pub fn many(&self) -> bool {
        self.all.len() > 1
    }
    /// Of the program's own context.
    pub fn freshness(&self) -> Option<Freshness> {
        self.all.first()?.watched.as_ref().ok().map(Watched::freshness)
    }
    pub fn notes(&self) -> Vec<(Level, String)> {
        match self.all.as_slice() {
            [one] => match &one.watched {
                Ok(watched) => watched.notes(),
                Err(problem) => vec![(Level::Bad, problem.line())],
            },
            _ => Vec::new(),
        }
    }
}

/// Goes to a place of a context, which becomes the program's own.
pub fn go(context: &str, place: Place, cx: &mut Cx<'_>) {
    if context != cx.context {
        cx.order(Order::SetContext(context.to_owned()));
    }
    cx.go(place);
}

/// Where a command about an object of another context leads: there. True: it is done with.
pub fn elsewhere(command: &Command, context: &str, object: &ObjectRef, cx: &mut Cx<'_>) -> bool {
    if context == cx.context {
        return false;
    }
    match command.verb {
        Verb::EditExternal => go(context, Place::object("edit", object.clone()).with("with", "editor"), cx),
        Verb::Yaml | Verb::Describe | Verb::Events | Verb::Edit => {
            go(context, Place::object(command.verb.name(), object.clone()), cx);
        }
        Verb::Do => cx.say(Level::Off, format!("it is in context {context}: enter opens it there")),
        _ => return false,
    }
    true
}

/// Chooses the contexts beside the program's own, or takes the chosen one.
pub fn beside(arg: &str, cx: &mut Cx<'_>) {
    let others: Vec<String> =
        cx.session.contexts().into_iter().map(|c| c.name).filter(|name| name != cx.context).collect();
    if arg.is_empty() {
        if others.is_empty() {
            cx.say(Level::Off, "the kubeconfig has no other context");
            return;
        }
        let choice = |label: &str, detail: &str| Choice {
            label: label.into(),
            detail: detail.into(),
            command: Some(Command::new(Verb::Beside, label)),
            ..Choice::default()
        };
        let mut choices: Vec<Choice> = others
            .iter()
            .map(|c| choice(c, if cx.beside.contains(c) { "is shown; enter takes it away" } else { "enter adds it" }))
            .collect();
        if !cx.beside.is_empty() {
            choices.push(choice("none", "only this context"));
        }
        cx.order(Order::Pick(Pick::new("Clusters beside this one", choices)));
        return;
    }
    match cx.beside.iter().position(|c| c == arg) {
        _ if arg == "none" => cx.beside.clear(),
        Some(at) => drop(cx.beside.remove(at)),
        None if others.iter().any(|c| c == arg) => cx.beside.push(arg.to_owned()),
        None => cx.say(Level::Off, format!("the kubeconfig has no other context {arg}")),
    }
}
