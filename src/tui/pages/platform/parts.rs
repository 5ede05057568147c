//! The parts of the platform's page, as lines.

use crate::keymap::{Command, Verb};
use crate::pages::detail::Item;
use crate::state::Place;
use quarterdeck_core::actions::command::TASK;
use quarterdeck_core::overview::Overview;
use quarterdeck_core::overview::house::tenants_in_words;
use quarterdeck_core::platform::{StateView, state};
use quarterdeck_core::resources::{Level, Verdict};
use quarterdeck_core::{Problem, Result};

/// Facts of an operator's state that are shown beside its verdict.
const FACTS: usize = 8;

fn section(items: &mut Vec<Item>, title: &str, mut lines: Vec<Item>) {
    if !lines.is_empty() {
        items.push(Item::heading(title));
        items.append(&mut lines);
    }
}

fn said(verdict: &Verdict) -> String {
    if verdict.why.is_empty() { verdict.word.to_string() } else { format!("{}: {}", verdict.word, verdict.why) }
}

/// The platform in a sentence: what its operator says of a failure comes before all else.
pub fn verdict(seen: &Overview, states: Option<&Result<Vec<StateView>>>) -> Verdict {
    let platform = &seen.platform;
    let failed = states.and_then(|s| s.as_ref().ok()).into_iter().flatten().find(|s| s.verdict.level == Level::Bad);
    if let Some(state) = failed {
        let why = format!("{} {}", state.title, said(&state.verdict));
        let next = "mend what it names, then run the task that reconciles it";
        return Verdict::new(Level::Bad, &platform.title).why(why).next(next);
    }
    let signs = match platform.evidence.len() {
        0 => "for any cluster".to_owned(),
        1 => "known by one sign".to_owned(),
        n => format!("known by {n} signs"),
    };
    let chosen = match platform.chosen_by.as_str() {
        "detection" => signs,
        by => format!("chosen by {by}"),
    };
    Verdict::new(Level::Good, &platform.title).why(format!("profile {}, {chosen}", platform.id))
}

/// All parts. `states`: what its operator says, once that was asked; `source`: where the profile is from.
pub fn all(seen: &Overview, states: Option<&Result<Vec<StateView>>>, source: &str) -> Vec<Item> {
    let mut items = Vec::new();
    section(&mut items, "Recognised by", signs(seen));
    section(&mut items, "What its operator said when it was asked", operator(seen, states));
    section(&mut items, "Tasks: enter shows the plan", tasks(seen));
    section(&mut items, "Requests come in through", doors(seen));
    section(&mut items, "Rules", rules(seen, source));
    let catalogue = seen.catalogue();
    let here = catalogue.iter().filter(|c| c.here).count();
    let title = format!("Catalogue: {here} of {} apps are here", catalogue.len());
    let apps = catalogue.iter().map(|c| {
        let eras = if c.eras.is_empty() || c.eras == "all" { String::new() } else { format!(" (exists {})", c.eras) };
        let words = if c.here { said(&c.verdict) } else { format!("not here{eras}") };
        let item = Item::new(c.verdict.level, "app", &*c.name, words);
        if c.here { item.place(Place::name("app", &*c.name)) } else { item }
    });
    section(&mut items, &title, apps.collect());
    items
}

fn signs(seen: &Overview) -> Vec<Item> {
    // `namespace flow-proxy`: what it is, and which.
    let sign = |level, title: &str, text: &str| {
        let (what, which) = text.split_once(' ').unwrap_or((text, ""));
        Item::new(level, title, what, which)
    };
    let mut lines: Vec<Item> = seen.platform.evidence.iter().map(|text| sign(Level::Good, "sign", text)).collect();
    for w in seen.profiles() {
        if w.id == seen.platform.id {
            lines.extend(w.missing.iter().map(|text| sign(Level::Off, "not seen", text)));
            continue;
        }
        let words = match (w.fits, w.against.as_str()) {
            (true, _) => "fits too, less well".to_owned(),
            (false, "") => format!("{} of {} points", w.points, w.enough),
            (false, against) => format!("ruled out by {against}"),
        };
        lines.push(Item::new(Level::Off, "other profile", &*w.id, words));
    }
    lines
}

