//! Somebody who repairs: `qd` with a home, a journal and a configuration of its own, which knows the lab's name server and
//! where its hosts serve TLS.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use quarterdeck_testing::edge::Serves;
use quarterdeck_testing::http::Request;
use quarterdeck_testing::pty::{Terminal, TerminalOptions};
use serde_json::{Value, json};
use x509_parser::prelude::*;

use crate::lab::{Lab, certificate_path};

/// How long a screen may take to show something that waits for an issuance.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub struct Hands {
    pub lab: &'static Lab,
    home: tempfile::TempDir,
    pub namespace: String,
}

impl Hands {
    /// In a namespace of its own.
    pub fn new(lab: &'static Lab, test: &str) -> Self {
        let home = tempfile::tempdir().expect("a home");
        let folder = home.path().join(".config/quarterdeck");
        std::fs::create_dir_all(&folder).expect("a folder");
        let config = format!(
            "[dns]\nservers = [\"{}\"]\n\n[probe]\nhttps-port = {}\n",
            lab.acme.nameserver(),
            lab.edge.https_port()
        );
        std::fs::write(folder.join("config.toml"), config).expect("a configuration");
        Self { lab, home, namespace: lab.cluster.namespace(test) }
    }

    /// A Certificate for a host whose Secret an Ingress uses and the edge serves. It need not come to be issued.
    pub fn host(&self, name: &str, host: &str, issuer: &str) {
        self.lab.ingress(&self.namespace, name, host, &format!("{name}-tls"));
        self.lab.edge.serve(host, Serves::Secret(self.namespace.clone(), format!("{name}-tls")));
        self.lab.order(&self.namespace, name, host, issuer);
    }

    /// The same, issued; the serial number that is served.
    pub fn issued(&self, name: &str, host: &str, issuer: &str) -> String {
        self.host(name, host, issuer);
        self.lab.issued(&self.namespace, name);
        self.served(host)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command.args(arguments).args(["-n", &self.namespace]).env("KUBECONFIG", self.lab.kubeconfig());
        for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        command.env("HOME", self.home.path()).stdin(Stdio::null());
        command
    }

    /// Runs `qd` with the words of a line.
    pub fn qd(&self, line: &str) -> Output {
        self.command(&line.split(' ').collect::<Vec<_>>()).output().expect("qd runs")
    }

    /// Runs it beside the test; its answer comes on standard output.
    pub fn begin(&self, line: &str) -> Child {
        let mut command = self.command(&line.split(' ').collect::<Vec<_>>());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("qd runs")
    }

    /// All that it says when it ends well.
    pub fn told(&self, line: &str) -> String {
        let output = self.qd(line);
        let text = both(&output);
        assert!(output.status.success(), "qd {line}: {text}");
        text
    }

    /// All that it says when it fails.
    pub fn refused(&self, line: &str) -> String {
        let output = self.qd(line);
        let text = both(&output);
        assert!(!output.status.success(), "qd {line}: {text}");
        text
    }

    /// What it prints as JSON, whatever its exit code.
    pub fn json(&self, line: &str) -> Value {
        read(line, &self.qd(line))
    }

    /// Carries an action out and follows it to its end, which has to be good: plan, outcome and run.
    pub fn done(&self, line: &str) -> Value {
        let all = self.json(&format!("{line} --yes --wait -o json"));
        self.ended(line, &all);
        all
    }

    /// The end of what was begun, which has to be good.
    pub fn end(&self, line: &str, child: Child) -> Value {
        let all = read(line, &child.wait_with_output().expect("qd ends"));
        self.ended(line, &all);
        all
    }

    fn ended(&self, line: &str, all: &Value) {
        assert_eq!(all["outcome"]["ok"], true, "qd {line}: {all:#}");
        let entry = self.entry(&all["outcome"]["journal"]);
        assert_eq!((&entry["ok"], &entry["action"]), (&json!(true), &all["plan"]["action"]), "{entry:#}");
        assert_eq!(entry["outcome"], all["outcome"]["text"], "{entry:#}");
    }

    /// An entry of the journal, as another `qd` reads it.
    pub fn entry(&self, id: &Value) -> Value {
        let journal = self.json("journal -o json");
        let mut all = journal["items"].as_array().into_iter().flatten();
        all.find(|e| e["id"] == *id).cloned().unwrap_or_else(|| panic!("no {id} in {journal:#}"))
    }

    /// The serial number of the leaf that a host serves, as `qd cert probe` sees it; the edge says the same.
    pub fn served(&self, host: &str) -> String {
        let found = self.json(&format!("cert probe {host}:{} -o json", self.lab.edge.https_port()));
        let seen = found["served"]["chain"][0]["serial"].as_str().unwrap_or_else(|| panic!("{host}: {found:#}"));
        let leaf = self.lab.edge.served(host).expect("a chain").remove(0);
        let (_, leaf) = X509Certificate::from_der(&leaf).expect("a certificate");
        let serial: String = leaf.serial.to_bytes_be().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(plain(seen), plain(&serial), "{host}: what the edge serves is what `qd cert probe` sees");
        serial
    }

