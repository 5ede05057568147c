//! Journeys over the platform itself: its page, what of an app is not as declared, what pods and nodes use.

use crate::journeys::golden;
use crate::robot::{Robot, RobotOptions};

#[test]
fn the_platforms_page_tells_why_it_is_that_one_and_its_tasks_are_run_from_there() {
    let mut robot = Robot::start("apl", 80, 24);
    robot.until_idle().keys(":platform<enter>").until("Recognised by").until_gone("is being asked").until_idle();
    golden("platform", &mut robot);
    let mut options = RobotOptions::new("ominis", 80, 24);
    options.tui.ascii = true;
    let mut small = Robot::with(options);
    small.until_idle().keys("vP").until("Recognised by").until_idle();
    assert!(small.screen().is_ascii());
    golden("ascii-platform", &mut small);
    drop(small);

    // The whole of it on a large screen: rules, gateways, catalogue.
    robot.resize(120, 90).until("Catalogue: ").until_idle();
    let screen = robot.screen();
    for words in
        ["Reconcile:", "last reconcile", "tenants", "certificates", "one wildcard", "identity", "not here (exists"]
    {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
    assert!(!screen.contains("hunter2") && !screen.contains("not-a-real"), "{screen}");
    // Enter on a task is its plan, Enter on an app its page.
    let at = |screen: &str, words: &str| screen.lines().position(|l| l.contains(words)).unwrap_or_default() as u16;
    let line = at(&screen, "Reconcile:");
    robot.click(10, line).click(10, line).until("Plan: Reconcile: ").until("accepted by the server").keys("<esc>");
    let screen = robot.until("Catalogue: ").screen();
    let line = at(&screen, "cert-manager ");
    robot.click(10, line).click(10, line).until("Workloads");
}

#[test]
fn what_differs_from_what_is_declared_is_shown_and_all_of_it_by_a_key() {
    let mut robot = Robot::start("ominis", 160, 60);
    robot.until_idle().keys(":apps<enter>").until_idle().keys("/name:flow-proxy<enter>").until_idle().keys("<enter>");
    // Somebody scaled it by hand.
    robot.until("declared 3 (release flow-proxy)  effective 2  observed 2").until("the others agree").until_idle();
    let screen = robot.screen();
    assert!(!screen.contains("docker.io/traefik:v3.2.1"), "what agrees is not in the way:\n{screen}");
    robot.keys("<ctrl-w>").until("docker.io/traefik:v3.2.1 (declared by release flow-proxy, effective, observed)");
    robot.keys("<ctrl-w>").until("the others agree");
}

#[test]
fn pods_and_nodes_show_what_they_use_where_there_is_room_and_only_while_somebody_looks() {
    let mut robot = Robot::start("ominis", 160, 24);
    let asked = |robot: &Robot| robot.state.session.cluster("sim").expect("a cluster").traffic().requests;
    robot.until_idle().keys(":pods<enter>").until("usage every 15s").until("MEM/L").until_idle();
    golden("pods-usage", &mut robot);
    let before = asked(&robot);
    robot.advance(5).until_idle();
    assert_eq!(asked(&robot), before, "what is known is fresh");
    robot.advance(11).until_idle();
    assert!(asked(&robot) > before, "asked again when it is measured anew");
    robot.keys(":nodes<enter>").until("CPU%").until("usage every 15s").until_idle();
    robot.keys(":deploy<enter>").until_idle();
    let before = asked(&robot);
    for _ in 0..4 {
        robot.advance(20).until_idle();
    }
    assert_eq!(asked(&robot), before, "nobody looks at it");
    // A narrow screen has no room for it, and asks nothing.
    robot.resize(80, 24).keys(":pods<enter>").until("STATUS").until_idle();
    let screen = robot.screen();
    assert!(!screen.contains("CPU") && !screen.contains("usage"), "{screen}");
}

#[test]
fn vaultwarden_is_backed_up_by_a_key_wherever_the_cursor_is_into_a_file_that_is_checked() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("vault.tar");
    let mut robot = Robot::start("ominis", 120, 30);
    robot.until_idle().keys(":apps<enter>").until_idle().keys("/name:vaultwarden<enter>").until_idle().keys("<enter>");
    robot.until("Reached by").until_idle().keys("GkkB").until("/data");
    robot.keys("<tab>").paste(&file.display().to_string()).keys("<ctrl-r>").until("Plan: Back up /data");
    let plan = robot.until("nothing in the cluster changes").screen();
    assert!(!plan.contains("take this back") && plan.contains("only you may read it"), "{plan}");
    robot.keys("<enter>").until("4 files, ").until("SHA-256");
    let archive = std::fs::read(&file).expect("the file");
    assert!(archive.windows(16).any(|w| w == b"data/db.sqlite3\0"), "the database is in it");
}
