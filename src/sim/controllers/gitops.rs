//! Argo CD and Flux in small: an Application is refreshed and synced when somebody asks for it, a Flux object is
//! reconciled. Nothing is fetched or applied; what they say of themselves is written as they write it.
//!
//! The annotation `sim.quarterdeck.dev/fails` on the object makes its next sync or reconcile fail with that message.

use super::cluster::{Cluster, leaving};
use crate::shapes::times;
use crate::value::{annotation, at, int, list, text};
use serde_json::{Value, json};

const ARGO: &str = "argoproj.io/v1alpha1";
const REFRESH: &str = "argocd.argoproj.io/refresh";
const FAILS: &str = "sim.quarterdeck.dev/fails";
const REQUESTED: &str = "reconcile.fluxcd.io/requestedAt";
const MANAGER: &str = "argocd-application-controller";
/// Group, version and kind of what Flux looks after.
const FLUX: [(&str, &str); 7] = [
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
    ("source.toolkit.fluxcd.io/v1", "GitRepository"),
    ("source.toolkit.fluxcd.io/v1", "OCIRepository"),
    ("source.toolkit.fluxcd.io/v1", "Bucket"),
    ("source.toolkit.fluxcd.io/v1", "HelmRepository"),
    ("source.toolkit.fluxcd.io/v1", "HelmChart"),
];

fn application(cluster: &Cluster, ns: &str, object: &str) -> Option<Value> {
    cluster.find(ARGO, "Application", ns, object).filter(|a| !leaving(a))
}

/// Looks whether somebody has asked for something.
pub(super) fn asked(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(a) = application(cluster, ns, object) else { return };
    if annotation(&a, REFRESH).is_some() {
        cluster.later(700, "application-refreshed", ns, object);
    }
    if !a["operation"].is_object() {
        return;
    }
    match text(&a, "status.operationState.phase") {
        "Running" => {}
        "Terminating" => cluster.later(300, "application-synced", ns, object),
        _ => {
            let (now, operation) = (times::text(cluster.now()), a["operation"].clone());
            let resources: Vec<Value> = list(&a, "status.resources").iter().map(result).collect();
            cluster.change(&a, MANAGER, |a| {
                a["status"]["operationState"] = json!({"operation": operation, "phase": "Running", "startedAt": now,
                    "message": "waiting for completion of sync tasks",
                    "syncResult": {"revision": revision(a), "source": a["spec"]["source"], "resources": resources}});
            });
            cluster.later(2500, "application-synced", ns, object);
        }
    }
}

/// What a sync says of an object before it is done.
fn result(r: &Value) -> Value {
    json!({"group": r["group"], "version": r["version"], "kind": r["kind"], "namespace": r["namespace"],
        "name": r["name"], "syncPhase": "Sync"})
}

/// The revision that an operation is about.
fn revision(a: &Value) -> Value {
    let chosen = text(a, "operation.sync.revision");
    if chosen.is_empty() { at(a, "status.sync.revision").clone() } else { chosen.into() }
}

/// Git and cluster have been compared.
pub(super) fn refreshed(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(a) = application(cluster, ns, object).filter(|a| annotation(a, REFRESH).is_some()) else { return };
    let now = times::text(cluster.now());
    cluster.change(&a, MANAGER, |a| {
        if let Some(all) = a["metadata"]["annotations"].as_object_mut() {
            all.remove(REFRESH);
        }
        a["status"]["reconciledAt"] = now.into();
    });
}

