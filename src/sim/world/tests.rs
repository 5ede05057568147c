//! Worlds hold what the documents say and make sense as a whole.

use super::{WorldOptions, build, load, names};
use crate::Clock;
use crate::value::{condition, list, name, namespace, text};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::HashSet;

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn world(name: &str) -> Vec<Value> {
    build(name, now(), 0, 0).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn find<'a>(objects: &'a [Value], kind: &str, ns: &str, object_name: &str) -> &'a Value {
    objects
        .iter()
        .find(|o| o["kind"] == kind && namespace(o) == ns && name(o) == object_name)
        .unwrap_or_else(|| panic!("no {kind} {ns}/{object_name}"))
}

#[test]
fn every_world_loads_and_every_object_is_whole() {
    for world_name in names() {
        let objects = world(world_name);
        let namespaces: HashSet<&str> = objects.iter().filter(|o| o["kind"] == "Namespace").map(name).collect();
        let mut seen = HashSet::new();
        for o in &objects {
            let label = format!("{world_name}: {} {}/{}", text(o, "kind"), namespace(o), name(o));
            assert!(!text(o, "metadata.uid").is_empty() && !text(o, "apiVersion").is_empty(), "{label}");
            let created: Timestamp =
                text(o, "metadata.creationTimestamp").parse().unwrap_or_else(|e| panic!("{label}: {e}"));
            assert!(created <= now(), "{label} is from the future");
            assert!(namespace(o).is_empty() || namespaces.contains(namespace(o)), "{label}: no such namespace");
            assert!(seen.insert((text(o, "apiVersion"), text(o, "kind"), namespace(o), name(o))), "{label} twice");
            assert!(!o.to_string().contains("${"), "{label}: unfilled template");
        }
        let uids: HashSet<&str> = objects.iter().map(crate::value::uid).collect();
        for o in &objects {
            for owner in list(o, "metadata.ownerReferences") {
                assert!(
                    uids.contains(text(owner, "uid")),
                    "{world_name}: {} {} has no owner",
                    text(o, "kind"),
                    name(o)
                );
            }
        }
        let options = WorldOptions { clock: Clock::fixed(now()), ..WorldOptions::default() };
        let store = load(world_name, &options).unwrap_or_else(|e| panic!("{world_name}: {e}"));
        assert_eq!(store.all("v1", "Pod", None).len(), objects.iter().filter(|o| o["kind"] == "Pod").count());
    }
}

#[test]
fn a_world_is_the_same_every_time() {
    let (a, b) = (world("ominis"), world("ominis"));
    assert!(a == b);
    let load = || {
        let options = WorldOptions { clock: Clock::fixed(now()), ..WorldOptions::default() };
        load("ominis", &options).unwrap().all("cert-manager.io/v1", "Certificate", None)
    };
    assert_eq!(load(), load());
}

#[test]
fn ominis_has_the_names_of_its_documents() {
    let objects = world("ominis");
    for ns in ["cert-manager", "authentik", "vaultwarden", "flow-proxy", "homer", "excalidraw", "client-demo-client"] {
        find(&objects, "Namespace", "", ns);
    }
    let ingress = find(&objects, "Ingress", "client-demo-client", "api-ingress");
    assert_eq!(ingress["spec"]["rules"][0]["host"], "demo-client-api.app.ominis.ai");
    let certificate = find(&objects, "Certificate", "client-demo-client", "demo-client-api-tls");
    assert_eq!(condition(certificate, "Ready")["status"], "True");
    assert_eq!(certificate["metadata"]["ownerReferences"][0]["name"], "api-ingress");
    find(&objects, "Secret", "client-demo-client", "demo-client-api-tls");
    find(&objects, "Pod", "vaultwarden", "vaultwarden-0");
    for middleware in ["security-headers", "rate-limit", "compress"] {
        find(&objects, "Middleware", "default", middleware);
    }
    assert_eq!(
        find(&objects, "Service", "flow-proxy", "traefik")["status"]["loadBalancer"]["ingress"][0]["ip"],
        "51.77.12.9"
    );
    assert_eq!(find(&objects, "Service", "flow-proxy", "traefik-dashboard")["spec"]["ports"][0]["port"], 9000);
}

#[test]
fn ominis_has_the_findings_of_its_home_page() {
    let objects = world("ominis");
    let challenge = objects.iter().find(|o| o["kind"] == "Challenge" && namespace(o) == "client-acme").unwrap();
    assert!(text(challenge, "status.reason").ends_with("no such host"));
    assert_eq!(challenge["metadata"]["ownerReferences"][0]["kind"], "Order");
    let order = objects.iter().find(|o| o["kind"] == "Order" && namespace(o) == "client-hotel").unwrap();
    assert!(text(order, "status.reason").contains("rateLimited"));
    let overdue = find(&objects, "Certificate", "authentik", "auth-tls");
    let renewal: Timestamp = text(overdue, "status.renewalTime").parse().unwrap();
    assert!(renewal < now() && condition(overdue, "Ready")["status"] == "True");
    assert_eq!(overdue["status"]["failedIssuanceAttempts"], 3);
    let database = find(&objects, "Pod", "homer", "postgres-0");
    assert!(text(condition(database, "PodScheduled"), "message").contains("unbound immediate PersistentVolumeClaims"));
    assert_eq!(find(&objects, "PersistentVolumeClaim", "homer", "data-postgres-0")["status"]["phase"], "Pending");
    assert_eq!(find(&objects, "Ingress", "docs", "web")["spec"]["rules"][0]["host"], "docs.app.ominis.ai");
    assert!(
        text(&find(&objects, "IngressRoute", "kb", "docs")["spec"]["routes"][0], "match")
            .contains("docs.app.ominis.ai")
    );
}

#[test]
fn pods_and_certificates_can_be_stamped_out() {
    let objects = build("ominis", now(), 500, 80).unwrap();
    let bulk = |kind: &str| objects.iter().filter(|o| o["kind"] == kind && namespace(o).starts_with("bulk-")).count();
    assert_eq!((bulk("Pod"), bulk("Certificate")), (500, 80));
}

#[test]
fn stored_bulk_pods_weigh_what_pods_on_a_real_cluster_weigh() {
    let options = WorldOptions { pods: 400, clock: Clock::fixed(now()), ..WorldOptions::default() };
    let started = std::time::Instant::now();
    let store = load("plain", &options).unwrap();
    let kind = store.kind("v1", "Pod").unwrap();
    let page = store.list(&kind, &crate::storage::ListQuery::default());
    let bulk: Vec<usize> =
        page.items.iter().filter(|p| p.namespace.starts_with("bulk-")).map(|p| p.json().len()).collect();
    let mean = bulk.iter().sum::<usize>() / bulk.len();
    assert!((6000..7500).contains(&mean), "mean size {mean} bytes, loaded in {:?}", started.elapsed());
}
