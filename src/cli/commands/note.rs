//! How an incident note is written: to standard output, or to a file that is not there yet.

use crate::output::print;
use crate::place::Place;
use clap::Args;
use quarterdeck_core::Result;
use quarterdeck_core::handover::{About, Looking, note};
use quarterdeck_core::overview::Overview;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Written {
    /// Write it to this file, which must not be there yet; `-o` without a name chooses one
    #[arg(short, long, value_name = "FILE", num_args = 0..=1, default_missing_value = "")]
    output: Option<PathBuf>,
}

/// Asks for the note and writes it.
pub(super) async fn write(
    place: &Place,
    seen: &Overview,
    about: &About,
    looking: Looking,
    written: Written,
) -> Result<u8> {
    let text = place.session.incident_note(place.context(), seen, about, looking).await?;
    match written.output {
        None => print(&text),
        Some(path) => {
            let now = place.session.clock().now();
            let path = if path.as_os_str().is_empty() { note::file_name(&about.name(), now).into() } else { path };
            let path = note::save(&path, &text)?;
            eprintln!("written to {}", path.display());
        }
    }
    Ok(0)
}
