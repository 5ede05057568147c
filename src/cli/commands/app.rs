//! `qd app why|show|note|open NAME`, `qd apps --stages`: one app as its page tells it, and the order in which the platform
//! comes up.

use super::note::{Written, write};
use super::platform::overview;
use crate::arguments::{Common, Form, Printed};
use crate::output::paint::mark;
use crate::output::{Paint, Table, line, print, print_value};
use crate::place::Place;
use clap::{Args, Subcommand};
use quarterdeck_core::clock::human_duration;
use quarterdeck_core::handover::{About, Looking};
use quarterdeck_core::overview::Overview;
use quarterdeck_core::platform::{AppView, Block, Stage};
use quarterdeck_core::resources::{Level, Verdict};
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, ProblemKind, Result};
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Why it is not ready, down to the first blocking object; ends with 1 when it is not
    Why(Named),
    /// All that is known of it: workloads and pods, origins, needs, routes, versions, operations
    Show(Named),
    /// The incident note in Markdown: verdict, what blocks it, workloads, evidence, timeline, what was done
    Note(Note),
    /// Open its page; where it has no host through a port-forward, until Ctrl-C
    Open(Open),
}

#[derive(Debug, Args)]
struct Named {
    /// The app
    name: String,
    #[command(flatten)]
    printed: Printed,
}

#[derive(Debug, Args)]
struct Note {
    /// The app
    name: String,
    #[command(flatten)]
    written: Written,
}

#[derive(Debug, Args)]
struct Open {
    /// The app
    name: String,
    /// Print the address and start no browser
    #[arg(long)]
    print: bool,
    /// The instance of this tenant
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Port on this machine for a port-forward; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    local_port: u16,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let seen = overview(&place, place.context()).await?;
    match arguments.what {
        What::Why(a) => why(find(&seen, &a.name)?, &a.printed, seen.at, common),
        What::Show(a) => show(&place, &seen, find(&seen, &a.name)?, &a.printed, common).await,
        What::Note(a) => {
            let about = About::App(find(&seen, &a.name)?.name.to_string());
            write(&place, &seen, &about, Looking::Never, a.written).await
        }
        What::Open(a) => open(&place, find(&seen, &a.name)?, &a).await,
    }
}

fn find<'a>(seen: &'a Overview, name: &str) -> Result<&'a AppView> {
    let titled = || seen.apps.iter().find(|a| a.title.eq_ignore_ascii_case(name));
    seen.app(name).or_else(titled).ok_or_else(|| {
        let near: Vec<&str> = seen.apps.iter().map(|a| &*a.name).filter(|n| n.contains(name)).collect();
        let next =
            if near.is_empty() { "`qd apps` lists them".into() } else { format!("there is: {}", near.join(", ")) };
        Problem::new(ProblemKind::NotFound, "cannot show the app", "there is no such app").on(name).next(next)
    })
}

/// A verdict as its first lines: `✗ homer: Degraded for 12m`, why, next step.
fn head(name: &str, verdict: &Verdict, since: Option<i64>, now: i64, paint: Paint) {
    let since = since.filter(|_| verdict.level >= Level::Busy);
    let since = since.map(|at| format!(" for {}", human_duration(now - at))).unwrap_or_default();
    let why = if verdict.why.is_empty() { String::new() } else { format!(": {}", verdict.why) };
    let words = format!("{} {name}: {}{since}{why}", mark(verdict.level), verdict.word);
    line(&paint.level(verdict.level, &clean_line(&words)));
    if !verdict.next.is_empty() {
        line(&format!("  next: {}", clean_line(&verdict.next)));
    }
}

fn object(b: &Block) -> String {
    if b.namespace.is_empty() { b.name.to_string() } else { format!("{}/{}", b.namespace, b.name) }
}

/// The chain as lines, the first blocking object marked.
fn chain(app: &AppView) {
    let root = app.blocks.iter().rposition(|b| b.kind != "Event");
    for (i, b) in app.blocks.iter().enumerate() {
        let pointer = if Some(i) == root { ">" } else { " " };
        line(&clean_line(&format!("{pointer} {} {}: {}", b.kind, object(b), b.words)));
    }
}

fn why(app: &AppView, printed: &Printed, now: i64, common: &Common) -> Result<u8> {
    let code = u8::from(app.verdict.level >= Level::Warn);
    match printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let value = json!({ "kind": "AppWhy", "name": &*app.name, "verdict": &app.verdict, "since": app.since,
                "cause": app.cause.as_deref(), "chain": &app.blocks });
            print_value(&value, form);
        }
        Form::Name => app.root().into_iter().for_each(|b| line(&format!("{}/{}", b.kind, b.name))),
        Form::Table | Form::Wide => {
            head(&app.name, &app.verdict, app.since, now, Paint::stdout(common.plain));
            chain(app);
        }
    }
    Ok(code)
}

