//! A port-forward to an app without a host outlives its pod: the same local port leads to the successor, and the user is
//! told meanwhile.

use super::stage::{self, go, press, program};
use super::{User, real, workload};
use quarterdeck_testing::http::Request;
use serde_json::json;
use std::io::{BufRead, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// An app with a page behind a Service, and no host.
fn bridge(user: &User, name: &str) {
    user.make("apps/v1", "deployments", &workload("Deployment", name, 1));
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("{name}-dashboard")},
        "spec": {"selector": {"app": name}, "ports": [{"port": 9000, "targetPort": 9000}]}});
    user.make("v1", "services", &service);
}

fn pods(user: &User, name: &str) -> Vec<String> {
    let all = user.get("v1", &format!("pods?labelSelector=app%3D{name}"));
    let alive = all["items"].as_array().into_iter().flatten().filter(|p| p["metadata"]["deletionTimestamp"].is_null());
    alive.filter_map(|p| Some(p["metadata"]["name"].as_str()?.to_owned())).collect()
}

fn scale(user: &User, name: &str, replicas: u32) {
    let body = json!({"spec": {"replicas": replicas}}).to_string();
    let path = user.path("apps/v1", &format!("deployments/{name}"));
    let patch = Request::new("PATCH", &path).body("application/merge-patch+json", body);
    assert_eq!(user.client.send(&patch).expect("an answer").status, 200);
}

/// What answers on a local port; what went wrong instead.
fn page(port: u16) -> Result<String, String> {
    let mut socket = std::net::TcpStream::connect(("127.0.0.1", port)).map_err(|e| e.to_string())?;
    socket.set_read_timeout(Some(Duration::from_secs(40))).map_err(|e| e.to_string())?;
    socket.write_all(b"GET / HTTP/1.1\r\nHost: bridge\r\n\r\n").map_err(|e| e.to_string())?;
    let (mut answer, mut some) = (Vec::new(), [0; 1024]);
    loop {
        match socket.read(&mut some) {
            Ok(0) => return Err(format!("closed after {:?}", String::from_utf8_lossy(&answer))),
            Ok(n) => answer.extend_from_slice(&some[..n]),
            Err(e) => return Err(e.to_string()),
        }
        let text = String::from_utf8_lossy(&answer);
        if text.contains("reached by qd") {
            return Ok(text.into_owned());
        }
    }
}

/// The port in `http://127.0.0.1:41234/`.
fn port(text: &str) -> u16 {
    let rest = text.split("127.0.0.1:").nth(1).unwrap_or_else(|| panic!("no address: {text}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a port")
}

#[test]
fn by_key_a_port_forward_outlives_its_pod_and_says_so() {
    let Some(real) = real("by_key_a_port_forward_outlives_its_pod_and_says_so") else { return };
    let user = User::new(real, "bridge");
    bridge(&user, "bridge");
    real.patiently("it runs", || user.get("apps/v1", "deployments/bridge")["status"]["readyReplicas"] == 1);
    let terminal = user.stage.live(&user.stage.options(140, 30), &["-n", &user.namespace]);
    go(&terminal, "apps", "bridge");
    press(&terminal, "/bridge<enter>", "[bridge]");
    terminal.keys("o");
    go(&terminal, "forwards", "http://127.0.0.1:");
    let before = pods(&user, "bridge");
    let said = terminal.wait_for("its pod", stage::PATIENCE, |s| s.contains(&before[0]) && s.contains("Open"));
    let port = port(&said);
    page(port).expect("the page");

    // The pod is deleted; its successor answers on the same port, and the list names it.
    let path = user.path("v1", &format!("pods/{}", before[0]));
    assert_eq!(user.client.send(&Request::new("DELETE", &path)).expect("an answer").status, 200);
    page(port).expect("the same port leads to the successor");
    let after = terminal.wait_for("the successor", stage::PATIENCE, |s| {
        let now = pods(&user, "bridge");
        now.len() == 1 && now != before && s.contains(&now[0]) && s.contains("Open")
    });
    assert!(!after.contains("Failing"), "{after}");

    // Without a successor it waits, says so wherever one is, and whoever asks meanwhile is answered in the end.
    go(&terminal, "deployments", "bridge");
    scale(&user, "bridge", 0);
    terminal.wait_for("it is told", stage::PATIENCE, |s| s.contains("its successor is waited for"));
    go(&terminal, "forwards", "Waiting");
    let asked = std::thread::spawn(move || page(port));
    scale(&user, "bridge", 1);
    terminal.wait_for("it goes on", stage::PATIENCE, |s| s.contains("Open") && s.contains(&pods(&user, "bridge")[0]));
    asked.join().expect("no panic").expect("the request that waited is answered");
    press(&terminal, "x", "no port-forward is open");
    let closed = Instant::now();
    while page(port).is_ok() {
        assert!(closed.elapsed() < stage::PATIENCE, "the port is closed");
    }
}

#[test]
fn on_the_command_line_app_open_goes_on_with_the_successor() {
    let Some(real) = real("on_the_command_line_app_open_goes_on_with_the_successor") else { return };
    let user = User::new(real, "helm");
    bridge(&user, "helm");
    real.patiently("it runs", || user.get("apps/v1", "deployments/helm")["status"]["readyReplicas"] == 1);
    let mut command = Command::new(program());
    command.args(["app", "open", "helm", "--print", "-n", &user.namespace]);
    command.env("KUBECONFIG", &user.stage.kubeconfig).env("HOME", &user.stage.home);
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("qd starts");
    let mut printed = std::io::BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let port = port(&printed.next().expect("the address").expect("text"));
    page(port).expect("the page");
    let guard = super::limit(&child);
    let mut told = std::io::BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    // Deleted: whoever has to wait is told, and in any case which pod it is now.
    let path = user.path("v1", &format!("pods/{}", pods(&user, "helm")[0]));
    assert_eq!(user.client.send(&Request::new("DELETE", &path)).expect("an answer").status, 200);
    assert!(told.any(|l| l.contains("goes on with pod helm-")), "the successor is named");
    page(port).expect("the same port");
    // None at all, for a while.
    scale(&user, "helm", 0);
    assert!(told.any(|l| l.contains("has gone; its successor is waited for")), "it is told");
    scale(&user, "helm", 1);
    assert!(told.any(|l| l.contains("goes on with pod helm-")), "and the end of it");
    drop(guard);
    page(port).expect("the same port");
    super::stop(&child);
    assert!(child.wait().expect("it ends").success(), "Ctrl-C closes it in good order");
}
