//! What shells and manuals get of the program, and one command over several clusters.

use quarterdeck_testing::sim::SimCluster;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn qd(kubeconfig: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
    command.args(arguments).env("KUBECONFIG", kubeconfig).env("HOME", kubeconfig.parent().expect("a folder"));
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().expect("qd runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.code(), text(stdout), text(stderr))
}

fn said(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, out, err) = qd(&folder.path().join("none"), arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {err}");
    out
}

/// The names under `Commands:` of a help.
fn commands(path: &[&str]) -> Vec<String> {
    let mut arguments = path.to_vec();
    arguments.push("--help");
    let help = said(&arguments);
    let listed = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| l.starts_with("  "));
    // Further lines of a description are indented deeper.
    listed
        .filter(|l| !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// All commands and those below them.
fn all_commands() -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = vec![Vec::new()];
    let mut at = 0;
    while at < found.len() {
        let path: Vec<&str> = found[at].iter().map(String::as_str).collect();
        let below: Vec<Vec<String>> =
            commands(&path).into_iter().map(|name| [found[at].clone(), vec![name]].concat()).collect();
        found.extend(below);
        at += 1;
    }
    found
}

fn there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// A page as a reader sees it; with nothing that renders pages, its source.
fn rendered(source: &str) -> String {
    use std::io::Write;
    let renderer =
        [("mandoc", vec!["-Tutf8"]), ("man", vec!["-P", "cat", "-l", "-"])].into_iter().find(|(name, _)| there(name));
    let Some((program, arguments)) = renderer else { return source.replace('\\', "") };
    let mut command = Command::new(program);
    command.args(arguments).env("MANWIDTH", "200").env("LC_ALL", "C.UTF-8").env("MAN_KEEP_FORMATTING", "");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("its input").write_all(source.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && errors.is_empty(), "{program}: {errors}");
    // Bold and underlined text as typewriters make it.
    let text: String = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut plain = String::new();
    for c in text.chars() {
        if c == '\u{8}' {
            plain.pop();
        } else {
            plain.push(c);
        }
    }
    plain
}

#[test]
fn every_command_has_a_manual_page_that_renders_and_names_what_is_below_it() {
    let all = all_commands();
    assert!(all.iter().any(|p| p.join(" ") == "cert why") && all.len() > 40, "{}", all.len());
    for path in &all {
        let mut arguments = vec!["man"];
        arguments.extend(path.iter().map(String::as_str));
        let page = rendered(&said(&arguments));
        let name = ["qd".to_owned()].into_iter().chain(path.iter().cloned()).collect::<Vec<_>>().join("-");
        for part in ["NAME", "SYNOPSIS", &name] {
            assert!(page.contains(part), "{part} in the page of {path:?}:\n{page}");
        }
        for below in all.iter().filter(|p| p.len() == path.len() + 1 && p.starts_with(path)) {
            assert!(
                page.contains(&format!("{name}-{}", below[path.len()])),
                "{below:?} in the page of {path:?}:\n{page}"
            );
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (code, _, err) = qd(&folder.path().join("none"), &["man", "cert", "bake"]);
    assert!(code == Some(2) && err.contains("no command bake") && err.contains("`qd cert --help`"), "{code:?} {err}");
}

/// What bash offers after these words.
fn bash_offers(words: &[&str]) -> BTreeSet<String> {
    let script = said(&["completions", "bash"]);
    let quoted: Vec<String> = words.iter().map(|w| format!("'{w}'")).collect();
    let last = words.len() - 1;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("qd.bash");
    std::fs::write(&file, script).expect("written");
    let file = file.display();
    let line = format!(
        "source '{file}'\nCOMP_WORDS=({}); COMP_CWORD={last}; COMP_LINE='{}'; COMP_POINT=${{#COMP_LINE}}\n_qd qd '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words.join(" "),
        words[last],
        words[last - 1],
    );
    let output = Command::new("bash").args(["--norc", "-c", &line]).output().expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn shells_complete_commands_and_what_is_below_them() {
    let offers = bash_offers(&["qd", "cert", ""]);
    for name in commands(&["cert"]) {
        assert!(offers.contains(&name), "{name} in {offers:?}");
    }
    assert!(offers.contains("why") && !offers.contains("pods"), "{offers:?}");
    assert!(bash_offers(&["qd", "do", "sc"]).contains("scale"));
    assert!(bash_offers(&["qd", "get", "--kube"]).contains("--kubeconfig"));
    let offers = bash_offers(&["qd", "get", "pods", "-o", ""]);
    assert!(offers.contains("json") && offers.contains("wide"), "{offers:?}");
    for (shell, check) in [("zsh", "zsh -n"), ("fish", "fish --no-execute")] {
        let script = said(&["completions", shell]);
        for name in commands(&[]) {
            assert!(script.contains(&name), "{name} for {shell}");
        }
        assert!(script.contains("why"), "what is below cert, for {shell}");
        let program = check.split(' ').next().unwrap_or_default();
        if there(program) {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("script");
            std::fs::write(&file, &script).expect("written");
            let checked =
                Command::new("sh").args(["-c", &format!("{check} '{}'", file.display())]).output().expect("sh");
            assert!(checked.status.success(), "{shell}: {}", String::from_utf8_lossy(&checked.stderr));
        }
    }
}

/// A port at which somebody listens and never answers: what a firewall leaves of a server.
fn silent() -> (std::net::TcpListener, u16) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

#[test]
fn several_clusters_answer_at_once_and_a_dead_one_is_named_and_delays_nobody() {
    let (one, two) = (SimCluster::world("plain"), SimCluster::world("ominis"));
    let (_held, port) = silent();
    let folder = tempfile::tempdir().expect("a folder");
    let mut merged: Value = serde_saphyr::from_str(&one.admin()).expect("YAML");
    let other: Value = serde_saphyr::from_str(&two.admin()).expect("YAML");
    let rename = |config: &Value, name: &str| -> Value {
        let mut config = config.clone();
        for list in ["clusters", "users", "contexts"] {
            config[list][0]["name"] = json!(name);
        }
        config["contexts"][0]["context"]["cluster"] = json!(name);
        config["contexts"][0]["context"]["user"] = json!(name);
        config
    };
    let first = rename(&merged, "harbour");
    let second = rename(&other, "island");
    let mut refusing = rename(&other, "wreck");
    refusing["clusters"][0]["cluster"] = json!({"server": "https://127.0.0.1:1"});
    let mut mute = rename(&other, "fog");
    mute["clusters"][0]["cluster"] = json!({"server": format!("https://127.0.0.1:{port}")});
    for list in ["clusters", "users", "contexts"] {
        let all: Vec<Value> = [&first, &second, &refusing, &mute].iter().map(|c| c[list][0].clone()).collect();
        merged[list] = json!(all);
    }
    merged["current-context"] = json!("harbour");
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, merged.to_string()).expect("written");
    let asked = |contexts: &[&str], rest: &[&str]| {
        let mut arguments: Vec<&str> = contexts.iter().flat_map(|c| ["--context", c]).collect();
        arguments.extend_from_slice(rest);
        let began = Instant::now();
        (qd(&kubeconfig, &arguments), began.elapsed())
    };

    let ((code, out, err), _) = asked(&["harbour", "island"], &["get", "namespaces"]);
    assert_eq!(code, Some(0), "{err}");
    let row = |context: &str, name: &str| out.lines().any(|l| l.split_whitespace().take(2).eq([context, name]));
    assert!(out.starts_with("CONTEXT") && row("island", "client-acme") && row("harbour", "default"), "{out}");

    let ((code, out, err), took) = asked(&["wreck", "harbour"], &["get", "namespaces"]);
    assert_eq!(code, Some(3), "{err}");
    assert!(
        out.contains("harbour") && err.contains("qd: wreck: ") && err.contains("127.0.0.1:1 refuses"),
        "{out}\n{err}"
    );
    assert!(took < Duration::from_secs(5), "a dead cluster costs {took:?}");

    // One that says nothing costs its own time once, not once for each that is asked.
    let ((code, out, err), took) = asked(&["fog", "harbour", "fog", "island"], &["get", "namespaces,nodes"]);
    assert_eq!(code, Some(3), "{err}");
    assert!(out.contains("harbour") && out.contains("island"), "{out}");
    assert_eq!(err.matches("qd: fog: ").count(), 1, "it is named once: {err}");
    assert!(took < Duration::from_secs(15), "a silent cluster costs {took:?}");

    let ((code, out, _), _) = asked(&["wreck", "harbour"], &["get", "namespaces", "-o", "json"]);
    let value: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(code, Some(3));
    assert_eq!(value["contexts"][0]["problem"]["kind"], "unreachable", "{value}");
    assert!(value["contexts"][1]["items"].as_array().is_some_and(|i| !i.is_empty()));
    for command in [&["events", "-A"][..], &["certs"], &["check"]] {
        let ((code, _, err), _) = asked(&["wreck", "island"], command);
        assert!(code.is_some_and(|c| c != 0) && err.contains("wreck"), "{command:?}: {code:?} {err}");
    }
    let ((code, _, err), _) = asked(&["wreck", "harbour"], &["logs", "x"]);
    assert!(code == Some(2) && err.contains("--context is given more than once"), "{code:?} {err}");
}
