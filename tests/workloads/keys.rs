//! The same by key, in a terminal.

use super::stage::{self, go, press};
use super::{User, node, real, workload};
use quarterdeck_testing::pty::Terminal;
use serde_json::json;

/// Waits for a plan, and the server's yes to it.
fn tried(terminal: &Terminal, title: &str) -> String {
    let plan = format!("Plan: {title}");
    terminal.wait_for(&plan, stage::PATIENCE, |s| s.contains(&plan) && s.contains("accepted by the server"))
}

#[test]
fn by_key_an_image_is_set_taken_back_and_a_recreated_object_is_not_deleted() {
    let Some(real) = real("by_key_an_image_is_set_taken_back_and_a_recreated_object_is_not_deleted") else { return };
    let user = User::new(real, "keys");
    user.make("apps/v1", "deployments", &workload("Deployment", "boat", 1));
    let terminal = user.stage.live(&user.stage.options(100, 30), &["-n", &user.namespace]);
    let image =
        || user.get("apps/v1", "deployments/boat")["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    go(&terminal, "deployments", "boat");
    press(&terminal, "/boat<enter>", "[boat]");
    press(&terminal, "i", "app=a:1 log=l:1");
    press(&terminal, "<c-u>app=a:7<enter>", "a:7");
    terminal.wait_for("the dry run", stage::PATIENCE, |s| s.contains("accepted by the server"));
    terminal.keys("<enter>");
    terminal.wait_for("the new image", stage::PATIENCE, |_| image() == "a:7");
    stage::back_to(&terminal, "eployments");
    press(&terminal, "b", "to-revision");
    press(&terminal, "<enter>", "revision 1");
    terminal.wait_for("the dry run", stage::PATIENCE, |s| s.contains("accepted by the server"));
    terminal.keys("<enter>");
    terminal.wait_for("the former image", stage::PATIENCE, |_| image() == "a:1");
    stage::back_to(&terminal, "eployments");

    press(&terminal, "<c-d>", "propagation");
    press(&terminal, "<c-r>", "accepted by the server");
    user.recreate(real);
    terminal.keys("boat<tab><tab><enter>");
    terminal.wait_for("the refusal", stage::PATIENCE, |s| s.contains("recreated"));
    assert_eq!(user.get("apps/v1", "deployments/boat")["kind"], "Deployment", "the new one lives");
}

#[test]
fn by_key_pods_are_restarted_and_scaled_and_a_cron_job_is_started_and_held() {
    let Some(real) = real("by_key_pods_are_restarted_and_scaled_and_a_cron_job_is_started_and_held") else { return };
    let user = User::new(real, "verbs");
    user.make("apps/v1", "deployments", &workload("Deployment", "boat", 1));
    let pod = json!({"spec": {"restartPolicy": "Never", "nodeName": super::NODE, "containers": [{"name": "app", "image": "a:1"}]}});
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
        "spec": {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": pod}}}});
    user.make("batch/v1", "cronjobs", &cron);
    let boat = || user.get("apps/v1", "deployments/boat");
    let terminal = user.stage.live(&user.stage.options(100, 30), &["-n", &user.namespace]);
    go(&terminal, "deployments", "boat");
    press(&terminal, "/boat<enter>", "[boat]");
    terminal.keys("r");
    tried(&terminal, "Restart");
    press(&terminal, "<enter>", "1 of 1 replicas available");
    assert!(boat()["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"].is_string());
    stage::back_to(&terminal, "eployments");
    press(&terminal, "s", "scale Deployment");
    terminal.keys("<c-u>3<enter>");
    tried(&terminal, "Scale");
    press(&terminal, "<enter>", "3 of 3");
    assert_eq!(boat()["spec"]["replicas"], 3);
    terminal.keys("u");
    tried(&terminal, "Undo: Scale");
    terminal.keys("<enter>");
    real.patiently("it is taken back", || boat()["spec"]["replicas"] == 1);
    stage::back_to(&terminal, "eployments");

    go(&terminal, "cronjobs", "nightly");
    press(&terminal, "/nightly<enter>", "[nightly]");
    terminal.keys("s");
    tried(&terminal, "Suspend");
    terminal.keys("<enter>");
    let held = |yes: bool| user.get("batch/v1", "cronjobs/nightly")["spec"]["suspend"] == yes;
    real.patiently("it is held", || held(true));
    stage::back_to(&terminal, "ronjobs");
    terminal.keys("r");
    tried(&terminal, "Resume");
    terminal.keys("<enter>");
    real.patiently("it is let go", || held(false));
    stage::back_to(&terminal, "ronjobs");
    terminal.keys("t");
    tried(&terminal, "Trigger");
    press(&terminal, "<enter>", "1 of 1 succeeded");
    terminal.keys(":journal<enter>");
    let all = ["journal", "Restart", "Scale", "Suspend", "Resume", "Trigger", "undone"];
    terminal.wait_for("all of it in the journal", stage::PATIENCE, |s| all.iter().all(|word| s.contains(word)));
}

#[test]
fn by_key_a_drain_says_what_holds_it_is_stopped_and_taken_back_and_ends() {
    let Some(real) = real("by_key_a_drain_says_what_holds_it_is_stopped_and_taken_back_and_ends") else { return };
    let user = User::new(real, "empty");
    node(real, "drained-2");
    let mut api = workload("Deployment", "api", 2);
    api["spec"]["template"]["spec"]["nodeName"] = "drained-2".into();
    user.make("apps/v1", "deployments", &api);
    let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "keep-two"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "api"}}}});
    user.make("policy/v1", "poddisruptionbudgets", &budget);
    let healthy = || user.get("policy/v1", "poddisruptionbudgets/keep-two")["status"]["currentHealthy"] == 2;
    real.patiently("the budget counts two", healthy);
    let cordoned = || user.client.get("/api/v1/nodes/drained-2").unwrap().json()["spec"]["unschedulable"] == true;
    let terminal = user.stage.live(&user.stage.options(80, 24), &["-n", &user.namespace]);
    let drain = || {
        press(&terminal, "D", "delete-emptydir-data");
        terminal.keys("<c-r>");
        let said = tried(&terminal, "Drain");
        terminal.keys("drained-2<tab><tab><enter>");
        said
    };
    go(&terminal, "nodes", "drained-2");
    press(&terminal, "/drained-2<enter>", "[drained-2]");
    let said = drain();
    assert!(said.contains("2 pods wait for PodDisruptionBudget"), "{said}");
    let said =
        terminal.wait_for("what holds it", stage::PATIENCE, |s| s.contains("waits for PodDisruptionBudget keep-two"));
    assert!(said.contains("stuck") && said.contains("none of its 2 pods"), "{said}");
    assert!(cordoned());
    press(&terminal, "x", "stopped by the user");
    terminal.keys("u");
    tried(&terminal, "Undo: Drain");
    terminal.keys("<enter>");
    real.patiently("it takes pods again", || !cordoned());
    stage::back_to(&terminal, "odes");

    let path = user.path("policy/v1", "poddisruptionbudgets/keep-two");
    user.client.send(&quarterdeck_testing::http::Request::new("DELETE", &path)).expect("an answer");
    drain();
    terminal.wait_for("the end", stage::PATIENCE, |s| s.contains("2 pods have gone"));
    assert!(cordoned());
}
