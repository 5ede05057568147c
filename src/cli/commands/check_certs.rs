//! `qd check certs`: for monitors. One line as Nagios plugins have it and their exit codes (0 OK, 1 WARNING,
//! 2 CRITICAL, 3 UNKNOWN), which are not those of the other commands; Prometheus text with `-o metrics`.

use super::platform::overviews;
use crate::arguments::{Common, Form};
use crate::output::{line, print_value};
use crate::place::Place;
use clap::{Args, ValueEnum};
use quarterdeck_core::certificates::CertificateView;
use quarterdeck_core::certificates::rank::{self, Alarm, Thresholds};
use quarterdeck_core::clock::human_duration;
use quarterdeck_core::overview::Overview;
use quarterdeck_core::resources::Scope;
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, Result};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;

/// So many are named in the line.
const NAMED: usize = 5;
const UNKNOWN: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// One line for Nagios, Icinga, Checkmk …
    Nagios,
    /// Text for Prometheus (the node exporter's textfile collector)
    Metrics,
    Json,
    Yaml,
}

#[derive(Debug, Args)]
pub struct Arguments {
    /// WARNING from this share of the lifetime on, once the renewal is due
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, value_parser = share)]
    warn_at: f64,
    /// CRITICAL from this share of the lifetime on, once the renewal is due
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = share)]
    crit_at: f64,
    /// Form of the answer
    #[arg(short, long, value_enum, default_value = "nagios", value_name = "FORM")]
    output: Output,
}

fn share(text: &str) -> std::result::Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a share of the lifetime from 0 to 1, such as 0.8".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("a share of the lifetime lies between 0 and 1".into()) }
}

/// What is known of a context.
struct Checked {
    context: String,
    seen: std::result::Result<Arc<Overview>, Problem>,
    alarms: Vec<(Alarm, CertificateView)>,
}

impl Checked {
    fn worst(&self) -> Alarm {
        self.alarms.iter().map(|(a, _)| *a).max().unwrap_or(Alarm::Ok)
    }
    fn count(&self, alarm: Alarm) -> usize {
        self.alarms.iter().filter(|(a, _)| *a == alarm).count()
    }
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    // A monitor must see that nothing is known, not that something is in a middling state.
    let place = match Place::open(common) {
        Ok(place) => place,
        Err(problem) => {
            line(&format!("UNKNOWN - {}", clean_line(&problem.to_string())));
            return Ok(UNKNOWN);
        }
    };
    let at = Thresholds { warn: arguments.warn_at, critical: arguments.crit_at };
    let mut all = Vec::new();
    for (context, seen) in overviews(&place).await {
        let seen = seen.and_then(|seen| match seen.certificates_known() {
            true => Ok(seen),
            false => Err(seen
                .partial()
                .flat_map(|s| s.problems.first())
                .next()
                .cloned()
                .unwrap_or_else(|| Problem::usage("cannot check the certificates", "they could not be read"))),
        });
        let mut alarms = Vec::new();
        if let Ok(seen) = &seen {
            let scope = place.session.cluster(&context).map_or(Scope::All, |c| place.wide_scope(&c));
            let mine = seen.certificates.iter().filter(|c| scope.contains(&c.namespace));
            alarms.extend(mine.map(|c| (rank::alarm(c, at, seen.at), c.clone())));
            alarms.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| rank::order(x, y, seen.at)));
        }
        all.push(Checked { context, seen, alarms });
    }
    let code = code(&all);
    match arguments.output {
        Output::Nagios => nagios(&all, at, place.many(), code),
        Output::Metrics => metrics(&all),
        Output::Json => print_value(&data(&all, at, code), Form::Json),
        Output::Yaml => print_value(&data(&all, at, code), Form::Yaml),
    }
    Ok(code)
}

/// CRITICAL before WARNING before UNKNOWN before OK, as plugins do.
fn code(all: &[Checked]) -> u8 {
    match all.iter().map(Checked::worst).max().unwrap_or(Alarm::Ok) {
        Alarm::Critical => 2,
        Alarm::Warning => 1,
        Alarm::Ok if all.iter().any(|c| c.seen.is_err()) => UNKNOWN,
        Alarm::Ok => 0,
    }
}

fn word(code: u8) -> &'static str {
    ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::from(code.min(UNKNOWN))]
}

/// Text of a plugin's line: a bar would begin the performance data.
fn plain(text: &str) -> String {
    clean_line(text).replace('|', "/")
}

