//! Where an app comes from: its Argo CD Application, Flux object or Helm release, with sync and health.

use super::objects::{Application, FluxObject, HelmRelease};
use super::view::AppOrigin;
use crate::Str;
use crate::findings::{cause, gitops};
use crate::overview::Snapshot;
use crate::resources::{Kind, Level, ObjectRef, Verdict};
use rustc_hash::FxHashMap;

/// An origin, where it puts its objects, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Origin {
    pub view: AppOrigin,
    /// Where its objects are.
    pub target: Str,
    /// What is wrong, with the finding's code.
    pub trouble: Option<(Verdict, &'static str)>,
    pub since: Option<i64>,
    pub chart: Str,
}

impl Origin {
    /// The word that profiles have for it.
    pub fn source(&self) -> &'static str {
        match self.view.manager {
            "Argo CD" => "argo",
            "Flux" => "flux",
            _ => "helm",
        }
    }
}

/// All origins: Argo CD, then Flux, then Helm releases that neither of them makes.
pub fn all(snapshot: &Snapshot) -> Vec<Origin> {
    let mut origins: Vec<Origin> = snapshot.applications.iter().map(|(k, a)| argo(k, a)).collect();
    origins.extend(snapshot.flux.iter().map(|(k, f)| flux(k, f)));
    origins.extend(helm(snapshot));
    origins
}

fn argo(kind: &Kind, a: &Application) -> Origin {
    let status = &a.status;
    let mut trouble = None;
    for condition in &status.conditions {
        if let Some((why, next)) = gitops::argo_condition(&condition.kind, &condition.message) {
            trouble = Some((Verdict::new(Level::Bad, "Failed").why(why).next(next), "APP_SYNC_FAILED"));
            break;
        }
    }
    if let Some(op) = status.operation_state.as_ref().filter(|o| matches!(&*o.phase, "Failed" | "Error"))
        && trouble.is_none()
    {
        let why = format!("the last sync failed: {}", cause::line(&op.message, 120));
        trouble = Some((
            Verdict::new(Level::Bad, "Sync failed").why(why).next("read the result of the last operation"),
            "APP_SYNC_FAILED",
        ));
    }
    if trouble.is_none() && &*status.sync.status == "OutOfSync" {
        let next = if a.spec.sync_policy.as_ref().is_some_and(|p| p.automated.is_some()) {
            "see what differs: automatic sync does not mend it"
        } else {
            "see what differs, then sync"
        };
        let verdict = Verdict::new(Level::Warn, "Out of sync").why("the cluster differs from git").next(next);
        trouble = Some((verdict, "APP_OUT_OF_SYNC"));
    }
    let source = a.spec.source.as_ref();
    let revision = if status.sync.revision.is_empty() {
        source.map(|s| s.target_revision.clone()).unwrap_or_default()
    } else {
        status.sync.revision.chars().take(12).collect::<String>().as_str().into()
    };
    Origin {
        view: AppOrigin {
            object: ObjectRef::with_meta(kind.clone(), &a.meta),
            manager: "Argo CD",
            kind: kind.kind.clone(),
            namespace: a.meta.namespace.clone(),
            name: a.meta.name.clone(),
            sync: if status.sync.status.is_empty() { "Unknown".into() } else { status.sync.status.clone() },
            health: status.health.status.clone(),
            revision,
            suspended: false,
        },
        target: a.spec.destination.namespace.clone(),
        trouble,
        since: status.operation_state.as_ref().and_then(|o| o.finished_at).or(status.health.last_transition_time),
        chart: source.map(|s| s.chart.clone()).unwrap_or_default(),
    }
}

fn flux(kind: &Kind, f: &FluxObject) -> Origin {
    let ready = f.status.conditions.get("Ready");
    let bad = ready.filter(|r| &*r.status == "False");
    let trouble = bad.filter(|_| !f.spec.suspend).map(|r| {
        let (why, next) = gitops::flux_reason(&r.reason, &r.message);
        (Verdict::new(Level::Bad, "Failed").why(why).next(next), "APP_SYNC_FAILED")
    });
    let sync = match ready.map(|r| &*r.status) {
        _ if f.spec.suspend => "Suspended",
        Some("True") => "Applied",
        Some("False") => "Failed",
        _ => "Reconciling",
    };
    let revision = if f.status.last_applied_revision.is_empty() {
        &f.status.last_attempted_revision
    } else {
        &f.status.last_applied_revision
    };
    Origin {
        view: AppOrigin {
            object: ObjectRef::with_meta(kind.clone(), &f.meta),
            manager: "Flux",
            kind: kind.kind.clone(),
            namespace: f.meta.namespace.clone(),
            name: f.meta.name.clone(),
            sync: sync.into(),
            health: if f.status.conditions.is("Healthy") { "Healthy".into() } else { "".into() },
            revision: revision.clone(),
            suspended: f.spec.suspend,
        },
        target: if f.spec.target_namespace.is_empty() {
            f.meta.namespace.clone()
        } else {
            f.spec.target_namespace.clone()
        },
        trouble,
        since: ready.and_then(|r| r.since),
        chart: f.spec.release_name.clone(),
    }
}

/// The latest revision of each Helm release.
fn helm(snapshot: &Snapshot) -> Vec<Origin> {
    let mut latest: FxHashMap<(&str, &str), (&Kind, &HelmRelease)> = FxHashMap::default();
    for (kind, release) in snapshot.helm_releases.iter() {
        let entry = latest.entry((&release.meta.namespace, release.name())).or_insert((kind, release));
        if release.revision() > entry.1.revision() {
            *entry = (kind, release);
        }
    }
    let mut origins: Vec<Origin> = latest
        .into_values()
        .filter(|(_, r)| !r.name().is_empty() && r.status() != "uninstalled")
        .map(|(kind, r)| {
            let trouble = match r.status() {
                "failed" => Some((
                    "Failed",
                    "the last Helm operation failed",
                    "see the release's history; roll back or upgrade",
                )),
                s if s.starts_with("pending") => Some((
                    "Pending",
                    "a Helm operation was not finished",
                    "roll back the release when nobody works on it",
                )),
                _ => None,
            };
            // An operation that has just begun is not stuck.
            let trouble = trouble
                .map(|(word, why, next)| (Verdict::new(Level::Warn, word).why(why).next(next), "APP_SYNC_FAILED"));
            Origin {
                view: AppOrigin {
                    object: ObjectRef::with_meta(kind.clone(), &r.meta),
                    manager: "Helm",
                    kind: "Release".into(),
                    namespace: r.meta.namespace.clone(),
                    name: r.name().into(),
                    sync: r.status().into(),
                    health: "".into(),
                    revision: r.revision().to_string().as_str().into(),
                    suspended: false,
                },
                target: r.meta.namespace.clone(),
                trouble,
                since: r.meta.created,
                chart: "".into(),
            }
        })
        .collect();
    origins.sort_by(|a, b| (&a.view.namespace, &a.view.name).cmp(&(&b.view.namespace, &b.view.name)));
    origins
}
