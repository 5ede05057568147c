//! `qd cert …`: one certificate. What can be asked is a subcommand, each in its own file.

use super::{cert_check, cert_inspect, cert_note, cert_probe, cert_renew, cert_why};
use crate::arguments::Common;
use clap::{Args, Subcommand};
use quarterdeck_core::Result;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Tell why a certificate is not issued or renewed: the verdict, the chain, and every fact; ends with 1 when
    /// something is wrong
    Why(cert_why::Arguments),
    /// What a host serves over TLS, seen from here; ends with 1 when clients would not take it
    Probe(cert_probe::Arguments),
    /// Make the checks from here that the authority will make: DNS, CAA, HTTP-01 or DNS-01, the directory, the webhook
    Check(cert_check::Arguments),
    /// Read certificates in a file or a Secret: every field, and what is wrong
    Inspect(cert_inspect::Arguments),
    /// The incident note in Markdown: verdict, chain, evidence, timeline, what was done
    Note(cert_note::Arguments),
    /// Issue certificates again now: some, those of a selector, or all that fail; in waves, within a budget
    Renew(cert_renew::Arguments),
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    match arguments.what {
        What::Why(a) => cert_why::run(a, common).await,
        What::Probe(a) => cert_probe::run(a, common).await,
        What::Check(a) => cert_check::run(a, common).await,
        What::Inspect(a) => cert_inspect::run(a, common).await,
        What::Note(a) => cert_note::run(a, common).await,
        What::Renew(a) => cert_renew::run(a, common).await,
    }
}