fn nagios(all: &[Checked], at: Thresholds, many: bool, code: u8) {
    let count = |alarm| all.iter().map(|c| c.count(alarm)).sum::<usize>();
    let (ok, warning, critical) = (count(Alarm::Ok), count(Alarm::Warning), count(Alarm::Critical));
    let total = ok + warning + critical;
    let named = |context: &str, text: String| if many { format!("{context}: {text}") } else { text };
    let mut parts: Vec<String> = Vec::new();
    for checked in all {
        if let Err(problem) = &checked.seen {
            parts.push(named(&checked.context, format!("not known: {}", problem.line())));
        }
    }
    let mut bad: Vec<(Alarm, String)> = Vec::new();
    for checked in all {
        let alarming = checked.alarms.iter().filter(|(alarm, _)| *alarm > Alarm::Ok);
        bad.extend(alarming.map(|(alarm, c)| (*alarm, named(&checked.context, rank::words(c)))));
    }
    bad.sort_by_key(|(alarm, _)| std::cmp::Reverse(*alarm));
    let more = bad.len().saturating_sub(NAMED);
    parts.extend(bad.into_iter().take(NAMED).map(|(_, text)| text));
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    if parts.is_empty() {
        let next = all
            .iter()
            .flat_map(|c| {
                let now = c.seen.as_ref().map_or(0, |s| s.at);
                c.alarms.iter().filter_map(move |(_, v)| Some((v.not_after? - now, v)))
            })
            .min_by_key(|(left, _)| *left);
        parts.push(next.map_or_else(String::new, |(left, v)| {
            format!("the next to end is {}/{} in {}", v.namespace, v.name, human_duration(left))
        }));
    }
    let most = all.iter().flat_map(|c| &c.alarms).filter_map(|(_, c)| c.used).fold(0.0, f64::max);
    let text = parts.into_iter().filter(|p| !p.is_empty()).map(|p| plain(&p)).collect::<Vec<_>>().join("; ");
    let text = if text.is_empty() { String::new() } else { format!(": {text}") };
    let head = match warning + critical {
        0 if total == 1 => "1 certificate".to_owned(),
        0 => format!("{total} certificates"),
        n => format!("{n} of {total} certificates"),
    };
    line(&format!(
        "{} - {head}{text} | certificates={total};;;0; warning={warning};;;0; critical={critical};;;0; used={most:.3};{};{};0;",
        word(code),
        at.warn,
        at.critical
    ));
}

fn data(all: &[Checked], at: Thresholds, code: u8) -> Value {
    let contexts: Vec<Value> = all
        .iter()
        .map(|checked| {
            let items: Vec<Value> = checked
                .alarms
                .iter()
                .map(|(alarm, c)| {
                    let mut value = serde_json::to_value(c).unwrap_or_default();
                    value["alarm"] = serde_json::to_value(alarm).unwrap_or_default();
                    value
                })
                .collect();
            json!({
                "context": checked.context,
                "problem": checked.seen.as_ref().err().map(ToString::to_string),
                "critical": checked.count(Alarm::Critical),
                "warning": checked.count(Alarm::Warning),
                "ok": checked.count(Alarm::Ok),
                "items": items,
            })
        })
        .collect();
    json!({
        "kind": "CertificateCheck", "state": word(code), "warnAt": at.warn, "critAt": at.critical, "contexts": contexts,
    })
}

fn metrics(all: &[Checked]) {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, samples: Vec<(String, String)>| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{{{labels}}} {value}");
        }
    };
    let label = |name: &str, value: &str| {
        let value = clean_line(value).replace('\\', "\\\\").replace('"', "\\\"");
        format!("{name}=\"{value}\"")
    };
    let of = |context: &str, c: &CertificateView| {
        let parts = [label("context", context), label("namespace", &c.namespace), label("name", &c.name)];
        [parts.join(","), label("issuer", &c.issuer.name)].join(",")
    };
    let each = |value: &dyn Fn(Alarm, &CertificateView) -> Option<String>| {
        let mut samples = Vec::new();
        for checked in all {
            for (alarm, c) in &checked.alarms {
                samples.extend(value(*alarm, c).map(|v| (of(&checked.context, c), v)));
            }
        }
        samples
    };
    let up = |c: &Checked| (label("context", &c.context), u8::from(c.seen.is_ok()).to_string());
    family("qd_certificates_up", "1 when the certificates of the cluster could be read.", all.iter().map(up).collect());
    family("qd_certificate_alarm", "0 OK, 1 warning, 2 critical.", each(&|alarm, _| Some((alarm as u8).to_string())));
    family(
        "qd_certificate_used_ratio",
        "Share of the lifetime that is over, 0 to 1 and more.",
        each(&|_, c| c.used.map(|u| format!("{u:.6}"))),
    );
    family(
        "qd_certificate_not_after_timestamp_seconds",
        "When the certificate ends.",
        each(&|_, c| c.not_after.map(|at| at.to_string())),
    );
    family(
        "qd_certificate_renewal_timestamp_seconds",
        "When its renewal is due.",
        each(&|_, c| rank::due(c).map(|at| at.to_string())),
    );
    family(
        "qd_certificate_failed_attempts",
        "Failed attempts to issue it since the last success.",
        each(&|_, c| c.managed.then(|| c.attempts.to_string())),
    );
    crate::output::print(&text);
}