/// The operation ends: done, failed or terminated.
pub(super) fn synced(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(a) = application(cluster, ns, object).filter(|a| a["operation"].is_object()) else { return };
    let (phase, message) = match (text(&a, "status.operationState.phase"), annotation(&a, FAILS)) {
        ("Terminating", _) => ("Failed", "Operation terminated"),
        ("Running", Some(why)) => ("Failed", why),
        ("Running", None) => ("Succeeded", "successfully synced (all tasks run)"),
        _ => return,
    };
    let (now, good) = (times::text(cluster.now()), phase == "Succeeded");
    let (phase, message) = (phase.to_owned(), message.to_owned());
    let tried = at(&a, "operation.sync.dryRun") == true;
    // A rollback brings back what git does not declare any more.
    let back = at(&a, "operation.sync.source").is_object();
    let revision = revision(&a);
    cluster.change(&a, MANAGER, |a| {
        let state = &mut a["status"]["operationState"];
        state["phase"] = phase.as_str().into();
        state["message"] = message.as_str().into();
        state["finishedAt"] = now.as_str().into();
        for r in state["syncResult"]["resources"].as_array_mut().into_iter().flatten().filter(|_| good) {
            r["status"] = "Synced".into();
            r["message"] = "unchanged".into();
        }
        if let Some(all) = a.as_object_mut() {
            all.remove("operation");
        }
        if !good || tried {
            return;
        }
        a["status"]["sync"]["status"] = if back { "OutOfSync" } else { "Synced" }.into();
        for r in a["status"]["resources"].as_array_mut().into_iter().flatten().filter(|_| !back) {
            r["status"] = "Synced".into();
        }
        let source = a["spec"]["source"].clone();
        let id = list(a, "status.history").last().map_or(0, |h| int(h, "id") + 1);
        let entry = json!({"id": id, "revision": revision, "deployedAt": now, "source": source});
        match a["status"]["history"].as_array_mut() {
            Some(history) => history.push(entry),
            None => a["status"]["history"] = json!([entry]),
        }
    });
    let reason = if good { "OperationCompleted" } else { "OperationFailed" };
    cluster.say(&a, MANAGER, reason, format!("Sync operation {}: {message}", phase.to_lowercase()));
}

fn flux(cluster: &Cluster, ns: &str, object: &str) -> Vec<Value> {
    let all = FLUX.iter().filter_map(|(api, kind)| cluster.find(api, kind, ns, object));
    all.filter(|o| !leaving(o) && at(o, "spec.suspend") != true && wants(o)).collect()
}

/// Whether it has been asked for, or its specification is newer than what was looked at.
fn wants(o: &Value) -> bool {
    annotation(o, REQUESTED).is_some_and(|t| t != text(o, "status.lastHandledReconcileAt"))
        || int(o, "status.observedGeneration") > 0
            && int(o, "status.observedGeneration") < int(o, "metadata.generation")
}

/// Looks whether a Flux object is to be reconciled.
pub(super) fn requested(cluster: &mut Cluster, ns: &str, object: &str) {
    if !flux(cluster, ns, object).is_empty() {
        cluster.later(1200, "flux-reconciled", ns, object);
    }
}

/// A Flux object has been looked at.
pub(super) fn reconciled(cluster: &mut Cluster, ns: &str, object: &str) {
    for o in flux(cluster, ns, object) {
        let now = times::text(cluster.now());
        let (fails, generation) = (annotation(&o, FAILS).map(str::to_owned), int(&o, "metadata.generation"));
        let token = annotation(&o, REQUESTED).map(str::to_owned);
        let revision = text(&o, "status.lastAppliedRevision").to_owned();
        let (status, reason, message) = match &fails {
            Some(why) => ("False", "BuildFailed", why.clone()),
            None => ("True", "ReconciliationSucceeded", format!("Applied revision: {revision}")),
        };
        cluster.change(&o, "flux", |o| {
            if let Some(token) = token {
                o["status"]["lastHandledReconcileAt"] = token.into();
            }
            if fails.is_none() {
                o["status"]["observedGeneration"] = generation.into();
            }
            o["status"]["conditions"] = json!([{"type": "Ready", "status": status, "reason": reason,
                "message": message, "lastTransitionTime": now, "observedGeneration": generation}]);
        });
    }
}
