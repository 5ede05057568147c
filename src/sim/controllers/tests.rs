//! Controllers bring a cluster to where it was asked to be.

use crate::Clock;
use crate::storage::{Store, WriteOptions};
use crate::value::{condition, int, list, text};
use crate::world::{WorldOptions, load};
use serde_json::{Value, json};
use std::time::Duration;

/// A world whose clock runs fast, so that seconds of the cluster are milliseconds here.
fn world(name: &str) -> Store {
    let clock = Clock::with("2026-11-20T12:00:00Z".parse().unwrap(), 200.0);
    load(name, &WorldOptions { clock, ..WorldOptions::default() }).unwrap()
}

/// Waits until the object satisfies the condition; fails after ten real seconds.
async fn until(store: &Store, api: &str, kind: &str, ns: &str, object: &str, holds: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1000 {
        if let Some(found) = store.find(api, kind, ns, object).filter(|o| holds(o)) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!(
        "{kind} {ns}/{object} never got there: {:#}",
        store.find(api, kind, ns, object).unwrap_or_default()["status"]
    );
}

fn edit(store: &Store, api: &str, kind: &str, ns: &str, object: &str, change: impl FnOnce(&mut Value)) {
    let kind = store.kind(api, kind).unwrap();
    let edited = store.modify(&kind, ns, object, &WriteOptions::by("test"), |mut o| {
        change(&mut o);
        Ok(o)
    });
    edited.unwrap();
}

#[tokio::test]
async fn scaling_and_restarting_a_deployment_ends_with_all_pods_ready() {
    let store = world("ominis");
    let _controllers = super::start(&store);
    let ns = "client-demo-client";
    edit(&store, "apps/v1", "Deployment", ns, "api", |d| d["spec"]["replicas"] = 4.into());
    let d = until(&store, "apps/v1", "Deployment", ns, "api", |d| int(d, "status.readyReplicas") == 4).await;
    assert_eq!(int(&d, "status.updatedReplicas"), 4);
    let before = store.all("apps/v1", "ReplicaSet", Some(ns)).len();
    edit(&store, "apps/v1", "Deployment", ns, "api", |d| {
        d["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] =
            "2026-11-20T12:01:00Z".into();
    });
    let done = |d: &Value| {
        int(d, "status.observedGeneration") == int(d, "metadata.generation")
            && int(d, "status.updatedReplicas") == 4
            && int(d, "status.replicas") == 4
            && int(d, "status.readyReplicas") == 4
    };
    until(&store, "apps/v1", "Deployment", ns, "api", done).await;
    assert_eq!(store.all("apps/v1", "ReplicaSet", Some(ns)).len(), before + 1, "one new replica set, no more");
    let slices = store.all("discovery.k8s.io/v1", "EndpointSlice", Some(ns));
    let slice = slices.iter().find(|s| crate::value::label(s, "kubernetes.io/service-name") == Some("api")).unwrap();
    assert!(list(slice, "endpoints").len() >= 4);
}

#[tokio::test]
async fn a_restarted_stateful_set_and_daemon_set_get_new_pods_in_place() {
    let store = world("ominis");
    let _controllers = super::start(&store);
    let old = store.find("v1", "Pod", "vaultwarden", "vaultwarden-0").unwrap();
    let restart = |o: &mut Value| {
        o["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "x".into()
    };
    edit(&store, "apps/v1", "StatefulSet", "vaultwarden", "vaultwarden", restart);
    let new = until(&store, "v1", "Pod", "vaultwarden", "vaultwarden-0", |p| {
        p["metadata"]["uid"] != old["metadata"]["uid"] && condition(p, "Ready")["status"] == "True"
    })
    .await;
    assert_eq!(text(&new, "spec.volumes").len(), 0);
    edit(&store, "apps/v1", "DaemonSet", "homer", "heplify", restart);
    until(&store, "apps/v1", "DaemonSet", "homer", "heplify", |d| {
        int(d, "status.observedGeneration") == int(d, "metadata.generation")
            && int(d, "status.updatedNumberScheduled") == 3
            && int(d, "status.numberReady") == 3
    })
    .await;
}

#[tokio::test]
async fn a_new_certificate_is_issued_and_a_new_job_completes() {
    let store = world("ominis");
    let _controllers = super::start(&store);
    store
        .apply_object(
            json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "new", "namespace": "docs"},
                   "spec": {"dnsNames": ["new.app.ominis.ai"], "secretName": "new-tls", "issuerRef": {"name": "letsencrypt-prod", "kind": "ClusterIssuer"}}}),
            "test",
        )
        .unwrap();
    let c = until(&store, "cert-manager.io/v1", "Certificate", "docs", "new", |c| {
        condition(c, "Ready")["status"] == "True"
    })
    .await;
    assert_eq!(c["status"]["revision"], 1);
    assert!(store.find("v1", "Secret", "docs", "new-tls").is_some());
    assert!(
        store
            .all("acme.cert-manager.io/v1", "Challenge", Some("docs"))
            .iter()
            .all(|c| c["spec"]["dnsName"] != "new.app.ominis.ai")
    );
    store
        .apply_object(
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": "docs"},
                   "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "busybox:1"}]}}}}),
            "test",
        )
        .unwrap();
    until(&store, "batch/v1", "Job", "docs", "once", |j| condition(j, "Complete")["status"] == "True").await;
}

#[tokio::test]
async fn an_untouched_world_stays_untouched() {
    let store = world("otomi");
    // The templates of its stateful sets and daemon sets are noted once.
    let noted = super::start(&store);
    until(&store, "apps/v1", "StatefulSet", "argocd", "argocd-application-controller", |owner| {
        let revisions = store.all("apps/v1", "ControllerRevision", Some("argocd"));
        revisions.iter().any(|r| crate::value::controller_uid(r) == Some(crate::value::uid(owner)))
    })
    .await;
    drop(noted);
    let version = store.version();
    let _controllers = super::start(&store);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(store.version(), version);
}