    /// The run went through these stages (the first is always that it was written), the last of them that the host
    /// serves the new leaf; and it does. Gives the new serial number.
    pub fn new_leaf(&self, all: &Value, stages: &[&str], host: &str, before: &str) -> String {
        let steps = all["run"]["steps"].as_array().cloned().unwrap_or_default();
        let last = &steps.last().unwrap_or_else(|| panic!("{all:#}"))["stages"];
        let seen: Vec<&str> = last.as_array().into_iter().flatten().filter_map(|s| s["id"].as_str()).collect();
        assert_eq!(seen, stages, "{last:#}");
        let served = &last[stages.len() - 1];
        assert_eq!((&served["id"], &served["state"]), (&json!("served"), &json!("done")), "{last:#}");
        assert!(served["text"].as_str().is_some_and(|t| t.contains(host) && t.contains("new one")), "{served:#}");
        let now = self.served(host);
        assert_ne!(now, before, "{host} serves another leaf than before");
        now
    }

    /// Whether the plan says this before anything is done.
    pub fn warned(all: &Value, part: &str) {
        let told = all["plan"]["warnings"].to_string();
        assert!(told.contains(part), "{part:?} is not in {:#}", all["plan"]["warnings"]);
    }

    /// What `qd certs` says of a Certificate.
    pub fn verdict(&self, name: &str) -> Value {
        self.lab.verdict(&self.namespace, name)
    }

    /// A Certificate as the server has it.
    pub fn certificate(&self, name: &str) -> Value {
        self.lab.client().get(&certificate_path(&self.namespace, name)).expect("an answer").json()
    }

    /// Waits until a Certificate has failed so often.
    pub fn failed(&self, name: &str, times: u64) {
        let path = certificate_path(&self.namespace, name);
        self.lab.wait(&path, "has failed", |c| c["status"]["failedIssuanceAttempts"] == times);
    }

    /// The path of a Certificate's Secret.
    pub fn secret_path(&self, name: &str) -> String {
        format!("/api/v1/namespaces/{}/secrets/{name}-tls", self.namespace)
    }

    /// A Certificate's Secret; a Status when it is not there.
    pub fn secret(&self, name: &str) -> Value {
        self.lab.client().get(&self.secret_path(name)).expect("an answer").json()
    }

    /// Sends a DELETE and waits for nothing.
    pub fn delete(&self, path: &str) {
        let answer = self.lab.client().send(&Request::new("DELETE", path)).expect("an answer");
        assert!(answer.status < 300, "{path}: {}", answer.text());
    }

    /// No file below the home holds this text.
    pub fn not_on_disk(&self, text: &str) {
        assert!(text.len() > 40, "{text:?} could be anywhere");
        let mut folders = vec![self.home.path().to_owned()];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(bytes) = std::fs::read(&path) {
                    files += 1;
                    let found = bytes.windows(text.len()).any(|w| w == text.as_bytes());
                    assert!(!found, "{} holds the key", path.display());
                }
            }
        }
        assert!(files > 1, "the journal at least is there");
    }

    /// The screen of this person, live, in the namespace.
    pub fn screen(&self) -> Terminal {
        let home = self.home.path().display().to_string();
        let mut options = TerminalOptions::size(110, 32).env("HOME", &home);
        let unset = ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"];
        options.unset.extend(unset.map(String::from));
        let kubeconfig = self.lab.kubeconfig().display().to_string();
        let arguments = ["--kubeconfig", &kubeconfig, "-n", &self.namespace];
        let terminal = Terminal::start(Path::new(env!("CARGO_BIN_EXE_qd")), &arguments, &options);
        terminal.wait_for("a live connection", PATIENCE, |s| s.lines().next().is_some_and(|l| l.contains("live")));
        terminal
    }

    /// Goes to a kind and puts the cursor on the one object of this name.
    pub fn at(&self, terminal: &Terminal, kind: &str, name: &str) {
        terminal.keys(&format!(":{kind}<enter>"));
        seen(terminal, name);
        terminal.keys(&format!("/{name}<enter>"));
        seen(terminal, &format!("[{name}]"));
    }
}

/// Waits for a text on the screen; line breaks in it do not count.
pub fn seen(terminal: &Terminal, text: &str) -> String {
    let shown = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
    shown(&terminal.wait_for(&format!("{text:?}"), PATIENCE, |s| shown(s).contains(text)))
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn read(line: &str, output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("qd {line}: {e}: {}", both(output)))
}

/// A serial number without what is written before it.
fn plain(serial: &str) -> String {
    serial.trim_start_matches('0').to_ascii_lowercase().replace(':', "")
}
