//! `qd journal`: what was done from here. Asks no server.

use crate::arguments::{Common, Form, Printed};
use crate::output::{Paint, Table, line, print, print_value};
use clap::{Args, Subcommand, ValueEnum};
use quarterdeck_core::clock::format_time;
use quarterdeck_core::journal::ExportFormat;
use quarterdeck_core::resources::Level;
use quarterdeck_core::resources::quantity::parse_duration;
use quarterdeck_core::session::{KubeconfigFrom, Options, Session};
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, Result};
use serde_json::json;
use std::sync::Arc;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Only so many of the latest
    #[arg(long, value_name = "NUMBER")]
    last: Option<usize>,
    /// As Markdown, for a hand-over
    #[arg(long)]
    markdown: bool,
    #[command(flatten)]
    printed: Printed,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A hand-over note: what was done, what failed, what can be taken back
    Export(Export),
}

#[derive(Debug, Args)]
struct Export {
    /// Only what was done within this time, e.g. 8h or 2d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Form of the note
    #[arg(short, long, value_enum, default_value = "markdown", value_name = "FORM")]
    output: Note,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Note {
    Markdown,
    Json,
}

fn export(wanted: &Export, session: &Session, common: &Common) -> Result<u8> {
    let since = match &wanted.since {
        Some(text) => {
            let seconds = parse_duration(text).filter(|s| *s > 0).ok_or_else(|| {
                Problem::usage("cannot export the journal", format!("`{text}` is no length of time"))
                    .next("give 8h or 2d")
            })?;
            Some(session.clock().now() - seconds)
        }
        None => None,
    };
    let format = match wanted.output {
        Note::Markdown => ExportFormat::Markdown,
        Note::Json => ExportFormat::Json,
    };
    print(&session.hand_over(format, since, &common.context));
    Ok(0)
}

pub fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    // The journal can be read without any kubeconfig.
    let session = Session::new(common.options(), Arc::new(|_| {})).or_else(|_| {
        Session::new(Options { kubeconfig: KubeconfigFrom::Text(String::new()), ..common.options() }, Arc::new(|_| {}))
    })?;
    if let Some(What::Export(wanted)) = &arguments.what {
        return export(wanted, &session, common);
    }
    if arguments.markdown {
        print(&session.export_journal(ExportFormat::Markdown));
        return Ok(0);
    }
    let mut entries = session.journal();
    entries.retain(|e| common.context.is_empty() || common.context.contains(&e.context));
    entries.truncate(arguments.last.unwrap_or(usize::MAX));
    match arguments.printed.output {
        form @ (Form::Json | Form::Yaml) => print_value(&json!({ "kind": "Journal", "items": entries }), form),
        Form::Name => entries.iter().for_each(|e| line(&e.id)),
        Form::Table | Form::Wide => {
            let mut table = Table::new(&["id", "when", "context", "what", "outcome", "reason", "undo"]);
            for e in &entries {
                let undo = match &e.undone_by {
                    Some(by) => format!("undone by {by}"),
                    None if e.can_undo => "possible".into(),
                    None => String::new(),
                };
                let cells = [&e.id, &format_time(e.at), &e.context, &e.title, &e.outcome, &e.reason, &undo];
                let level = if e.ok { Level::Good } else { Level::Bad };
                table.row_with(cells.iter().map(|c| clean_line(c).into_owned()).collect(), level);
            }
            if table.is_empty() {
                eprintln!("Nothing was done from here so far");
            } else {
                print(&table.text(!arguments.printed.no_headers, Paint::stdout(common.plain)));
            }
        }
    }
    Ok(0)
}
