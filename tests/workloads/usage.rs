//! What pods and nodes use, by the real metrics-server; what `kubectl top` says of the same is the measure.

use super::stage::{self, Stage, go, program};
use quarterdeck_testing::metrics_server::MetricsServer;
use quarterdeck_testing::real::{Options, RealCluster, skipped};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A Deployment whose pods use what is said here.
fn busy(namespace: &str, name: &str, replicas: u32, (cpu, memory): (&str, &str), resources: Value) -> Value {
    let labels = json!({"app": name});
    let annotations = json!({"kwok.x-k8s.io/usage-cpu": cpu, "kwok.x-k8s.io/usage-memory": memory});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels, "annotations": annotations},
            "spec": {"nodeName": "busy-1", "containers": [{"name": "app", "image": "a:1", "resources": resources}]}}}})
}

fn run(program: &Path, stage: &Stage, words: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(words).env("KUBECONFIG", &stage.kubeconfig).env("HOME", &stage.home).stdin(Stdio::null());
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").output().expect("it runs")
}

/// Name, CPU and memory of each line.
fn lines(text: &str, columns: [usize; 3]) -> Vec<[String; 3]> {
    let line = |l: &str| {
        let cells: Vec<&str> = l.split_whitespace().collect();
        columns.map(|i| cells.get(i).copied().unwrap_or_default().to_owned())
    };
    let mut all: Vec<_> = text.lines().skip(1).map(line).collect();
    all.sort();
    all
}

#[test]
#[ignore = "heavy: metrics-server"]
fn usage_is_what_kubectl_top_says_and_is_not_there_where_nobody_measures() {
    let test = "usage_is_what_kubectl_top_says_and_is_not_there_where_nobody_measures";
    if let Err(why) = quarterdeck_testing::programs::programs() {
        return skipped(test, &why);
    }
    let cluster = RealCluster::start_with("usage", &Options { kwok: true, controllers: None });
    let stage = Stage::new(&cluster.admin());
    MetricsServer::node(&cluster, "busy-1");
    let namespace = cluster.namespace("usage");
    let both = json!({"requests": {"cpu": "200m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "128Mi"}});
    cluster.apply("deployments", &busy(&namespace, "api", 2, ("120m", "124Mi"), both.clone()));
    cluster.apply("deployments", &busy(&namespace, "web", 1, ("30m", "20Mi"), both));

    let none = run(program(), &stage, &["top", "pods", "-A"]);
    let told = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(!none.status.success() && told.contains("offers no metrics") && told.contains("metrics-server"), "{told}");
    let terminal = stage.live(&stage.options(160, 30), &["-n", &namespace]);
    let said = go(&terminal, "pods", "api-");
    assert!(!said.contains("CPU") && !said.contains("usage every"), "absent without a trace: {said}");
    drop(terminal);

    let metrics = MetricsServer::start(&cluster).unwrap_or_else(|why| panic!("{why}"));
    metrics.measured(&cluster, &namespace, 3);
    let kubectl = cluster.program("kubectl");
    let text = |program: &Path, words: &[&str]| {
        let output = run(program, &stage, words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    // What is measured moves a little; both ask within one window at some time.
    let same = |theirs: &[&str], ours: &[&str], columns: [[usize; 3]; 2]| {
        let mut last = Default::default();
        for _ in 0..10 {
            last = (lines(&text(&kubectl, theirs), columns[0]), lines(&text(program(), ours), columns[1]));
            if last.0 == last.1 && !last.0.is_empty() {
                return;
            }
        }
        panic!("{ours:?}: {last:#?}");
    };
    same(&["top", "pods", "-n", &namespace], &["top", "pods", "-n", &namespace], [[0, 1, 2], [0, 1, 4]]);
    same(&["top", "nodes"], &["top", "nodes"], [[0, 1, 3], [0, 1, 3]]);

    let all = text(program(), &["top", "pods", "-n", &namespace, "-o", "json"]);
    let all: Value = serde_json::from_str(&all).expect("JSON");
    let api = all["items"]
        .as_array()
        .and_then(|i| i.iter().find(|l| l["name"].as_str().is_some_and(|n| n.starts_with("api-"))));
    let api = api.expect("a pod of api");
    assert_eq!((&api["cpu"]["request"], &api["memory"]["limit"]), (&json!(0.2), &json!(134_217_728.0)), "{api}");

    let terminal = stage.live(&stage.options(160, 30), &["-n", &namespace]);
    go(&terminal, "pods", "usage every 15s");
    let said = terminal.wait_for("shares of requests and limits", stage::PATIENCE, |s| {
        let line = s.lines().find(|l| l.contains("api-")).unwrap_or_default();
        line.contains("124Mi") && line.contains("96%")
    });
    assert!(said.contains("MEM/L") && said.contains("CPU/R"), "{said}");
}
