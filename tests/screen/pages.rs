//! Every page, on both clusters, in every sort of terminal.

use crate::stage::{PATIENCE, Stage, go, press, program};
use quarterdeck_testing::pty::{Terminal, TerminalOptions};
use quarterdeck_testing::real::{Options, shared_with};
use quarterdeck_testing::sim::SimCluster;
use serde_json::json;
use std::time::Duration;

/// Goes through every page of the ominis world.
fn tour(terminal: &Terminal) {
    terminal.wait_for("home with its findings", PATIENCE, |s| s.contains("client-acme/api-tls"));
    go(terminal, "apps", "flow-proxy");
    go(terminal, "tenants", "demo-client");
    go(terminal, "certificates", "api-tls");
    go(terminal, "routes", "vault.ominis.ai");
    go(terminal, "pods", "authentik-postgresql-0");
    press(terminal, "d", "StatefulSet authentik-postgresql");
    press(terminal, "<esc>", "STATUS");
    press(terminal, "y", "creationTimestamp");
    press(terminal, "<esc>", "STATUS");
    press(terminal, "l", "following");
    press(terminal, "<esc>", "STATUS");
    go(terminal, "deployments", "authentik-server");
    go(terminal, "events", "REASON");
    go(terminal, "contexts", "SERVER");
    go(terminal, "namespaces", "client-demo-client");
    go(terminal, "journal", "ournal");
    press(terminal, "?", "Keys: ");
    terminal.keys("<esc>");
}

fn quits(mut terminal: Terminal) {
    terminal.keys(":q<enter>");
    let code = terminal.wait_exit(Duration::from_secs(20));
    assert_eq!(code, Some(0), "the screen was:\n{}", terminal.text());
    assert!(!terminal.alternate_screen(), "the terminal is given back as it was");
}

#[test]
fn every_page_of_the_embedded_cluster_at_80x24() {
    let cluster = SimCluster::world("ominis");
    let stage = Stage::on(&cluster);
    let terminal = stage.live(&stage.options(80, 24), &[]);
    tour(&terminal);
    assert!(terminal.has_colour());
    quits(terminal);
}

#[test]
fn every_page_of_the_embedded_cluster_at_200x50() {
    let cluster = SimCluster::world("ominis");
    let stage = Stage::on(&cluster);
    let terminal = stage.live(&stage.options(200, 50), &[]);
    tour(&terminal);
    quits(terminal);
}

#[test]
fn every_page_without_colour() {
    let cluster = SimCluster::world("ominis");
    let stage = Stage::on(&cluster);
    let terminal = stage.live(&stage.options(80, 24).env("NO_COLOR", "1"), &[]);
    tour(&terminal);
    assert!(!terminal.has_colour());
    quits(terminal);
}

#[test]
fn every_page_in_ascii() {
    let cluster = SimCluster::world("ominis");
    let stage = Stage::on(&cluster);
    let terminal = stage.live(&stage.options(80, 24).env("LANG", "C"), &[]);
    tour(&terminal);
    let odd: String = String::from_utf8_lossy(&terminal.raw()).chars().filter(|c| !c.is_ascii()).collect();
    assert!(odd.is_empty(), "a terminal without UTF-8 was sent {odd:?}");
    quits(terminal);
}

#[test]
fn line_mode_answers_without_any_control_sequence() {
    let cluster = SimCluster::world("ominis");
    let stage = Stage::on(&cluster);
    let mut terminal = stage.start(&stage.options(80, 24).env("TERM", "dumb"), &[]);
    terminal.wait_for("home", PATIENCE, |s| s.contains("api-tls"));
    terminal.keys("pods\r");
    terminal.wait_for("pods", PATIENCE, |s| s.contains("vaultwarden-0"));
    terminal.keys("quit\r");
    assert_eq!(terminal.wait_exit(Duration::from_secs(20)), Some(0), "{}", terminal.text());
    assert!(!terminal.raw().contains(&0x1b), "{}", String::from_utf8_lossy(&terminal.raw()));
}

