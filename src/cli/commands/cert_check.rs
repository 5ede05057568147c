//! `qd cert check`: the checks that the authority will make, made from here before it makes them.

use super::cert_why::find;
use super::platform::overview;
use crate::arguments::{Common, Form, Printed};
use crate::output::paint::mark;
use crate::output::{Paint, line, print_value};
use crate::place::Place;
use clap::Args;
use quarterdeck_core::Result;
use quarterdeck_core::probe::CheckStep;
use quarterdeck_core::resources::Level;
use quarterdeck_core::text::clean_line;
use serde_json::json;

#[derive(Debug, Args)]
pub struct Arguments {
    /// NAMESPACE/NAME of a Certificate; NAME alone is looked for in -n, then everywhere
    name: String,
    #[command(flatten)]
    printed: Printed,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let seen = overview(&place, place.context()).await?;
    let certificate = find(&seen, &arguments.name, &place)?;
    let form = arguments.printed.output;
    let paint = Paint::stdout(common.plain);
    let mut steps = Vec::new();
    let check = place.session.check_certificate(place.context(), &seen, certificate, |step| {
        if matches!(form, Form::Table | Form::Wide) {
            show(&step, form, paint);
        }
        steps.push(step);
    });
    check.await?;
    let wrong = steps.iter().any(|s| s.level >= Level::Warn);
    match form {
        Form::Json | Form::Yaml => {
            let value = json!({
                "kind": "SelfCheck",
                "context": place.context(),
                "certificate": format!("{}/{}", certificate.namespace, certificate.name),
                "ok": !wrong,
                "steps": steps,
            });
            print_value(&value, form);
        }
        Form::Name => steps.iter().filter(|s| s.level >= Level::Warn).for_each(|s| line(s.check)),
        Form::Table | Form::Wide if wrong => {}
        Form::Table | Form::Wide => line(&paint.level(Level::Good, "nothing stands in the way, seen from here")),
    }
    Ok(u8::from(wrong))
}

fn show(step: &CheckStep, form: Form, paint: Paint) {
    let words = format!("{} {:<9} {}: {}", mark(step.level), step.check, step.of, step.words);
    line(&paint.level(step.level, &clean_line(&words)));
    if form == Form::Wide {
        step.evidence.iter().for_each(|e| line(&format!("    {}", clean_line(e))));
    }
    if !step.next.is_empty() {
        line(&format!("    next: {}", clean_line(&step.next)));
    }
}
