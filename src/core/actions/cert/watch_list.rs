//! Watches the objects of a few kinds in one namespace together, until they are judged: an issuance is told by several.

use crate::actions::action::Progress;
use crate::actions::stage::Found;
use crate::cluster::{Cluster, Request};
use crate::resources::Kind;
use crate::{Problem, ProblemKind};
use futures::StreamExt;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// What is watched: a kind in a namespace, or the one object of this name.
pub(crate) struct Watched<'a> {
    pub kind: Kind,
    pub namespace: &'a str,
    pub name: Option<&'a str>,
}

/// The objects of one kind by name.
pub(crate) type Objects = BTreeMap<String, Value>;

impl Watched<'_> {
    fn request(&self) -> Request {
        let request = Request::list(&self.kind, Some(self.namespace));
        match self.name {
            Some(name) => request.query("fieldSelector", format!("metadata.name={name}")),
            None => request,
        }
    }
}

/// Watches until the judge (given the objects of each kind, in the order of `what`) calls it done or failed.
pub(crate) async fn watch(
    cluster: &Cluster,
    what: &[Watched<'_>],
    tell: &(dyn Fn(&str) + Sync),
    judge: &(dyn Fn(&[Objects]) -> Progress + Sync),
) -> Found {
    let mut failures = 0;
    loop {
        match round(cluster, what, tell, judge).await {
            Ok(Some(found)) => return found,
            Ok(None) => failures = 0,
            Err(p) => {
                if matches!(
                    p.kind,
                    ProblemKind::Forbidden
                        | ProblemKind::Unauthenticated
                        | ProblemKind::NotFound
                        | ProblemKind::Invalid
                ) {
                    return Found::Untold(format!("cannot be followed: {}", p.why));
                }
                tell(&format!("not seen at the moment: {}", p.why));
                failures = (failures + 1).min(6);
            }
        }
        // A watch ends some time: look again, but never in a tight circle.
        tokio::time::sleep(Duration::from_millis(200 << failures)).await;
    }
}

/// Lists, judges, and goes on with watches until one of them ends (`None`).
async fn round(
    cluster: &Cluster,
    what: &[Watched<'_>],
    tell: &(dyn Fn(&str) + Sync),
    judge: &(dyn Fn(&[Objects]) -> Progress + Sync),
) -> Result<Option<Found>, Problem> {
    let settled = |seen: &[Objects]| match judge(seen) {
        Progress::Done(text) => Some(Found::Done(text)),
        Progress::Failed(text) => Some(Found::Failed(text)),
        Progress::Going(text) => {
            tell(&text);
            None
        }
    };
    let (mut seen, mut streams) = (Vec::new(), Vec::new());
    for (i, watched) in what.iter().enumerate() {
        let mut list: Value = cluster.json(watched.request()).await?;
        let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        let items = match list["items"].take() {
            Value::Array(items) => items,
            _ => Vec::new(),
        };
        seen.push(items.into_iter().map(|o| (name_of(&o), o)).collect::<Objects>());
        let lines = cluster.lines(watched.request().query("watch", "true").query("resourceVersion", version)).await?;
        streams.push(lines.map(move |line| (i, line)).boxed());
    }
    if let Some(found) = settled(&seen) {
        return Ok(Some(found));
    }
    // The end of one stream is the end of the round.
    let ends = streams.into_iter().map(|s| s.map(Some).chain(futures::stream::iter([None])).boxed());
    let mut all = futures::stream::select_all(ends);
    while let Some(Some((i, Ok(line)))) = all.next().await {
        let Ok(event) = serde_json::from_slice::<Value>(&line) else { break };
        let object = &event["object"];
        match event["type"].as_str() {
            Some("ADDED" | "MODIFIED") => drop(seen[i].insert(name_of(object), object.clone())),
            Some("DELETED") => drop(seen[i].remove(&name_of(object))),
            Some("BOOKMARK") => continue,
            _ => break,
        }
        if let Some(found) = settled(&seen) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn name_of(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}
