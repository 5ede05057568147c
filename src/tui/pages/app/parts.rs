//! The parts of an app's page, as lines.

use crate::pages::detail::Item;
use crate::state::Place;
use quarterdeck_core::overview::Overview;
use quarterdeck_core::platform::{AppView, Block, Compared, Operation, WorkloadView};
use quarterdeck_core::resources::Level;

/// Pods shown of a workload whose pods are all ready, and of one whose pods are not.
const PODS: (usize, usize) = (3, 8);
/// How deep the tree of what is needed goes.
const DEPTH: usize = 4;

/// A workload as a line.
pub fn workload(w: &WorkloadView) -> Item {
    let words = if w.verdict.why.is_empty() {
        format!("{}/{} ready", w.ready, w.wanted)
    } else {
        format!("{}/{} ready, {}", w.ready, w.wanted, w.verdict.why)
    };
    let since = w.since.filter(|_| w.ready < w.wanted);
    Item::new(w.verdict.level, &w.kind, &*w.name, words).object(Some(w.object.clone())).since(since)
}

fn section(items: &mut Vec<Item>, title: &str, mut lines: Vec<Item>) {
    if !lines.is_empty() {
        items.push(Item::heading(title));
        items.append(&mut lines);
    }
}

fn link(b: &Block, last: bool) -> Item {
    let level = if b.kind == "Event" { Level::Off } else { Level::Bad };
    let mut item = Item::new(level, &b.kind, &*b.name, &b.words).object(Some(b.object.clone())).since(b.since);
    item.broken = last;
    match &b.app {
        Some(app) => item.place(Place::name("app", &**app)),
        None => item,
    }
}

/// What an app needs, what that needs, and so on; or who needs it.
fn tree(app: &AppView, seen: &Overview, up: bool, depth: usize, trail: &mut Vec<String>, items: &mut Vec<Item>) {
    let names = if up { &app.needed_by } else { &app.needs };
    for name in names {
        let known = seen.app(name);
        let (level, words) = match known {
            Some(other) if other.verdict.why.is_empty() => (other.verdict.level, other.verdict.word.to_string()),
            Some(other) => (other.verdict.level, format!("{}: {}", other.verdict.word, other.verdict.why)),
            None => (Level::Unknown, "not found".into()),
        };
        let indented = format!("{}{name}", "  ".repeat(depth));
        let title = if up { "needed by" } else { "needs" };
        items.push(Item::new(level, title, indented, words).place(Place::name("app", &**name)));
        // A circle of needs ends where it began.
        if depth < DEPTH && !trail.contains(&name.to_string()) {
            trail.push(name.to_string());
            if let Some(other) = known {
                tree(other, seen, up, depth + 1, trail, items);
            }
            trail.pop();
        }
    }
}

fn operation(o: &Operation) -> Item {
    let by = if o.by.is_empty() { String::new() } else { format!(" by {}", o.by) };
    Item::new(o.level, o.manager, &o.what, format!("{}{by}", o.outcome)).object(Some(o.object.clone())).since(o.at)
}

/// What all sides say that are known, and which these are.
fn agreed(c: &Compared) -> String {
    let declared = if c.by.is_empty() { "declared".to_owned() } else { format!("declared by {}", c.by) };
    let sides = [(&c.declared, declared.as_str()), (&c.effective, "effective"), (&c.observed, "observed")];
    let known: Vec<&str> = sides.iter().filter(|(value, _)| !value.is_empty()).map(|(_, side)| *side).collect();
    let value = sides.iter().map(|(value, _)| value.as_str()).find(|v| !v.is_empty()).unwrap_or_default();
    format!("{value} ({})", known.join(", "))
}

/// What is declared, what results and what the cluster has: what differs, and all of it when `whole` is asked for.
fn compared(rows: &[Compared], whole: bool) -> Vec<Item> {
    let line = |c: &Compared| {
        let side = |name: &str, value: &str| if value.is_empty() { String::new() } else { format!("{name} {value}") };
        let mut sides =
            [side("declared", &c.declared), side("effective", &c.effective), side("observed", &c.observed)];
        if !c.by.is_empty() && !c.declared.is_empty() {
            sides[0].push_str(&format!(" ({})", c.by));
        }
        let sides: Vec<String> = sides.into_iter().filter(|s| !s.is_empty()).collect();
        let (what, of) = c.what.split_once(' ').unwrap_or((&c.what, ""));
        if c.agrees() {
            return Item::new(Level::Good, what, of, agreed(c));
        }
        Item::new(Level::Warn, what, of, sides.join("  "))
    };
    let agree = rows.iter().filter(|c| c.agrees()).count();
    let mut items: Vec<Item> = rows.iter().filter(|c| whole || !c.agrees()).map(line).collect();
    if !whole && agree > 0 {
        let words = if agree == rows.len() { "all of them agree" } else { "the others agree" };
        items.push(Item::new(Level::Good, "facts", agree.to_string(), words));
    }
    items
}

