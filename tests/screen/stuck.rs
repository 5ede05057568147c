//! A platform that is being installed on a real control plane and hangs: the stages say which object it is that everything
//! waits for, one after the other, until nothing is left.

use crate::stage::{PATIENCE, Stage, go, press, program};
use quarterdeck_testing::http::Request;
use quarterdeck_testing::real::{Options, RealCluster};
use quarterdeck_testing::sim::manifests;
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// There is no scheduler; pods are told where to go.
const NODE: &str = "berth-1";
/// Controllers try again what was refused, less and less often.
const LONG: Duration = Duration::from_secs(90);

/// The services of Ominis, each pod with its place but for one: the pod of Authentik's database waits for its volume.
fn install(cluster: &RealCluster) {
    let kinds = ["Namespace", "ServiceAccount", "Deployment", "StatefulSet", "DaemonSet"];
    let services = ["cert-manager", "authentik", "vaultwarden", "flow-proxy", "homer", "excalidraw"];
    let mine = |o: &Value| {
        services
            .iter()
            .any(|s| o["metadata"]["namespace"] == *s || (o["kind"] == "Namespace" && o["metadata"]["name"] == *s))
    };
    let all: Vec<Value> = manifests("ominis", &kinds).into_iter().filter(mine).collect();
    let (before, workloads): (Vec<Value>, Vec<Value>) = all.into_iter().partition(|o| o["spec"]["template"].is_null());
    let put = |object: &Value| {
        let plural = format!("{}s", object["kind"].as_str().unwrap_or_default().to_lowercase());
        cluster.apply(&plural, object);
    };
    before.iter().for_each(put);
    let none = json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "not-yet", "namespace": "cert-manager"}, "spec": {"hard": {"pods": "0"}}});
    cluster.apply("resourcequotas", &none);
    let path = "/api/v1/namespaces/cert-manager/resourcequotas/not-yet";
    cluster.patiently("the quota is in force", || {
        cluster.client().get(path).is_ok_and(|answer| answer.json()["status"]["hard"]["pods"] == "0")
    });
    for mut object in workloads {
        if object["metadata"]["name"] != "authentik-postgresql" {
            object["spec"]["template"]["spec"]["nodeName"] = NODE.into();
        }
        put(&object);
    }
}

/// What the scheduler would have said, because none runs here; why there is no volume says the real controller.
fn unschedulable(cluster: &RealCluster) {
    let path = "/api/v1/namespaces/authentik/pods/authentik-postgresql-0";
    cluster.patiently("the database's pod", || cluster.client().get(path).is_ok_and(|a| a.status == 200));
    let said = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "lastTransitionTime": "2026-11-20T00:00:00Z",
        "message": "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."});
    let body = json!({"status": {"conditions": [said]}}).to_string();
    let patch = Request::new("PATCH", &format!("{path}/status")).body("application/strategic-merge-patch+json", body);
    let answer = cluster.client().send(&patch).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// A volume comes, and the pod its place.
fn volume(cluster: &RealCluster) {
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "by-hand"}, "spec": {
        "capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "csi-cinder-high-speed",
        "claimRef": {"namespace": "authentik", "name": "data-authentik-postgresql-0"}, "hostPath": {"path": "/tmp"}}});
    cluster.apply("persistentvolumes", &volume);
    let claim = "/api/v1/namespaces/authentik/persistentvolumeclaims/data-authentik-postgresql-0";
    cluster.patiently("the claim is bound", || {
        cluster.client().get(claim).is_ok_and(|answer| answer.json()["status"]["phase"] == "Bound")
    });
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "authentik-postgresql-0"},
        "target": {"apiVersion": "v1", "kind": "Node", "name": NODE}});
    let path = "/api/v1/namespaces/authentik/pods/authentik-postgresql-0/binding";
    let answer = cluster.client().send(&Request::new("POST", path).json(&binding)).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text());
}

fn qd(stage: &Stage, words: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.args(words).env("KUBECONFIG", &stage.kubeconfig).env("HOME", &stage.home);
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").env_remove("QD_PLATFORM");
    command.stdin(Stdio::null()).output().expect("qd runs")
}

