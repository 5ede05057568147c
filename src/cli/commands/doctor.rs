//! `qd doctor`: what this terminal and this cluster can do, and what stands in the way.

use crate::arguments::Common;
use crate::output::paint::mark;
use crate::output::{Paint, line, print_json};
use crate::place::Place;
use clap::Args;
use quarterdeck_core::cluster::{Access, Right};
use quarterdeck_core::resources::Level;
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, Result};
use serde_json::json;
use std::io::IsTerminal;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Only this machine and terminal; asks no server
    #[arg(long)]
    offline: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
struct Check {
    section: &'static str,
    what: String,
    level: Level,
    found: String,
    next: String,
}

#[derive(Default)]
struct Report(Vec<Check>);

impl Report {
    fn note(&mut self, section: &'static str, what: &str, level: Level, found: impl Into<String>) {
        self.advise(section, what, level, found, "");
    }
    fn advise(&mut self, section: &'static str, what: &str, level: Level, found: impl Into<String>, next: &str) {
        let (found, next) = (clean_line(&found.into()).into_owned(), clean_line(next).into_owned());
        self.0.push(Check { section, what: clean_line(what).into_owned(), level, found, next });
    }
    fn problem(&mut self, section: &'static str, what: &str, problem: &Problem) {
        self.advise(section, what, Level::Bad, problem.line(), &problem.next);
    }
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let mut report = Report::default();
    terminal(&mut report);
    let mut code = 0;
    if !arguments.offline {
        match Place::open_one(common) {
            Err(problem) => {
                code = problem.kind.exit_code();
                report.problem("kubeconfig", "contexts", &problem);
            }
            Ok(place) => {
                if let Err(problem) = cluster(&mut report, &place).await {
                    code = problem.kind.exit_code();
                    report.problem("cluster", "reached", &problem);
                }
            }
        }
    }
    if arguments.json {
        let item = |c: &Check| json!({ "section": c.section, "check": c.what, "level": c.level, "found": c.found, "next": c.next });
        print_json(&json!({ "kind": "DoctorReport", "items": report.0.iter().map(item).collect::<Vec<_>>() }));
    } else {
        show(&report, Paint::stdout(common.plain));
    }
    Ok(code)
}

fn show(report: &Report, paint: Paint) {
    let mut section = "";
    let width = report.0.iter().map(|c| c.what.chars().count()).max().unwrap_or(0);
    for check in &report.0 {
        if check.section != section {
            if !section.is_empty() {
                line("");
            }
            section = check.section;
            line(&paint.strong(section));
        }
        let sign = paint.level(check.level, mark(check.level));
        line(&format!("  {sign} {:width$}  {}", check.what, check.found));
        if !check.next.is_empty() {
            line(&format!("    {:width$}  next: {}", "", check.next));
        }
    }
}

fn terminal(report: &mut Report) {
    let section = "terminal";
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let term = variable("TERM");
    match term.as_str() {
        "" => report.advise(section, "TERM", Level::Warn, "not set", "set it, or use --plain"),
        "dumb" => {
            report.advise(section, "TERM", Level::Warn, "dumb: no drawing", "the screen runs in line mode (--plain)")
        }
        name => report.note(section, "TERM", Level::Good, name),
    }
    let screen = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if screen {
        report.note(section, "input and output", Level::Good, "a terminal");
    } else {
        report.advise(
            section,
            "input and output",
            Level::Warn,
            "not a terminal",
            "the screen needs one; commands do not",
        );
    }
    let colours = match (variable("NO_COLOR").is_empty(), variable("COLORTERM").as_str()) {
        (false, _) => "switched off by NO_COLOR",
        (true, "truecolor" | "24bit") => "16 million",
        (true, _) if term.contains("256") => "256",
        _ => "16",
    };
    report.note(section, "colours", Level::Good, colours);
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().map(|n| variable(n)).find(|v| !v.is_empty()).unwrap_or_default();
    let utf8 = locale.to_lowercase().replace('-', "").contains("utf8");
    if utf8 {
        report.note(section, "characters", Level::Good, format!("UTF-8 ({locale})"));
    } else {
        let found = if locale.is_empty() {
            "no locale is set: ASCII is drawn".to_string()
        } else {
            format!("{locale}: ASCII is drawn")
        };
        report.advise(section, "characters", Level::Warn, found, "set LANG=C.UTF-8 for lines and symbols");
    }
    let ssh = !variable("SSH_CONNECTION").is_empty() || !variable("SSH_TTY").is_empty();
    report.note(
        section,
        "clipboard",
        Level::Good,
        if ssh { "by the terminal (OSC 52), as over SSH" } else { "of this desktop, else by the terminal (OSC 52)" },
    );
    let editor = ["KUBE_EDITOR", "VISUAL", "EDITOR"].iter().map(|n| variable(n)).find(|v| !v.is_empty());
    report.note(
        section,
        "editor",
        Level::Good,
        editor.unwrap_or_else(|| "the built-in one ($EDITOR is not set)".into()),
    );
}

