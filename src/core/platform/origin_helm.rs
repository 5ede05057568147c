//! Helm releases: the latest revision of each, and the ones before it.

use super::blocking::block;
use super::objects::HelmRelease;
use super::origin::{Origin, STUCK, Trouble};
use super::view::{AppOrigin, Operation};
use crate::Str;
use crate::findings::cause;
use crate::overview::Snapshot;
use crate::resources::{Kind, Level, ObjectRef, Verdict};
use std::collections::BTreeMap;

/// The latest revision of each Helm release.
pub fn all(snapshot: &Snapshot, now: i64) -> Vec<Origin> {
    let mut releases: BTreeMap<(&str, &str), Vec<(&Kind, &HelmRelease)>> = BTreeMap::new();
    for (kind, r) in snapshot.helm_releases.iter().filter(|(_, r)| !r.name().is_empty()) {
        releases.entry((&r.meta.namespace, r.name())).or_default().push((kind, r));
    }
    let mut origins = Vec::new();
    for mut revisions in releases.into_values() {
        revisions.sort_by_key(|(_, r)| std::cmp::Reverse(r.revision()));
        if let Some((kind, r)) = revisions.first().filter(|(_, r)| r.status() != "uninstalled") {
            let mut origin = origin(kind, r, now);
            origin.operations = revisions.iter().map(|(kind, r)| operation(kind, r)).collect();
            origins.push(origin);
        }
    }
    origins
}

fn origin(kind: &Kind, r: &HelmRelease, now: i64) -> Origin {
    let revision = r.revision().to_string();
    let chart = r.chart_name();
    Origin {
        view: AppOrigin {
            object: ObjectRef::with_meta(kind.clone(), &r.meta),
            manager: "Helm",
            kind: "Release".into(),
            namespace: r.meta.namespace.clone(),
            name: r.name().into(),
            sync: r.status().into(),
            health: "".into(),
            revision: revision.as_str().into(),
            declared: "".into(),
            source: chart,
            suspended: false,
        },
        target: r.meta.namespace.clone(),
        trouble: trouble(kind, r, now),
        since: r.at(),
        release: r.name().into(),
        needs: Vec::new(),
        operations: Vec::new(),
        version: r.app_version.clone(),
        chart_version: r.chart_version.clone(),
    }
}

fn trouble(kind: &Kind, r: &HelmRelease, now: i64) -> Option<Trouble> {
    let said = cause::line(&r.description, 140);
    let (word, rank, why, next) = match r.status() {
        "failed" => {
            let why = if said.is_empty() { "the last Helm operation failed".into() } else { said };
            ("Failed", 14, why, "see the release's history; roll back or upgrade")
        }
        // An operation that has just begun is not stuck; one whose program was killed stays so for ever.
        s if s.starts_with("pending") || s == "uninstalling" => {
            let since = r.at().filter(|at| now > at + STUCK)?;
            let doing = s.strip_prefix("pending-").unwrap_or(s);
            let why = format!("{doing} was begun {} ago and never finished", crate::clock::human_duration(now - since));
            (s_word(s), 16, why, "nobody works on it? roll the release back to its last good revision")
        }
        _ => return None,
    };
    let verdict = Verdict::new(Level::Warn, word).why(&*why).next(next);
    Some(Trouble {
        verdict,
        code: Some("APP_SYNC_FAILED"),
        blocks: vec![block(kind, &r.meta, rank, why, next, r.at())],
    })
}

fn s_word(status: &str) -> &'static str {
    if status == "uninstalling" { "Uninstalling" } else { "Pending" }
}

fn operation(kind: &Kind, r: &HelmRelease) -> Operation {
    let level = match r.status() {
        "deployed" => Level::Good,
        "failed" => Level::Bad,
        "superseded" | "uninstalled" => Level::Off,
        _ => Level::Busy,
    };
    let description: Str = if &*r.description == "Upgrade complete" { "".into() } else { r.description.clone() };
    Operation {
        at: r.at(),
        what: format!("revision {} {}", r.revision(), r.chart_name()).trim().to_owned(),
        outcome: format!("{} {description}", r.status()).trim().to_owned(),
        by: String::new(),
        level,
        manager: "Helm",
        object: ObjectRef::with_meta(kind.clone(), &r.meta),
    }
}
