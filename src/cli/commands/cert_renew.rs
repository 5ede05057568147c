//! `qd cert renew`: issues Certificates again, as `qd do renew` does, for those that are named, selected or failing.

use super::act::{self, Wish, wish_arguments};
use crate::arguments::Common;
use crate::output::{Paint, line, print_json};
use crate::place::{Place, find_kind};
use clap::{Arg, ArgAction, ArgMatches, FromArgMatches};
use quarterdeck_core::Result;
use quarterdeck_core::actions::Args;
use quarterdeck_core::cluster::{Cluster, Request};
use quarterdeck_core::resources::{Kind, Level, ObjectRef, Scope};
use serde_json::{Value, json};

#[derive(Debug, Default)]
pub struct Arguments {
    names: Vec<String>,
    selector: Option<String>,
    all_failing: bool,
    args: Args,
    wish: Wish,
}

const CERTIFICATES: &str = "certificates.cert-manager.io";

impl clap::Args for Arguments {
    fn augment_args(command: clap::Command) -> clap::Command {
        let names = Arg::new("names")
            .value_name("NAMESPACE/NAME")
            .num_args(0..)
            .required_unless_present_any(["selector", "all-failing"])
            .help("Certificates; NAME alone is looked for in -n");
        let selector = Arg::new("selector")
            .short('l')
            .long("selector")
            .value_name("LABELS")
            .conflicts_with("names")
            .help("Those with these labels, in -n or everywhere");
        let failing = Arg::new("all-failing")
            .long("all-failing")
            .action(ArgAction::SetTrue)
            .conflicts_with("names")
            .help("Those that are not ready or failed last, in -n or everywhere");
        let number = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("NUMBER").help(help);
        let budget =
            "Most certificates of one registered domain in seven days, those issued counted; the rest is left out";
        let wave = "How many are issued at once; the next ones follow when these are issued, none after a failure";
        command
            .arg(names)
            .arg(selector)
            .arg(failing)
            .arg(number("budget", budget))
            .arg(number("wave", wave))
            .args(wish_arguments())
    }
    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Arguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Args::new();
        for name in ["budget", "wave"] {
            if let Some(value) = matches.get_one::<String>(name) {
                args.set(name, value.clone());
            }
        }
        Ok(Self {
            names: matches.get_many::<String>("names").into_iter().flatten().cloned().collect(),
            selector: matches.get_one::<String>("selector").cloned(),
            all_failing: matches.get_flag("all-failing"),
            args,
            wish: Wish::of(matches),
        })
    }
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    common.one_context()?;
    let place = Place::open_with(common, act::told(common.plain))?;
    let cluster = place.cluster()?;
    let mut targets = Vec::new();
    for name in &arguments.names {
        targets.push(place.existing(&cluster, CERTIFICATES, Some(name)).await?);
    }
    if arguments.names.is_empty() {
        targets = selected(&place, &cluster, &arguments).await?;
    }
    if targets.is_empty() {
        if arguments.wish.json {
            print_json(&json!({"plan": null, "outcome": null}));
        } else {
            line(&Paint::stdout(common.plain).level(Level::Good, "nothing to renew: no certificate fits"));
        }
        return Ok(0);
    }
    act::unlock(&place, &arguments.wish)?;
    let plan = place.session.plan(place.context(), "renew", &targets, &arguments.args).await?;
    act::finish(&place, plan, &arguments.wish, common).await
}

/// The Certificates of a selector, or those that fail.
async fn selected(place: &Place, cluster: &Cluster, arguments: &Arguments) -> Result<Vec<ObjectRef>> {
    let kind = find_kind(cluster, CERTIFICATES).await?;
    let namespaces: Vec<Option<String>> = match place.wide_scope(cluster) {
        Scope::Namespaces(set) => set.iter().map(|n| Some(n.to_string())).collect(),
        _ => vec![None],
    };
    let mut found = Vec::new();
    for namespace in namespaces {
        let mut request = Request::list(&kind, namespace.as_deref());
        if let Some(selector) = &arguments.selector {
            request = request.query("labelSelector", selector.clone());
        }
        let list: Value = cluster.json(request).await?;
        let all = list["items"].as_array().into_iter().flatten();
        found.extend(all.filter(|c| !arguments.all_failing || fails(c)).map(|c| reference(&kind, c)));
    }
    Ok(found)
}

/// Not ready, or the last issuance failed; not one that is being issued.
fn fails(certificate: &Value) -> bool {
    let holds = |kind: &str| {
        let mut all = certificate["status"]["conditions"].as_array().into_iter().flatten();
        all.any(|c| c["type"] == kind && c["status"] == "True")
    };
    let failed = certificate["status"]["failedIssuanceAttempts"].as_i64().is_some_and(|n| n > 0);
    !holds("Issuing") && (!holds("Ready") || failed)
}

fn reference(kind: &Kind, object: &Value) -> ObjectRef {
    let meta = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let mut reference = ObjectRef::new(kind.clone(), meta("namespace"), meta("name"));
    reference.uid = meta("uid").into();
    reference.resource_version = meta("resourceVersion").into();
    reference
}
