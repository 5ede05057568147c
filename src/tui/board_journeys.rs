//! Journeys over certificates: the board, grouped and of several clusters, the timeline, and the way to a verdict.

use crate::journeys::golden;
use crate::robot::{Robot, RobotOptions};

#[test]
fn the_board_is_grouped_as_one_likes_and_a_group_folds() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until("cannot be issued").until_idle().keys(":certificates<enter>").until_idle();
    robot.keys("b").until("Group by").keys("domain<enter>").until("this week");
    golden("certificates-domain", &mut robot);
    let before = robot.screen();
    robot.keys("g<enter>");
    let screen = robot.screen();
    assert_ne!(before, screen, "enter on a heading hides its rows");
    robot.keys("<enter>");
    assert_eq!(robot.screen(), before);
    robot.keys("b").until("Group by").keys("coverage<enter>").until("nobody uses");
    golden("certificates-coverage", &mut robot);
    for (group, words) in [("issuer", "letsencrypt-prod  "), ("tenant", "no tenant  "), ("verdict", "Ready  ")] {
        robot.keys("b").until("Group by").keys(&format!("{group}<enter>")).until(words);
    }
    robot.keys("b").until("Group by").keys("none<enter>").until_gone("5 bad");
}

#[test]
fn the_timeline_counts_weeks_on_a_small_screen_and_days_on_a_large_one_and_leads_to_the_certificate() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until("cannot be issued").until_idle().keys(":timeline<enter>").until("by week").until_idle();
    golden("timeline", &mut robot);
    robot.keys("<enter>").until("certificates authentik/");
    robot.keys("<esc>").resize(200, 50).until("by day");
    golden("large-timeline", &mut robot);
}

#[test]
fn boards_chains_and_timelines_need_neither_unicode_nor_colours() {
    let mut options = RobotOptions::new("ominis", 80, 24);
    options.tui.ascii = true;
    let mut robot = Robot::with(options);
    robot.until("cannot be issued").until_idle();
    for (name, keys, there) in [
        ("certificate", ":certificates<enter><enter>", "Next step"),
        ("certificates-domain", ":certificates<enter>bdomain<enter>", "this week"),
        ("timeline", ":timeline<enter>", "by week"),
    ] {
        robot.keys(keys).until(there).until_idle();
        let screen = robot.screen();
        assert!(screen.is_ascii(), "{screen}");
        golden(&format!("ascii-{name}"), &mut robot);
    }
}

#[test]
fn from_the_start_one_key_leads_to_the_verdict_of_the_worst_certificate() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until("cannot be issued").until_idle();
    let first = robot.cursor_line();
    assert!(first.contains("docs/legacy-docs-tls"), "the cursor is on the worst certificate: {first}");
    robot.keys("<enter>").until("EXPIRED").until("Next step");
}

#[test]
fn a_cluster_that_does_not_answer_delays_no_other_and_says_so() {
    use quarterdeck_sim::world::{WorldOptions, load};
    use quarterdeck_sim::{ServeOptions, SimServer};
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let serve = || {
        let store = load("ominis", &WorldOptions::default()).expect("a world");
        runtime.block_on(SimServer::start(store, ServeOptions::default())).expect("served")
    };
    let (near, far) = (serve(), serve());
    // Nobody listens at this port of the loopback interface.
    let parts = |yaml: &str, context: &str| {
        let part = |from: &str, to: &str| {
            let rest = yaml.split_once(from).map_or("", |(_, rest)| rest);
            rest.split_once(to).map_or(rest, |(part, _)| part).replace("sim", context)
        };
        (
            part("clusters:\n", "users:"),
            part("contexts:\n", "current-context:").replace("admin", &format!("{context}-user")),
            part("users:\n", "contexts:").replace("admin", &format!("{context}-user")),
        )
    };
    let all = [
        parts(&near.kubeconfig_yaml(), "near"),
        parts(&far.kubeconfig_yaml(), "far"),
        parts(&near.kubeconfig_yaml().replace(&near.address().to_string(), "127.0.0.1:9"), "dead"),
    ];
    let join = |of: fn(&(String, String, String)) -> &str| all.iter().map(of).collect::<String>();
    let mut options = RobotOptions::new("ominis", 100, 60);
    options.kubeconfig = Some(format!(
        "apiVersion: v1\nkind: Config\nclusters:\n{}users:\n{}contexts:\n{}current-context: near\n",
        join(|p| &p.0),
        join(|p| &p.2),
        join(|p| &p.1),
    ));
    options.tui.beside = vec!["dead".into(), "far".into()];
    options.tui.start_view = Some("certificates".into());
    let mut robot = Robot::with(options);
    robot.wait("rows of both clusters, and the dead one told", |s| {
        let group = |name: &str, words: &str| s.lines().any(|l| l.contains(&format!("{name}  ")) && l.contains(words));
        group("near", "bad") && group("far", "bad") && group("dead", "no answer")
    });
    // A row of another cluster: nothing can be done to it from here, Enter opens it there.
    robot.keys("/context=far<enter>").until("[context=far]").keys("gjj");
    for _ in 0..6 {
        if robot.cursor_line().contains("api-tls") {
            break;
        }
        robot.keys("j");
    }
    assert!(robot.state.targets().is_empty(), "an action is done in one's own context");
    robot.keys("<enter>").until("Next step");
    assert_eq!(robot.state.context, "far");
    assert!(robot.state.beside.contains(&"near".to_owned()), "the one that was left is shown beside now");
    robot.keys(":certificates<enter>").until("near  ");
    robot.keys("+").until("beside this one").keys("none<enter>").until_gone("near  ");
    robot.keys("+").until("enter adds it").keys("near<enter>").until("near  ");
}
