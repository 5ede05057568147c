//! `qd undo`: takes back what the journal tells.

use super::act::{Wish, finish, told, unlock};
use crate::arguments::Common;
use crate::place::Place;
use clap::Args;
use quarterdeck_core::Result;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Identifier from `qd journal`, or its beginning; `last` is the latest
    #[arg(default_value = "last")]
    id: String,
    /// Show the plan and let the server try it; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking
    #[arg(short, long)]
    yes: bool,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// Lift read-only of a guarded context for this (needs --reason)
    #[arg(long)]
    unlock: bool,
    /// Follow it stage by stage to the end
    #[arg(long)]
    wait: bool,
    /// Write the plan to a file as JSON; goes on only with --yes
    #[arg(long, value_name = "FILE")]
    save_plan: Option<String>,
    /// Print plan and outcome as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let wish = Wish {
        dry_run: arguments.dry_run,
        yes: arguments.yes,
        reason: arguments.reason,
        unlock: arguments.unlock,
        json: arguments.json,
        wait: arguments.wait,
        save_plan: arguments.save_plan,
        undo_on_failure: false,
    };
    let mut place = Place::open_with(common, told(common.plain))?;
    if let Some(entry) =
        place.session.journal().iter().find(|e| arguments.id == "last" || e.id.starts_with(&arguments.id))
    {
        place.contexts = vec![entry.context.clone()];
    }
    unlock(&place, &wish)?;
    let plan = place.session.undo(&arguments.id).await?;
    finish(&place, plan, &wish, common).await
}
