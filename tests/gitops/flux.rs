//! Flux's real kustomize-controller; the test plays the source-controller.

use std::sync::OnceLock;

use quarterdeck_testing::flux::{KustomizeController, NAMESPACE};
use serde_json::{Value, json};

use crate::ground::{Ground, given, ground, settings};

struct Stand {
    ground: &'static Ground,
    controller: KustomizeController,
}

fn stand(test: &str) -> Option<&'static Stand> {
    static STAND: OnceLock<Result<Stand, String>> = OnceLock::new();
    given(
        test,
        STAND.get_or_init(|| {
            let ground = ground()?;
            Ok(Stand { ground, controller: KustomizeController::start(&ground.cluster)? })
        }),
    )
}

fn path(name: &str) -> String {
    format!("/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{NAMESPACE}/kustomizations/{name}")
}

fn ready(object: &Value) -> Value {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.into_iter().find(|c| c["type"] == "Ready").unwrap_or_default()
}

impl Stand {
    fn done(&self, action: &str, name: &str) {
        self.ground.done(&format!("{action} kustomization/{NAMESPACE}/{name}"));
    }
}

#[test]
#[ignore = "heavy: kustomize-controller"]
fn a_kustomization_is_reconciled_when_told_so_suspended_and_resumed() {
    let Some(stand) = stand("a_kustomization_is_reconciled_when_told_so_suspended_and_resumed") else { return };
    let (ground, cluster) = (stand.ground, &stand.ground.cluster);
    let namespace = cluster.namespace("flux");
    let commit = |digit: &str| digit.repeat(40);
    let one = stand.controller.revision(cluster, "shop", &commit("1"), &[("app/a.yaml", &settings("settings", "one"))]);
    cluster.apply("kustomizations", &KustomizeController::kustomization("shop", "shop", "./app", &namespace));
    ground
        .wait(&path("shop"), "has applied the first revision", |found| found["status"]["lastAppliedRevision"] == *one);
    assert_eq!(ground.mode(&namespace, "settings"), "one");

    // What somebody changed by hand comes back at the next reconciliation, which is an hour away.
    ground.patch(&ground.settings(&namespace, "settings"), &json!({"data": {"mode": "by hand"}}));
    stand.done("flux-reconcile", "shop");
    assert_eq!(ground.mode(&namespace, "settings"), "one");

    stand.done("flux-suspend", "shop");
    assert_eq!(ground.get(&path("shop"))["spec"]["suspend"], true);
    let app = ground.app("shop");
    assert_eq!(app["verdict"]["level"], "off", "{app:#}");
    let two = stand.controller.revision(cluster, "shop", &commit("2"), &[("app/a.yaml", &settings("settings", "two"))]);
    assert_eq!(ground.mode(&namespace, "settings"), "one");
    stand.done("flux-resume", "shop");
    let found = ground.get(&path("shop"));
    assert_eq!(found["status"]["lastAppliedRevision"], *two, "{:#}", found["status"]);
    assert_eq!(ground.mode(&namespace, "settings"), "two");
}

#[test]
#[ignore = "heavy: kustomize-controller"]
fn a_folder_that_is_not_in_the_source_is_why_a_kustomization_is_not_ready() {
    let Some(stand) = stand("a_folder_that_is_not_in_the_source_is_why_a_kustomization_is_not_ready") else { return };
    let (ground, cluster) = (stand.ground, &stand.ground.cluster);
    let namespace = cluster.namespace("astray");
    stand.controller.revision(cluster, "astray", &"3".repeat(40), &[("app/a.yaml", &settings("settings", "one"))]);
    cluster.apply("kustomizations", &KustomizeController::kustomization("astray", "astray", "./nowhere", &namespace));
    ground.wait(&path("astray"), "has failed", |found| ready(found)["status"] == "False");
    let app = ground.app("astray");
    assert_eq!(app["verdict"]["level"], "bad", "{app:#}");
    assert!(app["verdict"].to_string().contains("nowhere"), "{app:#}");
}
