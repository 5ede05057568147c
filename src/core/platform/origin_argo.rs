//! What an Argo CD Application says about itself: conditions, the last operation with its hooks, resources that differ.
//! Types and phases as in `pkg/apis/application/v1alpha1/types.go`.

use super::Block;
use super::blocking::block;
use super::objects::{AppResource, Application};
use super::origin::{Origin, STUCK, Trouble, block_on, named, short_revision};
use super::view::{AppOrigin, Operation};
use crate::findings::{cause, gitops};
use crate::overview::Snapshot;
use crate::resources::{Kind, Level, ObjectRef, Verdict};
use crate::text::without_login;

/// Conditions that stand for an error, the most basic first.
const ERRORS: [&str; 5] = ["InvalidSpecError", "ComparisonError", "DeletionError", "SyncError", "UnknownError"];

pub fn origin(snapshot: &Snapshot, kind: &Kind, a: &Application, now: i64) -> Origin {
    let status = &a.status;
    let source = a.source();
    let mut revision = status.sync.revision.clone();
    if revision.is_empty() {
        revision = status.sync.revisions.first().cloned().unwrap_or_default();
    }
    let declared = source.map(|s| s.target_revision.clone()).unwrap_or_default();
    let running = if revision.is_empty() { declared.clone() } else { short_revision(&revision).as_str().into() };
    let op = status.operation_state.as_ref();
    Origin {
        view: AppOrigin {
            object: ObjectRef::with_meta(kind.clone(), &a.meta),
            manager: "Argo CD",
            kind: kind.kind.clone(),
            namespace: a.meta.namespace.clone(),
            name: a.meta.name.clone(),
            sync: if status.sync.status.is_empty() { "Unknown".into() } else { status.sync.status.clone() },
            health: status.health.status.clone(),
            revision: running,
            declared,
            source: source.map(described).unwrap_or_default(),
            suspended: false,
        },
        target: a.spec.destination.namespace.clone(),
        trouble: trouble(snapshot, kind, a, now),
        since: op.and_then(|o| o.finished_at).or(status.health.last_transition_time),
        release: "".into(),
        needs: Vec::new(),
        operations: operations(kind, a),
        version: "".into(),
        chart_version: "".into(),
    }
}

fn described(source: &super::objects::AppSource) -> String {
    let what = if source.chart.is_empty() { &source.path } else { &source.chart };
    let url = without_login(&source.repo_url);
    if what.is_empty() { url } else { format!("{url} {what}") }
}