/// All parts; `revisions` are those of its Deployments, once they were asked for; `whole`: also what agrees.
pub fn all(app: &AppView, seen: &Overview, revisions: &[Operation], whole: bool) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let root = app.blocks.iter().rposition(|b| b.kind != "Event");
    let chain = app.blocks.iter().enumerate().map(|(i, b)| link(b, Some(i) == root)).collect();
    section(&mut items, "Why it is not ready, down to what blocks it", chain);
    let mut workloads = Vec::new();
    for (w, pods) in app.workloads.iter().zip(seen.pods_of_each(&app.workloads)) {
        workloads.push(workload(w));
        let most = if w.ready < w.wanted { PODS.1 } else { PODS.0 };
        for pod in pods.iter().take(most) {
            let line = Item::new(pod.level, "  pod", &*pod.name, &pod.words);
            workloads.push(line.object(Some(pod.object.clone())).since(pod.since));
        }
        if pods.len() > most {
            let words = format!("{} of {} shown", most, pods.len());
            workloads.push(Item::new(Level::Off, "  pods", "…", words).object(Some(w.object.clone())));
        }
    }
    section(&mut items, "Workloads", workloads);
    let from = app.origins.iter().map(|o| {
        let level = match (&*o.health, o.suspended) {
            (_, true) => Level::Off,
            ("Degraded" | "Missing", _) => Level::Bad,
            ("Progressing", _) => Level::Busy,
            _ if matches!(&*o.sync, "failed" | "Failed") => Level::Bad,
            _ if matches!(&*o.sync, "OutOfSync" | "Unknown") => Level::Warn,
            _ => Level::Good,
        };
        let words = [&*o.sync, &*o.health, &*o.revision, &o.source];
        let words: Vec<&str> = words.into_iter().filter(|w| !w.is_empty()).collect();
        let title = if o.kind == "Release" { "Helm release".to_owned() } else { o.kind.clone() };
        Item::new(level, &title, &*o.name, words.join(", ")).object(Some(o.object.clone()))
    });
    section(&mut items, "Comes from", from.collect());
    let mut needs = Vec::new();
    tree(app, seen, false, 0, &mut vec![app.name.to_string()], &mut needs);
    tree(app, seen, true, 0, &mut vec![app.name.to_string()], &mut needs);
    section(&mut items, "Needs and is needed by", needs);
    section(&mut items, "Reached by", reached(app, seen));
    section(&mut items, "Declared, effective, observed", compared(&seen.compared_of(app), whole));
    let mut operations: Vec<&Operation> = app.operations.iter().chain(revisions).collect();
    operations.sort_by_key(|o| std::cmp::Reverse(o.at));
    section(&mut items, "What was done, the latest first", operations.into_iter().take(20).map(operation).collect());
    let types: Vec<&str> = app.types.iter().map(|t| t.word()).collect();
    let stage = app.stage.map(|s| s.to_string()).unwrap_or_default();
    let facts = [
        ("type", types.join(", ")),
        ("namespaces", app.namespaces.join(", ")),
        ("chart", app.chart.clone()),
        ("values", app.values.clone()),
        ("sign-in", app.sign_in.clone()),
        ("stage", stage),
    ];
    let facts = facts.into_iter().filter(|(_, name)| !name.is_empty());
    section(&mut items, "Facts", facts.map(|(title, name)| Item::new(Level::Off, title, name, "")).collect());
    items
}

/// Addresses, the routes behind them, and the certificates that serve them.
fn reached(app: &AppView, seen: &Overview) -> Vec<Item> {
    let mut lines = Vec::new();
    for r in seen.routes_of(app) {
        let words = format!("{} {}", r.verdict.word, r.verdict.why);
        let place = Place::object("route", r.object.clone()).with("host", &*r.host).with("path", &*r.path);
        let line = Item::new(r.verdict.level, &r.kind, format!("{}{}", r.host, r.path), words.trim());
        lines.push(line.object(Some(r.object.clone())).place(place.with("extra", &*r.extra)));
    }
    for c in seen.certificates_of(app) {
        let words = format!("{} {}", c.verdict.word, c.verdict.why);
        let place = Place::object("certificate", c.object.clone());
        let line = Item::new(c.verdict.level, "Certificate", &*c.name, words.trim());
        lines.push(line.object(Some(c.object.clone())).place(place));
    }
    lines.extend(app.addresses.iter().map(|a| Item::new(Level::Off, a.tenant.as_deref().unwrap_or("all"), &a.url, "")));
    if let (None, Some(entry)) = (&app.url, &app.entry) {
        let words = "no host: o opens a port-forward";
        let line = Item::new(Level::Off, "port-forward", format!("{}:{}", entry.service, entry.port), words);
        lines.push(line.object(Some(entry.object.clone())));
    }
    lines
}