fn operator(seen: &Overview, states: Option<&Result<Vec<StateView>>>) -> Vec<Item> {
    let wanted = &seen.profile.operator_state;
    let told = |problem: &Problem| vec![Item::new(Level::Unknown, "state", "", problem.line())];
    let states = match states {
        _ if wanted.is_empty() => return Vec::new(),
        None => return vec![Item::new(Level::Busy, "state", "…", "is being asked")],
        Some(Err(problem)) => return told(problem),
        Some(Ok(states)) => states,
    };
    let mut lines = Vec::new();
    for (view, of) in states.iter().zip(wanted) {
        let line = Item::new(view.verdict.level, "state", &*view.title, said(&view.verdict));
        let there = view.problem.as_ref().is_none_or(|p| p.kind != quarterdeck_core::ProblemKind::NotFound);
        lines.push(if there { line.object(Some(state::object(of))) } else { line });
        let facts = view.facts.iter().filter(|f| !f.field.eq_ignore_ascii_case("status") && !f.value.is_empty());
        lines.extend(facts.take(FACTS).map(|f| Item::new(Level::Off, "", &*f.field, &*f.value)));
    }
    lines
}

fn tasks(seen: &Overview) -> Vec<Item> {
    let task = |t: &quarterdeck_core::platform::PlatformTask| {
        let object = t.object();
        let words = format!("{} {}", t.action(), object);
        let mut item = Item::new(Level::Off, "Reconcile:", t.heading(), words).object(Some(object));
        item.command = Some(Command::new(Verb::Do, format!("{TASK} {}", t.name)));
        item
    };
    seen.profile.tasks.iter().map(task).collect()
}

fn doors(seen: &Overview) -> Vec<Item> {
    let gateway = |g: quarterdeck_core::overview::house::GatewayView| {
        let title = if g.title.is_empty() { String::new() } else { format!("{}, ", g.title) };
        let name = if g.namespace.is_empty() { g.name } else { format!("{}/{}", g.namespace, g.name) };
        Item::new(g.verdict.level, &g.kind, name, format!("{title}{}", said(&g.verdict))).object(g.object)
    };
    let mut lines: Vec<Item> = seen.gateways().into_iter().map(gateway).collect();
    for (name, object) in seen.ingress_classes() {
        let (level, words) = if object.is_some() { (Level::Good, "") } else { (Level::Off, "not there") };
        lines.push(Item::new(level, "IngressClass", name, words).object(object));
    }
    lines
}

fn rules(seen: &Overview, source: &str) -> Vec<Item> {
    let p = &seen.profile;
    let fact = |title: &str, words: String| Item::new(Level::Off, title, "", words);
    let mut lines = vec![fact("profile", format!("{} ({source})", p.id)), fact("era", p.era.clone())];
    lines.push(fact("tenants", tenants_in_words(p)));
    let hosts = [("apps", &p.hosts.app), ("services", &p.hosts.service)];
    let hosts = hosts.iter().filter(|(_, h)| !h.is_empty()).map(|(word, h)| format!("{word} {h}"));
    lines.push(fact("hosts", hosts.collect::<Vec<_>>().join(", ")));
    let identity = match seen.identity() {
        Some(app) => {
            let words = format!("{}: {}", app.title, said(&app.verdict));
            Item::new(app.verdict.level, "identity", "", words).place(Place::name("app", &*app.name))
        }
        None if p.identity.is_empty() => fact("identity", String::new()),
        None => Item::new(Level::Off, "identity", "", format!("{} is not here", p.identity)),
    };
    lines.push(identity);
    let c = &p.certificates;
    let mode = match c.mode.as_str() {
        "wildcard" => "one wildcard for all hosts",
        "perHost" => "one for each host",
        other => other,
    };
    let issuer = if c.issuer.is_empty() { String::new() } else { format!("issuer {}", c.issuer) };
    let words: Vec<&str> = [mode, &c.challenge, &issuer].into_iter().filter(|w| !w.is_empty()).collect();
    lines.push(fact("certificates", words.join(", ")).object(seen.platform_issuer()));
    let found = if p.discover { "also those that no catalogue names" } else { "only those of the catalogue" };
    lines.push(fact("apps", found.into()));
    lines.retain(|l| !l.words.is_empty());
    lines
}
