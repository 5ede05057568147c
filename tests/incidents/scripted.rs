//! What no server on loopback does of itself: the objects as cert-manager leaves them, on the embedded cluster.

use quarterdeck_sim::world::WorldOptions;
use quarterdeck_sim::{ServeOptions, World};
use quarterdeck_testing::sim::SimCluster;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::sync::Arc;

const NAMESPACE: &str = "docs";

/// So many seconds from now, as Kubernetes writes it.
fn at(seconds: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    quarterdeck_core::clock::format_time(i64::try_from(now.as_secs()).expect("before the end of time") + seconds)
}

fn certificate(name: &str, status: &Value) -> Value {
    json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
        "metadata": {"name": name, "namespace": NAMESPACE, "creationTimestamp": at(-7200)},
        "spec": {"secretName": format!("{name}-tls"), "dnsNames": [format!("{name}.example.org")],
            "issuerRef": {"name": "letsencrypt-prod", "kind": "ClusterIssuer"}},
        "status": status})
}

fn failed() -> Value {
    json!({"failedIssuanceAttempts": 2, "lastFailureTime": at(-600), "conditions": [
        {"type": "Ready", "status": "False", "reason": "DoesNotExist", "lastTransitionTime": at(-7200)},
        {"type": "Issuing", "status": "False", "reason": "Failed", "lastTransitionTime": at(-600)}]})
}

/// A request of a certificate and its order, in this state and for this reason.
fn attempt(name: &str, uid: &str, state: &str, reason: &str) -> impl FnOnce(&dyn Fn(Value) -> String) {
    let owner = |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "cert-manager.io/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
    let issuer = json!({"name": "letsencrypt-prod", "kind": "ClusterIssuer", "group": "cert-manager.io"});
    let request = json!({"apiVersion": "cert-manager.io/v1", "kind": "CertificateRequest",
        "metadata": {"name": format!("{name}-1"), "namespace": NAMESPACE, "ownerReferences": owner("Certificate", name, uid),
            "annotations": {"cert-manager.io/certificate-revision": "1"}},
        "spec": {"issuerRef": issuer, "request": "eA=="},
        "status": {"conditions": [
            {"type": "Approved", "status": "True", "reason": "cert-manager.io", "lastTransitionTime": at(-7200)},
            {"type": "Ready", "status": "False", "reason": "Failed", "message": "", "lastTransitionTime": at(-600)}]}});
    let (name, state, reason) = (name.to_owned(), state.to_owned(), reason.to_owned());
    move |apply| {
        let uid = apply(request);
        apply(json!({"apiVersion": "acme.cert-manager.io/v1", "kind": "Order",
            "metadata": {"name": format!("{name}-1-1"), "namespace": NAMESPACE,
                "ownerReferences": owner("CertificateRequest", &format!("{name}-1"), &uid)},
            "spec": {"issuerRef": issuer, "dnsNames": [format!("{name}.example.org")], "request": "eA=="},
            "status": {"state": state, "reason": reason, "failureTime": at(-600)}}));
    }
}

fn qd(cluster: &SimCluster, arguments: &[&str]) -> Value {
    let home = tempfile::tempdir().expect("a home");
    let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
    command.args(arguments).env("KUBECONFIG", cluster.file("qd", &cluster.admin())).env("HOME", home.path());
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
    let output = command.output().expect("qd runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {told}"))
}

/// Name, the order's state and reason; the code, a part of why, a part of the next step. All break at the order.
const REFUSED: &[[&str; 6]] = &[
    [
        "week",
        "errored",
        "Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many certificates (50) already issued for \"example.org\" in the last 168h0m0s, retry after 3h12m: see https://letsencrypt.org/docs/rate-limits/",
        "CERT_RATE_LIMIT",
        "50 of 50 this week for example.org",
        "free again in 3h12m",
    ],
    [
        "duplicates",
        "errored",
        "Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after 20h: see https://letsencrypt.org/docs/rate-limits/",
        "CERT_RATE_LIMIT",
        "5 of 5 of the same certificate this week",
        "free again in 20h",
    ],
    [
        "validations",
        "errored",
        "Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many failed authorizations (5) for \"validations.example.org\" in the last 1h0m0s, retry after 12m: see https://letsencrypt.org/docs/rate-limits/",
        "CERT_RATE_LIMIT",
        "5 failed validations this hour for validations.example.org",
        "mend the cause of the failures first",
    ],
    [
        "orders",
        "errored",
        "Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many new orders (300) from this account in the last 3h0m0s, retry after 36s: see https://letsencrypt.org/docs/rate-limits/",
        "CERT_RATE_LIMIT",
        "300 new orders in 3 hours",
        "wait",
    ],
    [
        "account",
        "errored",
        "Failed to create Order: 403 urn:ietf:params:acme:error:unauthorized: Account is not valid, has status \"deactivated\"",
        "CERT_ACCOUNT",
        "account is deactivated or gone",
        "delete the issuer's account key Secret",
    ],
    [
        "caa",
        "invalid",
        "Failed to finalize Order: 403 urn:ietf:params:acme:error:caa: CAA record for example.org prevents issuance",
        "CERT_CAA_FORBIDS",
        "CAA record for example.org prevents issuance",
        "allow the authority in the CAA record",
    ],
    ["slow", "expired", "", "CERT_ORDER_EXPIRED", "not completed in time", "see what kept its challenges"],
    [
        "fault",
        "errored",
        "Failed to create Order: 503 urn:ietf:params:acme:error:serverInternal: The service is down for maintenance",
        "CERT_SERVER_ERROR",
        "down for maintenance",
        "wait for the next try",
    ],
];

