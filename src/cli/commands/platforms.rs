//! `qd platform`: which platform this is and by what one can tell, what its profile says, and whether a profile of one's
//! own is right.

use super::platform::overview;
use crate::arguments::{Common, Form, Printed};
use crate::output::paint::mark;
use crate::output::{Paint, Table, line, print, print_value};
use crate::place::Place;
use clap::{Args, Subcommand};
use quarterdeck_core::overview::Overview;
use quarterdeck_core::overview::house::tenants_in_words;
use quarterdeck_core::platform::check::{self, Remark};
use quarterdeck_core::platform::library::Known;
use quarterdeck_core::platform::{Library, Profile, schema};
use quarterdeck_core::resources::{Level, Verdict};
use quarterdeck_core::session::{KubeconfigFrom, Options, Session};
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, Result};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What a profile says; without a name that of the cluster. With -o yaml a beginning for one of your own
    Show {
        /// Id of a profile, or a file
        platform: Option<String>,
        #[command(flatten)]
        printed: Printed,
    },
    /// Which platform the cluster is, by what one can tell, and how well each profile fits
    Detect {
        #[command(flatten)]
        printed: Printed,
    },
    /// What the platform's operator says of itself; ends with 1 when it failed
    State {
        #[command(flatten)]
        printed: Printed,
    },
    /// The profiles that there are: your own and the built-in ones
    List {
        #[command(flatten)]
        printed: Printed,
    },
    /// Whether a profile of your own is right: errors and warnings with line and field; ends with 1 on errors
    Validate {
        file: PathBuf,
        #[command(flatten)]
        printed: Printed,
    },
    /// The JSON Schema of profiles
    Schema,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    match arguments.what {
        What::Show { platform: Some(name), printed } => {
            let known = library(common)?.find(&name)?;
            show(&known.profile, &known.source.to_string(), &printed, common);
        }
        What::Show { platform: None, printed } => {
            let place = Place::open_one(common)?;
            let overview = overview(&place, place.context()).await?;
            let source = place.session.platforms().known().iter().find(|k| k.profile.id == overview.profile.id);
            let source = source.map_or_else(|| overview.platform.chosen_by.clone(), |k| k.source.to_string());
            show(&overview.profile, &source, &printed, common);
        }
        What::Detect { printed } => return detect(&printed, common).await,
        What::State { printed } => return state(&printed, common).await,
        What::List { printed } => list(&library(common)?, &printed, common),
        What::Validate { file, printed } => return validate(&file, &printed, common),
        What::Schema => print(schema::TEXT),
    }
    Ok(0)
}

/// The profiles can be read without any kubeconfig.
fn library(common: &Common) -> Result<Library> {
    let options = Options { kubeconfig: KubeconfigFrom::Text(String::new()), ..common.options() };
    let session = Session::new(options, Arc::new(|_| {}))?;
    for problem in session.problems() {
        eprintln!("qd: {problem}");
    }
    Ok(session.platforms().clone())
}

fn clean(text: &str) -> String {
    clean_line(text).into_owned()
}

fn list(library: &Library, printed: &Printed, common: &Common) {
    let known: &[Known] = library.known();
    match printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let items: Vec<_> = known
                .iter()
                .map(|k| json!({ "id": k.profile.id, "title": k.profile.title, "source": k.source.to_string(), "apps": k.profile.apps.len() }))
                .collect();
            print_value(&json!({ "kind": "PlatformProfileList", "items": items }), form);
        }
        Form::Name => known.iter().for_each(|k| line(&clean(&k.profile.id))),
        Form::Table | Form::Wide => {
            let mut table = Table::new(&["id", "title", "apps", "source"]);
            for k in known {
                let apps = k.profile.apps.len().to_string();
                table.row_with(
                    vec![clean(&k.profile.id), clean(&k.profile.title), apps, clean(&k.source.to_string())],
                    Level::Good,
                );
            }
            print(&table.text(!printed.no_headers, Paint::stdout(common.plain)));
        }
    }
}

