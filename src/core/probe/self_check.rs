//! The checks that an authority will make, made from here beforehand, one after the other with what was found.

use super::dns::DnsFault;
use super::{Dns, DnsReport, Roots, TlsTarget, check_directory, check_http01, probe};
use crate::resources::Level;
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};

/// How control over a name is proved (RFC 8555 §8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// Tokens and their key authorizations by host, where challenges are open; a host without one is asked for a
    /// token that nobody knows, which shows redirects and blocks all the same.
    Http01(Vec<(String, String, String)>),
    /// The values that the TXT record has to have, by host.
    Dns01(Vec<(String, String)>),
    /// No ACME: only names and what is served.
    None,
}

/// What is to be checked.
#[derive(Clone, Debug)]
pub struct CheckRequest {
    pub hosts: Vec<String>,
    pub method: Method,
    /// Where the names should lead: addresses of the route; empty when that is not known.
    pub expected: Vec<IpAddr>,
    /// Where a solver can be reached without DNS, e.g. a port-forward.
    pub inside: Option<SocketAddr>,
    /// Directory of the ACME server; empty for other issuers.
    pub server: String,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckStep {
    /// Stable: `directory`, `dns`, `authority`, `caa`, `http01`, `http01Inside`, `dns01`, `served`, `webhook`.
    pub check: &'static str,
    /// The host, or what else was asked.
    pub of: String,
    pub level: Level,
    pub words: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl CheckStep {
    pub fn new(check: &'static str, of: impl Into<String>, level: Level, words: impl Into<String>) -> Self {
        let (of, words) = (of.into(), words.into());
        Self { check, of, level, words, next: String::new(), evidence: Vec::new() }
    }
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }
}

/// A token that no challenge has; its path shows who answers.
const NOBODYS_TOKEN: &str = "quarterdeck-self-check";

/// Makes all checks; each is told as soon as it is done.
pub async fn self_check(dns: &Dns, roots: &Roots, asked: &CheckRequest, now: i64, mut tell: impl FnMut(CheckStep)) {
    let mut identities = Vec::new();
    if !asked.server.is_empty() {
        let directory = check_directory(dns, &asked.server, roots, now).await;
        let level = if directory.ok { Level::Good } else { Level::Bad };
        identities.clone_from(&directory.caa);
        tell(CheckStep::new("directory", &*asked.server, level, directory.words).next(directory.next));
    }
    for host in &asked.hosts {
        let report = dns.report(host).await;
        tell(names(&report, &asked.expected));
        if report.disagree() {
            let mut step = CheckStep::new(
                "authority",
                &**host,
                Level::Warn,
                "the name servers of the zone contradict one another: a change is still spreading",
            );
            step.evidence = evidence(&report);
            tell(step.next("wait for the zone transfer, or look at the server that lags"));
        }
        tell(caa(host, &report, &identities));
        match &asked.method {
            Method::Http01(tokens) => http01(dns, host, asked, tokens, &mut tell).await,
            Method::Dns01(values) => tell(dns01(dns, host, values).await),
            Method::None => {}
        }
        if !host.starts_with('*') && report.answer.is_some() {
            tell(served(dns, roots, host, now).await);
        }
    }
}

fn evidence(report: &DnsReport) -> Vec<String> {
    let said = |s: &super::ServerReport| match (&s.answer, &s.fault) {
        (Some(answer), _) => answer.records.join(", "),
        (None, Some(fault)) => fault.words(),
        (None, None) => String::new(),
    };
    report.asked.iter().map(|s| format!("{}: {}", s.server, said(s))).collect()
}

fn names(report: &DnsReport, expected: &[IpAddr]) -> CheckStep {
    let mut step = CheckStep::new("dns", &*report.host, Level::Good, report.line());
    step.evidence = evidence(report);
    let wanted = || expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (&report.answer, &report.fault) {
        (Some(answer), _) => {
            let there = answer.addresses();
            if !expected.is_empty() && !there.iter().any(|a| expected.contains(a)) {
                step.level = Level::Bad;
                step.words = format!("{}, but the route is at {}", report.line(), wanted());
                step.next = format!("point the record to {}", wanted());
            }
        }
        (None, fault) => {
            step.level = Level::Bad;
            step.next = match fault {
                Some(DnsFault::NoSuchName | DnsFault::NoRecords) if !expected.is_empty() => {
                    format!("create an A record for {} → {}", report.host, wanted())
                }
                Some(DnsFault::NoSuchName | DnsFault::NoRecords) => format!("create an A record for {}", report.host),
                _ => "look at the zone's name servers".into(),
            };
        }
    }
    step
}

fn caa(host: &str, report: &DnsReport, identities: &[String]) -> CheckStep {
    let found = &report.caa;
    if let Some(fault) = &found.fault {
        let words =
            format!("CAA of {} cannot be looked up: {}; an authority must not issue then", found.at, fault.words());
        return CheckStep::new("caa", host, Level::Bad, words).next("mend the zone: a CAA question has to be answered");
    }
    if found.records.is_empty() {
        return CheckStep::new("caa", host, Level::Good, "no CAA record: any authority may issue");
    }
    let records = found.records.join("; ");
    if identities.is_empty() {
        return CheckStep::new("caa", host, Level::Off, format!("CAA at {}: {records}", found.at));
    }
    let names: Vec<&str> = identities.iter().map(String::as_str).collect();
    if found.allows(&names, host.starts_with("*.")) {
        CheckStep::new("caa", host, Level::Good, format!("CAA at {} allows {}", found.at, names.join(", ")))
    } else {
        CheckStep::new("caa", host, Level::Bad, format!("CAA at {} forbids {}: {records}", found.at, names.join(", ")))
            .next(format!("add `issue \"{}\"` at {}", names[0], found.at))
    }
}

async fn http01(
    dns: &Dns,
    host: &str,
    asked: &CheckRequest,
    tokens: &[(String, String, String)],
    tell: &mut impl FnMut(CheckStep),
) {
    let open = tokens.iter().find(|(h, _, _)| h == host);
    let (token, key) = open.map_or((NOBODYS_TOKEN, None), |(_, token, key)| (&**token, Some(&**key)));
    let mut places = vec![("http01", None)];
    if let Some(inside) = asked.inside.filter(|_| open.is_some()) {
        places.push(("http01Inside", Some(inside)));
    }
    for (check, address) in places {
        let found = check_http01(dns, host, address, token, key).await;
        // Nobody knows the made-up token, so a plain 404 is as good as it gets.
        let reached = open.is_none() && matches!(found.verdict, super::Http01Verdict::Status(404));
        let (words, next) = found.line();
        let mut step = if reached {
            CheckStep::new(check, host, Level::Good, "the token's path can be reached (404, as no challenge is open)")
        } else {
            let good = found.verdict == super::Http01Verdict::Right && open.is_some();
            let level = if good { Level::Good } else { Level::Bad };
            let words = if found.verdict == super::Http01Verdict::Right && open.is_none() {
                "something answers every token's path with 200: a catch-all is before the solver".to_owned()
            } else {
                words
            };
            CheckStep::new(check, host, level, words).next(next)
        };
        step.evidence = found.hops.iter().map(|(url, status)| format!("{url} {status}")).collect();
        tell(step);
    }
}

async fn dns01(dns: &Dns, host: &str, values: &[(String, String)]) -> CheckStep {
    let report = dns.report_challenge(host).await;
    let plain = host.strip_prefix("*.").unwrap_or(host);
    let wanted = values.iter().find(|(h, _)| h == plain || h == host).map(|(_, value)| value);
    let right =
        |s: &super::ServerReport| wanted.is_some_and(|w| s.answer.as_ref().is_some_and(|a| a.records.contains(w)));
    let (there, all) = (report.asked.iter().filter(|s| right(s)).count(), report.asked.len());
    let mut step = match (&report.answer, wanted) {
        (_, None) if report.answer.is_none() => {
            CheckStep::new("dns01", host, Level::Good, "no challenge is open, and no old TXT record is left")
        }
        (_, None) => CheckStep::new("dns01", host, Level::Off, format!("a TXT record is left: {}", report.line())),
        (Some(answer), Some(wanted)) if answer.records.contains(wanted) && there == all => {
            CheckStep::new("dns01", host, Level::Good, format!("the TXT record is there at all {all} name servers"))
        }
        (Some(_), Some(_)) if there > 0 => {
            CheckStep::new("dns01", host, Level::Warn, format!("the TXT record is at {there} of {all} name servers"))
                .next("wait: it is spreading")
        }
        (Some(_), Some(_)) => CheckStep::new("dns01", host, Level::Bad, "the TXT record has another value")
            .next("an old record or a second cert-manager writes there: remove it"),
        (None, Some(_)) => CheckStep::new("dns01", host, Level::Bad, report.line()).next(match &report.authority {
            Some(authority) => {
                format!("check that the solver writes to the zone {} and that its credentials may", authority.zone)
            }
            None => "check the zone's delegation".into(),
        }),
    };
    step.evidence = evidence(&report);
    step
}

async fn served(dns: &Dns, roots: &Roots, host: &str, now: i64) -> CheckStep {
    let target = TlsTarget { host: host.to_owned(), address: None, port: 443 };
    match probe(dns, &target, roots, now).await {
        Err(fault) => CheckStep::new("served", host, Level::Bad, format!("port 443: {}", fault.words()))
            .next("look at the ingress controller and the firewall before it"),
        Ok(served) => {
            let leaf = served.leaf().map(|l| format!("{} by {}", l.subject, l.issuer)).unwrap_or_default();
            match served.troubles.first() {
                None => CheckStep::new("served", host, Level::Good, format!("trusted: {leaf}")),
                Some(trouble) => {
                    let words = format!("served now: {leaf}: {}", trouble.words);
                    CheckStep::new("served", host, Level::Warn, words).next(trouble.next.clone())
                }
            }
        }
    }
}
