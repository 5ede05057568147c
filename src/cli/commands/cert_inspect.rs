//! `qd cert inspect`: certificates in a file or a Secret, one after the other, with what is wrong with them.

use crate::arguments::{Common, Form, Printed};
use crate::output::paint::mark;
use crate::output::{Paint, line, print_value};
use crate::place::Place;
use base64::Engine;
use clap::Args;
use quarterdeck_core::certificates::facts;
use quarterdeck_core::certificates::x509::{Details, read};
use quarterdeck_core::cluster::Request;
use quarterdeck_core::probe::{Roots, Trouble};
use quarterdeck_core::resources::Level;
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, ProblemKind, Result};
use serde_json::{Value, json};
use std::io::Read;

/// The most that is read of a file; a bundle of all public roots has a tenth of it.
const LARGEST: u64 = 4 << 20;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A PEM or DER file, `-` for standard input, or secret/NAMESPACE/NAME
    source: String,
    /// Also say whether it holds for this host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    #[command(flatten)]
    printed: Printed,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let now = place.session.clock().now();
    let bytes = match arguments.source.strip_prefix("secret/") {
        Some(name) => secret(&place, name).await?,
        None => file(&arguments.source)?,
    };
    let ders = Roots::default().and_pem(&bytes).into_ders();
    let ders = if ders.is_empty() { vec![bytes.into()] } else { ders };
    let found: Vec<Result<Details, String>> = ders.iter().map(|d| read(d).map_err(|e| e.to_string())).collect();
    let first = found.iter().find_map(|f| f.as_ref().ok());
    let Some(first) = first else {
        let why = found.first().and_then(|f| f.as_ref().err().cloned()).unwrap_or_default();
        return Err(Problem::new(ProblemKind::Invalid, "cannot read a certificate", why)
            .on(clean_line(&arguments.source).into_owned())
            .next("give a PEM or DER file, or secret/NAMESPACE/NAME"));
    };
    let host = arguments.host.clone().or_else(|| {
        // Any of its own names: then only trust and time are judged.
        first.dns_names.first().map(|n| n.replacen("*.", "any.", 1))
    });
    let troubles: Vec<Trouble> = match host {
        Some(host) if !first.is_ca => Roots::system().judge(&ders, &host, now),
        _ => Vec::new(),
    };
    let odd = found.iter().any(|f| f.as_ref().map_or(true, |d| !d.oddities.is_empty()));
    match arguments.printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let items: Vec<Value> = found
                .iter()
                .map(|f| match f {
                    Ok(details) => json!(details),
                    Err(why) => json!({ "unreadable": why }),
                })
                .collect();
            print_value(&json!({ "kind": "CertificateFile", "items": items, "troubles": troubles }), form);
        }
        Form::Name => found.iter().flatten().for_each(|d| line(&d.sha256)),
        Form::Table | Form::Wide => show(&found, &troubles, Paint::stdout(common.plain)),
    }
    Ok(u8::from(odd || !troubles.is_empty()))
}

fn show(found: &[Result<Details, String>], troubles: &[Trouble], paint: Paint) {
    for trouble in troubles {
        let words = format!("{} {}", mark(Level::Bad), clean_line(&trouble.words));
        line(&paint.level(Level::Bad, &words));
        line(&format!("    next: {}", clean_line(&trouble.next)));
    }
    if troubles.is_empty() {
        line(&paint.level(Level::Good, &format!("{} nothing is wrong with it", mark(Level::Good))));
    }
    for (place, one) in found.iter().enumerate() {
        line(&format!("certificate {} of {}", place + 1, found.len()));
        match one {
            Ok(details) => {
                facts::details(details, &mut |what, said| line(&clean_line(&format!("    {what:<20} {said}"))));
            }
            Err(why) => line(&clean_line(&format!("    cannot be read: {why}"))),
        }
    }
}

fn file(name: &str) -> Result<Vec<u8>> {
    let told = |e: &std::io::Error| Problem::io("cannot read it", e).on(clean_line(name).into_owned());
    let mut bytes = Vec::new();
    if name == "-" {
        std::io::stdin().lock().take(LARGEST).read_to_end(&mut bytes).map_err(|e| told(&e))?;
    } else {
        let open = std::fs::File::open(name).map_err(|e| told(&e))?;
        open.take(LARGEST).read_to_end(&mut bytes).map_err(|e| told(&e))?;
    }
    Ok(bytes)
}

/// The certificates of a Secret; its key is not looked at.
async fn secret(place: &Place, name: &str) -> Result<Vec<u8>> {
    let cluster = place.cluster()?;
    let own = cluster.default_namespace();
    let (namespace, name) = name.split_once('/').unwrap_or((own, name));
    let object: Value = cluster.json(Request::get(format!("/api/v1/namespaces/{namespace}/secrets/{name}"))).await?;
    let text = object["data"]["tls.crt"].as_str().or_else(|| object["data"]["ca.crt"].as_str());
    let text = text.ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, "cannot inspect the Secret", "it has neither tls.crt nor ca.crt")
            .on(format!("{namespace}/{name}"))
    })?;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_err(|e| Problem::new(ProblemKind::Invalid, "cannot inspect the Secret", e.to_string()))
}
