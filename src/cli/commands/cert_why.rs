//! `qd cert why`: a certificate's verdict and next step, its chain with the first broken link, and the facts about
//! every object in it.

use super::platform::overview;
use crate::arguments::{Common, Form, Printed};
use crate::output::paint::mark;
use crate::output::{Paint, line, print_value};
use crate::place::Place;
use clap::Args;
use quarterdeck_core::certificates::chain::Link;
use quarterdeck_core::certificates::facts::{self, Facts};
use quarterdeck_core::certificates::truths::{Look, Looks, Truth};
use quarterdeck_core::certificates::{CertificateView, chain, truths};
use quarterdeck_core::clock::human_duration;
use quarterdeck_core::cluster::nearest;
use quarterdeck_core::overview::Overview;
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, ProblemKind, Result};
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub struct Arguments {
    /// NAMESPACE/NAME of a Certificate, or of a TLS Secret that nobody manages; NAME alone is looked for in -n, then
    /// everywhere
    name: String,
    /// The verdict and the chain only
    #[arg(long)]
    brief: bool,
    /// Also look at what is served at the hosts of its routes, and compare it with the Secret
    #[arg(long)]
    probe: bool,
    #[command(flatten)]
    printed: Printed,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let seen = overview(&place, place.context()).await?;
    let view = find(&seen, &arguments.name, &place)?;
    let chain = seen.chain(view);
    let (told, untold) = match arguments.brief {
        true => (Vec::new(), Vec::new()),
        false => place.session.certificate_facts(place.context(), view, chain.as_ref()).await,
    };
    let looks = match arguments.probe {
        true => Some(place.session.looks(place.context(), &seen, view, true).await),
        false => None,
    };
    let served = looks.as_ref().map(|l| truths::findings(view, l, place.session.clock().now())).unwrap_or_default();
    match arguments.printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let mut value = json!({
                "kind": "CertificateStory",
                "context": place.context(),
                "at": seen.at,
                "certificate": view,
                "chain": chain,
                "facts": told,
                "usedBy": users(&seen, view),
                "unread": untold.iter().map(|p| json!({ "object": p.object, "why": p.why })).collect::<Vec<_>>(),
            });
            if let Some(looks) = &looks {
                value["served"] = served_json(looks);
                value["truths"] = json!(seen.truths(view, Some(looks)));
                value["servedFindings"] = json!(served);
            }
            print_value(&value, form);
        }
        Form::Name => line(view.code.unwrap_or("OK")),
        Form::Table | Form::Wide => {
            show(view, chain.as_ref(), seen.at, Paint::stdout(common.plain));
            if chain.is_none() {
                show_users(&seen, view, Paint::stdout(common.plain));
            }
            if let Some(looks) = &looks {
                show_truths(&seen.truths(view, Some(looks)), Paint::stdout(common.plain));
            }
            told.iter().for_each(show_facts);
            for problem in &untold {
                eprintln!("qd: {problem}");
            }
        }
    }
    Ok(u8::from(view.verdict.level >= Level::Warn || served.iter().any(|f| f.level >= Level::Warn)))
}

pub(super) fn find<'a>(seen: &'a Overview, typed: &str, place: &Place) -> Result<&'a CertificateView> {
    let scope = place.wide_scope(&place.cluster()?);
    let (namespace, name) = typed.split_once('/').map_or((None, typed), |(n, name)| (Some(n), name));
    let fits = |c: &&CertificateView| {
        &*c.name == name && namespace.map_or_else(|| scope.contains(&c.namespace), |n| n == &*c.namespace)
    };
    let found: Vec<&CertificateView> = seen.certificates.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [first, rest @ ..] if rest.iter().all(|c| c.namespace == first.namespace) => Ok(first),
        [] => {
            let names: Vec<String> = seen.certificates.iter().map(|c| format!("{}/{}", c.namespace, c.name)).collect();
            let near = nearest(typed, names.iter().map(String::as_str));
            Err(Problem::new(ProblemKind::NotFound, "cannot tell about the certificate", "there is none of this name")
                .on(typed)
                .next(near.map_or_else(|| "`qd certs` lists them".to_owned(), |n| format!("did you mean {n}?"))))
        }
        several => {
            let names: Vec<String> = several.iter().map(|c| format!("{}/{}", c.namespace, c.name)).collect();
            Err(Problem::usage("cannot tell which certificate is meant", format!("there are {}", names.join(", ")))
                .next("give it as NAMESPACE/NAME"))
        }
    }
}