/// The stages by the command line, once they say that this is in the way (`None`: nothing is).
fn stages(stage: &Stage, block: Option<(&str, &str)>) -> Value {
    let began = Instant::now();
    loop {
        let output = qd(stage, &["apps", "--stages", "-o", "json"]);
        let all: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let items = all["items"].as_array().cloned().unwrap_or_default();
        let first = items.iter().find(|s| s["verdict"]["level"] == "bad" || s["verdict"]["level"] == "warn");
        let code = output.status.code();
        let there = match (block, first) {
            (Some((kind, name)), Some(s)) => {
                s["block"]["kind"] == kind && s["block"]["name"] == name && code == Some(1)
            }
            (None, None) => {
                items.len() == 4 && items.iter().all(|s| s["verdict"]["level"] == "good") && code == Some(0)
            }
            _ => false,
        };
        if there {
            return all;
        }
        assert!(began.elapsed() < LONG, "{block:?} is not named: {all:#} {}", String::from_utf8_lossy(&output.stderr));
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn an_install_that_hangs_names_the_first_blocking_object_of_a_dependency_on_the_real_control_plane() {
    let test = "an_install_that_hangs_names_the_first_blocking_object_of_a_dependency_on_the_real_control_plane";
    if let Err(why) = quarterdeck_testing::programs::programs() {
        return quarterdeck_testing::real::skipped(test, &why);
    }
    let cluster = RealCluster::start_with("stuck", &Options { kwok: true, controllers: None });
    let node = json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": NODE, "annotations": {"kwok.x-k8s.io/node": "fake"}}});
    cluster.apply("nodes", &node);
    install(&cluster);
    let stage = Stage::new(&cluster.admin());

    // The foundation has no pod, because a quota allows none; what needs it waits for it.
    let all = stages(&stage, Some(("ResourceQuota", "not-yet")));
    assert!(all["stuck"].as_str().is_some_and(|s| s.starts_with("stage 1 of 4 waits for cert-manager: ")), "{all:#}");
    let third = &all["items"][2];
    assert_eq!(
        (&third["waitsFor"], &third["block"]["kind"]),
        (&"cert-manager".into(), &"ResourceQuota".into()),
        "{third:#}"
    );
    let told = String::from_utf8(qd(&stage, &["apps", "--stages"]).stdout).expect("text");
    assert!(told.contains("blocked by ResourceQuota cert-manager/not-yet: pods 0 of 0"), "{told}");
    let terminal = stage.live(&stage.options(160, 30), &[]);
    go(&terminal, "apps", "vaultwarden");
    let said = press(&terminal, "i", "stage 1 of 4 waits for cert-manager");
    assert!(said.contains("blocked by ResourceQuota cert-manager/not-yet"), "{said}");
    press(&terminal, "d", "not-yet");
    press(&terminal, "<esc>", "stage 1 of 4");

    // The quota goes; without a key the screen says what is next: the volume of Authentik's database.
    unschedulable(&cluster);
    let quota = Request::new("DELETE", "/api/v1/namespaces/cert-manager/resourcequotas/not-yet");
    assert_eq!(cluster.client().send(&quota).expect("an answer").status, 200);
    let claim = "PersistentVolumeClaim authentik/data-authentik-postgresql-0";
    let said = terminal.wait_for("the claim", LONG, |s| {
        s.contains("stage 3 of 4 waits for authentik") && s.contains(&format!("blocked by {claim}"))
    });
    assert!(said.contains("csi-cinder-high-speed"), "why the real controller binds no volume: {said}");
    let all = stages(&stage, Some(("PersistentVolumeClaim", "data-authentik-postgresql-0")));
    assert!(all["stuck"].as_str().is_some_and(|s| s.starts_with("stage 3 of 4 waits for authentik: ")), "{all:#}");
    // The same by its own name, on the small screen; Enter leads to the app with the whole chain.
    let small = stage.live(&stage.options(80, 24), &[]);
    go(&small, "stages", "stage 3 of 4 waits for authentik");
    press(&small, "jj<enter>", "Why it is not ready, down to what blocks it");
    small.wait_for("the chain to its end", PATIENCE, |s| {
        s.contains("▶→ ✗ PersistentVolumeCla") && s.contains("StatefulSet")
    });

    volume(&cluster);
    stages(&stage, None);
    terminal.wait_for("all is well", PATIENCE, |s| !s.contains("waits for") && !s.contains("blocked by"));
}