#[test]
fn what_the_authority_refuses_and_what_time_brings_is_named_with_the_next_step() {
    let store = quarterdeck_sim::world::load("ominis", &WorldOptions::default()).expect("a world");
    let apply = |object: Value| {
        let applied = store.apply_object(object, "test").expect("an object");
        applied.uid.to_string()
    };
    for [name, state, reason, ..] in REFUSED {
        let uid = apply(certificate(name, &failed()));
        attempt(name, &uid, state, reason)(&apply);
    }
    let ready = |since: i64, renewal: i64| {
        json!({"revision": 1, "notBefore": at(-3600 * 24 * 60), "notAfter": at(3600 * 24 * 30), "renewalTime": at(renewal),
            "conditions": [{"type": "Ready", "status": "True", "reason": "Ready", "lastTransitionTime": at(since)}]})
    };
    let serving =
        rcgen::generate_simple_self_signed(vec!["ahead.example.org".to_owned(), "late.example.org".to_owned()])
            .expect("a certificate");
    for (name, status) in [("ahead", ready(7200, 86_400)), ("late", ready(-86_400, -7200))] {
        apply(certificate(name, &status));
        apply(json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": format!("{name}-tls"), "namespace": NAMESPACE},
            "stringData": {"tls.crt": serving.cert.pem(), "tls.key": serving.signing_key.serialize_pem()}}));
    }
    let options = ServeOptions { extension: Some(Arc::new(World::default())), ..ServeOptions::default() };
    let cluster = SimCluster::serve("scripted", store, options);
    let mut wrong = Vec::new();
    let mut look = |name: &str, code: &str, broken: &str, why: &str, next: &str| {
        let story = qd(&cluster, &["cert", "why", &format!("{NAMESPACE}/{name}"), "--brief", "-o", "json"]);
        let found = &story["certificate"];
        let says = |field: &str, part: &str| found["verdict"][field].as_str().is_some_and(|t| t.contains(part));
        if found["code"] != code || found["broken"] != broken || !says("why", why) || !says("next", next) {
            wrong.push(format!(
                "{name}: {code}, {why:?}, {next:?}\n  {} {} {}",
                found["code"], found["broken"], found["verdict"]
            ));
        }
    };
    for [name, _, _, code, why, next] in REFUSED {
        look(name, code, "order", why, next);
        look(name, code, "order", why, "next try");
    }
    look("ahead", "CERT_CLOCK_SKEW", "certificate", "ahead of this one", "check the clocks");
    look("late", "CERT_RENEWAL_OVERDUE", "certificate", "has not renewed it", "see whether cert-manager runs");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_cert_manager_without_its_definitions_is_told() {
    let store = quarterdeck_sim::world::load("plain", &WorldOptions::default()).expect("a world");
    let labels = json!({"app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller"});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "cert-manager", "namespace": "default", "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "quay.io/jetstack/cert-manager-controller:v1.21.2"}]}}},
        "status": {"replicas": 1, "readyReplicas": 1}});
    store.apply_object(deployment, "test").expect("an object");
    let cluster = SimCluster::serve("no-crds", store, ServeOptions::default());
    let found = qd(&cluster, &["check", "-o", "json"]);
    let mut items = found["items"].as_array().into_iter().flatten();
    let told = items.find(|f| f["code"] == "CERT_MANAGER_CRDS").unwrap_or_else(|| panic!("{found:#}"));
    assert!(told["reason"].to_string().contains("certificates"), "{told:#}");
    assert!(told["next"].to_string().contains("install the CRDs"), "{told:#}");
}
