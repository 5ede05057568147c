//! Evictions of many pods at once: each is asked for until its disruption budget lets it go, and waited for until the
//! pod is gone.

use super::action::{Carried, Work};
use super::leavers::{budgets, held_by};
use super::plan::Effect;
use crate::cluster::{Cluster, Method, Request, WriteOptions};
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
    Held(String),
    Ending,
    Gone,
}

struct Board<'a> {
    pods: Mutex<BTreeMap<String, (String, State)>>,
    tell: &'a (dyn Fn(&str) + Send + Sync),
    left: watch::Sender<usize>,
}

impl Board<'_> {
    fn set(&self, uid: &str, state: State) {
        let mut pods = self.pods.lock();
        match pods.get_mut(uid) {
            Some((_, now)) if *now != state && *now != State::Gone => *now = state,
            _ => return,
        }
        let left = pods.values().filter(|(_, s)| *s != State::Gone).count();
        let held: Vec<_> = pods.values().filter(|(_, s)| matches!(s, State::Held(_))).collect();
        let mut text = format!("{left} of {} pods left", pods.len());
        if let Some((name, State::Held(by))) = held.first() {
            let more = if held.len() > 1 { format!(" and {} more", held.len() - 1) } else { String::new() };
            text.push_str(&format!("; {name}{more} waits for {by}"));
        }
        drop(pods);
        (self.tell)(&text);
        self.left.send_replace(left);
    }
    fn words(&self) -> String {
        let pods = self.pods.lock();
        let left: Vec<&str> = pods.values().filter(|(_, s)| *s != State::Gone).map(|(n, _)| n.as_str()).collect();
        match left.as_slice() {
            [] => "all pods have gone".into(),
            [one] => format!("{one} is still there"),
            [first, rest @ ..] => format!("{first} and {} more pods are still there", rest.len()),
        }
    }
}

/// Evicts the pods of an `EvictionList` and waits until they have gone from the node.
pub(crate) async fn evict(work: &Work<'_>, node: &str, items: &[Value]) -> Result<Carried> {
    let uid = |item: &Value| item["deleteOptions"]["preconditions"]["uid"].as_str().unwrap_or_default().to_owned();
    let name = |item: &Value| {
        let (namespace, name) = names(item);
        crate::text::clean_line(&format!("{namespace}/{name}")).into_owned()
    };
    let pods = items.iter().map(|i| (uid(i), (name(i), State::Asked))).collect();
    let board = Board { pods: Mutex::new(pods), tell: work.tell, left: watch::Sender::new(items.len()) };
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
            p.why = format!("{} ({})", p.why, board.words());
            p
        })?,
        () = departures(work.cluster, node, &board) => {}
        () = work.cancel.cancelled() => return Err(work.stopped(board.words())),
    }
    Ok(Carried { text: format!("{} pods have gone", items.len()) })
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
                board.set(&uid, State::Ending);
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
            ProblemKind::Throttled => board.set(&uid, State::Held(holder(work.cluster, item).await)),
            // The pod goes with its namespace; it is waited for.
            ProblemKind::Forbidden if problem.why.contains("being terminated") => {
                board.set(&uid, State::Held("its namespace to end".into()));
            }
            ProblemKind::Unreachable | ProblemKind::Server => {
                board.set(&uid, State::Held("the server to answer".into()))
            }
            _ => return Err(problem),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The budget that holds a pod at this moment, in words.
async fn holder(cluster: &Cluster, item: &Value) -> String {
    let (namespace, name) = names(item);
    let pod: Value = match cluster.json(Request::get(format!("/api/v1/namespaces/{namespace}/pods/{name}"))).await {
        Ok(pod) => pod,
        Err(_) => return "its PodDisruptionBudget".into(),
    };
    held_by(&budgets(cluster, Some(namespace)).await, &pod).unwrap_or_else(|| "its PodDisruptionBudget".into())
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
                    Some(pod) if !pod["metadata"]["deletionTimestamp"].is_null() => board.set(&uid, State::Ending),
                    Some(_) => {}
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
                        Some("ADDED" | "MODIFIED" | "BOOKMARK") => {}
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
