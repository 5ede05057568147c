//! What follows when a Certificate is to be issued: request, order, challenges, Secret, and the leaf that is served.

use super::issuance::{
    self, attempts, certificates, challenges, condition, holds, orders, owned_by, requests, secrets, text,
};
use super::used::issuer_path;
use super::watch_list::{Objects, Watched, watch};
use super::{behind, served};
use crate::actions::action::{Progress, Target};
use crate::actions::observe::{self, Seen};
use crate::actions::stage::{Found, Own, Scene, Stage};
use crate::certificates::secret::TlsSecret;
use crate::clock::parse_time;
use crate::cluster::{Cluster, Request};
use crate::resources::ObjectRef;
use serde_json::Value;

/// From the wish to the leaf that is served.
pub(crate) fn of_certificate(_certificate: &ObjectRef) -> Vec<Stage> {
    vec![
        Stage::own("request", "request", Part::Request),
        Stage::own("order", "order", Part::Order),
        Stage::own("challenge", "challenges", Part::Challenge),
        Stage::progress("secret", "Secret"),
        served::stage(),
    ]
}

/// From the deletion of an object that held an issuance up to the leaf that is served. `object`: as it was before.
pub(crate) fn after_clearing(object: &Value) -> Vec<Stage> {
    vec![
        Stage::progress("gone", "deleted"),
        behind::stage("request", "request", object, Part::Request),
        behind::stage("order", "order", object, Part::Order),
        behind::stage("challenge", "challenges", object, Part::Challenge),
        behind::issued(object),
        behind::stage("served", "served", object, served::Served),
    ]
}

/// From the approval of a request to the leaf that is served.
pub(crate) fn after_approval(request: &Value) -> Vec<Stage> {
    vec![
        Stage::progress("signed", "signed"),
        behind::issued(request),
        behind::stage("served", "served", request, served::Served),
    ]
}

/// The same after its Secret was deleted; the step's object is the Secret.
pub(crate) fn of_secret(_secret: &ObjectRef) -> Vec<Stage> {
    vec![Stage::progress("gone", "deleted"), Stage::own("secret", "issued anew", Anew), served::stage()]
}

/// A Secret that holds a pair, of whatever authority.
pub(crate) fn filled(_certificate: &ObjectRef) -> Stage {
    Stage::own("filled", "Secret", Filled)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Request,
    Order,
    Challenge,
}

#[async_trait::async_trait]
impl Own for Part {
    async fn look(&self, scene: Scene<'_>) -> Found {
        let certificate: Value = match scene.cluster.json(Request::get(scene.object.path(None))).await {
            Ok(certificate) => certificate,
            Err(p) => return Found::Untold(format!("cannot be read: {}", p.why)),
        };
        if *self != Self::Request {
            let target = Target { reference: scene.object.clone(), object: certificate };
            let Some(path) = issuer_path(&target) else {
                return Found::Untold("an external issuer: there is no order".into());
            };
            match scene.cluster.json::<Value>(Request::get(path)).await {
                Ok(issuer) if !issuer["spec"]["acme"].is_object() => {
                    return Found::Untold("no ACME issuer: there is none".into());
                }
                _ => {}
            }
        }
        let (namespace, name) = (&*scene.object.namespace, Some(&*scene.object.name));
        let all = |kind| Watched { kind, namespace, name: None };
        let mut what = vec![Watched { kind: certificates(), namespace, name }, all(requests())];
        if *self != Self::Request {
            what.push(all(orders()));
        }
        if *self == Self::Challenge {
            what.push(all(challenges()));
        }
        let uid = &scene.object.uid;
        match watch(scene.cluster, &what, scene.tell, &|seen| self.judge(uid, seen)).await {
            Found::Failed(why) => Found::Failed(because(scene.cluster, namespace, why).await),
            found => found,
        }
    }
}

/// What cert-manager says of a request that failed names the order and not why it is invalid; its challenges tell.
async fn because(cluster: &Cluster, namespace: &str, why: String) -> String {
    let order = why.split("order resource \"").nth(1).and_then(|rest| rest.split('"').next());
    let Some(order) = order else { return why };
    let list = cluster.json::<Value>(Request::list(&challenges(), Some(namespace))).await.unwrap_or_default();
    let owned = |c: &&Value| {
        c["metadata"]["ownerReferences"].as_array().is_some_and(|all| all.iter().any(|o| o["name"] == *order))
    };
    let mut failed = list["items"].as_array().into_iter().flatten().filter(owned).filter_map(broken);
    failed.next().unwrap_or(why)
}

