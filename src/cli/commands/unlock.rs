//! `qd unlock` and `qd lock`: lifts read-only of a guarded context for a while, for every program of this user.
//! Asks no server.

use crate::arguments::{Common, Form, Printed};
use crate::output::{line, print_value};
use crate::place::Place;
use clap::Args;
use quarterdeck_core::clock::{format_time, human_duration};
use quarterdeck_core::resources::quantity::parse_duration;
use quarterdeck_core::{Problem, Result};
use serde_json::json;

#[derive(Debug, Args)]
pub struct Unlock {
    /// How long, e.g. 15m or 1h; at most 8h
    #[arg(long = "for", value_name = "TIME", default_value = "15m")]
    time: String,
    /// Why; stands in the journal
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    printed: Printed,
}

#[derive(Debug, Args)]
pub struct Lock {
    #[command(flatten)]
    printed: Printed,
}

pub fn unlock(arguments: &Unlock, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let wrong = || {
        Problem::usage("cannot unlock", format!("`{}` is no length of time", arguments.time))
            .next("give 15m, 90m or 1h")
    };
    let seconds = parse_duration(&arguments.time).filter(|s| *s > 0).ok_or_else(wrong)?;
    let minutes = u32::try_from((seconds + 59) / 60).unwrap_or(u32::MAX);
    place.session.unlock(place.context(), minutes, &arguments.reason)?;
    tell(&place, &arguments.printed);
    Ok(0)
}

pub fn lock(arguments: &Lock, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    place.session.lock(place.context());
    tell(&place, &arguments.printed);
    Ok(0)
}

/// How the context is guarded now.
fn tell(place: &Place, printed: &Printed) {
    let (context, guard) = (place.context(), place.session.guard(place.context()));
    if printed.output.is_data() {
        return print_value(&json!({ "kind": "Guard", "context": context, "guard": guard }), printed.output);
    }
    if printed.output == Form::Name {
        return line(context);
    }
    line(&match (guard.unlocked_until, guard.read_only) {
        (Some(until), _) => {
            let left = human_duration(until - place.session.clock().now());
            format!("{context} may be changed for {left}, until {}; `qd lock` ends it", format_time(until))
        }
        (None, Some(why)) => why,
        (None, None) => format!("{context} is not guarded: changes are allowed"),
    });
}
