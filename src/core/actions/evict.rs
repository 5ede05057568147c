//! Evictions of many pods at once: each is asked for until its disruption budget lets it go, and waited for until the
//! pod is gone.

use super::action::{Carried, Work};
use super::leavers::{budgets, held_by, in_words};
use super::plan::Effect;
use super::run::Blocked;
use crate::cluster::{Cluster, Method, Request, WriteOptions};
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// A refused eviction is asked for again after this.
const AGAIN: Duration = Duration::from_secs(2);

/// The call that evicts a pod, and no other of its name.
pub(crate) fn eviction(pod: &Value, grace: Option<i64>) -> Value {
    let meta = &pod["metadata"];
    let mut options = json!({"preconditions": {"uid": meta["uid"]}});
    if let Some(seconds) = grace {
        options["gracePeriodSeconds"] = seconds.into();
    }
    json!({"apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"]}, "deleteOptions": options})
}

fn names(eviction: &Value) -> (&str, &str) {
    let meta = &eviction["metadata"];
    (meta["namespace"].as_str().unwrap_or_default(), meta["name"].as_str().unwrap_or_default())
}

/// Posts an eviction.
pub(crate) async fn post(cluster: &Cluster, eviction: &Value, dry_run: bool) -> Result<()> {
    let (namespace, name) = names(eviction);
    let effect = Effect {
        method: Method::Post,
        path: format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction"),
        query: Vec::new(),
        body: Some(eviction.clone()),
    };
    cluster.write(&effect, WriteOptions { dry_run, force: false }).await.map(drop)
}

/// Where a pod is on its way out.
#[derive(Clone, Debug, PartialEq)]
enum State {
    Asked,
    /// What holds it.
    Held(Blocked),
    /// It was evicted and ends; what keeps it from ending.
    Ending(Option<Blocked>),
    Gone,
}

struct Board<'a> {
    /// By UID: name and state.
    pods: Mutex<BTreeMap<String, (String, State)>>,
    work: &'a Work<'a>,
    left: watch::Sender<usize>,
}

impl Board<'_> {
    fn set(&self, uid: &str, state: State) {
        let mut pods = self.pods.lock();
        match pods.get_mut(uid) {
            Some((_, now)) if *now != state && *now != State::Gone => *now = state,
            _ => return,
        }
        let all = pods.len();
        let left = pods.values().filter(|(_, s)| *s != State::Gone).count();
        let waits = Self::waits(&pods);
        drop(pods);
        let text = waits.as_ref().map(|(words, _)| format!("; {words}")).unwrap_or_default();
        (self.work.tell)(&format!("{left} of {all} pods left{text}"));
        (self.work.block)(waits.and_then(|(_, blocked)| blocked));
        self.left.send_replace(left);
    }
    /// What the pods that are left wait for: those that are held before those that end.
    fn waits(pods: &BTreeMap<String, (String, State)>) -> Option<(String, Option<Blocked>)> {
        let first = |held: bool| {
            let mut of = pods.values().filter(|(_, s)| match s {
                State::Held(_) => held,
                State::Ending(_) => !held,
                State::Asked | State::Gone => false,
            });
            of.next().map(|(name, state)| (name, state, of.count()))
        };
        let (name, state, more) = first(true).or_else(|| first(false))?;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let blocked = match state {
            State::Held(blocked) => Some(blocked),
            State::Ending(blocked) => blocked.as_ref(),
            State::Asked | State::Gone => None,
        };
        let words = match blocked {
            Some(blocked) => format!("{name}{more} waits for {}", in_words(blocked)),
            None => format!("{name}{more} ends"),
        };
        Some((words, blocked.cloned()))
    }
    /// What is left, and what it waits for.
    fn words(&self) -> String {
        let pods = self.pods.lock();
        let left = pods.values().filter(|(_, s)| *s != State::Gone).count();
        let waits = Self::waits(&pods).map(|(words, _)| format!("; {words}")).unwrap_or_default();
        format!("{left} of {} pods are still there{waits}", pods.len())
    }
}

/// Evicts pods and waits until they have gone from the node; `at_most`: no longer than this.
pub(crate) async fn evict(work: &Work<'_>, node: &str, items: &[Value], at_most: Option<Duration>) -> Result<Carried> {
    let uid = |item: &Value| item["deleteOptions"]["preconditions"]["uid"].as_str().unwrap_or_default().to_owned();
    let name = |item: &Value| {
        let (namespace, name) = names(item);
        crate::text::clean_line(&format!("{namespace}/{name}")).into_owned()
    };
    let pods = items.iter().map(|i| (uid(i), (name(i), State::Asked))).collect();
    let board = Board { pods: Mutex::new(pods), work, left: watch::Sender::new(items.len()) };
    let mut left = board.left.subscribe();
    let mut all: FuturesUnordered<_> = items.iter().map(|item| one(work, &board, item, uid(item))).collect();
    let asked = async {
        while let Some(done) = all.next().await {
            done?;
        }
        Ok::<(), Problem>(())
    };
    let done = async {
        asked.await?;
        let _ = left.wait_for(|n| *n == 0).await;
        Ok(())
    };
    tokio::select! {
        done = done => done.map_err(|mut p: Problem| {
            // Some may have gone already.
            p.what = "the drain stopped".into();
            p.why = format!("{} ({})", p.why, board.words());
            p
        })?,
        () = departures(work.cluster, node, &board) => {}
        () = work.cancel.cancelled() => return Err(work.stopped(board.words())),
        () = over(at_most) => {
            let what = format!("not finished after {} s", at_most.unwrap_or_default().as_secs());
            return Err(Problem::new(ProblemKind::Cancelled, what, board.words())
                .on(work.step.object.to_string())
                .next("drain it again when that is settled, or uncordon it"));
        }
    }
    let text = if items.len() == 1 { "1 pod has gone".into() } else { format!("{} pods have gone", items.len()) };
    Ok(Carried { text })
}

