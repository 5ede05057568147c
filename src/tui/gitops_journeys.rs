//! Journeys of those who keep a platform in step with git: what may not be synced and why, the platform's own tasks.

use crate::robot::{Robot, RobotOptions};

#[test]
fn who_may_not_patch_applications_sees_sync_disabled_with_the_missing_verb_and_a_role() {
    let vera = RobotOptions { user: Some("vera".into()), ..RobotOptions::new("otomi", 100, 40) };
    let mut robot = Robot::with(vera);
    robot.until_idle().keys(":applications.argoproj.io<enter>").until("drone-drone").until_idle();
    // What may be done is asked for when somebody wants to know it.
    robot.keys("?").until("Sync").until_idle().keys("<esc>");
    robot.keys("?").until("you may not patch applications.argoproj.io").keys("<esc>");
    robot.keys(":sync").until("you may not patch applications.argoproj.io").keys("<enter>");
    robot.until("kind: Role").until("verbs: [\"patch\"]");
    robot.keys("<esc>s").until("argocd-sync: you may not patch applications.argoproj.io").until("kind: Role");
    robot.keys("<enter>").until_gone("kind: Role");
    assert!(robot.copied.iter().any(|role| role.contains("resources: [\"applications\"]")), "{:?}", robot.copied);
}

#[test]
fn the_keys_of_what_declares_an_app_act_wherever_the_cursor_is() {
    let mut robot = Robot::start("apl", 80, 24);
    robot.until_idle().keys(":apps<enter>").until_idle().keys("/name:rabbitmq<enter>").until_idle();
    robot.keys("<enter>").until("rabbitmq-cluster-operator").until_idle();
    for _ in 0..6 {
        robot.keys("j");
    }
    robot.keys("s").until("resources").keys("<esc>").until("rabbitmq-cluster-operator");
    robot.keys("r").until("accepted by the server").keys("<enter>").until("compared with git");
}

#[test]
fn a_task_of_the_platform_is_found_by_its_words_planned_and_followed() {
    let mut robot = Robot::start("apl", 80, 24);
    robot.until_idle().keys(":realm").until("Reconcile: realm, roles and users").keys("<enter>");
    robot.until("Reconcile: realm").until("apl-keycloak-operator").until("accepted by the server");
    robot.keys("<enter>").until("controller saw it").until("do platform-reconcile keycloak");
}