async fn cluster(report: &mut Report, place: &Place) -> Result<()> {
    let cluster = place.cluster()?;
    let info = cluster.info().clone();
    let section = "context";
    report.note(section, "context", Level::Good, info.name.clone());
    report.note(section, "server", Level::Good, cluster.server());
    let guard = place.session.guard(place.context());
    match &guard.read_only {
        Some(why) => report.note(section, "guard", Level::Good, format!("read-only: {why}")),
        None => report.note(
            section,
            "guard",
            Level::Good,
            format!(
                "changes are allowed ({})",
                match guard.environment.word() {
                    "" => "no environment is set",
                    word => word,
                }
            ),
        ),
    }
    if let Some(command) = cluster.sign_in_command().await {
        report.note(section, "signs in with", Level::Good, command);
    }
    let section = "cluster";
    let started = std::time::Instant::now();
    let version = cluster.version().await?;
    report.note(
        section,
        "version",
        Level::Good,
        format!("{version}, answered after {} ms", started.elapsed().as_millis()),
    );
    match cluster.who_am_i().await {
        Ok(me) => report.note(section, "you are", Level::Good, format!("{} ({})", me.username, me.groups.join(", "))),
        Err(problem) => report.note(section, "you are", Level::Unknown, problem.line()),
    }
    let kinds = cluster.kinds().await?;
    let groups: std::collections::BTreeSet<&str> = kinds.iter().map(|k| k.group.as_str()).collect();
    report.note(section, "kinds", Level::Good, format!("{} in {} groups", kinds.iter().count(), groups.len()));
    let namespaces = cluster.namespaces().await;
    if namespaces.complete {
        report.note(
            section,
            "namespaces",
            Level::Good,
            format!("{}, all of them may be listed", namespaces.names.len()),
        );
    } else {
        let found = format!("may not be listed; known are {}", namespaces.names.join(", "));
        report.advise(section, "namespaces", Level::Warn, found, "name others with -n once; they are remembered");
    }
    for (group, name) in [
        ("cert-manager.io", "cert-manager"),
        ("traefik.io", "Traefik"),
        ("networking.istio.io", "Istio"),
        ("gateway.networking.k8s.io", "Gateway API"),
        ("serving.knative.dev", "Knative"),
        ("argoproj.io", "Argo CD"),
        ("kustomize.toolkit.fluxcd.io", "Flux"),
        ("metrics.k8s.io", "metrics"),
    ] {
        let found = if groups.contains(group) { (Level::Good, "there") } else { (Level::Off, "not there") };
        report.note("platform", name, found.0, found.1);
    }
    let own = cluster.default_namespace().to_string();
    let rights = [
        ("list pods everywhere", Right::new("list", "", "pods", "")),
        ("list nodes", Right::new("list", "", "nodes", "")),
        ("list pods here", Right::new("list", "", "pods", &own)),
        ("read logs here", Right::new("get", "", "pods/log", &own)),
        ("enter containers here", Right::new("create", "", "pods/exec", &own)),
        ("change Deployments here", Right::new("patch", "apps", "deployments", &own)),
        ("delete pods here", Right::new("delete", "", "pods", &own)),
    ];
    let answers = cluster.may_all(&rights.clone().map(|(_, r)| r)).await;
    for ((words, right), access) in rights.iter().zip(answers) {
        let (level, found) = match access {
            Access::Allowed => (Level::Good, "yes".to_string()),
            Access::Denied => (Level::Off, format!("no: {}", right.line())),
            Access::Unknown => (Level::Unknown, "the server could not be asked".to_string()),
        };
        report.note("rights", words, level, found);
    }
    let traffic = cluster.traffic();
    report.note(
        "cost",
        "of this report",
        Level::Good,
        format!("{} requests, {} bytes", traffic.requests, traffic.bytes_received),
    );
    Ok(())
}