fn trouble(snapshot: &Snapshot, kind: &Kind, a: &Application, now: i64) -> Option<Trouble> {
    let status = &a.status;
    let here = |rank, words: &str, next: &str, since| block(kind, &a.meta, rank, words, next, since);
    let op = status.operation_state.as_ref();
    let failed = op.filter(|o| matches!(&*o.phase, "Failed" | "Error"));
    let results = failed.and_then(|o| o.sync_result.as_ref()).map(|r| r.resources.as_slice()).unwrap_or_default();
    let error = ERRORS.iter().find_map(|e| status.conditions.iter().find(|c| *c.kind == **e));
    if let Some(condition) = error {
        // A sync that failed on an object is told by that object.
        let syncing = &*condition.kind == "SyncError" && !results.is_empty();
        if let (false, Some((why, next))) = (syncing, gitops::argo_condition(&condition.kind, &condition.message)) {
            let word = if &*condition.kind == "SyncError" { "Sync failed" } else { "Failed" };
            return Some(Trouble {
                blocks: vec![here(75, &why, next, condition.since)],
                verdict: Verdict::new(Level::Bad, word).why(why).next(next),
                code: Some("APP_SYNC_FAILED"),
            });
        }
    }
    if let Some(op) = failed {
        let said = format!("the last sync failed: {}", cause::line(&op.message, 120));
        let mut blocks = vec![here(14, &said, "read the result of the last operation", op.finished_at)];
        blocks.extend(results.first().map(|r| result(snapshot, r, op.finished_at)));
        let (why, next) = match blocks.get(1) {
            Some(b) => (format!("the last sync failed: {} {}: {}", b.kind, b.name, b.words), b.next.clone()),
            None => (said, blocks[0].next.clone()),
        };
        let verdict = Verdict::new(Level::Bad, "Sync failed").why(why).next(next);
        return Some(Trouble { verdict, code: Some("APP_SYNC_FAILED"), blocks });
    }
    let hanging = op.filter(|o| &*o.phase == "Running" && o.started_at.is_some_and(|s| now > s + STUCK));
    if let Some(op) = hanging {
        let why = format!("its sync hangs: {}", cause::line(&op.message, 120));
        let next = "see what it waits for; terminate the operation when it cannot come";
        let blocks = vec![here(13, &why, next, op.started_at)];
        let verdict = Verdict::new(Level::Warn, "Syncing").why(why).next(next);
        return Some(Trouble { verdict, code: Some("APP_SYNC_FAILED"), blocks });
    }
    if &*status.health.status == "Degraded" {
        let sick = status.resources.iter().find(|r| r.unhealthy());
        let said = cause::line(&status.health.message, 120);
        let mut blocks =
            vec![here(11, "Argo CD finds it degraded", "see its resources", status.health.last_transition_time)];
        blocks.extend(sick.map(|r| {
            let health = r.health.clone().unwrap_or_default();
            let words = format!("{} {}", health.status, cause::line(&health.message, 120));
            block_on(object(snapshot, r), 20, words.trim().to_owned(), "describe it", health.last_transition_time)
        }));
        let why = match (blocks.get(1), said.is_empty()) {
            (Some(b), _) => format!("{} {}: {}", b.kind, b.name, b.words),
            (None, false) => said,
            _ => "Argo CD finds it degraded".into(),
        };
        let verdict = Verdict::new(Level::Bad, "Degraded").why(why).next("see the resources of the Application");
        return Some(Trouble { verdict, code: Some("APP_DEGRADED"), blocks });
    }
    if &*status.sync.status != "OutOfSync" {
        return None;
    }
    let next = if a.spec.sync_policy.as_ref().is_some_and(|p| p.automated.is_some()) {
        "see what differs: automatic sync does not mend it"
    } else {
        "see what differs, then sync"
    };
    let differ: Vec<&AppResource> = status.resources.iter().filter(|r| &*r.status == "OutOfSync").collect();
    let why = match differ.as_slice() {
        [] => "the cluster differs from git".to_owned(),
        [one] => format!("{} {} differs from git", one.kind, one.name),
        [one, rest @ ..] => format!("{} {} and {} more differ from git", one.kind, one.name, rest.len()),
    };
    let mut blocks = vec![here(3, &why, next, None)];
    blocks.extend(differ.iter().take(3).map(|r| {
        let words = if r.requires_pruning { "is no longer in git" } else { "differs from git" };
        block_on(object(snapshot, r), 4, words.into(), next, None)
    }));
    let verdict = Verdict::new(Level::Warn, "Out of sync").why(why).next(next);
    Some(Trouble { verdict, code: Some("APP_OUT_OF_SYNC"), blocks })
}

fn object(snapshot: &Snapshot, r: &AppResource) -> ObjectRef {
    named(snapshot, &r.group, &r.version, &r.kind, (&r.namespace, &r.name))
}

/// A result of an operation that failed: a hook, or an object that the server refused.
fn result(snapshot: &Snapshot, r: &AppResource, since: Option<i64>) -> Block {
    let said = cause::line(&r.message, 140);
    let (words, next) = if r.hook_type.is_empty() || &*r.status == "SyncFailed" {
        (format!("was refused: {said}"), "correct the object in git")
    } else {
        (format!("{} hook failed: {said}", r.hook_type), "read the log of the hook's pod; then sync again")
    };
    block_on(object(snapshot, r), 76, words, next, since)
}

fn operations(kind: &Kind, a: &Application) -> Vec<Operation> {
    let object = ObjectRef::with_meta(kind.clone(), &a.meta);
    let mut all: Vec<Operation> = Vec::new();
    if let Some(op) = &a.status.operation_state {
        let revision = op.sync_result.as_ref().map(|r| short_revision(&r.revision)).unwrap_or_default();
        let level = match &*op.phase {
            "Succeeded" => Level::Good,
            "Failed" | "Error" => Level::Bad,
            _ => Level::Busy,
        };
        // A success stands in the history already.
        let told = level == Level::Good && a.status.history.last().is_some_and(|h| h.deployed_at >= op.started_at);
        if !told {
            let message = cause::line(&op.message, 120);
            let retries = if op.retry_count > 0 { format!(", {} retries", op.retry_count) } else { String::new() };
            all.push(Operation {
                at: op.finished_at.or(op.started_at),
                what: format!("sync {revision}").trim().to_owned(),
                outcome: format!("{}{retries} {message}", op.phase).trim().to_owned(),
                by: String::new(),
                level,
                manager: "Argo CD",
                object: object.clone(),
            });
        }
    }
    all.extend(a.status.history.iter().rev().map(|h| {
        let revision = if h.revision.is_empty() { h.revisions.join(", ") } else { h.revision.to_string() };
        let by = if h.initiated_by.automated { "automatic".into() } else { h.initiated_by.username.to_string() };
        Operation {
            at: h.deployed_at,
            what: format!("sync {}", short_revision(&revision)),
            outcome: format!("deployed, history {}", h.id),
            by,
            level: Level::Good,
            manager: "Argo CD",
            object: object.clone(),
        }
    }));
    all
}
