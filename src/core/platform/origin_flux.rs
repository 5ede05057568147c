//! What a Flux Kustomization or HelmRelease says about itself: its Ready condition, its source, what it depends on.
//! Reasons as in `fluxcd/pkg/apis/meta` and the controllers' APIs.

use super::Block;
use super::blocking::block;
use super::objects::{FluxObject, FluxSource};
use super::origin::{Origin, STUCK, Trouble, block_on, named, short_revision};
use super::view::{AppOrigin, Operation};
use crate::Str;
use crate::findings::{cause, gitops};
use crate::overview::Snapshot;
use crate::resources::{Kind, Level, ObjectRef, Verdict};

pub fn origin(snapshot: &Snapshot, kind: &Kind, f: &FluxObject, now: i64) -> Origin {
    let ready = f.status.conditions.get("Ready");
    let sync = match ready.map(|r| &*r.status) {
        _ if f.spec.suspend => "Suspended",
        Some("True") => "Applied",
        Some("False") => "Failed",
        _ => "Reconciling",
    };
    let latest = f.status.history.first();
    let applied = if f.status.last_applied_revision.is_empty() {
        &f.status.last_attempted_revision
    } else {
        &f.status.last_applied_revision
    };
    let released = latest.map(|h| h.chart_version.clone()).filter(|v| !v.is_empty());
    let chart = f.spec.chart.as_ref().map(|c| &c.spec);
    Origin {
        view: AppOrigin {
            object: ObjectRef::with_meta(kind.clone(), &f.meta),
            manager: "Flux",
            kind: kind.kind.clone(),
            namespace: f.meta.namespace.clone(),
            name: f.meta.name.clone(),
            sync: sync.into(),
            health: if f.status.conditions.is("Healthy") { "Healthy".into() } else { "".into() },
            revision: released.unwrap_or_else(|| short_revision(applied).as_str().into()),
            declared: chart.map(|c| c.version.clone()).unwrap_or_default(),
            source: described(f),
            suspended: f.spec.suspend,
        },
        target: if f.spec.target_namespace.is_empty() {
            f.meta.namespace.clone()
        } else {
            f.spec.target_namespace.clone()
        },
        trouble: trouble(snapshot, kind, f, now),
        since: ready.and_then(|r| r.since),
        release: f.spec.release_name.clone(),
        needs: f.spec.depends_on.iter().map(|d| (within(&d.namespace, f), d.name.clone())).collect(),
        operations: operations(kind, f),
        version: latest.map(|h| h.app_version.clone()).unwrap_or_default(),
        chart_version: latest.map(|h| h.chart_version.clone()).unwrap_or_default(),
    }
}

fn within(namespace: &Str, f: &FluxObject) -> Str {
    if namespace.is_empty() { f.meta.namespace.clone() } else { namespace.clone() }
}

fn described(f: &FluxObject) -> String {
    let source = f.spec.source().map(|s| format!("{}/{}", s.kind, s.name)).unwrap_or_default();
    let chart = f.spec.chart.as_ref().map(|c| c.spec.chart.to_string()).unwrap_or_default();
    let what = if chart.is_empty() { f.spec.path.to_string() } else { chart };
    format!("{source} {what}").trim().to_owned()
}

fn trouble(snapshot: &Snapshot, kind: &Kind, f: &FluxObject, now: i64) -> Option<Trouble> {
    if f.spec.suspend {
        return None;
    }
    let ready = f.status.conditions.get("Ready").filter(|r| &*r.status != "True")?;
    if &*ready.status != "False" {
        // Waiting is fine for a while.
        let since = ready.since.filter(|s| now > s + STUCK)?;
        let why = format!("reconciling for long: {}", cause::line(&ready.message, 120));
        let next = "see the workloads that it waits for";
        let verdict = Verdict::new(Level::Warn, "Reconciling").why(&*why).next(next);
        let blocks = vec![block(kind, &f.meta, 12, why, next, Some(since))];
        return Some(Trouble { verdict, code: Some("APP_SYNC_FAILED"), blocks });
    }
    let (why, next) = gitops::flux_reason(&ready.reason, &ready.message);
    let rank = match &*ready.reason {
        // What it waits for is nearer to the root.
        "HealthCheckFailed" | "Progressing" | "InstallFailed" | "UpgradeFailed" | "RetriesExceeded" | "Stalled" => 14,
        "DependencyNotReady" => 15,
        _ => 75,
    };
    let mut blocks = vec![block(kind, &f.meta, rank, why, next, ready.since)];
    let nearer = match &*ready.reason {
        "DependencyNotReady" => dependency(snapshot, f),
        _ => source(snapshot, f),
    };
    blocks.extend(nearer);
    let (why, next) = match blocks.get(1) {
        Some(b) => (format!("waits for {} {}: {}", b.kind, b.name, b.words), b.next.clone()),
        None => (blocks[0].words.clone(), blocks[0].next.clone()),
    };
    let verdict = Verdict::new(Level::Bad, "Failed").why(why).next(next);
    Some(Trouble { verdict, code: Some("APP_SYNC_FAILED"), blocks })
}

