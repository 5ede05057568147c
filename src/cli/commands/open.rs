//! `qd open`: the screen at the page of a link, or at the page that an alert is about.

use super::platform::overview;
use crate::Screen;
use crate::arguments::{Common, Form, Printed};
use crate::output::{line, print_value};
use crate::place::Place;
use clap::Args;
use quarterdeck_core::handover::alert::{self, Alert, Candidate};
use quarterdeck_core::link::Link;
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, ProblemKind, Result};
use serde_json::{Value, json};
use std::io::Read;

/// The most that is read of an alert.
const LARGEST: u64 = 16 << 20;

#[derive(Debug, Args)]
pub struct Arguments {
    /// qd://CONTEXT/PLURAL.VERSION.GROUP/NAMESPACE/NAME?view=chain, as `Y` on the screen copies it. --context opens it
    /// in a context that is called otherwise here
    #[arg(required_unless_present = "alert", conflicts_with = "alert")]
    link: Option<String>,
    /// What Alertmanager sends to a webhook, or the labels of one alert; `-` for standard input
    #[arg(long, value_name = "FILE|-")]
    alert: Option<String>,
    /// Print the link instead of opening the screen
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    printed: Printed,
}

/// What is opened: the screen, or an exit code when it was only to be told.
pub async fn run(arguments: Arguments, common: &Common) -> Result<Result<Box<Screen>, u8>> {
    let form = arguments.printed.output;
    let told = arguments.print || form != Form::Table;
    let link = match (&arguments.link, &arguments.alert) {
        (Some(text), _) => {
            let mut link = Link::parse(text)?;
            if let Some(context) = common.one_context()? {
                link.context = context.to_owned();
            }
            if told {
                show(&link, None, &[], form);
            }
            link
        }
        (None, file) => {
            let alerts = alert::read(&read(file.as_deref().unwrap_or("-"))?)?;
            let (alert, found) = best(alerts, common).await?;
            if told {
                show(&found[0].link, Some(&alert), &found, form);
            } else {
                eprintln!("{}", words(&alert, &found[0]));
            }
            if form == Form::Table {
                for other in found.iter().skip(1).take(8) {
                    eprintln!("also: {} ({})  {}", clean_line(&other.object), other.why, other.link);
                }
            }
            found[0].link.clone()
        }
    };
    if told {
        return Ok(Err(0));
    }
    let mut look = common.look.clone();
    look.view = Some(link.to_string());
    Ok(Ok(Box::new(Screen {
        options: quarterdeck_core::session::Options { interactive: false, ..common.options() },
        context: Some(link.context),
        beside: Vec::new(),
        namespaces: common.namespace.clone(),
        all_namespaces: common.all_namespaces,
        plain: common.plain,
        look,
        demo: None,
    })))
}

/// The first alert that something is found for, with what it may be about in all contexts that were given.
async fn best(alerts: Vec<Alert>, common: &Common) -> Result<(Alert, Vec<Candidate>)> {
    let place = Place::open(common)?;
    let mut seen = Vec::new();
    for context in &place.contexts {
        match overview(&place, context).await {
            Ok(one) => seen.push(one),
            // Another context may have it.
            Err(problem) if place.many() => eprintln!("qd: {problem}"),
            Err(problem) => return Err(problem),
        }
    }
    let count = alerts.len();
    let mut labels = String::new();
    for alert in alerts {
        let mut found: Vec<Candidate> = seen.iter().flat_map(|s| alert::candidates(&alert, s)).collect();
        found.sort_by_key(|c| std::cmp::Reverse(c.points));
        if !found.is_empty() {
            if count > 1 {
                eprintln!("qd: {count} alerts; this is about {}", clean_line(alert.name()));
            }
            return Ok((alert, found));
        }
        if labels.is_empty() {
            labels = alert.labels.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        }
    }
    Err(Problem::new(ProblemKind::NotFound, "cannot tell what the alert is about", format!("its labels are {labels}"))
        .next("labels that lead somewhere: namespace with name, certificate, pod, deployment …; host or instance"))
}

fn words(alert: &Alert, best: &Candidate) -> String {
    let summary = if alert.summary.is_empty() { String::new() } else { format!(": {}", alert.summary) };
    format!("{}{summary}: {} (by {})", clean_line(alert.name()), clean_line(&best.object), best.why)
}

fn show(link: &Link, alert: Option<&Alert>, found: &[Candidate], form: Form) {
    let one =
        |c: &Candidate| json!({ "link": c.link.to_string(), "object": c.object, "why": c.why, "points": c.points });
    if form.is_data() {
        let others: Vec<Value> = found.iter().map(one).collect();
        let value = json!({
            "kind": "Link",
            "link": link.to_string(),
            "context": link.context,
            "resource": link.kind,
            "namespace": link.namespace,
            "name": link.name,
            "view": link.view,
            "alert": alert,
            "candidates": others,
        });
        print_value(&value, form);
    } else {
        line(&link.to_string());
    }
}

fn read(name: &str) -> Result<String> {
    let told = |e: &std::io::Error| Problem::io("cannot read the alert", e).on(clean_line(name).into_owned());
    let mut text = String::new();
    if name == "-" {
        std::io::stdin().lock().take(LARGEST).read_to_string(&mut text).map_err(|e| told(&e))?;
    } else {
        let open = std::fs::File::open(name).map_err(|e| told(&e))?;
        open.take(LARGEST).read_to_string(&mut text).map_err(|e| told(&e))?;
    }
    Ok(text)
}
