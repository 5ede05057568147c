//! `qd cert …`: one certificate. What can be asked is a subcommand, each in its own file.

use super::cert_why;
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
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    match arguments.what {
        What::Why(a) => cert_why::run(a, common).await,
    }
}
