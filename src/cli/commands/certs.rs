//! `qd certs`: all certificates; `timeline` and `coverage` of them.

use super::platform::{self, View, answering, away};
use crate::arguments::{Common, Form, Printed};
use crate::output::paint::mark;
use crate::output::{Paint, Table, line, print, print_value};
use crate::place::Place;
use clap::{Args, Subcommand};
use quarterdeck_core::Result;
use quarterdeck_core::certificates::timeline::{self, What};
use quarterdeck_core::clock::format_time;
use quarterdeck_core::resources::{Level, Scope};
use quarterdeck_core::text::clean_line;
use serde_json::{Value, json};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[group(skip)]
pub struct Arguments {
    #[command(subcommand)]
    also: Option<Also>,
    #[command(flatten)]
    list: platform::Arguments,
}

#[derive(Debug, Subcommand)]
enum Also {
    /// What ends and what is renewed in the next 90 days
    Timeline(Timeline),
    /// Hosts of routes without a certificate of their name, and certificates that nobody uses; ends with 1 when a host
    /// is not covered
    Coverage(Coverage),
}

#[derive(Debug, Args)]
pub struct Timeline {
    /// How far ahead
    #[arg(long, value_name = "DAYS", default_value_t = timeline::DAYS, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
    /// Counted in spans of so many days
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=365))]
    each: i64,
    #[command(flatten)]
    printed: Printed,
}

#[derive(Debug, Args)]
pub struct Coverage {
    #[command(flatten)]
    printed: Printed,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    match arguments.also {
        None => platform::run(View::Certs, arguments.list, common).await,
        Some(Also::Timeline(a)) => show_timeline(a, common).await,
        Some(Also::Coverage(a)) => show_coverage(a, common).await,
    }
}

/// One context as it is, several as a list.
fn wrap(kind: &str, mut lists: Vec<Value>, many: bool) -> Value {
    if many {
        return json!({ "kind": kind, "contexts": lists });
    }
    let mut one = lists.pop().unwrap_or_default();
    one["kind"] = kind.into();
    one
}

async fn show_timeline(arguments: Timeline, common: &Common) -> Result<u8> {
    let place = Place::open(common)?;
    let mut lists = Vec::new();
    let mut table = Table::new(match place.many() {
        true => &["context", "when", "date", "what", "namespace", "name", "issuer"],
        false => &["when", "date", "what", "namespace", "name", "issuer"],
    });
    let mut names = Vec::new();
    let (clusters, failed) = answering(&place).await?;
    for (context, seen) in clusters {
        let scope = place.wide_scope(&place.session.cluster(&context)?);
        let mine = seen.certificates.iter().filter(|c| scope == Scope::All || scope.contains(&c.namespace));
        let moments = timeline::moments(mine, seen.at, arguments.days);
        let buckets = timeline::buckets(&moments, seen.at, arguments.days, arguments.each);
        for moment in &moments {
            let level = match moment.what {
                What::Ends => Level::Warn,
                What::Renews if moment.at < seen.at => Level::Warn,
                _ => Level::Off,
            };
            let issuer = seen.certificates.iter().find(|c| c.uid == moment.uid).map(|c| c.issuer.name.to_string());
            let mut cells = vec![
                away(Some(moment.at), seen.at),
                format_time(moment.at),
                format!("{} {}", mark(level), moment.what.word()),
                clean_line(&moment.namespace).into_owned(),
                clean_line(&moment.name).into_owned(),
                clean_line(&issuer.unwrap_or_default()).into_owned(),
            ];
            if place.many() {
                cells.insert(0, clean_line(&context).into_owned());
            }
            table.row_with(cells, level);
            names.push(format!("{}/{}", moment.namespace, moment.name));
        }
        lists.push(
            json!({ "context": context, "at": seen.at, "days": arguments.days, "buckets": buckets, "items": moments }),
        );
    }
    match arguments.printed.output {
        form @ (Form::Json | Form::Yaml) => print_value(&wrap("CertificateTimeline", lists, place.many()), form),
        Form::Name => names.iter().for_each(|n| line(n)),
        Form::Table | Form::Wide if table.is_empty() => {
            eprintln!("Nothing ends or is renewed in {} days", arguments.days)
        }
        Form::Table | Form::Wide => print(&table.text(!arguments.printed.no_headers, Paint::stdout(common.plain))),
    }
    Ok(failed)
}

async fn show_coverage(arguments: Coverage, common: &Common) -> Result<u8> {
    let place = Place::open(common)?;
    let paint = Paint::stdout(common.plain);
    let (mut lists, mut open) = (Vec::new(), 0);
    let (mut lines, mut names) = (Vec::new(), Vec::new());
    let (clusters, failed) = answering(&place).await?;
    for (context, seen) in clusters {
        let scope = place.wide_scope(&place.session.cluster(&context)?);
        let mut coverage = seen.coverage();
        coverage.uncovered.retain(|u| scope.contains(&u.namespace));
        let is_unused = |c: &&_| {
            let c: &quarterdeck_core::certificates::CertificateView = c;
            scope.contains(&c.namespace) && coverage.unused.contains(&c.uid)
        };
        let unused: Vec<_> = seen.certificates.iter().filter(is_unused).collect();
        open += coverage.uncovered.len();
        let place_name = if place.many() { format!("{context}: ") } else { String::new() };
        for u in &coverage.uncovered {
            let head =
                format!("{} {place_name}{}  {} {}/{}", mark(u.verdict.level), u.host, u.kind, u.namespace, u.name);
            lines.push(paint.level(u.verdict.level, &clean_line(&head)));
            lines.push(format!("    {}", clean_line(&u.verdict.why)));
            lines.push(format!("    next: {}", clean_line(&u.verdict.next)));
            names.push(u.host.to_string());
        }
        for c in &unused {
            let head = format!("{} {place_name}{}/{}  unused", mark(Level::Off), c.namespace, c.name);
            lines.push(paint.level(Level::Off, &clean_line(&head)));
        }
        let known = if coverage.users_known { "" } else { "; users of certificates could not all be read" };
        lines.push(format!(
            "{place_name}{} of {} hosts have no certificate of their name; {} certificates are used by no route, gateway, issuer or pod{known}",
            coverage.uncovered.len(),
            coverage.hosts,
            unused.len()
        ));
        let unused: Vec<Value> = unused
            .iter()
            .map(|c| json!({ "namespace": c.namespace, "name": c.name, "secret": c.secret, "hosts": c.hosts, "managed": c.managed }))
            .collect();
        lists.push(json!({
            "context": context, "at": seen.at, "hosts": coverage.hosts, "uncovered": coverage.uncovered,
            "unused": unused, "usersKnown": coverage.users_known,
        }));
    }
    match arguments.printed.output {
        form @ (Form::Json | Form::Yaml) => print_value(&wrap("CertificateCoverage", lists, place.many()), form),
        Form::Name => names.iter().for_each(|n| line(n)),
        Form::Table | Form::Wide => lines.iter().for_each(|l| line(l)),
    }
    Ok(if failed > 0 { failed } else { u8::from(open > 0) })
}
