//! A run goes on to the route that answers: pods that are ready are not the end, somebody has to be reached from outside.
//! In the place of an ingress controller stands the edge, which a test tells what to answer.

use super::stage::{self, go, press, program};
use super::{User, real, workload};
use quarterdeck_testing::edge::{Answer, Edge};
use quarterdeck_testing::http::Request;
use quarterdeck_testing::pty::Terminal;
use quarterdeck_testing::real::RealCluster;
use serde_json::json;
use std::io::BufRead;
use std::process::{Command, Stdio};

/// A Deployment with a Service, and a host that leads to it; over TLS too, where `secure` says so.
fn site(user: &User, name: &str, edge: &Edge, secure: bool) -> String {
    let host = format!("{name}.{}.test", user.namespace);
    user.make("apps/v1", "deployments", &workload("Deployment", name, 1));
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}});
    user.make("v1", "services", &service);
    let backend = json!({"service": {"name": name, "port": {"number": 80}}});
    let mut ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": {
        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}});
    if secure {
        ingress["spec"]["tls"] = json!([{"hosts": [host], "secretName": "not-there"}]);
    }
    user.make("networking.k8s.io/v1", "ingresses", &ingress);
    // As an ingress controller says where it is reached.
    let status = json!({"status": {"loadBalancer": {"ingress": [{"ip": edge.address()}]}}}).to_string();
    let path = format!("{}/status", user.path("networking.k8s.io/v1", &format!("ingresses/{name}")));
    let patch = Request::new("PATCH", &path).body("application/merge-patch+json", status);
    assert_eq!(user.client.send(&patch).expect("an answer").status, 200);
    host
}

fn user(real: &RealCluster, test: &str) -> (User, Edge) {
    let user = User::new(real, test);
    let edge = Edge::start(real).expect("an address of its own");
    let config = user.stage.home.join(".config/quarterdeck");
    std::fs::create_dir_all(&config).expect("a folder");
    let ports = format!("[probe]\nhttp-port = {}\nhttps-port = {}\n", edge.http_port(), edge.https_port());
    std::fs::write(config.join("config.toml"), ports).expect("written");
    (user, edge)
}

fn restart(terminal: &Terminal) {
    terminal.keys("r");
    terminal
        .wait_for("the plan", stage::PATIENCE, |s| s.contains("Plan: Restart") && s.contains("accepted by the server"));
    terminal.keys("<enter>");
}

/// The line of a stage.
fn line<'a>(screen: &'a str, title: &str) -> &'a str {
    screen.lines().find(|l| l.contains(title)).unwrap_or_else(|| panic!("no line of {title}:\n{screen}"))
}

/// `0s`, `12s`, `1m5s` after the title.
fn took(line: &str, title: &str) -> bool {
    let rest = line.split(title).nth(1).unwrap_or_default().trim_start();
    rest.starts_with(|c: char| c.is_ascii_digit())
}

#[test]
fn by_key_a_run_ends_at_the_route_that_answers_and_one_that_does_not_is_the_stage_that_is_stuck() {
    let test = "by_key_a_run_ends_at_the_route_that_answers_and_one_that_does_not_is_the_stage_that_is_stuck";
    let Some(real) = real(test) else { return };
    let (user, edge) = user(real, "answers");
    let host = site(&user, "web", &edge, false);
    edge.answer(&host, Answer::Fixed(200, "ahoy".into()));
    let terminal = user.stage.live(&user.stage.options(110, 30), &["-n", &user.namespace]);
    go(&terminal, "deployments", "web");
    terminal.wait_for("its pod", stage::PATIENCE, |s| s.contains("1/1"));
    press(&terminal, "/web<enter>", "[web]");

    restart(&terminal);
    let answers = format!("{host} answers 200");
    let said = terminal.wait_for("the end of the way", stage::PATIENCE, |s| s.contains(&answers));
    for title in ["written", "controller saw it", "rollout", "pods ready", "route answers"] {
        assert!(took(line(&said, title), title), "{title} has its time: {said}");
    }
    assert!(line(&said, "pods ready").contains("1 of 1 ready"), "{said}");
    assert!(line(&said, "route answers").contains("1 of 1 endpoints"), "{said}");
    assert!(!said.contains("usually"), "nothing was learnt before the first time: {said}");
    stage::back_to(&terminal, "eployments");

    // Pods are ready, and the proxy says that nobody is behind it: that is what the run is stuck at.
    edge.answer(&host, Answer::Fixed(503, "no available server".into()));
    restart(&terminal);
    let waits = format!("waits for Ingress {}/web: answers 503", user.namespace);
    let said = terminal.wait_for("what it waits for", stage::PATIENCE, |s| s.contains(&waits));
    assert!(line(&said, "pods ready").contains("1 of 1 ready"), "{said}");
    let stuck = line(&said, "route answers");
    assert!(stuck.contains("→") && stuck.contains("usually") && took(stuck, "route answers"), "{said}");
    assert!(said.contains("stuck") && said.contains("Next step: see the log of the ingress controller"), "{said}");
    stage::back_to(&terminal, "eployments");
    terminal.keys(":runs<enter>");
    let there = |s: &str| s.lines().next().is_some_and(|l| l.contains("runs")) && s.contains("stuck");
    terminal.wait_for("the run that is stuck", stage::PATIENCE, there);
    // It comes back, and the run ends without a key.
    edge.answer(&host, Answer::Fixed(200, "ahoy".into()));
    terminal.wait_for("the end", stage::PATIENCE, |s| !s.contains("stuck") && s.matches("done").count() >= 2);
}

#[test]
fn on_the_command_line_a_run_is_followed_over_tls_and_what_is_not_reached_is_told() {
    let Some(real) = real("on_the_command_line_a_run_is_followed_over_tls_and_what_is_not_reached_is_told") else {
        return;
    };
    let (user, edge) = user(real, "secure");
    let host = site(&user, "shop", &edge, true);
    real.patiently("it runs", || user.get("apps/v1", "deployments/shop")["status"]["readyReplicas"] == 1);
    let said = user.qd("do restart deployments/shop --yes --wait");
    let route = line(&said, "route answers");
    assert!(route.contains("done") && route.contains(&format!("{host} answers 200")), "{said}");
    // Where nobody listens it is told what is waited for; whoever stops is told where it stood.
    edge.refuse_tls();
    let mut command = Command::new(program());
    command.args(["do", "restart", "deployments/shop", "--yes", "--wait", "-n", &user.namespace]);
    command.env("KUBECONFIG", &user.stage.kubeconfig).env("HOME", &user.stage.home);
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("qd starts");
    let mut progress = std::io::BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let waits = format!("route answers waits for Ingress {}/shop: does not answer: ", user.namespace);
    let guard = super::limit(&child);
    let refused = |l: String| l.contains(&waits) && l.contains("refuses connections on port");
    assert!(progress.any(|l| refused(l.unwrap_or_default())), "it names what it waits for");
    drop(guard);
    super::stop(&child);
    let rest = std::thread::spawn(move || progress.count());
    let output = child.wait_with_output().expect("it ends");
    rest.join().expect("its messages");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(line(&said, "pods ready").contains("done"), "{said}");
    assert!(!line(&said, "route answers").contains("done"), "{said}");
}
