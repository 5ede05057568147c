//! The arguments. What a command alone takes stands in its own file.

use crate::commands::Command;
use clap::{Args, Parser, ValueEnum};
use quarterdeck_core::Result;
use quarterdeck_core::session::{KubeconfigFrom, Options};
use std::io::IsTerminal;
use std::path::PathBuf;

/// A cockpit for platforms on Kubernetes. Without a command it opens the screen.
#[derive(Debug, Parser)]
#[command(name = "qd", version, about, disable_help_subcommand = true, propagate_version = true)]
#[command(
    after_help = "Exit codes: 0 fine, 1 findings or a failed action, 2 wrong usage, 3 cluster not reachable, 4 not allowed, 5 conflict;\n`qd check certs` has those of Nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\nTo look around without a cluster: qd demo"
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// Kubeconfig file; without it KUBECONFIG, ~/.kube/config, or the pod's service account
    #[arg(long, global = true, value_name = "FILE", help_heading = "Cluster")]
    pub kubeconfig: Vec<PathBuf>,
    /// Context; repeat it to read from several clusters at once
    #[arg(long, global = true, value_name = "NAME", help_heading = "Cluster")]
    pub context: Vec<String>,
    /// Namespace; repeat it or give several with commas
    #[arg(short, long, global = true, value_name = "NAME", value_delimiter = ',', help_heading = "Cluster")]
    pub namespace: Vec<String>,
    /// All namespaces
    #[arg(short = 'A', long, global = true, conflicts_with = "namespace", help_heading = "Cluster")]
    pub all_namespaces: bool,
    /// Platform profile: an id or a file, instead of the one that is recognised (or QD_PLATFORM)
    #[arg(long, global = true, value_name = "ID|FILE", help_heading = "Cluster")]
    pub platform: Option<String>,
    /// Act as this user
    #[arg(long = "as", global = true, value_name = "USER", help_heading = "Cluster")]
    pub as_user: Option<String>,
    /// Act as a member of this group; may be repeated
    #[arg(long = "as-group", global = true, value_name = "GROUP", help_heading = "Cluster")]
    pub as_groups: Vec<String>,
    /// Change nothing: the client refuses every write
    #[arg(long, global = true, help_heading = "Cluster")]
    pub read_only: bool,
    /// Plain lines: no colours, no drawing; for dumb terminals and screen readers
    #[arg(long, global = true)]
    pub plain: bool,
    #[command(flatten)]
    pub look: Look,
}

/// How the screen looks.
#[derive(Clone, Debug, Default, Args)]
pub struct Look {
    /// No Unicode: symbols and borders in ASCII (by itself where the locale is not UTF-8)
    #[arg(long, global = true, help_heading = "Screen")]
    pub ascii: bool,
    /// Theme: terminal, dark, light, mono, high-contrast, …
    #[arg(long, global = true, value_name = "NAME", help_heading = "Screen")]
    pub theme: Option<String>,
    /// Key map: default or vim, or one of your own
    #[arg(long, global = true, value_name = "NAME", help_heading = "Screen")]
    pub keymap: Option<String>,
    /// What to open, as typed after `:`, e.g. pods
    #[arg(long, global = true, value_name = "VIEW", help_heading = "Screen")]
    pub view: Option<String>,
    /// Leave the mouse to the terminal
    #[arg(long, global = true, help_heading = "Screen")]
    pub no_mouse: bool,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    #[default]
    Table,
    /// All columns
    Wide,
    Json,
    Yaml,
    /// Only the names
    Name,
}

impl Form {
    /// Whether a program reads it.
    pub fn is_data(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

/// How an answer is printed.
#[derive(Clone, Debug, Default, Args)]
pub struct Printed {
    /// Form of the answer
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORM")]
    pub output: Form,
    /// No line with the columns' names
    #[arg(long)]
    pub no_headers: bool,
}

impl Common {
    /// The session that these arguments mean.
    pub fn options(&self) -> Options {
        let kubeconfig = match self.kubeconfig.as_slice() {
            [] => KubeconfigFrom::Default,
            files => KubeconfigFrom::Paths(files.to_vec()),
        };
        Options {
            kubeconfig,
            read_only: self.read_only,
            platform: self.platform.clone(),
            impersonate_user: self.as_user.clone(),
            impersonate_groups: self.as_groups.clone(),
            // A credential plugin may ask its question where there is somebody to answer it.
            interactive: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
            ..Options::default()
        }
    }

    /// The one context of a command that takes one only.
    pub fn one_context(&self) -> Result<Option<&str>> {
        match self.context.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => Err(quarterdeck_core::Problem::usage(
                "cannot do this in several contexts",
                "--context is given more than once",
            )
            .next("give one --context; only reading commands take several")),
        }
    }
}