/// Why a challenge has failed, if it has.
fn broken(challenge: &Value) -> Option<String> {
    let state = challenge["status"]["state"].as_str().filter(|s| matches!(*s, "invalid" | "errored" | "expired"))?;
    Some(format!("{} is {state}: {}", text(&challenge["spec"]["dnsName"]), text(&challenge["status"]["reason"])))
}

impl Part {
    fn judge(self, uid: &str, seen: &[Objects]) -> Progress {
        let Some(certificate) = seen[0].values().find(|c| uid.is_empty() || c["metadata"]["uid"] == uid) else {
            return Progress::Failed("the Certificate was deleted meanwhile".into());
        };
        if !holds(certificate, "Issuing") {
            // It has ended before this was looked at.
            return match issuance::progress(Some(certificate)) {
                Some(Progress::Failed(why)) => Progress::Failed(why),
                Some(Progress::Done(_)) => Progress::Done("done".into()),
                _ if attempts(certificate) == 0 => Progress::Done("done".into()),
                other => other.unwrap_or(Progress::Done("done".into())),
            };
        }
        let Some(request) = request(certificate, &seen[1]) else {
            return Progress::Going("key and request are being made".into());
        };
        let name = text(&request["metadata"]["name"]);
        if self == Self::Request {
            return asked(&name, request);
        }
        let uid = request["metadata"]["uid"].as_str().unwrap_or_default();
        let Some(order) = seen[2].values().find(|o| owned_by(o, uid)) else {
            return match condition(request, "Ready") {
                Some(c) if c["reason"] == "Failed" => Progress::Failed(text(&c["message"])),
                Some(c) => Progress::Going(text(&c["message"])),
                None => Progress::Going("is not placed yet".into()),
            };
        };
        let name = text(&order["metadata"]["name"]);
        let state = text(&order["status"]["state"]);
        match (&*state, self) {
            ("invalid" | "errored" | "expired", _) => {
                Progress::Failed(format!("order {name} is {state}: {}", text(&order["status"]["reason"])))
            }
            ("", _) => Progress::Going(format!("{name} is being placed")),
            (_, Self::Order) => Progress::Done(format!("{name} is {state}")),
            ("valid" | "ready" | "processing", _) => Progress::Done("the authority has checked all names".into()),
            _ => tried(order, &seen[3]),
        }
    }
}

/// The request of the issuance that is under way: of the next revision, and not one that failed before it began. A
/// failure in the very second of the beginning (times are whole seconds) is of the try before; if it were of this one,
/// the Certificate's own condition would tell it a moment later.
fn request<'a>(certificate: &Value, requests: &'a Objects) -> Option<&'a Value> {
    let next = certificate["status"]["revision"].as_i64().unwrap_or(0) + 1;
    let uid = certificate["metadata"]["uid"].as_str().unwrap_or_default();
    let time = |v: &Value| v.as_str().and_then(parse_time);
    let began = condition(certificate, "Issuing").and_then(|c| time(&c["lastTransitionTime"]));
    requests.values().find(|r| {
        let before =
            matches!((time(&r["status"]["failureTime"]), began), (Some(failed), Some(began)) if failed <= began);
        owned_by(r, uid) && issuance::revision(r) == next && !before
    })
}

fn asked(name: &str, request: &Value) -> Progress {
    let ready = condition(request, "Ready");
    if let Some(denied) = condition(request, "Denied").filter(|c| c["status"] == "True") {
        Progress::Failed(format!("{name} was denied: {}", text(&denied["message"])))
    } else if let Some(failed) = ready.filter(|c| c["reason"] == "Failed") {
        Progress::Failed(text(&failed["message"]))
    } else if holds(request, "Approved") || ready.is_some_and(|c| c["status"] == "True") {
        Progress::Done(format!("{name} is approved"))
    } else {
        Progress::Going(format!("{name} waits for approval"))
    }
}

