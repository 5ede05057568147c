//! Journeys from a plan to the end of its run: waves, what is stuck, an unlock that ends in between, and what changed
//! since somebody looked.

use crate::journeys::golden;
use crate::robot::{NOW, Robot, RobotOptions};
use crate::state::Input;

/// A robot in a folder of its own with this configuration.
fn configured(config: &str) -> (Robot, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let state = dir.path().join("state");
    std::fs::create_dir(&state).expect("a folder");
    std::fs::write(state.join("config.toml"), config).expect("a file");
    let mut options = RobotOptions::new("ominis", 80, 24);
    options.state_dir = Some(state);
    (Robot::with(options), dir)
}

#[test]
fn what_is_stuck_is_named_with_its_next_step_and_the_run_goes_on_without_its_page() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until("cannot be issued").until_idle().keys(":sts<enter>").until("postgres").until_idle();
    robot.keys("/ns:homer<enter>").until_idle().keys("r").until("accepted by the server").keys("<enter>");
    robot.until("waits for").until("it has seen 1").until("1 running");
    golden("run-stuck", &mut robot);
    let idle = robot.bytes_of("");
    assert_eq!(idle, 0, "a clock that stands still costs nothing");
    robot.keys("<esc>").until("it goes on");
    robot.keys(":runs<enter>").until("stuck");
    golden("runs", &mut robot);
    robot.keys("<enter>").until("waits for").keys("x").until("stopped before its next step");
    robot.until_gone("1 running");
    robot.keys(":runs<enter>").until_gone("stuck");
}

#[test]
fn a_run_that_ends_while_nobody_looks_notifies_once() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until_idle().keys(":cm<enter>").until("NAME").until_idle();
    robot.keys("m").until("labels").keys("team=red<enter>").until("accepted by the server");
    robot.input(Input::Focus(false));
    robot.keys("<enter>").until("run 1").wait("the end", |s| s.contains("It can be taken back") || s.contains("done"));
    robot.settle();
    assert_eq!(robot.notified.len(), 1, "{:?}", robot.notified);
    assert!(robot.notified[0].starts_with("done: Label ConfigMap"), "{:?}", robot.notified);
}

#[test]
fn several_objects_go_in_waves_that_the_plan_shows() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until_idle().keys(":deploy<enter>").until("client-acme").until_idle().keys("/ns:client<enter>").until_idle();
    robot.keys("<space><space><space><space>r").until("wave 2 of 2").until_idle();
    golden("plan-waves", &mut robot);
    robot.keys("w").until("How many at once").keys("<enter>").until("wave 4 of 4");
    robot.keys("<esc>");
}

#[test]
fn an_unlock_that_ends_in_the_middle_of_the_question_applies_nothing_and_the_question_is_asked_again() {
    let (mut robot, _dir) = configured("[[guards.environments]]\ncontexts = [\"sim\"]\nclass = \"prod\"\n");
    robot.until_idle().until("read-only").keys(":cm<enter>").until("NAME").until_idle();
    robot.keys("U").keys("ticket 7<enter>").until("unlocked");
    let target = robot.state.targets().pop().expect("an object");
    robot.keys("m").until("labels").keys("team=red<enter>").until("accepted by the server");
    robot.keys(&format!("{}<tab>rollout<tab><tab>", target.name));
    // The unlock ends between the question and the yes.
    robot.advance(15 * 60);
    robot.keys("<enter>").until("nothing was changed").until("cannot be run as it stands");
    golden("plan-unlock-ended", &mut robot);
    assert!(robot.state.session.runs().is_empty(), "nothing was applied");
    robot.keys("U").keys("ticket 7 again<enter>").until("Type ").until("to confirm");
    let screen = robot.screen();
    assert!(!screen.contains("nothing was changed") && screen.contains("rollout"), "{screen}");
    robot.keys("<tab><tab><tab><enter>");
    assert!(robot.state.session.runs().is_empty(), "the name has to be typed again");
    robot.keys(&format!("{}<tab><tab><tab><enter>", target.name)).until("run 1").until("done");
    let journal = robot.state.session.journal();
    assert_eq!((journal[0].action.as_str(), journal[0].reason.as_str()), ("label", "rollout"));
}

#[test]
fn home_says_what_changed_since_it_was_looked_at() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = dir.path().join("state");
    let mut options = RobotOptions::new("ominis", 80, 24);
    options.state_dir = Some(state.clone());
    let mut robot = Robot::with(options.clone());
    robot.until("cannot be issued").until_idle();
    robot.state.keep_looked();
    drop(robot);
    // Nine hours ago a tenant was not there, and a certificate was an older one.
    let file = state.join("memory.json");
    let text = std::fs::read_to_string(&file).expect("it is remembered");
    let mut memory: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let looked = &mut memory["looked/sim"];
    looked["at"] = (NOW - 9 * 3600).into();
    looked["tenants"].as_array_mut().expect("tenants").remove(0);
    for (name, kept) in looked["certificates"].as_object_mut().expect("certificates") {
        if name.starts_with("authentik/") {
            kept[0] = (kept[0].as_i64().unwrap_or(0) - 90 * 86_400).into();
        }
        kept[1] = false.into();
    }
    std::fs::write(&file, memory.to_string()).expect("written");
    let mut robot = Robot::with(options);
    robot.until("Since you last looked, 9h ago").until_idle();
    golden("home-since", &mut robot);
}