async fn over(at_most: Option<Duration>) {
    match at_most {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Asks for one eviction until it is granted.
async fn one(work: &Work<'_>, board: &Board<'_>, item: &Value, uid: String) -> Result<()> {
    loop {
        if board.pods.lock().get(&uid).is_some_and(|(_, s)| *s == State::Gone) {
            return Ok(());
        }
        (work.allowed)()?;
        let problem = match post(work.cluster, item, false).await {
            Ok(()) => {
                board.set(&uid, State::Ending(None));
                return Ok(());
            }
            Err(problem) => problem,
        };
        match problem.kind {
            ProblemKind::NotFound => {
                board.set(&uid, State::Gone);
                return Ok(());
            }
            // Another pod has its name: it has left.
            ProblemKind::Conflict if problem.why.contains("UID in precondition") => {
                board.set(&uid, State::Gone);
                return Ok(());
            }
            ProblemKind::Conflict => {}
            ProblemKind::Throttled => board.set(&uid, State::Held(holder(work.cluster, item, &problem).await)),
            // The pod goes with its namespace; it is waited for.
            ProblemKind::Forbidden if problem.why.contains("being terminated") => {
                board.set(&uid, State::Held(awaited(item, "its namespace", "it is being deleted")));
            }
            // Two budgets for one pod: the server never lets it go.
            ProblemKind::Server if problem.why.contains("more than one PodDisruptionBudget") => return Err(problem),
            ProblemKind::Unreachable | ProblemKind::Server => {
                board.set(&uid, State::Held(awaited(item, "the server", &problem.why)));
            }
            _ => return Err(problem),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// What a pod waits for where that is no object of its own: it stands for it.
fn awaited(item: &Value, name: &str, why: &str) -> Blocked {
    let (namespace, pod) = names(item);
    let object = ObjectRef::new(Kind::of("", "v1", "Pod", "pods", true), namespace, pod);
    Blocked { object, name: name.into(), why: crate::text::clean_line(why).into_owned(), next: String::new() }
}

/// The budget that holds a pod at this moment; else what the server says.
async fn holder(cluster: &Cluster, item: &Value, problem: &Problem) -> Blocked {
    let (namespace, name) = names(item);
    let pod: Result<Value> = cluster.json(Request::get(format!("/api/v1/namespaces/{namespace}/pods/{name}"))).await;
    let held = match pod {
        Ok(pod) => held_by(&budgets(cluster, Some(namespace)).await, &pod),
        Err(_) => None,
    };
    let what = if problem.why.contains("disruption budget") { "its PodDisruptionBudget" } else { "the server" };
    held.unwrap_or_else(|| awaited(item, what, &problem.why))
}

/// What keeps a pod that was evicted from ending.
fn kept(pod: &Value) -> Option<Blocked> {
    let finalizers = pod["metadata"]["finalizers"].as_array()?;
    let first = finalizers.first()?.as_str()?;
    let next = "whoever set the finalizer has to take it away".to_owned();
    Some(Blocked { next, ..awaited(pod, "its finalizer", first) })
}

/// Notes a pod that ends.
fn ending(board: &Board<'_>, pod: &Value) {
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        board.set(pod["metadata"]["uid"].as_str().unwrap_or_default(), State::Ending(kept(pod)));
    }
}

/// Watches the pods of a node and notes those that have gone; ends when all have.
async fn departures(cluster: &Cluster, node: &str, board: &Board<'_>) {
    let request = || Request::get("/api/v1/pods").query("fieldSelector", format!("spec.nodeName={node}"));
    loop {
        if let Ok(list) = cluster.json::<Value>(request()).await {
            let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
            let uids: Vec<String> = board.pods.lock().keys().cloned().collect();
            for uid in uids {
                match items.iter().find(|p| p["metadata"]["uid"] == uid.as_str()) {
                    None => board.set(&uid, State::Gone),
                    Some(pod) => ending(board, pod),
                }
            }
            let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
            let watched = request().query("watch", "true").query("resourceVersion", version);
            if let Ok(mut lines) = cluster.lines(watched).await {
                while *board.left.borrow() > 0 {
                    let Some(Ok(line)) = lines.next().await else { break };
                    let Ok(event) = serde_json::from_slice::<Value>(&line) else { break };
                    match event["type"].as_str() {
                        Some("DELETED") => {
                            board.set(event["object"]["metadata"]["uid"].as_str().unwrap_or_default(), State::Gone);
                        }
                        Some("ADDED" | "MODIFIED") => ending(board, &event["object"]),
                        Some("BOOKMARK") => {}
                        _ => break,
                    }
                }
            }
        }
        if *board.left.borrow() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