async fn show(place: &Place, seen: &Arc<Overview>, app: &AppView, printed: &Printed, common: &Common) -> Result<u8> {
    let deployments: Vec<_> =
        app.workloads.iter().filter(|w| w.kind == "Deployment").map(|w| w.object.clone()).collect();
    // Without the right to list ReplicaSets there is everything else.
    let revisions = place.session.revisions(place.context(), &deployments).await.unwrap_or_default();
    if let form @ (Form::Json | Form::Yaml) = printed.output {
        let mut value = serde_json::to_value(app).unwrap_or_default();
        value["kind"] = "App".into();
        value["revisions"] = serde_json::to_value(&revisions).unwrap_or_default();
        for (i, w) in app.workloads.iter().enumerate() {
            value["workloads"][i]["pods"] = serde_json::to_value(seen.pods_of(w)).unwrap_or_default();
        }
        value["compared"] = serde_json::to_value(seen.compared_of(app)).unwrap_or_default();
        value["routes"] = serde_json::to_value(seen.routes_of(app)).unwrap_or_default();
        print_value(&value, form);
        return Ok(0);
    }
    if printed.output == Form::Name {
        line(&app.name);
        return Ok(0);
    }
    let paint = Paint::stdout(common.plain);
    head(&app.name, &app.verdict, app.since, seen.at, paint);
    chain(app);
    let mut table = Table::new(&["part", "name", "state", "what"]);
    let mut row = |part: &str, name: &str, level: Level, state: String, what: String| {
        let cells = [part, name, &state, &what].map(|c| clean_line(c).into_owned());
        table.row_with(cells.to_vec(), level);
    };
    for w in &app.workloads {
        row(&w.kind, &w.name, w.verdict.level, format!("{}/{} ready", w.ready, w.wanted), w.image.to_string());
        for pod in seen.pods_of(w) {
            row("  pod", &pod.name, pod.level, mark(pod.level).to_string(), pod.words);
        }
    }
    for o in &app.origins {
        row(o.manager, &o.name, Level::Off, o.sync.to_string(), format!("{} {}", o.revision, o.source));
    }
    for (word, names) in [("needs", &app.needs), ("needed by", &app.needed_by)] {
        for name in names {
            let level = seen.app(name).map_or(Level::Unknown, |a| a.verdict.level);
            let state = seen.app(name).map_or("not found".to_owned(), |a| a.verdict.word.to_string());
            row(word, name, level, state, String::new());
        }
    }
    for r in seen.routes_of(app) {
        row(
            &r.kind,
            &format!("{}{}", r.host, r.path),
            r.verdict.level,
            r.verdict.word.to_string(),
            r.verdict.why.clone(),
        );
    }
    for c in seen.certificates_of(app) {
        row("Certificate", &c.name, c.verdict.level, c.verdict.word.to_string(), c.verdict.why.clone());
    }
    for c in &seen.compared_of(app) {
        let level = if c.agrees() { Level::Good } else { Level::Warn };
        let state = if c.agrees() { "same" } else { "differs" };
        let sides = [("declared", &c.declared), ("effective", &c.effective), ("observed", &c.observed)];
        let mut sides: Vec<String> =
            sides.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| format!("{n} {v}")).collect();
        if !c.by.is_empty() && !c.declared.is_empty() {
            sides[0].push_str(&format!(" ({})", c.by));
        }
        row("compared", &c.what, level, state.into(), sides.join("  "));
    }
    let mut operations: Vec<_> = app.operations.iter().chain(&revisions).collect();
    operations.sort_by_key(|o| std::cmp::Reverse(o.at));
    for o in operations.into_iter().take(20) {
        let at = o.at.map(|at| format!("{} ago", human_duration(seen.at - at))).unwrap_or_default();
        row(o.manager, &o.what, o.level, at, o.outcome.clone());
    }
    print(&table.text(!printed.no_headers, paint));
    Ok(0)
}

