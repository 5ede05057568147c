//! `core::cluster` against the real kube-apiserver: credentials, proxies, discovery, rights, writes, streams.

mod identity;
mod in_cluster;
mod issuer;
mod proxies;
mod streams;

use futures::StreamExt;
use quarterdeck_core::ProblemKind;
use quarterdeck_core::actions::Effect;
use quarterdeck_core::cluster::{
    Accept, Access, Cluster, ConnectOptions, ForwardRequest, ForwardTarget, Kubeconfig, LogRequest, Method, Request,
    Right, WriteOptions,
};
use quarterdeck_testing::real::{Options, RealCluster, shared_with};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};

fn real(test: &str) -> Option<&'static RealCluster> {
    shared_with(test, &Options { kwok: true, controllers: None })
}

fn connect(kubeconfig: &str) -> Cluster {
    let kubeconfig = Kubeconfig::parse(kubeconfig, "test").expect("a kubeconfig");
    let state = tempfile::tempdir().expect("a folder").keep();
    let options = ConnectOptions { state_dir: Some(state), ..ConnectOptions::default() };
    Cluster::connect(&kubeconfig, None, &options).expect("a context")
}

/// The program with nothing of this user's home: exit code, output, errors.
fn qd(kubeconfig: &Path, environment: &[(&str, &str)], line: &str) -> (Option<i32>, String, String) {
    let output = command(kubeconfig, environment, line).output().expect("qd runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn command(kubeconfig: &Path, environment: &[(&str, &str)], line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
    command.args(line.split(' ')).env("KUBECONFIG", kubeconfig).env("HOME", kubeconfig.parent().expect("a folder"));
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
    command.envs(environment.iter().copied());
    command
}

fn run(future: impl std::future::Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future);
}

#[test]
fn certificate_and_token_sign_in_and_all_kinds_are_found() {
    let Some(real) = real("certificate_and_token_sign_in_and_all_kinds_are_found") else { return };
    run(async {
        for kubeconfig in [real.admin(), real.token()] {
            let cluster = connect(&kubeconfig);
            assert!(cluster.version().await.expect("a version").starts_with("v1."));
            let kinds = cluster.kinds().await.expect("kinds");
            for (typed, resource) in
                [("po", "pods"), ("deploy", "deployments.apps"), ("Ingress", "ingresses.networking.k8s.io")]
            {
                assert_eq!(kinds.find(typed).map(|k| k.resource()).as_deref(), Some(resource));
            }
            assert!(cluster.namespaces().await.complete);
            assert_eq!(cluster.may(&Right::new("delete", "", "nodes", "")).await, Access::Allowed);
        }
        let cluster = connect(&real.token().replace("\"token\": \"qd-", "\"token\": \"wrong-"));
        let problem = cluster.call(Request::get("/api/v1/pods")).await.expect_err("a wrong token");
        assert_eq!((problem.kind, problem.status), (ProblemKind::Unauthenticated, Some(401)));
    });
}

