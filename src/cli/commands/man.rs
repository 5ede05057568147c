//! `qd man`: the manual page, of the program or of one command.

use crate::output::print;
use clap::{Args, CommandFactory};
use quarterdeck_core::{Problem, Result};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A command, e.g. `get`; without it the whole program
    command: Option<String>,
}

pub fn run(arguments: Arguments) -> Result<u8> {
    let mut all = crate::Cli::command();
    all.build();
    let page = match &arguments.command {
        None => all,
        Some(name) => {
            let found = all.find_subcommand(name).cloned();
            found.ok_or_else(|| {
                Problem::usage("cannot find the manual page", format!("there is no command {name}"))
                    .next("`qd --help` lists them")
            })?
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(|e| Problem::io("cannot write the manual page", &e))?;
    print(&String::from_utf8_lossy(&text));
    Ok(0)
}
