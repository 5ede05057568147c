//! `qd man`: the manual page, of the program or of one command.

use crate::output::print;
use clap::{Args, CommandFactory};
use quarterdeck_core::{Problem, Result};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A command, e.g. `get` or `cert why`; without it the whole program
    command: Vec<String>,
}

pub fn run(arguments: Arguments) -> Result<u8> {
    let mut all = crate::Cli::command();
    all.build();
    let mut page = &all;
    for (i, name) in arguments.command.iter().enumerate() {
        page = page.find_subcommand(name).ok_or_else(|| {
            let above = ["qd".into()].into_iter().chain(arguments.command[..i].iter().cloned());
            let above = above.collect::<Vec<_>>().join(" ");
            Problem::usage("cannot find the manual page", format!("there is no command {name} in `{above}`"))
                .next(format!("`{above} --help` lists them"))
        })?;
    }
    // The page of `qd cert why` is called qd-cert-why(1), as its own references call it.
    let name = page.get_bin_name().unwrap_or("qd").replace(' ', "-");
    let page = page.clone().display_name(name);
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(|e| Problem::io("cannot write the manual page", &e))?;
    print(&String::from_utf8_lossy(&text));
    Ok(0)
}