/// The first of its dependencies that is not ready.
fn dependency(snapshot: &Snapshot, f: &FluxObject) -> Option<Block> {
    f.spec.depends_on.iter().find_map(|d| {
        let namespace = within(&d.namespace, f);
        let same = |o: &FluxObject| o.kind == f.kind && o.meta.name == d.name && o.meta.namespace == namespace;
        let Some((kind, found)) = snapshot.flux.iter().find(|(_, o)| same(o)) else {
            let object = named(snapshot, &f_group(&f.kind), "v1", &f.kind, (&namespace, &d.name));
            return Some(block_on(
                object,
                78,
                "it does not exist".into(),
                "create it, or take it out of dependsOn",
                None,
            ));
        };
        let ready = found.status.conditions.get("Ready");
        if ready.is_some_and(|r| &*r.status == "True") {
            return None;
        }
        let (words, next) = if found.spec.suspend {
            ("is suspended".to_owned(), "resume it")
        } else {
            ready.map_or(("was not reconciled yet".to_owned(), "see its controller"), |r| {
                gitops::flux_reason(&r.reason, &r.message)
            })
        };
        // Less than what is a cause of its own: the app behind it knows why.
        Some(block(kind, &found.meta, 60, words, next, ready.and_then(|r| r.since)))
    })
}

fn f_group(kind: &str) -> String {
    if kind == "HelmRelease" { "helm.toolkit.fluxcd.io".into() } else { "kustomize.toolkit.fluxcd.io".into() }
}

/// Its source, when that is not ready.
fn source(snapshot: &Snapshot, f: &FluxObject) -> Option<Block> {
    let wanted = f.spec.source()?;
    if !snapshot.flux_sources.known() {
        return None;
    }
    let namespace = within(&wanted.namespace, f);
    let same = |(k, s): &(&Kind, &std::sync::Arc<FluxSource>)| {
        k.kind == *wanted.kind && s.meta.name == wanted.name && s.meta.namespace == namespace
    };
    let Some((kind, found)) = snapshot.flux_sources.iter().find(same) else {
        let object = named(snapshot, "source.toolkit.fluxcd.io", "v1", &wanted.kind, (&namespace, &wanted.name));
        return Some(block_on(
            object,
            85,
            "there is no such source".into(),
            "create it, or correct the sourceRef",
            None,
        ));
    };
    if found.spec.suspend && found.status.artifact.is_none() {
        return Some(block(kind, &found.meta, 84, "is suspended and has nothing fetched", "resume it", None));
    }
    let bad = found.status.conditions.not("Ready")?;
    let words = format!("cannot be fetched: {}", cause::line(&bad.message, 120));
    Some(block(kind, &found.meta, 85, words, "check its address, revision and credentials", bad.since))
}

fn operations(kind: &Kind, f: &FluxObject) -> Vec<Operation> {
    let object = ObjectRef::with_meta(kind.clone(), &f.meta);
    let mut all: Vec<Operation> = Vec::new();
    if let Some(ready) = f.status.conditions.get("Ready") {
        let level = match &*ready.status {
            "True" => Level::Good,
            "False" => Level::Bad,
            _ => Level::Busy,
        };
        all.push(Operation {
            at: ready.since,
            what: format!("reconcile {}", short_revision(&f.status.last_attempted_revision)).trim().to_owned(),
            outcome: format!("{}: {}", ready.reason, cause::line(&ready.message, 120)),
            by: String::new(),
            level,
            manager: "Flux",
            object: object.clone(),
        });
    }
    for h in f.status.history.iter().take(10).filter(|h| !h.chart_name.is_empty()) {
        let level = match &*h.status {
            "deployed" => Level::Good,
            "failed" => Level::Bad,
            _ => Level::Off,
        };
        all.push(Operation {
            at: h.last_deployed,
            what: format!("release {} {}-{}", h.version, h.chart_name, h.chart_version),
            outcome: h.status.to_string(),
            by: String::new(),
            level,
            manager: "Flux",
            object: object.clone(),
        });
    }
    all
}
