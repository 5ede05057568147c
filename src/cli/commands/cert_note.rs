//! `qd cert note`: the incident note about a certificate, for whoever comes next.

use super::cert_why::find;
use super::note::{Written, write};
use super::platform::overview;
use crate::arguments::Common;
use crate::place::Place;
use clap::Args;
use quarterdeck_core::Result;
use quarterdeck_core::handover::{About, Looking};

#[derive(Debug, Args)]
pub struct Arguments {
    /// NAMESPACE/NAME of a Certificate, or of a TLS Secret that nobody manages
    name: String,
    #[command(flatten)]
    written: Written,
    /// Do not look at what is served
    #[arg(long)]
    no_probe: bool,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let seen = overview(&place, place.context()).await?;
    let about = About::Certificate(find(&seen, &arguments.name, &place)?.object.clone());
    let looking = if arguments.no_probe { Looking::Never } else { Looking::Wanted };
    write(&place, &seen, &about, looking, arguments.written).await
}
