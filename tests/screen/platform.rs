//! The platform's own pages over real objects on a real control plane.

use crate::stage::{PATIENCE, Stage, go, press};
use quarterdeck_testing::crds::{Project, definitions};
use quarterdeck_testing::http::Request;
use quarterdeck_testing::pty::Terminal;
use quarterdeck_testing::real::{Options, RealCluster, shared_with};
use serde_json::{Value, json};

/// A namespace with this label is a client of the ominis platform.
const CLIENT: &str = "client-harbour";

fn deployment(namespace: &str, name: &str, image: &str, replicas: u32, node: Option<&str>) -> Value {
    let labels = json!({"app.kubernetes.io/name": name});
    let mut pod = json!({"containers": [{"name": "main", "image": image, "ports": [{"containerPort": 8080}]}]});
    if let Some(node) = node {
        pod["nodeName"] = node.into();
    }
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod}}})
}

/// A certificate and what its controller would have said about it, because none runs here.
fn certificate(cluster: &RealCluster, name: &str, host: &str, issuer: &str, status: &Value) {
    cluster.apply(
        "certificates",
        &json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": name, "namespace": CLIENT},
            "spec": {"secretName": name, "dnsNames": [host], "issuerRef": {"name": issuer, "kind": "ClusterIssuer"}}}),
    );
    let path = format!("/apis/cert-manager.io/v1/namespaces/{CLIENT}/certificates/{name}/status");
    let said = Request::new("PATCH", &path).body("application/merge-patch+json", json!({"status": status}).to_string());
    let answer = cluster.client().send(&said).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Two apps of the platform, one of them without a node for its pod; a client with a host of its own, whose
/// certificate names an issuer that there is not.
fn world(cluster: &RealCluster) {
    cluster.define(&definitions(Project::CertManager).expect("cert-manager's definitions"));
    let node = json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": "berth-3", "annotations": {"kwok.x-k8s.io/node": "fake"}}});
    cluster.apply("nodes", &node);
    for (name, labels) in
        [(CLIENT, json!({"ominis.ai/tenant": "harbour"})), ("excalidraw", json!({})), ("homer", json!({}))]
    {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        cluster.apply("namespaces", &namespace);
    }
    cluster.apply(
        "deployments",
        &deployment("excalidraw", "excalidraw", "excalidraw/excalidraw:v0.17.3", 2, Some("berth-3")),
    );
    cluster.apply("deployments", &deployment("homer", "homer", "b4bz/homer:v24.10.1", 1, None));
    cluster.apply("deployments", &deployment(CLIENT, "api", "harbour/api:1.4", 1, Some("berth-3")));
    let selector = json!({"app.kubernetes.io/name": "api"});
    cluster.apply(
        "services",
        &json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": CLIENT},
            "spec": {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}}),
    );
    let path = |service: &str| json!([{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"number": 80}}}}]);
    cluster.apply(
        "ingresses",
        &json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "api-ingress", "namespace": CLIENT},
            "spec": {"tls": [{"hosts": ["harbour-api.app.ominis.ai"], "secretName": "harbour-api-tls"}],
                "rules": [{"host": "harbour-api.app.ominis.ai", "http": {"paths": path("api")}},
                    {"host": "harbour-old.app.ominis.ai", "http": {"paths": path("gone")}}]}}),
    );
    certificate(
        cluster,
        "harbour-api-tls",
        "harbour-api.app.ominis.ai",
        "letsencrypt-prd",
        &json!({"conditions": [{"type": "Ready", "status": "False", "reason": "DoesNotExist",
            "message": "Issuing certificate as Secret does not exist", "lastTransitionTime": "2026-11-20T00:00:00Z"}]}),
    );
}

fn pages(terminal: &Terminal) {
    terminal.wait_for("home's findings", PATIENCE, |s| {
        s.contains(&format!("{CLIENT}/harbour-api-tls")) && s.contains("letsencrypt-prd")
    });
    go(terminal, "apps", "excalidraw");
    terminal.wait_for("one that is ready, and one that waits", PATIENCE, |s| {
        let line = |name: &str| s.lines().find(|l| l.contains(name)).unwrap_or_default().to_owned();
        let (draw, homer) = (line("excalidraw"), line("homer"));
        draw.contains("Healthy")
            && draw.contains("1/1")
            && draw.contains("v0.17.3")
            && homer.contains("Starting")
            && homer.contains("0/1")
    });
    press(terminal, "/homer<enter>", "[homer]");
    press(terminal, "<enter>", "0/1 ready");
    let tenants = go(terminal, "tenants", "harbour");
    let row = tenants.lines().find(|l| l.contains("harbour")).expect("its row");
    assert!(row.contains("1/1") && row.contains("0/1"), "ready pods and certificates: {row}");
    press(terminal, "<enter>", "harbour-api.app.ominis.ai");
    go(terminal, "certificates", "Not issued");
    press(terminal, "/harbour-api-tls<enter>", "[harbour-api-tls]");
    press(terminal, "<enter>", "there is no ClusterIssuer letsencrypt-prd");
    // A long host is cut in its middle where columns are many.
    let routes = go(terminal, "routes", "harbour-old.ap");
    let old = routes.lines().find(|l| l.contains("harbour-old.ap")).unwrap_or_default();
    assert!(old.contains("No service"), "{routes}");
    press(terminal, "/harbour-api<enter>", "[harbour-api]");
    press(terminal, "<enter>", "api-ingress");
}

#[test]
fn apps_tenants_certificates_and_routes_of_a_real_control_plane() {
    let test = "apps_tenants_certificates_and_routes_of_a_real_control_plane";
    let Some(cluster) = shared_with(test, &Options { kwok: true, controllers: None }) else { return };
    world(cluster);
    let stage = Stage::new(&cluster.admin());
    for options in [stage.options(100, 30), stage.options(200, 50).env("NO_COLOR", "1")] {
        let mut terminal = stage.live(&options, &[]);
        pages(&terminal);
        terminal.keys(":q<enter>");
        assert_eq!(terminal.wait_exit(PATIENCE), Some(0), "{}", terminal.text());
    }
    // The issuer comes, and nobody has to press a key to see that the reason went.
    let terminal = stage.live(&stage.options(120, 40), &[]);
    go(&terminal, "certificates", "there is no ClusterIssuer letsencrypt-prd");
    cluster.apply(
        "clusterissuers",
        &json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "letsencrypt-prd"},
            "spec": {"selfSigned": {}}}),
    );
    terminal.wait_for("another reason", PATIENCE, |s| !s.contains("there is no ClusterIssuer"));
}
