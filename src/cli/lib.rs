//! quarterdeck-cli: arguments in, text or JSON out. One command, one file in [`commands`]; what is asked
//! and done is the core's business, how it is printed is [`output`]'s.
//!
//! Exit codes: 0 fine, 1 findings or a failed action, 2 wrong usage, 3 cluster not reachable,
//! 4 not allowed, 5 conflict.

pub mod arguments;
pub mod commands;
pub mod demo;
pub mod output;
pub mod place;

pub use arguments::{Cli, Common};
pub use demo::Demo;
pub use place::Place;

use clap::Parser;
use quarterdeck_core::session::Options;
use std::process::ExitCode;

/// What the program has to do after the arguments were read.
pub enum Face {
    /// Open the screen.
    Screen(Box<Screen>),
    /// All is done; end with this code.
    Done(ExitCode),
}

/// How the screen is opened.
pub struct Screen {
    pub options: Options,
    /// The context to begin with; the kubeconfig's current one when `None`.
    pub context: Option<String>,
    /// Further contexts, for the boards of several clusters.
    pub beside: Vec<String>,
    /// Namespaces to begin with; empty for those of last time.
    pub namespaces: Vec<String>,
    pub all_namespaces: bool,
    /// Line mode for dumb terminals and screen readers.
    pub plain: bool,
    pub look: arguments::Look,
    /// Keeps the embedded cluster alive.
    pub demo: Option<Demo>,
}

/// Reads the arguments and carries out a command. Must be called within a tokio runtime. Wrong usage ends
/// the program with code 2, `--help` and `--version` with 0.
pub async fn main() -> Face {
    let cli = match Cli::try_parse_from(commands::act::small_letters(std::env::args_os())) {
        Ok(cli) => cli,
        Err(e) => {
            let code = if e.use_stderr() { 2 } else { 0 };
            let _ = e.print();
            return Face::Done(ExitCode::from(code));
        }
    };
    commands::dispatch(cli).await
}
