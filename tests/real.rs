//! The real control plane itself: that what the other tests stand on holds. Its servers are built and started by
//! `quarterdeck_testing::real`; the folder beside this file is the Go module that names them.

use quarterdeck_testing::crds::{Project, definitions};
use quarterdeck_testing::http::{Client, Request};
use quarterdeck_testing::real::{Options, RealCluster, shared_with};
use serde_json::{Value, json};

fn cluster(test: &str) -> Option<&'static RealCluster> {
    shared_with(test, &Options { kwok: true, ..Options::default() })
}

fn client(kubeconfig: &str) -> Client {
    Client::from_kubeconfig(kubeconfig).unwrap()
}

#[test]
fn it_reports_the_version_that_its_module_names() {
    let Some(cluster) = cluster("it_reports_the_version_that_its_module_names") else { return };
    let version = cluster.client().get("/version").unwrap().json();
    let module = std::fs::read_to_string(quarterdeck_testing::repository().join("tests/real/go.mod")).unwrap();
    let named = format!("k8s.io/kubernetes {}", version["gitVersion"].as_str().unwrap());
    assert!(module.contains(&named), "{version} is not in go.mod");
}

#[test]
fn a_user_may_do_what_a_role_says_and_nobody_is_anonymous() {
    let Some(cluster) = cluster("a_user_may_do_what_a_role_says_and_nobody_is_anonymous") else { return };
    let namespace = cluster.namespace("rights");
    cluster.apply(
        "rolebindings",
        &json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "readers", "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "readers"}],
        }),
    );
    let reader = client(&cluster.user("rhea", &["staff", "readers"]));
    let pods = format!("/api/v1/namespaces/{namespace}/pods");
    assert_eq!(reader.get(&pods).unwrap().status, 200);
    let refused = reader.get("/api/v1/pods").unwrap();
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("rhea"), "{}", refused.text());
    assert_eq!(client(&cluster.user("nina", &["staff"])).get(&pods).unwrap().status, 403);
    assert_eq!(client(&cluster.token()).get(&pods).unwrap().status, 200);
    assert_eq!(cluster.client().with_token("not-a-token").get(&pods).unwrap().status, 401);
}

#[test]
fn a_pod_runs_and_its_log_can_be_read() {
    let Some(cluster) = cluster("a_pod_runs_and_its_log_can_be_read") else { return };
    let namespace = cluster.namespace("pods");
    cluster.apply(
        "nodes",
        &json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "berth-1", "annotations": {"kwok.x-k8s.io/node": "fake"}},
        }),
    );
    let pod = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"nodeName": "berth-1", "containers": [{"name": "web", "image": "registry.invalid/web:1"}]},
            },
        },
    });
    cluster.apply("deployments", &pod);
    let client = cluster.client();
    let deployment = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    cluster.patiently("two ready replicas", || client.get(&deployment).unwrap().json()["status"]["readyReplicas"] == 2);
    let pods = client.get(&format!("/api/v1/namespaces/{namespace}/pods")).unwrap().json();
    let name = pods["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    let log = client.get(&format!("/api/v1/namespaces/{namespace}/pods/{name}/log")).unwrap();
    assert_eq!(log.status, 200, "{}", log.text());
    assert!(log.text().contains("listening on :8080"), "{}", log.text());
}

#[test]
fn the_published_definitions_are_accepted_and_served() {
    let Some(cluster) = cluster("the_published_definitions_are_accepted_and_served") else { return };
    for project in [Project::CertManager, Project::GatewayApi, Project::Traefik] {
        cluster.define(&definitions(project).unwrap());
    }
    for path in [
        "/apis/cert-manager.io/v1/certificates",
        "/apis/gateway.networking.k8s.io/v1/httproutes",
        "/apis/traefik.io/v1alpha1/ingressroutes",
    ] {
        cluster.patiently(path, || cluster.client().get(path).unwrap().status == 200);
    }
}

#[test]
fn the_api_server_comes_back_where_it_was_and_watches_see_it_go() {
    if cluster("the_api_server_comes_back_where_it_was_and_watches_see_it_go").is_none() {
        return;
    }
    // A cluster of its own: an outage would disturb its neighbours.
    let cluster = RealCluster::start("outage");
    let namespace = cluster.namespace("outage");
    let client = cluster.client();
    let watched = format!("/api/v1/namespaces/{namespace}/configmaps?watch=true&sendInitialEvents=false");
    let mut watch = client.open(&Request::new("GET", &watched)).unwrap();
    cluster.kill_api();
    let patience = std::time::Duration::from_secs(30);
    while matches!(watch.event(patience), Ok(Some(_))) {}
    assert!(client.get("/readyz").is_err(), "somebody answers on the dead server's port");
    cluster.start_api();
    let back = client.get(&format!("/api/v1/namespaces/{namespace}")).unwrap();
    assert_eq!(back.json().pointer("/status/phase").and_then(Value::as_str), Some("Active"));
}
