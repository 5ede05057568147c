//! The end of the way: routes whose endpoints are ready are asked over HTTP from here, until somebody answers.

use super::run::Blocked;
use crate::Str;
use crate::cluster::{Cluster, Request};
use crate::probe::{self, Answered, Ports, Probing};
use crate::resources::ObjectRef;
use crate::routes::RouteView;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// Routes that are asked; more say nothing new.
const ASKED: usize = 5;
/// So often a host that cannot be reached at all is asked: it may be that there is no way to it from here.
const TRIES: u32 = 8;

/// How a round of asking went.
pub(crate) enum Round {
    /// All that were asked answer, in words; empty when nothing is to be asked.
    Answers(String),
    /// It cannot be told from here, and why.
    Unknown(String),
    /// One of them does not answer: in words, what stands in the way, and when to ask again.
    Silent(String, Blocked, Duration),
}

/// Asks the routes of a stage, round by round.
pub(crate) struct Asking<'a> {
    config: Option<&'a Path>,
    /// `None`: nobody is asked.
    ports: Option<Ports>,
    rounds: u32,
    /// Where routes are reached, by their UIDs; not asked for again while they answer there.
    known: BTreeMap<Str, IpAddr>,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(config: Option<&'a Path>, probing: &Probing) -> Self {
        let ports = matches!(probing, Probing::Network).then(|| probe::of_routes(config)).flatten();
        Self { config, ports, rounds: 0, known: BTreeMap::new() }
    }

    /// Asks each of the routes once.
    pub(crate) async fn round(&mut self, cluster: &Cluster, routes: &[RouteView]) -> Round {
        let asked: Vec<(&RouteView, String)> = routes.iter().filter_map(|r| Some((r, r.url()?))).take(ASKED).collect();
        let (Some(ports), false) = (self.ports, asked.is_empty()) else { return Round::Answers(String::new()) };
        let dns = match probe::dns_of(self.config) {
            Ok(dns) => dns,
            Err(problem) => return Round::Unknown(format!("cannot be asked from here: {}", problem.why)),
        };
        self.rounds += 1;
        let dns = &dns;
        let known = &self.known;
        let asks = asked.iter().map(|(route, url)| async move {
            let address = match known.get(&route.uid) {
                Some(known) => Some(*known),
                None => {
                    let object: Option<Value> = cluster.json(Request::get(route.object.path(None))).await.ok();
                    probe::addresses(object.as_slice()).into_iter().next()
                }
            };
            (probe::ask(dns, url, address, ports).await, address)
        });
        let (answers, addresses): (Vec<Answered>, Vec<Option<IpAddr>>) =
            futures::future::join_all(asks).await.into_iter().unzip();
        let reached = asked.iter().zip(&answers).zip(addresses);
        self.known = reached
            .filter(|((_, answered), _)| matches!(answered, Answered::Status(..)))
            .filter_map(|(((route, _), _), address)| Some((route.uid.clone(), address?)))
            .collect();
        let all = || asked.iter().map(|(route, _)| *route).zip(&answers);
        let Some((route, answered)) = all().find(|(_, a)| !a.by_the_app()) else {
            let first = all().next().map(|(r, a)| told(r, a)).unwrap_or_default();
            let more = if asked.len() > 1 { format!(", and {} more answer", asked.len() - 1) } else { String::new() };
            return Round::Answers(format!("{first}{more}"));
        };
        let words = told(route, answered);
        // A proxy that says that nobody is behind it is in the way; whoever is not reached may be reached by others.
        let unreachable = !matches!(answered, Answered::Status(..));
        if matches!(answered, Answered::NoAddress(_)) || (unreachable && self.rounds >= TRIES) {
            return Round::Unknown(format!("{words}, seen from here"));
        }
        let again = Duration::from_secs(u64::from(self.rounds.min(5)) * 2 - 1);
        Round::Silent(words, blocked(&route.object, answered), again)
    }
}

fn told(route: &RouteView, answered: &Answered) -> String {
    let path = if &*route.path == "/" { "" } else { &*route.path };
    format!("{}{path} {}", route.host, answered.words())
}

fn blocked(route: &ObjectRef, answered: &Answered) -> Blocked {
    Blocked { object: route.clone(), name: route.to_string(), why: answered.words(), next: answered.next().to_owned() }
}
