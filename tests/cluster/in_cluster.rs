//! In a pod: the service account's folder instead of a kubeconfig, and its token when it is rotated.

use super::{qd, real};
use quarterdeck_testing::http::Request;
use quarterdeck_testing::pty::{Terminal, TerminalOptions};
use quarterdeck_testing::real::RealCluster;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

/// A token of the service account that dies with a Secret.
fn token(real: &RealCluster, namespace: &str, bound_to: &str) -> String {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": bound_to, "namespace": namespace}});
    real.apply("secrets", &secret);
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/sailor/token");
    let ask = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {
        "expirationSeconds": 3600, "boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": bound_to}}});
    let answer = real.client().send(&Request::new("POST", &path).json(&ask)).expect("an answer").json();
    answer["status"]["token"].as_str().expect("a token").to_owned()
}

#[test]
fn the_service_account_of_a_pod_signs_in_and_its_rotated_token_is_taken_up() {
    let Some(real) = real("the_service_account_of_a_pod_signs_in_and_its_rotated_token_is_taken_up") else { return };
    let namespace = real.namespace("in-pod");
    real.apply(
        "serviceaccounts",
        &json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "sailor", "namespace": namespace}}),
    );
    real.apply(
        "rolebindings",
        &json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "sailor", "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "sailor", "namespace": namespace}]}),
    );
    let home = tempfile::tempdir().expect("a folder");
    let account = home.path().join("serviceaccount");
    std::fs::create_dir(&account).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(account.join(name), text).expect("written");
    write("ca.crt", &real.authority().certificate);
    write("namespace", &namespace);
    write("token", &token(real, &namespace, "first"));
    let (folder, port) = (account.display().to_string(), real.port().to_string());
    let environment = [
        ("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", port.as_str()),
        ("QD_SERVICE_ACCOUNT", folder.as_str()),
    ];
    // No kubeconfig anywhere: it names a file that is not there, as in an image without a home.
    let nowhere = home.path().join("no-kubeconfig");
    let (code, out, err) = qd(&nowhere, &environment, "get configmaps -o name");
    assert!(code == Some(0) && out.contains("kube-root-ca.crt"), "{code:?} {err}");
    let contexts = qd(&nowhere, &environment, "contexts -o json").1;
    assert!(contexts.contains("in-cluster") && contexts.contains(&namespace), "{contexts}");
    let (code, _, err) = qd(&nowhere, &environment, "get secrets");
    assert!(code == Some(4) && err.contains(&format!("system:serviceaccount:{namespace}:sailor")), "{err}");

    let mut options = TerminalOptions::size(100, 30).env("HOME", &home.path().display().to_string());
    for (name, value) in environment {
        options = options.env(name, value);
    }
    options.unset.extend(["XDG_STATE_HOME", "XDG_CONFIG_HOME", "KUBECONFIG"].map(String::from));
    let arguments = ["-n", &namespace, "--view", "configmaps"];
    let terminal = Terminal::start(Path::new(env!("CARGO_BIN_EXE_qd")), &arguments, &options);
    terminal.wait_text("kube-root-ca.crt");
    // The kubelet writes a new token in time; the old one dies with what it was bound to.
    write("token", &token(real, &namespace, "second"));
    let path = format!("/api/v1/namespaces/{namespace}/secrets/first");
    assert_eq!(real.client().send(&Request::new("DELETE", &path)).expect("an answer").status, 200);
    // The server may know the old one for some seconds more; whenever it stops, nobody has to sign in.
    let end = Instant::now() + Duration::from_secs(15);
    while Instant::now() < end {
        terminal.keys("<c-r>");
        let told = terminal.try_wait(Duration::from_secs(1), &|s| s.contains("sign in"));
        assert!(told.is_err(), "nobody has to sign in: {told:?}");
    }
    let late = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "after-the-rotation", "namespace": namespace}});
    real.apply("configmaps", &late);
    terminal.wait_text("after-the-rotation");
}