#[test]
fn every_size_is_survived() {
    let cluster = SimCluster::world("ominis");
    let stage = Stage::on(&cluster);
    let mut terminal = stage.live(&stage.options(80, 24), &[]);
    for view in ["home", "pods", "certificates", "routes", "apps", "tenants"] {
        terminal.keys(&format!(":{view}<enter>"));
        // The emulator of these tests takes no single column; the robot goes down to 1x1.
        for (cols, rows) in [(20, 5), (400, 120), (21, 6), (40, 10), (2, 2), (132, 43), (80, 24)] {
            terminal.resize(cols, rows);
            terminal.wait_quiet(Duration::from_millis(120), Duration::from_secs(3));
            assert!(terminal.alive(), "{view} at {cols}x{rows}: {}", String::from_utf8_lossy(&terminal.raw()));
        }
    }
    // Keys of the very moment of a resize are read, too.
    terminal.resize(100, 30);
    terminal.keys(":pods<enter>");
    terminal.resize(80, 24);
    terminal.wait_for("pods", PATIENCE, |s| s.contains("authentik-postgresql-0"));
    quits(terminal);
}

#[test]
fn the_pages_on_a_real_control_plane() {
    let Some(cluster) = shared_with("the_pages_on_a_real_control_plane", &Options { kwok: true, controllers: None })
    else {
        return;
    };
    let namespace = cluster.namespace("screen");
    cluster.apply(
        "nodes",
        &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "berth-9", "annotations": {"kwok.x-k8s.io/node": "fake"}}}),
    );
    let labels = json!({"app": "web"});
    cluster.apply(
        "deployments",
        &json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {
                "metadata": {"labels": labels},
                "spec": {"nodeName": "berth-9", "containers": [{"name": "main", "image": "web:1"}]}}},
        }),
    );
    let stage = Stage::new(&cluster.admin());
    for options in [stage.options(80, 24), stage.options(200, 50).env("NO_COLOR", "1")] {
        let terminal = stage.live(&options, &["-n", &namespace]);
        // The row itself: names of kinds in the palette have this word in them, too.
        go(&terminal, "deployments", "▶ web");
        press(&terminal, "d", "2 of 2 ready");
        press(&terminal, "<esc>", "READY");
        press(&terminal, "y", "creationTimestamp");
        press(&terminal, "/berth-9<enter>", "nodeName: berth-9");
        // The first esc ends the search, the second one leaves.
        terminal.keys("<esc>");
        terminal.wait_quiet(Duration::from_millis(300), Duration::from_secs(5));
        press(&terminal, "<esc>", "READY");
        press(&terminal, "<enter>", "web-");
        press(&terminal, "d", "ReplicaSet web-");
        go(&terminal, "nodes", "berth-9");
        go(&terminal, "events", "REASON");
        quits(terminal);
    }
}

#[test]
fn a_change_goes_from_key_to_cluster_and_back() {
    let cluster = SimCluster::world("plain");
    let client = cluster.client();
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let labels = json!({"app": "boat"});
    let boat = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "boat"}, "spec": {
        "replicas": 1, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}}});
    let made = client.send(&quarterdeck_testing::http::Request::new("POST", path).json(&boat)).expect("an answer");
    assert_eq!(made.status, 201, "{}", made.text());
    let replicas = || client.get(&format!("{path}/boat")).expect("an answer").json()["spec"]["replicas"].clone();
    let stage = Stage::on(&cluster);
    let terminal = stage.live(&stage.options(80, 24), &["-n", "default"]);
    go(&terminal, "deployments", "boat");
    press(&terminal, "/boat<enter>", "[boat]");
    press(&terminal, "s", "replicas");
    press(&terminal, "<c-u>4<enter>", "spec.replicas");
    assert_eq!(replicas(), 1, "a plan changes nothing");
    terminal.wait_for("the dry run", PATIENCE, |s| s.contains("accepted by the server"));
    terminal.keys("<enter>");
    cluster_says(&terminal, &replicas, 4);
    // Nobody rolls it out here: stop watching, then take it back.
    press(&terminal, "<esc>", "[boat]");
    press(&terminal, "u", "spec.replicas");
    terminal.keys("<enter>");
    cluster_says(&terminal, &replicas, 1);
}

fn cluster_says(terminal: &Terminal, ask: &dyn Fn() -> serde_json::Value, wanted: i64) {
    terminal.wait_for(&format!("{wanted} replicas"), PATIENCE, |_| ask() == wanted);
}

#[test]
fn help_is_there_without_a_cluster() {
    let options = TerminalOptions::size(80, 24);
    let mut terminal = Terminal::start(program(), &["--help"], &options);
    assert_eq!(terminal.wait_exit(Duration::from_secs(20)), Some(0));
    assert!(terminal.text().contains("Exit codes"), "{}", terminal.text());
}
