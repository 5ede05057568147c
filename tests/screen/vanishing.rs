//! What is looked at goes away under the eyes: a kind and a namespace, on the real kube-apiserver; and what comes from
//! outside and means ill, on the screen, on the command line and in its JSON.

use crate::stage::{PATIENCE, Stage, back_to, go, press, program};
use quarterdeck_testing::http::Request;
use quarterdeck_testing::pty::Terminal;
use quarterdeck_testing::real::{Options, RealCluster, shared_with};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::Duration;

fn real(test: &str) -> Option<&'static RealCluster> {
    shared_with(test, &Options { kwok: true, controllers: None })
}

fn kind(group: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"wind": {"type": "string"}}}}});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("sails.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"plural": "sails", "singular": "sail", "kind": "Sail", "listKind": "SailList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
                "additionalPrinterColumns": [{"name": "Wind", "type": "string", "jsonPath": ".spec.wind"}]}]}})
}

fn sail(group: &str, namespace: &str, name: &str, wind: &str) -> Value {
    json!({"apiVersion": format!("{group}/v1"), "kind": "Sail", "metadata": {"name": name, "namespace": namespace}, "spec": {"wind": wind}})
}

#[test]
fn a_kind_vanishes_while_it_is_looked_at_and_comes_back() {
    let Some(cluster) = real("a_kind_vanishes_while_it_is_looked_at_and_comes_back") else { return };
    let namespace = cluster.namespace("kind");
    let group = format!("{namespace}.example.com");
    cluster.define(&[kind(&group)]);
    cluster.apply("sails", &sail(&group, &namespace, "jib", "north"));
    let stage = Stage::new(&cluster.admin());
    let mut terminal = stage.live(&stage.options(110, 30), &["-n", &namespace]);
    go(&terminal, "sails", "jib");
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sails.{group}");
    let client = cluster.client();
    assert_eq!(client.send(&Request::new("DELETE", &path)).expect("an answer").status, 200);
    cluster.patiently("the kind is gone", || client.get(&path).is_ok_and(|a| a.status == 404));
    // Its objects go with it; then nobody serves the kind, which is said and ends nothing.
    terminal.wait_for("that the kind has gone", Duration::from_secs(60), |s| {
        s.contains("no longer") || s.contains("no such") || s.contains("no data")
    });
    assert!(terminal.alive());
    go(&terminal, "configmaps", "kube-root-ca.crt");
    go(&terminal, "sails", "sails");
    cluster.define(&[kind(&group)]);
    cluster.apply("sails", &sail(&group, &namespace, "spinnaker", "south"));
    terminal.wait_for("the kind again, without a key", Duration::from_secs(60), |s| {
        s.contains("spinnaker") && s.contains("south") && s.lines().next().is_some_and(|l| l.contains("live"))
    });
}

#[test]
fn a_namespace_is_deleted_while_it_is_the_scope() {
    let Some(cluster) = real("a_namespace_is_deleted_while_it_is_the_scope") else { return };
    let namespace = cluster.namespace("doomed");
    cluster.apply(
        "configmaps",
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "last-words", "namespace": namespace}}),
    );
    let stage = Stage::new(&cluster.admin());
    let mut terminal = stage.live(&stage.options(110, 30), &["-n", &namespace]);
    go(&terminal, "configmaps", "last-words");
    let client = cluster.client();
    let path = format!("/api/v1/namespaces/{namespace}");
    assert!(client.send(&Request::new("DELETE", &path)).is_ok_and(|a| a.status == 200));
    cluster.patiently("the namespace is gone", || client.get(&path).is_ok_and(|a| a.status == 404));
    // The page stays and stays live.
    terminal.wait_for("an empty page that is live", PATIENCE, |s| {
        !s.contains("kube-root-ca.crt") && s.lines().next().is_some_and(|l| l.contains("live"))
    });
    go(&terminal, "pods", "pods");
    assert!(terminal.alive());
    press(&terminal, "0", "kube-");
    let (code, _, err) = qd(&stage, &["get", "pods", "-n", &namespace]);
    assert!(code == Some(0) && err.contains("No resources found"), "{code:?} {err}");
}

const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31m\u{9b}31m\u{202e}gnp.exe\u{2066}\u{200b}\r\u{8}";
/// What must not reach a terminal.
const BAD: &[&str] = &["\u{1b}]0;owned", "\u{1b}[2Jx", "\u{9b}", "\u{202e}", "\u{2066}", "\u{200b}"];