/// What a server can be asked leads to all three without any configuration: one is named by the context, one by
/// a group, one by the user's own name.
#[test]
fn three_namespaces_are_reached_by_somebody_who_may_list_none() {
    let test = "three_namespaces_are_reached_by_somebody_who_may_list_none";
    let Some(real) = real(test) else { return };
    let names = ["team-demo", "client-acme", "flow-proxy"];
    for name in names {
        real.apply("namespaces", &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        real.apply(
            "roles",
            &json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "reader", "namespace": name},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch", "get"]}]}),
        );
        real.apply(
            "rolebindings",
            &json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "reader", "namespace": name},
            "subjects": [{"kind": "User", "name": "acme", "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"kind": "Role", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}}),
        );
    }
    run(async {
        let kubeconfig = real
            .user("acme", &["team-demo-admins"])
            .replace("\"user\": \"acme\"\n", "\"user\": \"acme\", \"namespace\": \"flow-proxy\"\n");
        let cluster = connect(&kubeconfig);
        let found = cluster.namespaces().await;
        assert_eq!(found.names, ["client-acme", "flow-proxy", "team-demo"]);
        assert!(!found.complete);
        for name in names {
            cluster.call(Request::get(format!("/api/v1/namespaces/{name}/pods"))).await.expect("pods");
            assert_eq!(cluster.may(&Right::new("list", "", "pods", name)).await, Access::Allowed);
            assert_eq!(cluster.may(&Right::new("delete", "", "pods", name)).await, Access::Denied);
        }
        let problem = cluster.call(Request::get("/api/v1/pods")).await.expect_err("not everywhere");
        assert_eq!(problem.kind, ProblemKind::Forbidden);
        assert_eq!(problem.why, "acme may not list pods in the whole cluster");
    });
}

#[test]
fn dry_runs_store_nothing_and_refused_objects_name_their_fields() {
    let Some(real) = real("dry_runs_store_nothing_and_refused_objects_name_their_fields") else { return };
    let namespace = real.namespace("dry-run");
    run(async {
        let cluster = connect(&real.admin());
        let path = format!("/api/v1/namespaces/{namespace}/configmaps");
        let create =
            |body: Value| Effect { method: Method::Post, path: path.clone(), query: Vec::new(), body: Some(body) };
        let good =
            create(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}));
        let dry = WriteOptions { dry_run: true, force: false };
        cluster.write(&good, dry).await.expect("it would be accepted");
        let problem = cluster.call(Request::get(format!("{path}/a"))).await.expect_err("it is not stored");
        assert_eq!(problem.kind, ProblemKind::NotFound);
        cluster.write(&good, WriteOptions::default()).await.expect("created");
        let problem = cluster.write(&good, WriteOptions::default()).await.expect_err("it exists");
        assert_eq!(problem.kind, ProblemKind::Conflict);
        let bad = create(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not A Name"}}));
        let problem = cluster.write(&bad, dry).await.expect_err("not a name");
        assert_eq!(problem.kind, ProblemKind::Invalid);
        assert_eq!(problem.fields.first().map(|f| f.field.as_str()), Some("metadata.name"));
        let stored: Value = cluster.json(Request::get(format!("{path}/a"))).await.expect("stored");
        assert_eq!(stored["metadata"]["managedFields"][0]["manager"], "quarterdeck");
        cluster.set_read_only(true);
        let problem = cluster.write(&good, WriteOptions::default()).await.expect_err("read-only");
        assert_eq!(problem.kind, ProblemKind::Guarded);
        assert_eq!(cluster.may(&Right::new("list", "", "pods", &namespace)).await, Access::Allowed, "reviews pass");
    });
}

#[test]
fn a_table_is_watched_and_pods_are_read_entered_and_forwarded_to() {
    let Some(real) = real("a_table_is_watched_and_pods_are_read_entered_and_forwarded_to") else { return };
    let namespace = real.namespace("streams");
    run(async {
        let cluster = connect(&real.admin());
        let pods = format!("/api/v1/namespaces/{namespace}/pods");
        let watch = Request::get(&pods).accept(Accept::Table).query("watch", "true").query("sendInitialEvents", "true");
        let watch = watch.query("resourceVersionMatch", "NotOlderThan").query("allowWatchBookmarks", "true");
        let mut lines = cluster.lines(watch).await.expect("a watch");
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}},
            "spec": {"nodeName": "node-0", "containers": [{"name": "main", "image": "x", "ports": [{"containerPort": 8080}]}]}});
        let create = Effect { method: Method::Post, path: pods.clone(), query: Vec::new(), body: Some(pod) };
        cluster.write(&create, WriteOptions::default()).await.expect("created");
        let seen = async {
            while let Some(line) = lines.next().await {
                let event: Value = serde_json::from_slice(&line.expect("a line")).expect("JSON");
                if event["type"] == "ADDED" && event["object"]["rows"][0]["object"]["metadata"]["name"] == "web" {
                    return event["object"]["kind"].clone();
                }
            }
            Value::Null
        };
        assert_eq!(tokio::time::timeout(std::time::Duration::from_secs(20), seen).await, Ok(json!("Table")));
        assert_eq!(cluster.traffic().open_watches, 1);

        let log = LogRequest { namespace: namespace.as_str().into(), pod: "web".into(), ..LogRequest::default() };
        match cluster.logs(&log).await {
            Ok(mut chunks) => {
                let first = chunks.next().await.expect("something").expect("bytes");
                assert!(String::from_utf8_lossy(&first).contains("starting"));
            }
            // Without a node of that name the server says so; that is an answer, too.
            Err(problem) => assert!(problem.status.is_some(), "{problem}"),
        }
        let none = ForwardTarget::Selector { namespace: namespace.as_str().into(), labels: "app=nobody".into() };
        let problem = cluster.forward(ForwardRequest { target: none, port: 80, local_port: 0 }).await.err();
        assert_eq!(problem.map(|p| p.kind), Some(ProblemKind::NotFound));
    });
}
