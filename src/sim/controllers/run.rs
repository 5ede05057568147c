//! The loop: take changes, look at what they touch, wait for what is due.

use super::cluster::{Cluster, Key};
use super::{certificates, deployments, endpoints, gitops, housekeeping, jobs, ordered, pods};
use crate::storage::{Change, ChangeKind, Store};
use std::cmp::Reverse;
use std::sync::Arc;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinHandle;

/// Running controllers. Dropping it stops them.
pub struct Controllers {
    task: JoinHandle<()>,
}

impl Drop for Controllers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts the controllers on a store. Must be called within a Tokio runtime.
pub fn start(store: &Store) -> Controllers {
    let mut feed = store.subscribe();
    let mut cluster = Cluster::new(store.clone());
    let task = tokio::spawn(async move {
        jobs::schedule_all(&mut cluster);
        loop {
            let clock = cluster.store.clock().clone();
            let due = cluster.timers.peek().map(|Reverse((at, _))| *at);
            tokio::select! {
                change = feed.recv() => match change {
                    Ok(change) => note(&mut cluster, &change),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                () = async { match due { Some(at) => clock.sleep_until(at).await, None => std::future::pending().await } } => {}
            }
            loop {
                match feed.try_recv() {
                    Ok(change) => note(&mut cluster, &change),
                    Err(TryRecvError::Lagged(_)) => {}
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            let now = cluster.now();
            while cluster.timers.peek().is_some_and(|Reverse((at, _))| *at <= now) {
                if let Some(Reverse((_, key))) = cluster.timers.pop() {
                    cluster.dirty.insert(key);
                }
            }
            let mut keys: Vec<Key> = cluster.dirty.drain().collect();
            keys.sort();
            for key in keys {
                reconcile(&mut cluster, &key);
            }
            tokio::task::yield_now().await;
        }
    });
    Controllers { task }
}

/// Which controllers have to look after a change.
fn note(cluster: &mut Cluster, change: &Arc<Change>) {
    let object = &change.object;
    // The mass of objects made for measurements has no controllers.
    if object.namespace.starts_with("bulk-") {
        return;
    }
    let gone = change.kind == ChangeKind::Deleted;
    let (ns, name) = (object.namespace.clone(), object.name.clone());
    let mut mark = |controller: &'static str, name: &str| {
        cluster.dirty.insert((controller, ns.clone(), name.to_owned()));
    };
    match (change.group.as_str(), change.plural.as_str()) {
        ("", "pods") => {
            if !gone {
                mark("pod", &name);
            }
            mark("namespace-pods", "");
            let value = object.value();
            for owner in crate::value::list(&value, "metadata.ownerReferences") {
                let controller = match crate::value::text(owner, "kind") {
                    "ReplicaSet" => "replicaset",
                    "StatefulSet" => "statefulset",
                    "DaemonSet" => "daemonset",
                    "Job" => "job",
                    _ => continue,
                };
                mark(controller, crate::value::text(owner, "name"));
            }
        }
        ("apps", "deployments") if !gone => mark("deployment", &name),
        ("apps", "replicasets") => {
            mark("replicaset", &name);
            let value = object.value();
            if let Some(owner) = crate::value::list(&value, "metadata.ownerReferences").first() {
                mark("deployment", crate::value::text(owner, "name"));
            }
        }
        ("apps", "statefulsets") if !gone => mark("statefulset", &name),
        ("apps", "daemonsets") if !gone => mark("daemonset", &name),
        ("batch", "jobs") if !gone => mark("job", &name),
        ("batch", "cronjobs") if !gone => mark("cronjob", &name),
        ("policy", "poddisruptionbudgets") if !gone => mark("namespace-pods", ""),
        ("", "services") => mark("service", &name),
        ("", "namespaces") if change.kind == ChangeKind::Added => {
            cluster.dirty.insert(("namespace", name.clone(), name));
        }
        ("", "persistentvolumeclaims") if !gone => mark("claim", &name),
        ("argoproj.io", "applications") if !gone => mark("application", &name),
        (group, _) if !gone && group.ends_with(".toolkit.fluxcd.io") => mark("flux", &name),
        ("cert-manager.io", "certificates") if !gone => mark("certificate", &name),
        // A deleted part of an issuance is made again: the owner, or whoever writes the Secret, has a look.
        ("cert-manager.io", "certificaterequests") | ("acme.cert-manager.io", "orders") | ("", "secrets") if gone => {
            let value = object.value();
            if let Some(certificate) = crate::value::annotation(&value, "cert-manager.io/certificate-name") {
                mark("certificate", certificate);
                if change.plural == "orders" {
                    mark("certificate-ordered", certificate);
                }
            }
        }
        ("acme.cert-manager.io", "challenges") if !gone => mark("challenge", &name),
        ("rbac.authorization.k8s.io", "clusterroles") => mark("aggregation", ""),
        _ => {}
    }
}

fn reconcile(cluster: &mut Cluster, (controller, ns, name): &Key) {
    match *controller {
        "pod" => pods::reconcile(cluster, ns, name),
        "pod-start" => pods::started(cluster, ns, name),
        "pod-ready" => pods::became_ready(cluster, ns, name),
        "pod-end" => pods::ended(cluster, ns, name),
        "replicaset" => deployments::replicaset(cluster, ns, name),
        "deployment" => deployments::deployment(cluster, ns, name),
        "statefulset" => ordered::statefulset(cluster, ns, name),
        "daemonset" => ordered::daemonset(cluster, ns, name),
        "job" => jobs::job(cluster, ns, name),
        "job-done" => jobs::done(cluster, ns, name),
        "cronjob" => jobs::schedule(cluster, ns, name),
        "cronjob-due" => jobs::due(cluster, ns, name),
        "service" => endpoints::service(cluster, ns, name),
        "namespace-pods" => endpoints::pods_changed(cluster, ns),
        "namespace" => housekeeping::namespace(cluster, name),
        "claim" => housekeeping::claim(cluster, ns, name),
        "aggregation" => housekeeping::aggregation(cluster),
        "application" => gitops::asked(cluster, ns, name),
        "application-refreshed" => gitops::refreshed(cluster, ns, name),
        "application-synced" => gitops::synced(cluster, ns, name),
        "flux" => gitops::requested(cluster, ns, name),
        "flux-reconciled" => gitops::reconciled(cluster, ns, name),
        "certificate" => certificates::reconcile(cluster, ns, name),
        "challenge" => certificates::challenge(cluster, ns, name),
        "certificate-ordered" => certificates::ordered(cluster, ns, name),
        "certificate-issued" => certificates::issued(cluster, ns, name),
        _ => {}
    }
}
