//! What becomes of an effect on the cluster, seen through a watch of the one object.

use super::action::{Action, Progress};
use crate::cluster::{Cluster, Request};
use crate::resources::ObjectRef;
use crate::{Problem, ProblemKind};
use futures::StreamExt;
use serde_json::Value;
use std::time::Duration;

/// How following ended.
pub(crate) enum Seen {
    Done(String),
    Failed(String),
    /// Not seen to the end, and why.
    Unseen(String),
}

/// Follows an object until the action calls its effect done or failed, or its patience is over.
pub(crate) async fn follow(
    cluster: &Cluster,
    action: &dyn Action,
    object: &ObjectRef,
    mut tell: impl FnMut(&str),
) -> Seen {
    let mut last = String::new();
    let judge = |o: Option<&Value>| action.progress(o);
    let watched = watch(cluster, &judge, object, |text| {
        if text != last {
            last = text.to_owned();
            tell(text);
        }
    });
    let seen = tokio::time::timeout(action.patience(), watched).await;
    seen.unwrap_or_else(|_| {
        let minutes = action.patience().as_secs() / 60;
        Seen::Unseen(format!("not finished after {minutes} min: {last}"))
    })
}

/// What a state of the object means.
type Judged<'a> = &'a (dyn Fn(Option<&Value>) -> Option<Progress> + Sync + 'a);

/// Whether a state settles it; tells what is seen.
fn judge(judge: Judged<'_>, object: Option<&Value>, tell: &mut impl FnMut(&str)) -> Option<Seen> {
    match judge(object) {
        None => Some(Seen::Done(String::new())),
        Some(Progress::Done(text)) => Some(Seen::Done(text)),
        Some(Progress::Failed(text)) => Some(Seen::Failed(text)),
        Some(Progress::Going(text)) => {
            tell(&text);
            None
        }
    }
}

/// Watches an object (by its UID, where that is known) until it is judged done or failed.
pub(crate) async fn watch(
    cluster: &Cluster,
    action: Judged<'_>,
    object: &ObjectRef,
    mut tell: impl FnMut(&str),
) -> Seen {
    let mut failures = 0;
    let same = |v: &Value| object.uid.is_empty() || v["metadata"]["uid"] == *object.uid;
    loop {
        // An object that is gone or another one is no object.
        let current = match cluster.json::<Value>(Request::get(object.path(None))).await {
            Ok(value) => Some(value).filter(|v| same(v)),
            Err(p) if p.kind == ProblemKind::NotFound => None,
            Err(p) => match pause(&mut failures, p, &mut tell).await {
                Some(seen) => return seen,
                None => continue,
            },
        };
        if let Some(seen) = judge(action, current.as_ref(), &mut tell) {
            return seen;
        }
        let version = current.as_ref().and_then(|v| v["metadata"]["resourceVersion"].as_str()).unwrap_or_default();
        let request = Request::list(&object.kind, object.namespace())
            .query("watch", "true")
            .query("fieldSelector", format!("metadata.name={}", object.name))
            .query("resourceVersion", version);
        let mut lines = match cluster.lines(request).await {
            Ok(lines) => lines,
            Err(p) => match pause(&mut failures, p, &mut tell).await {
                Some(seen) => return seen,
                None => continue,
            },
        };
        while let Some(Ok(line)) = lines.next().await {
            let Ok(event) = serde_json::from_slice::<Value>(&line) else { break };
            let current = Some(&event["object"]).filter(|v| same(v));
            let seen = match (event["type"].as_str(), current) {
                (Some("ADDED" | "MODIFIED"), Some(current)) => judge(action, Some(current), &mut tell),
                (Some("DELETED"), Some(_)) => judge(action, None, &mut tell),
                (Some("ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"), None) => None,
                _ => break,
            };
            failures = 0;
            if let Some(seen) = seen {
                return seen;
            }
        }
        // The watch has ended, as all do some time: look again and go on, but never in a tight circle.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Waits after a failure; gives up where waiting cannot help.
async fn pause(failures: &mut u32, problem: Problem, tell: &mut impl FnMut(&str)) -> Option<Seen> {
    if matches!(problem.kind, ProblemKind::Forbidden | ProblemKind::Unauthenticated | ProblemKind::Invalid) {
        return Some(Seen::Unseen(format!("cannot be followed: {}", problem.why)));
    }
    tell(&format!("not seen at the moment: {}", problem.why));
    *failures = (*failures + 1).min(6);
    tokio::time::sleep(Duration::from_millis(250 << *failures)).await;
    None
}
