//! One step sent to the server, as a dry run or for good: only to the object that was meant, and only
//! while what it is about is as it was shown.

use super::plan::{Effect, Step, holds_secrets};
use super::refusal::explained;
use super::wipe::Known;
use super::{diff, patch, pipeline};
use crate::cluster::{Cluster, Method, Request, WriteOptions};
use crate::{Problem, ProblemKind, Result};
use serde_json::Value;

/// A patch goes again this often when only other fields of its object have changed meanwhile.
const TRIES: usize = 6;

/// Sends a step; the server's answer. A patch that meets a newer state of the same object goes again, for
/// that state, when the fields it is about are as they were shown: so a busy status does not stand in its
/// way, and nothing is overwritten. The step then says which state it met.
pub(crate) async fn send(cluster: &Cluster, step: &mut Step, dry_run: bool) -> Result<Value> {
    let options = WriteOptions { dry_run, force: false };
    let mut tries = 0;
    loop {
        let problem = match cluster.write(&step.effect, options).await {
            Ok(body) => return Ok(serde_json::from_slice(&body).unwrap_or_default()),
            Err(problem) => problem,
        };
        tries += 1;
        // The object has the name of the one that was meant, and is another one.
        if step.effect.method == Method::MergePatch && problem.fields.iter().any(|f| f.field == "metadata.uid") {
            return Err(pipeline::recreated(&step.object));
        }
        let conflict = problem.kind == ProblemKind::Conflict;
        if step.effect.method == Method::Delete && (conflict || problem.kind == ProblemKind::NotFound) {
            return Err(match pipeline::fetch(cluster, step.object.clone()).await {
                Err(told) => told,
                Ok(_) => explained(problem, step),
            });
        }
        if step.effect.method != Method::MergePatch || !conflict || tries >= TRIES {
            return Err(unsure(explained(problem, step)));
        }
        let now = Known::from(cluster.json::<Value>(Request::get(&step.effect.path)).await?);
        step.effect = again(step, &now)?;
        step.current = now;
    }
}

/// The same patch for a newer state of the object, if what it is about is still as it was shown.
pub(crate) fn again(step: &Step, now: &Value) -> Result<Effect> {
    let (effect, meta) = (&step.effect, &now["metadata"]);
    if meta["uid"].as_str().is_some_and(|uid| !step.object.uid.is_empty() && uid != &*step.object.uid) {
        return Err(pipeline::recreated(&step.object));
    }
    let hidden = holds_secrets(&step.object, effect);
    let change = Known::part(patch::without_identity(effect.body.as_ref().unwrap_or(&Value::Null)), hidden);
    let shown = Known::part(patch::inverse(&step.current, &change), hidden);
    if let Some((path, there, was)) = patch::differs(now, &shown) {
        let say = |v: &Value| match v {
            Value::Null => "nothing".into(),
            _ if hidden => "(hidden)".into(),
            v => diff::shown(v),
        };
        let path = diff::path_text(&path);
        return Err(Problem::new(
            ProblemKind::Conflict,
            "nothing was changed",
            format!("{path} is {} now and was {} when the plan was shown", say(there), say(was)),
        )
        .on(step.object.to_string())
        .next("plan it again"));
    }
    let uid = meta["uid"].as_str().unwrap_or_default();
    let version = meta["resourceVersion"].as_str().unwrap_or_default();
    // Made anew: a body that is put in the place of another leaves that one in memory.
    let body = Some(patch::with_identity(&change, uid, version));
    Ok(Effect { method: effect.method, path: effect.path.clone(), query: effect.query.clone(), body })
}

/// A call without an answer may have been carried out.
fn unsure(mut problem: Problem) -> Problem {
    if matches!(problem.kind, ProblemKind::Unreachable) || problem.status == Some(504) {
        problem.next = "it is not known whether the server did it: look at the object before trying again".into();
    }
    problem
}
