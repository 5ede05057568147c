//! Who needs whom, and whose trouble is whose: an app that is not well while what it needs is not well waits for it.

use super::origin::block_on;
use super::{AppView, Block};
use crate::Str;
use crate::resources::{Kind, Level, ObjectRef};

/// What an app's own pods say that is this near to the root is its own trouble, whatever else is down.
const OWN: u8 = 70;

/// Fills in who needs an app, and names the app that is the cause.
pub fn tell(apps: &mut [AppView]) {
    let needed: Vec<(Str, Str)> =
        apps.iter().flat_map(|a| a.needs.iter().map(|n| (n.clone(), a.name.clone()))).collect();
    for app in apps.iter_mut() {
        app.needed_by = needed.iter().filter(|(n, _)| *n == app.name).map(|(_, by)| by.clone()).collect();
    }
    let before = apps.to_vec();
    for app in apps.iter_mut() {
        if app.verdict.level >= Level::Busy && app.root().is_none_or(|b| b.rank < OWN) {
            waits(app, &before);
        }
    }
}

/// The first thing that an app needs and that is not well.
fn broken<'a>(app: &AppView, apps: &'a [AppView]) -> Option<(Str, Option<&'a AppView>)> {
    app.needs.iter().find_map(|need| match apps.iter().find(|a| a.name == *need) {
        Some(other) if other.holds_up() => Some((need.clone(), Some(other))),
        Some(other) if &*other.verdict.word == "Not installed" => Some((need.clone(), None)),
        Some(_) => None,
        // Of an app that is not there at all nobody knows that it is missing: it may be called otherwise.
        None => None,
    })
}

fn waits(app: &mut AppView, apps: &[AppView]) {
    let Some((first, mut found)) = broken(app, apps) else { return };
    let mut trail = vec![first.clone()];
    let mut chain = vec![link(&first, found)];
    let mut root = found;
    // Down the needs of what is needed; a circle ends where it began.
    while let Some(other) = found {
        root = Some(other);
        if other.root().is_some_and(|b| b.rank >= OWN) {
            break;
        }
        let Some((next, deeper)) = broken(other, apps).filter(|(n, _)| !trail.contains(n) && *n != app.name) else {
            break;
        };
        chain.push(link(&next, deeper));
        trail.push(next);
        found = deeper;
        if found.is_none() {
            root = None;
        }
    }
    let cause = trail.last().cloned().unwrap_or(first);
    let (why, next) = match root {
        Some(root) => {
            chain.extend(root.blocks.iter().cloned());
            let next =
                if root.verdict.next.is_empty() { format!("mend {cause} first") } else { root.verdict.next.clone() };
            (root.verdict.why.clone(), format!("{cause} first: {next}"))
        }
        None => ("it is not installed".to_owned(), format!("install {cause} first")),
    };
    let via =
        if trail.len() > 1 { format!(" (through {})", trail[..trail.len() - 1].join(", ")) } else { String::new() };
    app.verdict.why = format!("waits for {cause}{via}: {why}");
    app.verdict.next = next;
    // What the cluster said about this app's pods tells nothing more.
    let told = |b: &Block| chain.iter().any(|c| c.kind == b.kind && c.name == b.name && c.namespace == b.namespace);
    app.blocks.retain(|b| b.kind != "Event" && !told(b));
    app.blocks.extend(chain);
    app.cause = Some(cause);
}

fn link(name: &Str, app: Option<&AppView>) -> Block {
    let nothing = || ObjectRef::new(Kind::of("", "v1", "Namespace", "namespaces", false), "", name);
    let object = app.and_then(AppView::object).cloned().unwrap_or_else(nothing);
    let (words, since) = match app {
        Some(a) => (format!("is {}: {}", a.verdict.word.to_lowercase(), a.verdict.why), a.since),
        None => ("is not installed".to_owned(), None),
    };
    let mut block = block_on(object, 71, words, "", since);
    block.kind = "App".into();
    block.name = name.clone();
    block.namespace = "".into();
    block.app = Some(name.clone());
    block
}