fn show(view: &CertificateView, chain: Option<&chain::Chain>, now: i64, paint: Paint) {
    let since = view.since.filter(|_| view.verdict.level >= Level::Warn);
    let since = since.map(|at| format!(" for {}", human_duration(now - at))).unwrap_or_default();
    let why = if view.verdict.why.is_empty() { String::new() } else { format!(": {}", view.verdict.why) };
    let head =
        format!("{} {}/{} {}{since}{why}", mark(view.verdict.level), view.namespace, view.name, view.verdict.word);
    line(&paint.level(view.verdict.level, &clean_line(&head)));
    if !view.verdict.next.is_empty() {
        line(&format!("  next: {}", clean_line(&view.verdict.next)));
    }
    if let Some(code) = view.code {
        line(&format!("  code: {code}"));
    }
    let Some(chain) = chain else { return };
    line("");
    let width = |of: fn(&Link) -> &str| chain.links.iter().map(|l| of(l).chars().count()).max().unwrap_or_default();
    let (titles, names) = (width(|l| &l.title), width(|l| &l.name));
    for (i, link) in chain.links.iter().enumerate() {
        let broken = if chain.broken == Some(i) { ">" } else { " " };
        let text =
            format!("{broken} {} {:titles$}  {:names$}  {}", mark(link.level), link.title, link.name, link.words);
        line(&paint.level(link.level, &clean_line(text.trim_end())));
    }
}

fn users(seen: &Overview, view: &CertificateView) -> Vec<Value> {
    let one = |(level, o, words): (Level, ObjectRef, String)| json!({"kind": o.kind.kind, "namespace": &*o.namespace, "name": &*o.name, "level": level, "words": words});
    seen.used_by(view).into_iter().map(one).collect()
}

/// Who uses a Secret that has no chain.
fn show_users(seen: &Overview, view: &CertificateView, paint: Paint) {
    for (level, object, words) in seen.used_by(view) {
        line(&paint.level(level, &clean_line(&format!("  {} used by {object}  {words}", mark(level)))));
    }
}

fn served_json(looks: &Looks) -> Value {
    let one = |l: &Look| match &l.found {
        Ok(served) => json!({ "target": l.target, "byRoute": l.by_route, "served": served }),
        Err(fault) => json!({ "target": l.target, "byRoute": l.by_route, "fault": fault, "words": fault.words() }),
    };
    json!({ "at": looks.at, "why": looks.none, "looks": looks.looks.iter().map(one).collect::<Vec<_>>() })
}

fn show_truths(truths: &[Truth], paint: Paint) {
    line("");
    let width = truths.iter().map(|t| t.of.chars().count()).max().unwrap_or_default().min(40);
    for t in truths {
        let text = format!("  {} {:7} {:width$}  {}", mark(t.level), t.truth, t.of, t.words);
        line(&paint.level(t.level, &clean_line(text.trim_end())));
        if !t.next.is_empty() {
            line(&format!("    next: {}", clean_line(&t.next)));
        }
    }
}

fn show_facts(facts: &Facts) {
    line("");
    let place = if facts.namespace.is_empty() { String::new() } else { format!("{}/", facts.namespace) };
    line(&clean_line(&format!("{} {place}{}", facts.kind, facts.name)));
    for (label, value) in facts::lines(facts) {
        line(&clean_line(&format!("  {label}: {value}")));
    }
}
