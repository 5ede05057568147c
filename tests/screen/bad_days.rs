//! What happens to the screen when things go wrong around it.

use crate::stage::{PATIENCE, Stage, back_to, go, press, program};
use quarterdeck_testing::pty::Terminal;
use quarterdeck_testing::real::{Options, RealCluster, shared_with};
use quarterdeck_testing::sim::SimCluster;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn the_api_server_dies_for_a_minute_and_the_screen_comes_back_by_itself() {
    if let Err(why) = quarterdeck_testing::programs::programs() {
        return quarterdeck_testing::real::skipped(
            "the_api_server_dies_for_a_minute_and_the_screen_comes_back_by_itself",
            &why,
        );
    }
    let cluster = RealCluster::start_with("outage", &Options::default());
    let stage = Stage::new(&cluster.admin());
    let mut terminal = stage.live(&stage.options(80, 24), &[]);
    go(&terminal, "configmaps", "kube-root-ca.crt");
    cluster.kill_api();
    terminal.wait_for("the age of the data", PATIENCE, |s| {
        let head = s.lines().next().unwrap_or("");
        !head.contains("live") && head.contains(|c: char| c.is_ascii_digit())
    });
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        assert!(terminal.alive(), "the program stays");
        assert!(terminal.text().contains("kube-root-ca.crt"), "its data stays:\n{}", terminal.text());
        std::thread::sleep(Duration::from_secs(2));
    }
    cluster.start_api();
    let back = Instant::now();
    terminal.wait_for("live again without a key", Duration::from_secs(30), |s| {
        s.lines().next().is_some_and(|l| l.contains("live"))
    });
    assert!(back.elapsed() < Duration::from_secs(8), "live after {:?}", back.elapsed());
    let new = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "after-the-storm", "namespace": "default"}});
    cluster.apply("configmaps", &new);
    terminal.wait_text("after-the-storm");
    go(&terminal, "namespaces", "kube-public");
    let new = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "calm-sea"}});
    cluster.apply("namespaces", &new);
    terminal.wait_text("calm-sea");
}

#[test]
fn who_has_rights_in_three_namespaces_only_reaches_them_and_is_told_what_is_missing() {
    let test = "who_has_rights_in_three_namespaces_only_reaches_them_and_is_told_what_is_missing";
    let Some(cluster) = shared_with(test, &Options { kwok: true, controllers: None }) else { return };
    let names = ["north", "south", "east"].map(|n| cluster.namespace(n));
    for namespace in &names {
        cluster.apply(
            "rolebindings",
            &json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": {"name": "crew", "namespace": namespace},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": names[2]}]}),
        );
        cluster.apply(
            "configmaps",
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("of-{namespace}"), "namespace": namespace}}),
        );
    }
    // The server tells nobody where they have rights. Names are found in those of the user and the groups, as
    // directories make them.
    let stage = Stage::new(&cluster.user(&names[2], &[&names[0], &names[1]]));
    let terminal = stage.live(&stage.options(120, 40), &[]);
    terminal.keys(":configmaps<enter>");
    for namespace in &names {
        terminal.wait_text(&format!("of-{namespace}"));
    }
    terminal.keys(&format!("/of-{}<enter>", names[0]));
    terminal.wait_quiet(Duration::from_millis(300), Duration::from_secs(5));
    press(&terminal, "<c-d>", "you may not delete configmaps");
}

#[test]
fn a_killed_editor_loses_nothing_that_was_typed() {
    let cluster = SimCluster::world("plain");
    let client = cluster.client();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "log-book"}, "data": {"a": "b"}});
    let request = quarterdeck_testing::http::Request::new("POST", "/api/v1/namespaces/default/configmaps").json(&map);
    assert_eq!(client.send(&request).expect("an answer").status, 201);
    let stage = Stage::on(&cluster);
    let options = stage.options(80, 24);
    let mut terminal = stage.live(&options, &["-n", "default"]);
    go(&terminal, "configmaps", "log-book");
    press(&terminal, "/log-book<enter>", "[log-book]");
    press(&terminal, "e", "apiVersion");
    press(&terminal, "# what I typed at three in the morning<enter>", "three in the morning");
    terminal.kill();

    let terminal = stage.start(&options, &["-n", "default"]);
    terminal.wait_for("the offer of the draft", PATIENCE, |s| s.to_lowercase().contains("draft"));
    terminal.wait_quiet(Duration::from_millis(500), Duration::from_secs(5));
    go(&terminal, "configmaps", "log-book");
    press(&terminal, "/log-book<enter>", "[log-book]");
    press(&terminal, "e", "three in the morning");
}

