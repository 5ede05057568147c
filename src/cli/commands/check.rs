//! `qd check`: what is wrong, for people, cron and CI. Ends with 1 when there is something.

use super::check_certs;
use super::platform::answering;
use crate::arguments::{Common, Form, Printed};
use crate::output::paint::mark;
use crate::output::{Paint, line, print_value};
use crate::place::Place;
use clap::{Args, Subcommand, ValueEnum};
use quarterdeck_core::Result;
use quarterdeck_core::clock::human_duration;
use quarterdeck_core::findings::Finding;
use quarterdeck_core::resources::Level;
use quarterdeck_core::text::clean_line;
use serde_json::{Value, json};

/// From which level on a finding counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Least {
    #[default]
    Warn,
    Bad,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    also: Option<Also>,
    /// Only findings of at least this level
    #[arg(long, value_enum, default_value = "warn", value_name = "LEVEL")]
    level: Least,
    /// Only findings with these codes; may be repeated or have commas
    #[arg(long, value_delimiter = ',', value_name = "CODE")]
    code: Vec<String>,
    #[command(flatten)]
    printed: Printed,
}

#[derive(Debug, Subcommand)]
enum Also {
    /// Certificates, for monitors: a Nagios line and its exit codes (0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN), or metrics
    Certs(check_certs::Arguments),
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    if let Some(Also::Certs(certs)) = arguments.also {
        return check_certs::run(certs, common).await;
    }
    let place = Place::open(common)?;
    let mut all: Vec<(String, Finding)> = Vec::new();
    let mut now = place.session.clock().now();
    let (seen, failed) = answering(&place).await?;
    for (context, overview) in &seen {
        now = overview.at;
        let scope = place.wide_scope(&place.session.cluster(context)?);
        let wanted = overview.findings.iter().filter(|f| counts(&arguments, f) && scope.contains(&f.namespace));
        all.extend(wanted.map(|f| (context.clone(), f.clone())));
    }
    let code = if failed > 0 { failed } else { u8::from(!all.is_empty()) };
    match arguments.printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let items: Vec<Value> = all
                .iter()
                .map(|(context, finding)| {
                    let mut value = serde_json::to_value(finding).unwrap_or_default();
                    value["context"] = context.as_str().into();
                    value
                })
                .collect();
            print_value(&json!({ "kind": "FindingList", "items": items }), form);
        }
        Form::Name => all.iter().for_each(|(_, f)| line(f.code)),
        Form::Table | Form::Wide => {
            let paint = Paint::stdout(common.plain);
            for (context, finding) in &all {
                show(place.many().then_some(context.as_str()), finding, now, paint, arguments.printed.output);
            }
            if all.is_empty() && failed == 0 {
                line(&paint.level(Level::Good, "nothing is wrong"));
            }
        }
    }
    Ok(code)
}

fn counts(arguments: &Arguments, finding: &Finding) -> bool {
    let least = if arguments.level == Least::Bad { Level::Bad } else { Level::Warn };
    finding.level >= least && (arguments.code.is_empty() || arguments.code.iter().any(|c| c == finding.code))
}

fn show(context: Option<&str>, finding: &Finding, now: i64, paint: Paint, form: Form) {
    let object = if finding.namespace.is_empty() {
        finding.name.clone()
    } else {
        format!("{}/{}", finding.namespace, finding.name)
    };
    let since = finding.since.map(|at| format!(", for {}", human_duration(now - at))).unwrap_or_default();
    let context = context.map(|c| format!("{c}: ")).unwrap_or_default();
    let head = format!("{} {context}{} {object}  [{}{since}]", mark(finding.level), finding.kind, finding.code);
    line(&paint.level(finding.level, &clean_line(&head)));
    line(&format!("    {}", clean_line(&finding.reason)));
    if form == Form::Wide {
        for evidence in &finding.evidence {
            line(&format!("    {}: {}", clean_line(&evidence.what), clean_line(&evidence.found)));
        }
    }
    if !finding.next.is_empty() {
        line(&format!("    next: {}", clean_line(&finding.next)));
    }
}