async fn open(place: &Place, app: &AppView, arguments: &Open) -> Result<u8> {
    let unknown = |why: String, next: String| Err(Problem::usage("cannot open the app", why).on(&*app.name).next(next));
    if let Some(tenant) = &arguments.tenant {
        let Some(address) = app.addresses.iter().find(|a| a.tenant.as_deref() == Some(tenant)) else {
            let there: Vec<&str> = app.addresses.iter().filter_map(|a| a.tenant.as_deref()).collect();
            let next = if there.is_empty() {
                "it has one instance for all".into()
            } else {
                format!("there is: {}", there.join(", "))
            };
            return unknown(format!("{tenant} has no instance of it"), next);
        };
        browse(&address.url, arguments.print);
        return Ok(0);
    }
    if let Some(url) = &app.url {
        browse(url, arguments.print);
        return Ok(0);
    }
    if let [address, ..] = app.addresses.as_slice() {
        let there: Vec<&str> = app.addresses.iter().filter_map(|a| a.tenant.as_deref()).collect();
        if there.len() > 1 {
            return unknown("each tenant has its own".into(), format!("--tenant with one of: {}", there.join(", ")));
        }
        browse(&address.url, arguments.print);
        return Ok(0);
    }
    let Some(way) = &app.entry else {
        return unknown("no address is known of it".into(), "see its routes; `qd routes` lists all".into());
    };
    let forward = place.session.open_forward(place.context(), &app.name, way, arguments.local_port).await?;
    eprintln!("qd: {} leads to {}; Ctrl-C closes it", forward.url, forward.target);
    browse(&forward.url, arguments.print);
    let told = async {
        let Some(mut state) = place.session.forward_state(forward.id) else { return };
        let mut last = state.borrow().clone();
        while state.changed().await.is_ok() {
            let now = state.borrow_and_update().clone();
            match &now.gone {
                Some(pod) if last.gone.is_none() => {
                    eprintln!("qd: pod {} has gone; its successor is waited for", clean_line(pod));
                }
                // Where it was ready before the pod went, nobody had to wait.
                None if last.gone.is_some() || now.pod != last.pod => {
                    eprintln!("qd: goes on with pod {}", clean_line(&now.pod));
                }
                _ => {}
            }
            last = now;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = told => {}
    }
    Ok(0)
}

/// Prints the address, and starts the desktop's browser where there is one.
fn browse(url: &str, only_print: bool) {
    line(&clean_line(url));
    let desktop = std::env::var_os("DISPLAY").is_some()
        || std::env::var_os("WAYLAND_DISPLAY").is_some()
        || cfg!(any(target_os = "macos", target_os = "windows"));
    let web = url.starts_with("http://") || url.starts_with("https://");
    if !only_print
        && web
        && desktop
        && std::env::var_os("SSH_CONNECTION").is_none()
        && let Err(error) = open::that_detached(url)
    {
        eprintln!("qd: cannot start a browser: {error}");
    }
}

/// `qd apps --stages`: 1 when the platform does not come up.
pub async fn stages(printed: &Printed, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let seen = overview(&place, place.context()).await?;
    let stuck = seen.stuck();
    match printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let items: Value = serde_json::to_value(&seen.stages).unwrap_or_default();
            print_value(
                &json!({ "kind": "StageList", "context": place.context(), "stuck": stuck, "items": items }),
                form,
            );
        }
        Form::Name => seen.stages.iter().for_each(|s| line(&s.number.to_string())),
        Form::Table | Form::Wide => {
            let mut table = Table::new(&["stage", "state", "ready", "apps", "waits for", "blocked by", "why"]);
            for s in &seen.stages {
                let cells = [
                    s.number.to_string(),
                    format!("{} {}", mark(s.verdict.level), s.verdict.word),
                    format!("{}/{}", s.ready, s.total),
                    s.apps.join(","),
                    s.waits_for.as_deref().unwrap_or_default().to_owned(),
                    s.block.as_ref().map(|b| format!("{} {}", b.kind, object(b))).unwrap_or_default(),
                    s.verdict.why.clone(),
                ];
                table.row_with(cells.map(|c| clean_line(&c).into_owned()).to_vec(), s.verdict.level);
            }
            let paint = Paint::stdout(common.plain);
            if let Some(words) = &stuck {
                line(&paint.level(Level::Bad, &clean_line(words)));
                let stage = seen.stages.iter().find(|s| s.verdict.level >= Level::Warn);
                if let Some(block) = stage.and_then(Stage::blocked_by) {
                    line(&clean_line(&format!("  blocked by {block}")));
                }
            }
            if table.is_empty() {
                eprintln!("No order is known: the profile gives none, and no app says what it needs");
            } else {
                print(&table.text(!printed.no_headers, paint));
            }
        }
    }
    Ok(u8::from(stuck.is_some()))
}
