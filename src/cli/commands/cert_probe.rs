//! `qd cert probe`: what a host serves over TLS, seen from here, and whether clients would take it.

use crate::arguments::{Common, Form, Printed};
use crate::output::paint::mark;
use crate::output::{Paint, line, print_value};
use crate::place::Place;
use clap::Args;
use quarterdeck_core::clock::human_duration;
use quarterdeck_core::probe::{Served, TlsFault, TlsTarget};
use quarterdeck_core::resources::Level;
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, Result};
use serde_json::json;
use std::net::IpAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Arguments {
    /// HOST or HOST:PORT (443)
    target: String,
    /// Connect to this address instead of where DNS leads; the name is still asked for (SNI)
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Trust these authorities too (PEM)
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    printed: Printed,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open(common)?;
    let target = target(&arguments.target, arguments.address)?;
    let ca = match &arguments.ca {
        Some(file) => {
            let read = std::fs::read(file);
            Some(read.map_err(|e| Problem::io("cannot read the authorities", &e).on(file.display().to_string()))?)
        }
        None => None,
    };
    let found = place.session.probe(&target, ca.as_deref()).await?;
    let good = found.as_ref().is_ok_and(|s| s.troubles.is_empty());
    match arguments.printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let value = match &found {
                Ok(served) => json!({ "kind": "Served", "target": target, "served": served }),
                Err(fault) => json!({ "kind": "Served", "target": target, "fault": fault, "words": fault.words() }),
            };
            print_value(&value, form);
        }
        Form::Name => line(found.as_ref().ok().and_then(Served::leaf).map_or("", |l| &*l.sha256)),
        Form::Table | Form::Wide => show(&target, &found, place.session.clock().now(), Paint::stdout(common.plain)),
    }
    Ok(u8::from(!good))
}

/// `HOST`, `HOST:PORT`, `[IPV6]:PORT`, with or without `https://` before and a path behind.
fn target(text: &str, address: Option<IpAddr>) -> Result<TlsTarget> {
    let wrong = || {
        Problem::usage("cannot probe", "it is no HOST or HOST:PORT")
            .on(clean_line(text).into_owned())
            .next("as in: qd cert probe auth.app.ominis.ai")
    };
    let rest = text.trim().trim_start_matches("https://");
    let rest = rest.split('/').next().unwrap_or_default();
    let plain = rest.parse::<IpAddr>().is_ok();
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !plain => (host, port.parse().map_err(|_| wrong())?),
        _ => (rest, 443),
    };
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(wrong());
    }
    Ok(TlsTarget { host, address, port })
}

fn show(target: &TlsTarget, found: &Result<Served, TlsFault>, now: i64, paint: Paint) {
    let served = match found {
        Ok(served) => served,
        Err(fault) => {
            let words = format!("{} {}:{}: {}", mark(Level::Bad), target.host, target.port, fault.words());
            return line(&paint.level(Level::Bad, &clean_line(&words)));
        }
    };
    let level = if served.troubles.is_empty() { Level::Good } else { Level::Bad };
    let verdict = match served.troubles.first() {
        None => "served, and clients take it".to_owned(),
        Some(trouble) => trouble.words.clone(),
    };
    line(&paint.level(level, &clean_line(&format!("{} {}: {verdict}", mark(level), target.host))));
    if let Some(trouble) = served.troubles.first().filter(|t| !t.next.is_empty()) {
        line(&format!("    next: {}", clean_line(&trouble.next)));
    }
    for trouble in served.troubles.iter().skip(1) {
        line(&format!("    also: {}", clean_line(&trouble.words)));
    }
    line(&format!("    at {} by {}", served.address, served.protocol));
    for (place, cert) in served.chain.iter().enumerate() {
        let what = if place == 0 { "leaf" } else { "then" };
        let left = cert.not_after - now;
        let end = match left {
            0.. => format!("{} left", human_duration(left)),
            _ => format!("expired {} ago", human_duration(-left)),
        };
        line(&clean_line(&format!("    {what} {} by {}, {end}", cert.subject, cert.issuer)));
        if place == 0 {
            line(&clean_line(&format!("         for {}", cert.names.join(", "))));
            line(&format!("         SHA-256 {}", cert.sha256));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_people_write_them() {
        let read = |t: &str| target(t, None).map(|t| (t.host, t.port)).ok();
        assert_eq!(read("Auth.app.ominis.ai"), Some(("auth.app.ominis.ai".into(), 443)));
        assert_eq!(read("https://a.b:8443/x"), Some(("a.b".into(), 8443)));
        assert_eq!(read("[::1]:6443"), Some(("::1".into(), 6443)));
        assert_eq!(read("10.0.0.1"), Some(("10.0.0.1".into(), 443)));
        assert!(read("a.b:https").is_none() && read("").is_none() && read("a b").is_none());
    }
}
