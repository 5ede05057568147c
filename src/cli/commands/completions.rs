//! `qd completions`: completions for a shell.

use crate::output::print;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use quarterdeck_core::Result;

#[derive(Debug, Args)]
pub struct Arguments {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

pub fn run(arguments: Arguments) -> Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::Cli::command(), "qd", &mut text);
    print(&String::from_utf8_lossy(&text));
    Ok(0)
}
