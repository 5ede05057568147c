//! `qd get` and `kubectl get` on the real control plane: the same objects, and for the server's columns the same cells.

use quarterdeck_testing::crds::{Project, definitions};
use quarterdeck_testing::real::{Options, RealCluster, shared_with};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

fn output(program: &Path, kubeconfig: &Path, arguments: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a home");
    let done = Command::new(program)
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(arguments)
        .env("HOME", home.path())
        .env_remove("KUBECONFIG")
        .output()
        .expect("it runs");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

/// Both programs' answers; asked again when an age turned between the two.
fn both(cluster: &RealCluster, kubeconfig: &Path, arguments: &[&str]) -> (String, String) {
    let kubectl = cluster.program("kubectl");
    let mut last = (String::new(), String::new());
    for _ in 0..4 {
        let ours = output(Path::new(env!("CARGO_BIN_EXE_qd")), kubeconfig, arguments);
        last = (ours, output(&kubectl, kubeconfig, arguments));
        let cells =
            |text: &str| text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
        if cells(&last.0) == cells(&last.1) {
            return last;
        }
    }
    last
}

fn identities(text: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(text).expect("JSON");
    let mut all: Vec<String> = list["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|i| format!("{} {} {}", i["metadata"]["namespace"], i["metadata"]["name"], i["metadata"]["uid"]))
        .collect();
    all.sort();
    all
}

#[test]
fn the_same_objects_and_cells_as_kubectl() {
    let test = "the_same_objects_and_cells_as_kubectl";
    let Some(cluster) = shared_with(test, &Options { kwok: true, controllers: None }) else { return };
    cluster.define(&definitions(Project::CertManager).expect("cert-manager's definitions"));
    let namespace = cluster.namespace("parity");
    cluster.apply(
        "nodes",
        &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "berth-5", "annotations": {"kwok.x-k8s.io/node": "fake"}}}),
    );
    let labels = json!({"app": "web"});
    cluster.apply(
        "deployments",
        &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace}, "spec": {
            "replicas": 3, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
                "spec": {"nodeName": "berth-5", "containers": [{"name": "main", "image": "web:1"}]}}}}),
    );
    for (name, issuer) in [("web-tls", "letsencrypt"), ("api-tls", "vault")] {
        cluster.apply(
            "certificates",
            &json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": name, "namespace": namespace},
                "spec": {"secretName": name, "dnsNames": ["a.example.com"], "issuerRef": {"name": issuer, "kind": "ClusterIssuer"}}}),
        );
    }
    let client = cluster.client();
    cluster.patiently("three ready pods", || {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
        client.get(&path).is_ok_and(|a| a.json()["status"]["readyReplicas"] == 3)
    });
    let file = cluster.file("parity", &cluster.admin());
    for arguments in [
        &["get", "pods", "-A"][..],
        &["get", "pods", "-A", "-o", "wide"],
        &["get", "deployments", "-A", "-o", "wide"],
        &["get", "certificates", "-A", "-o", "wide"],
        &["get", "certificates", "-n", &namespace],
        &["get", "services", "-A"],
        &["get", "nodes", "-o", "wide"],
        &["get", "crds"],
        &["get", "clusterroles"],
    ] {
        let (ours, theirs) = both(cluster, &file, arguments);
        let cells = |text: &str| {
            text.lines().map(|l| l.split_whitespace().map(String::from).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(cells(&ours), cells(&theirs), "{arguments:?}");
    }
    for arguments in [&["get", "pods", "-A", "-o", "json"][..], &["get", "certificates", "-A", "-o", "json"]] {
        let (ours, theirs) = both(cluster, &file, arguments);
        assert_eq!(identities(&ours), identities(&theirs), "{arguments:?}");
    }
}
