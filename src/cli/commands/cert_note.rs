//! `qd cert note`: the incident note about a certificate, for whoever comes next.

use super::cert_why::find;
use super::platform::overview;
use crate::arguments::Common;
use crate::output::print;
use crate::place::Place;
use clap::Args;
use quarterdeck_core::Result;
use quarterdeck_core::handover::note;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Arguments {
    /// NAMESPACE/NAME of a Certificate, or of a TLS Secret that nobody manages
    name: String,
    /// Write it to this file, which must not be there yet; `-o` without a name chooses one
    #[arg(short, long, value_name = "FILE", num_args = 0..=1, default_missing_value = "")]
    output: Option<PathBuf>,
    /// Do not look at what is served
    #[arg(long)]
    no_probe: bool,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let seen = overview(&place, place.context()).await?;
    let view = find(&seen, &arguments.name, &place)?;
    let looks = match arguments.no_probe {
        true => None,
        false => Some(place.session.looks(place.context(), &seen, view, true).await),
    };
    let text = place.session.certificate_note(place.context(), &seen, view, looks.as_ref()).await;
    match arguments.output {
        None => print(&text),
        Some(path) => {
            let now = place.session.clock().now();
            let path = if path.as_os_str().is_empty() { note::file_name(view, now).into() } else { path };
            let path = note::save(&path, &text)?;
            eprintln!("written to {}", path.display());
        }
    }
    Ok(0)
}