fn qd(stage: &Stage, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(program());
    command.args(arguments).env("KUBECONFIG", &stage.kubeconfig).env("HOME", &stage.home);
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
    let output = command.output().expect("qd runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn harmless(text: &str, what: &str) {
    for bad in BAD {
        assert!(!text.contains(bad), "{what}: {bad:?} came through");
    }
    let odd: Vec<char> = text.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\t')).collect();
    assert!(odd.is_empty(), "{what}: {odd:?}");
}

#[test]
fn hostile_text_acts_on_no_terminal_and_its_json_is_whole() {
    let Some(cluster) = real("hostile_text_acts_on_no_terminal_and_its_json_is_whole") else { return };
    let namespace = cluster.namespace("hostile");
    let long = "x".repeat(1_000_000 / 2);
    let evil = format!("{EVIL}x");
    let group = format!("{namespace}.example.com");
    cluster.define(&[kind(&group)]);
    cluster.apply("sails", &sail(&group, &namespace, "jolly-roger", &evil));
    cluster.apply("sails", &sail(&group, &namespace, "long-boat", &long));
    cluster.apply(
        "configmaps",
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "evil", "namespace": namespace,
            "annotations": {"note": evil}}, "data": {"a": evil, "long": long}}),
    );
    let node = format!("berth-{namespace}");
    cluster.apply(
        "nodes",
        &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "annotations": {"kwok.x-k8s.io/node": "fake"}}}),
    );
    cluster.apply(
        "pods",
        &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "evil", "namespace": namespace},
            "spec": {"nodeName": node, "containers": [{"name": "main", "image": "x", "env": [{"name": "E", "value": evil}]}]}}),
    );
    cluster.apply(
        "events",
        &json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "evil.1", "namespace": namespace}, "type": "Warning",
            "reason": "Evil", "message": evil, "involvedObject": {"kind": "ConfigMap", "name": "evil", "namespace": namespace}}),
    );
    let stage = Stage::new(&cluster.admin());
    // Into a pipe: tables and texts are harmless, JSON is what the server said.
    for arguments in [
        &["get", "sails"][..],
        &["get", "sails", "-o", "wide"],
        &["describe", "configmap/evil"],
        &["describe", "sail/jolly-roger"],
        &["events"],
        &["get", "events"],
        &["get", "sail", "jolly-roger", "-o", "yaml"],
    ] {
        let mut all = arguments.to_vec();
        all.extend(["-n", &namespace]);
        let (code, out, err) = qd(&stage, &all);
        assert_eq!(code, Some(0), "{all:?}: {err}");
        assert!(!out.is_empty());
        harmless(&out, &format!("{all:?}"));
    }
    let json_of = |arguments: &[&str]| -> Value {
        let mut all = arguments.to_vec();
        all.extend(["-n", &namespace, "-o", "json"]);
        let (code, out, err) = qd(&stage, &all);
        assert_eq!(code, Some(0), "{all:?}: {err}");
        harmless(&out, &format!("{all:?}"));
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{all:?}: {e}"))
    };
    assert_eq!(json_of(&["get", "sail", "jolly-roger"])["spec"]["wind"], evil.as_str(), "escaped, and whole");
    assert_eq!(json_of(&["get", "sail", "long-boat"])["spec"]["wind"], long.as_str());
    let map = json_of(&["get", "configmap", "evil"]);
    assert_eq!((&map["data"]["a"], &map["metadata"]["annotations"]["note"]), (&json!(evil), &json!(evil)));
    assert_eq!(json_of(&["events"])["items"][0]["message"], evil.as_str());
    // YAML says the same as JSON.
    let (_, yaml, _) = qd(&stage, &["get", "sail", "jolly-roger", "-n", &namespace, "-o", "yaml"]);
    let read: Value = serde_saphyr::from_str(&yaml).expect("YAML");
    assert_eq!(read["spec"]["wind"], evil.as_str());

    // On a terminal: the program's own colours, and nothing of theirs.
    let kubeconfig = stage.kubeconfig.display().to_string();
    for arguments in [
        &["get", "sails"][..],
        &["describe", "configmap/evil"],
        &["events"],
        &["get", "sail", "jolly-roger", "-o", "json"],
    ] {
        let mut all = vec!["--kubeconfig", &kubeconfig, "-n", &namespace];
        all.extend_from_slice(arguments);
        let mut terminal = Terminal::start(program(), &all, &stage.options(120, 40));
        assert_eq!(terminal.wait_exit(Duration::from_secs(30)), Some(0), "{arguments:?}: {}", terminal.text());
        let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
        for bad in BAD {
            assert!(!raw.contains(bad), "{arguments:?}: {bad:?} reached the terminal");
        }
    }
    let terminal = stage.live(&stage.options(120, 40), &["-n", &namespace]);
    go(&terminal, "events", "Evil");
    go(&terminal, "sails", "jolly-roger");
    press(&terminal, "/jolly<enter>", "[jolly]");
    press(&terminal, "d", "gnp.exe");
    back_to(&terminal, "sails");
    press(&terminal, "y", "creationTimestamp");
    back_to(&terminal, "sails");
    // A message of the program that carries their text: the filter is told as it was typed, cleaned.
    terminal.send(format!("/\u{1b}[200~{EVIL}\u{1b}[201~\r").as_bytes());
    terminal.wait_quiet(Duration::from_millis(300), PATIENCE);
    go(&terminal, "configmaps", "evil");
    press(&terminal, "/evil<enter>", "[evil]");
    press(&terminal, "d", "note");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    for bad in BAD.iter().filter(|bad| **bad != "\u{1b}[2Jx") {
        assert!(!raw.contains(bad), "{bad:?} reached the terminal");
    }
    // Titles of windows are not ours to set, and nobody else's.
    assert!(!raw.contains("\u{1b}]0;") && !raw.contains("\u{1b}]2;"), "a window title");
}