async fn detect(printed: &Printed, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let overview = overview(&place, place.context()).await?;
    let platform = &overview.platform;
    let all = overview.profiles();
    match printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let classes: Vec<_> = overview
                .ingress_classes()
                .into_iter()
                .map(|(name, object)| json!({ "name": name, "here": object.is_some() }))
                .collect();
            let value = json!({
                "kind": "PlatformDetection", "context": place.context(), "id": platform.id, "title": platform.title,
                "era": overview.profile.era, "chosenBy": platform.chosen_by, "evidence": platform.evidence,
                "profiles": all, "gateways": overview.gateways(), "ingressClasses": classes,
                "identity": overview.identity().map(|a| json!({ "app": &*a.name, "verdict": &a.verdict })),
                "catalogue": overview.catalogue(),
            });
            print_value(&value, form);
        }
        Form::Name => line(&clean(&platform.id)),
        Form::Table | Form::Wide => {
            line(&format!("{} ({}), chosen by {}", clean(&platform.id), clean(&platform.title), platform.chosen_by));
            for evidence in &platform.evidence {
                line(&format!("  {}", clean(evidence)));
            }
            line("");
            let mut table = Table::new(&["profile", "points", "enough", "fits", "seen", "against", "not seen"]);
            for w in &all {
                let level = if w.fits { Level::Good } else { Level::Off };
                let fits = if w.fits { "yes" } else { "no" };
                let mut cells = vec![w.id.clone(), w.points.to_string(), w.enough.to_string(), fits.into()];
                cells.extend([w.evidence.len().to_string(), w.against.clone(), w.missing.join(", ")]);
                table.row_with(cells.iter().map(|c| clean(c)).collect(), level);
            }
            print(&table.text(!printed.no_headers, Paint::stdout(common.plain)));
            here(&overview, printed, common);
        }
    }
    Ok(0)
}

/// Gateways and catalogue as the cluster has them.
fn here(overview: &Overview, printed: &Printed, common: &Common) {
    let mut table = Table::new(&["part", "name", "state", "what"]);
    let mut row = |part: &str, name: String, verdict: &Verdict, what: &str| {
        let state = format!("{} {}", mark(verdict.level), verdict.word);
        table.row_with([part, &name, &state, what].iter().map(|c| clean(c)).collect(), verdict.level);
    };
    for g in overview.gateways() {
        row("gateway", format!("{}/{}", g.namespace, g.name), &g.verdict, &g.title);
    }
    for c in overview.catalogue() {
        let what = if c.here { &c.verdict.why } else { &c.eras };
        row("app", c.name.clone(), &c.verdict, what);
    }
    if !table.is_empty() {
        line("");
        print(&table.text(!printed.no_headers, Paint::stdout(common.plain)));
    }
}

async fn state(printed: &Printed, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let overview = overview(&place, place.context()).await?;
    let states = place.session.operator_state(place.context()).await?;
    let failed = states.iter().any(|s| s.verdict.level == Level::Bad);
    match printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let platform = &overview.platform.id;
            print_value(
                &json!({ "kind": "PlatformState", "context": place.context(), "id": platform, "items": states }),
                form,
            );
        }
        Form::Name => states.iter().for_each(|s| line(&clean(&format!("{}/{}", s.namespace, s.name)))),
        Form::Table | Form::Wide => {
            let paint = Paint::stdout(common.plain);
            if states.is_empty() {
                eprintln!("the platform profile {} names no operator's state", clean(&overview.platform.id));
            }
            for s in &states {
                let word = paint.level(s.verdict.level, &format!("{} {}", mark(s.verdict.level), s.verdict.word));
                line(&format!("{}  {word}  {}", paint.strong(&s.title), clean(&format!("{}/{}", s.namespace, s.name))));
                for fact in &s.facts {
                    line(&format!("  {:<16} {}", fact.field, fact.value));
                }
                if let Some(problem) = s.problem.as_ref().filter(|_| s.verdict.level != Level::Off) {
                    line(&format!("  {}", clean(&problem.line())));
                }
            }
        }
    }
    Ok(u8::from(failed))
}

fn validate(file: &std::path::Path, printed: &Printed, common: &Common) -> Result<u8> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|e| Problem::io("cannot read the platform profile", &e).on(name.clone()))?;
    let (profile, mut remarks) = check::read(&text);
    let built_in = |p: &Profile| quarterdeck_core::platform::builtin::all().iter().any(|b| b.id == p.id);
    if let Some(profile) = profile.as_ref().filter(|p| built_in(p)) {
        let message = format!("in your folder of platforms it stands in for the built-in {}", profile.id);
        remarks.push(Remark { error: false, line: None, column: None, field: "id".into(), message });
    }
    let errors = remarks.iter().filter(|r| r.error).count();
    match printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let value = json!({
                "kind": "PlatformValidation", "file": name, "valid": errors == 0,
                "id": profile.as_ref().map(|p| &p.id), "remarks": remarks,
            });
            print_value(&value, form);
        }
        Form::Name => remarks.iter().for_each(|r| line(&clean(&r.field))),
        Form::Table | Form::Wide => {
            if let Some(p) = &profile {
                let parts = [(p.apps.len(), "app"), (p.detect.len(), "sign"), (p.tasks.len(), "task")];
                let parts: Vec<String> =
                    parts.iter().map(|(n, word)| format!("{n} {word}{}", if *n == 1 { "" } else { "s" })).collect();
                line(&format!("{} ({}): {}", clean(&p.id), clean(&p.title), parts.join(", ")));
            }
            if !remarks.is_empty() {
                let mut table = Table::new(&["", "line", "field", "what"]);
                for r in &remarks {
                    let (word, level) = if r.error { ("error", Level::Bad) } else { ("warning", Level::Warn) };
                    let at = r.line.map(|l| l.to_string()).unwrap_or_default();
                    table.row_with(vec![word.into(), at, clean(&r.field), clean(&r.message)], level);
                }
                print(&table.text(false, Paint::stdout(common.plain)));
            }
            line(if errors == 0 { "it can be used" } else { "it cannot be used" });
        }
    }
    Ok(u8::from(errors > 0))
}