#[test]
fn hostile_text_never_acts_on_the_terminal() {
    let cluster = SimCluster::world("plain");
    let client = cluster.client();
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}gnp.exe";
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "evil", "annotations": {"note": evil}}, "data": {"a": evil, "long": "x".repeat(1_000_000 / 2)}});
    let request = quarterdeck_testing::http::Request::new("POST", "/api/v1/namespaces/default/configmaps").json(&map);
    assert_eq!(client.send(&request).expect("an answer").status, 201);
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "evil.1"}, "type": "Warning", "reason": "Evil",
        "message": evil, "involvedObject": {"kind": "ConfigMap", "name": "evil", "namespace": "default"}});
    let request = quarterdeck_testing::http::Request::new("POST", "/api/v1/namespaces/default/events").json(&event);
    assert!(client.send(&request).expect("an answer").status < 300);
    let stage = Stage::on(&cluster);
    let terminal = stage.live(&stage.options(120, 40), &["-n", "default"]);
    go(&terminal, "events", "Evil");
    go(&terminal, "configmaps", "kube-root-ca.crt");
    press(&terminal, "/evil<enter>", "[evil]");
    press(&terminal, "d", "note");
    press(&terminal, "<esc>", "[evil]");
    press(&terminal, "y", "annotations");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    for bad in ["\u{1b}]0;owned", "\u{9b}", "\u{202e}", "\u{7}"] {
        assert!(!raw.contains(bad), "{bad:?} reached the terminal");
    }
}

/// The program with a kubeconfig that does not do, and what it says.
fn complaint(kubeconfig: &str, arguments: &[&str]) -> (Option<u32>, String) {
    let stage = Stage::new(kubeconfig);
    let file = stage.kubeconfig.display().to_string();
    let mut all = vec!["--kubeconfig", &file];
    all.extend_from_slice(arguments);
    let mut terminal = Terminal::start(program(), &all, &stage.options(100, 30));
    let code = terminal.wait_exit(Duration::from_secs(40));
    (code, terminal.text())
}

#[test]
fn a_broken_kubeconfig_an_unknown_context_and_a_dead_server_are_told() {
    let (code, text) = complaint("clusters: [", &["get", "pods"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("kubeconfig"), "{text}");
    let dead = "apiVersion: v1\nkind: Config\ncurrent-context: dead\nclusters: [{name: dead, cluster: {server: 'http://127.0.0.1:9'}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: dead, context: {cluster: dead, user: u}}]\n";
    let (code, text) = complaint(dead, &["--context", "ded", "get", "pods"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("dead"), "it names the context that was meant: {text}");
    let (code, text) = complaint(dead, &["get", "pods"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("127.0.0.1:9"), "{text}");
}

#[test]
fn the_screen_opens_on_a_dead_server_and_stays() {
    let dead = "apiVersion: v1\nkind: Config\ncurrent-context: dead\nclusters: [{name: dead, cluster: {server: 'http://127.0.0.1:9'}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: dead, context: {cluster: dead, user: u}}]\n";
    let stage = Stage::new(dead);
    let mut terminal = stage.start(&stage.options(80, 24), &[]);
    terminal.wait_for("what is wrong", PATIENCE, |s| s.contains("127.0.0.1") || s.to_lowercase().contains("not reach"));
    go(&terminal, "contexts", "dead");
    assert!(terminal.alive());
    back_to(&terminal, "dead ▪ kubernetes");
}

#[test]
fn a_home_that_cannot_be_written_stops_nothing() {
    let cluster = SimCluster::world("plain");
    let stage = Stage::on(&cluster);
    for home in ["/proc/1/nowhere", "/dev/null"] {
        let terminal = stage.live(&stage.options(80, 24).env("HOME", home), &[]);
        go(&terminal, "pods", "STATUS");
    }
}