/// How far the challenges of an order are.
fn tried(order: &Value, all: &Objects) -> Progress {
    let uid = order["metadata"]["uid"].as_str().unwrap_or_default();
    let (mut passed, mut total, mut open) = (0, 0, None);
    for challenge in all.values().filter(|c| owned_by(c, uid)) {
        total += 1;
        let (host, reason) = (text(&challenge["spec"]["dnsName"]), text(&challenge["status"]["reason"]));
        if let Some(why) = broken(challenge) {
            return Progress::Failed(why);
        }
        match challenge["status"]["state"].as_str() {
            Some("valid") => passed += 1,
            _ if open.is_none() => {
                let why = if reason.is_empty() { "is being checked".to_owned() } else { reason };
                open = Some(format!("{host} ({}): {why}", text(&challenge["spec"]["type"])));
            }
            _ => {}
        }
    }
    match open {
        None if total == 0 => Progress::Going("no challenge yet".into()),
        None => Progress::Going(format!("{passed} of {total} passed")),
        Some(open) => Progress::Going(format!("{passed} of {total} passed; {open}")),
    }
}

/// The Certificate of a Secret that was deleted is issued anew.
struct Anew;

#[async_trait::async_trait]
impl Own for Anew {
    async fn look(&self, scene: Scene<'_>) -> Found {
        let secret = scene.object;
        let what = [Watched { kind: certificates(), namespace: &secret.namespace, name: None }];
        let judge = |seen: &[Objects]| {
            let of = |c: &&Value| c["spec"]["secretName"].as_str() == Some(&*secret.name);
            match seen[0].values().find(of) {
                None => Progress::Failed("no Certificate writes this Secret any more".into()),
                // Ready is taken away as soon as cert-manager sees that the Secret is gone.
                Some(c) => issuance::progress(Some(c)).unwrap_or(Progress::Going("is being issued".into())),
            }
        };
        // Between the deletion and the moment when cert-manager has seen it, the status is the old one: the new Secret
        // is what counts.
        let mut there = secret.clone();
        there.uid = "".into();
        let new = |o: Option<&Value>| {
            Some(match o {
                Some(o) if o["metadata"]["uid"] != *secret.uid => Progress::Done(String::new()),
                _ => Progress::Going("waits for cert-manager".into()),
            })
        };
        // Only a failure ends it early.
        let fails = |seen: &[Objects]| match judge(seen) {
            Progress::Done(text) => Progress::Going(text),
            other => other,
        };
        let settled = watch(scene.cluster, &what, &|_| {}, &fails);
        tokio::select! {
            failed = settled => failed,
            seen = observe::watch(scene.cluster, &new, &there, scene.tell) => match seen {
                Seen::Done(_) => watch(scene.cluster, &what, scene.tell, &judge).await,
                Seen::Failed(why) => Found::Failed(why),
                Seen::Unseen(why) => Found::Untold(why),
            },
        }
    }
}

/// The common name under which cert-manager signs temporary certificates (pkg/util/pki/temporarycertificate.go).
const TEMPORARY: &str = "cert-manager.local";

/// The Secret of a Certificate holds a pair.
struct Filled;

#[async_trait::async_trait]
impl Own for Filled {
    async fn look(&self, scene: Scene<'_>) -> Found {
        let certificate: Value = match scene.cluster.json(Request::get(scene.object.path(None))).await {
            Ok(certificate) => certificate,
            Err(p) => return Found::Untold(format!("cannot be read: {}", p.why)),
        };
        let name = certificate["spec"]["secretName"].as_str().unwrap_or_default();
        let secret = ObjectRef::new(secrets(), &scene.object.namespace, name);
        let judge = |o: Option<&Value>| {
            let held = o.and_then(|o| serde_json::from_str::<TlsSecret>(&o.to_string()).ok());
            Some(match held.map(|s| s.leaf) {
                Some(Ok(leaf)) if &*leaf.issuer == TEMPORARY => {
                    Progress::Done("holds the temporary certificate".into())
                }
                Some(Ok(leaf)) => Progress::Done(format!("holds a certificate of {}", leaf.issuer)),
                _ => Progress::Going("holds no certificate yet".into()),
            })
        };
        match observe::watch(scene.cluster, &judge, &secret, scene.tell).await {
            Seen::Done(text) => Found::Done(text),
            Seen::Failed(why) => Found::Failed(why),
            Seen::Unseen(why) => Found::Untold(why),
        }
    }
}