/// As one would write it: without what is empty.
fn written(value: Value) -> Value {
    let empty = |v: &Value| match v {
        Value::Null | Value::Bool(false) => true,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(fields) => {
            fields.into_iter().map(|(k, v)| (k, written(v))).filter(|(_, v)| !empty(v)).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(written).collect(),
        other => other,
    }
}

fn show(p: &Profile, source: &str, printed: &Printed, common: &Common) {
    match printed.output {
        Form::Json => print_value(&serde_json::to_value(p).unwrap_or_default(), Form::Json),
        Form::Yaml => print_value(&written(serde_json::to_value(p).unwrap_or_default()), Form::Yaml),
        Form::Name => line(&clean(&p.id)),
        Form::Table | Form::Wide => {
            let paint = Paint::stdout(common.plain);
            let mut head: Vec<(&str, String)> = vec![("profile", format!("{} ({}), {source}", p.id, p.title))];
            let signs: Vec<String> = p
                .detect
                .iter()
                .map(|s| if s.not { format!("not {s}") } else { format!("{s} ({})", s.points) })
                .collect();
            head.push((
                "known by",
                if signs.is_empty() {
                    "nothing: any cluster".into()
                } else {
                    format!("{} points of: {}", p.enough, signs.join(", "))
                },
            ));
            head.push(("era", p.era.clone()));
            head.push(("tenants", tenants_in_words(p)));
            let gateways: Vec<String> = p.gateways.iter().map(|g| format!("{}/{}", g.namespace, g.name)).collect();
            head.push(("gateways", gateways.join(", ")));
            head.push(("classes", p.ingress_classes.join(", ")));
            head.push(("hosts", [p.hosts.app.as_str(), p.hosts.service.as_str()].join("  ")));
            head.push(("identity", p.identity.clone()));
            let c = &p.certificates;
            head.push(("certificates", [c.mode.as_str(), c.challenge.as_str(), c.issuer.as_str()].join(" ")));
            for task in &p.tasks {
                let what = format!(
                    "{} {}/{} ({}): {}",
                    task.kind.word(),
                    task.namespace,
                    task.workload,
                    task.name,
                    task.title
                );
                head.push(("task", what));
            }
            for state in &p.operator_state {
                head.push(("state", format!("ConfigMap {}/{}: {}", state.namespace, state.name, state.title)));
            }
            for (word, text) in head.iter().filter(|(_, text)| !text.trim().is_empty()) {
                line(&clean(&format!("{word:<13} {text}")));
            }
            if p.apps.is_empty() {
                return;
            }
            line("");
            let mut names = vec!["app", "type", "stage", "namespaces", "host", "needs"];
            if printed.output == Form::Wide {
                names.extend(["title", "workloads", "releases", "path", "sign-in", "health", "values", "eras"]);
            }
            let mut table = Table::new(&names);
            let mut apps: Vec<_> = p.apps.iter().collect();
            apps.sort_by_key(|a| a.stage.unwrap_or(u32::MAX));
            for a in apps {
                let types: Vec<&str> = a.types.iter().map(|t| t.word()).collect();
                let stage = a.stage.map(|s| s.to_string()).unwrap_or_default();
                let all = [
                    a.name.clone(),
                    types.join(","),
                    stage,
                    a.namespaces.join(","),
                    a.host.clone(),
                    a.needs.join(","),
                    Profile::title_of(a).to_owned(),
                    a.workloads.join(","),
                    a.releases.join(","),
                    a.path.clone(),
                    a.sign_in.clone(),
                    a.health.join(","),
                    a.values.clone(),
                    a.eras.clone(),
                ];
                table.row_with(all.iter().take(names.len()).map(|c| clean(c)).collect(), Level::Good);
            }
            print(&table.text(!printed.no_headers, paint));
        }
    }
}
