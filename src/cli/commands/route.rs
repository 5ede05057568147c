//! `qd route note HOST[/PATH]`: one route.

use super::note::{Written, write};
use super::platform::overview;
use crate::arguments::Common;
use crate::place::Place;
use clap::{Args, Subcommand};
use quarterdeck_core::cluster::nearest;
use quarterdeck_core::handover::{About, Looking};
use quarterdeck_core::overview::Overview;
use quarterdeck_core::routes::RouteView;
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, ProblemKind, Result};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The incident note in Markdown: verdict, the way to the endpoints, what is served, evidence, what was done
    Note(Note),
}

#[derive(Debug, Args)]
struct Note {
    /// HOST, HOST/PATH or an address; of several claims of a host the worst. KIND/NAMESPACE/NAME chooses among them
    route: String,
    #[command(flatten)]
    written: Written,
    /// Do not look at what is served
    #[arg(long)]
    no_probe: bool,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let What::Note(note) = arguments.what;
    let place = Place::open_one(common)?;
    let seen = overview(&place, place.context()).await?;
    let about = About::route(find(&seen, &note.route)?);
    let looking = if note.no_probe { Looking::Never } else { Looking::Wanted };
    write(&place, &seen, &about, looking, note.written).await
}

/// The route that is meant. Routes are sorted with the worst first.
fn find<'a>(seen: &'a Overview, typed: &str) -> Result<&'a RouteView> {
    let plain = typed.split_once("://").map_or(typed, |(_, rest)| rest).trim_end_matches('/');
    let address = |r: &RouteView| format!("{}{}", r.host, r.path.trim_end_matches('/'));
    let object = |r: &RouteView| format!("{}/{}", r.kind, r.object.short());
    let is = |r: &&RouteView| {
        address(r).eq_ignore_ascii_case(plain) || r.host.eq_ignore_ascii_case(plain) || object(r) == plain
    };
    seen.routes.iter().find(is).ok_or_else(|| {
        let all: Vec<String> = seen.routes.iter().map(address).collect();
        let near = nearest(plain, all.iter().map(String::as_str));
        Problem::new(ProblemKind::NotFound, "cannot write a note", "there is no such route")
            .on(clean_line(typed).into_owned())
            .next(near.map_or_else(|| "`qd routes` lists them".to_owned(), |n| format!("did you mean {n}?")))
    })
}
