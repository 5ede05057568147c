//! Credential plugins as they are met in the wild, on the real kube-apiserver: one that works, one that expires, one
//! that fails, one that hangs, one that asks, one that is not there.

use crate::stage::{PATIENCE, Stage, go, press, program};
use quarterdeck_testing::pty::{Terminal, until};
use quarterdeck_testing::real::{Options, RealCluster, shared_with};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn real(test: &str) -> Option<&'static RealCluster> {
    shared_with(test, &Options { kwok: true, controllers: None })
}

/// A stage whose user signs in with a script.
struct Plugin {
    stage: Stage,
    folder: PathBuf,
}

impl Plugin {
    /// `script` may use `$HERE` (a folder of its own) and `give SECONDS`, which prints a credential that ends then.
    fn new(cluster: &RealCluster, script: &str, more: &Value) -> Self {
        let stage = Stage::new("");
        let folder = stage.home.parent().expect("a folder").to_owned();
        let file = folder.join("corp-login");
        let token = cluster.bearer();
        let text = format!(
            "#!/bin/sh\nHERE='{}'\necho \"$KUBERNETES_EXEC_INFO\" >> \"$HERE/calls\"\ngive() {{\n  end=$(date -u -d \"+$1 seconds\" +%Y-%m-%dT%H:%M:%SZ)\n  \
             printf '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"%s\",\"expirationTimestamp\":\"%s\"}}}}' '{token}' \"$end\"\n}}\n{script}\n",
            folder.display(),
        );
        std::fs::write(&file, text).expect("the plugin");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
        let mut exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": file, "args": ["--client-secret=s3cret"],
            "interactiveMode": "IfAvailable"});
        for (name, value) in more.as_object().into_iter().flatten() {
            exec[name] = value.clone();
        }
        std::fs::write(&stage.kubeconfig, cluster.kubeconfig(&json!({ "exec": exec }), &Value::Null)).expect("written");
        Self { stage, folder }
    }
    /// What the plugin was told at each call.
    fn calls(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join("calls")).unwrap_or_default();
        text.lines().map(|l| serde_json::from_str(l).expect("KUBERNETES_EXEC_INFO")).collect()
    }
    /// The program as a script calls it: nobody is there to be asked.
    fn unattended(&self, line: &str) -> (Option<i32>, String, String) {
        unattended(&self.stage, line)
    }
}

fn unattended(stage: &Stage, line: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(program());
    command.args(line.split(' ')).env("KUBECONFIG", &stage.kubeconfig).env("HOME", &stage.home);
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().expect("qd runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.code(), text(stdout), text(stderr))
}

fn gone(file: &Path) -> bool {
    let pids = std::fs::read_to_string(file).unwrap_or_default();
    let running = |pid: &str| {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Whoever waits for nobody to collect it is over as well.
        !state.is_empty() && !state.contains(") Z ")
    };
    !pids.is_empty() && !pids.split_whitespace().any(running)
}

#[test]
fn a_plugin_is_asked_once_and_again_when_its_credential_ends() {
    let Some(cluster) = real("a_plugin_is_asked_once_and_again_when_its_credential_ends") else { return };
    let plugin = Plugin::new(cluster, "give 3600", &json!({}));
    let (code, out, err) = plugin.unattended("get namespaces -o name");
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("kube-system"), "{out}");
    let calls = plugin.calls();
    assert_eq!(calls.len(), 1, "one credential serves all calls");
    assert_eq!((&calls[0]["spec"]["interactive"], &calls[0]["kind"]), (&json!(false), &json!("ExecCredential")));

    let plugin = Plugin::new(cluster, "give 8", &json!({}));
    let terminal = plugin.stage.live(&plugin.stage.options(80, 24), &[]);
    let first = plugin.calls().len();
    assert_eq!(first, 1, "the screen starts many calls and the plugin once");
    until("another call of the plugin", Duration::from_secs(30), || {
        press(&terminal, "<c-r>", "asking the server again");
        plugin.calls().len() > first
    });
    go(&terminal, "configmaps", "kube-root-ca.crt");
    assert!(terminal.text().lines().next().is_some_and(|l| l.contains("live")), "{}", terminal.text());
}

#[test]
fn a_plugin_that_fails_is_told_in_its_own_words() {
    let Some(cluster) = real("a_plugin_that_fails_is_told_in_its_own_words") else { return };
    let plugin = Plugin::new(cluster, "echo 'the device is not enrolled' >&2; exit 3", &json!({}));
    let (code, _, err) = plugin.unattended("get pods");
    assert_eq!(code, Some(4), "{err}");
    for part in ["corp-login", "code 3", "the device is not enrolled", "next: "] {
        assert!(err.contains(part), "{part} in {err}");
    }
    assert!(!err.contains("s3cret"), "a secret of its command line is not told: {err}");
    let mut terminal = plugin.stage.start(&plugin.stage.options(100, 30), &[]);
    terminal.wait_for("that signing in failed, and why", PATIENCE, |s| {
        s.contains("sign in: ctrl-r") && s.contains("the device is not enrolled")
    });
    go(&terminal, "contexts", "SERVER");
    assert!(terminal.alive());
    let calls = plugin.calls().len();
    assert!(calls <= 4, "a plugin that fails is not started for each call: {calls}");
}

#[test]
fn a_plugin_that_hangs_is_ended_and_the_screen_answers_meanwhile() {
    let Some(cluster) = real("a_plugin_that_hangs_is_ended_and_the_screen_answers_meanwhile") else { return };
    // As scripts do: the one who waits is a child of the plugin.
    let plugin = Plugin::new(cluster, "sleep 600 & echo $$ $! >> \"$HERE/pids\"; wait", &json!({}));
    let pids = plugin.folder.join("pids");
    let mut terminal = plugin.stage.start(&plugin.stage.options(100, 30), &[]);
    until("the plugin", PATIENCE, || pids.exists());
    let began = Instant::now();
    go(&terminal, "contexts", "SERVER");
    terminal.keys("<esc>");
    assert!(began.elapsed() < Duration::from_secs(10), "the screen answers while the plugin hangs");
    terminal.wait_for("the end of its time", Duration::from_secs(60), |s| {
        s.contains("not finish within 30 s") && s.contains("sign in: ctrl-r")
    });
    until("the end of the plugin and of its child", Duration::from_secs(5), || {
        let first: String = std::fs::read_to_string(&pids).unwrap_or_default().lines().take(1).collect();
        std::fs::write(plugin.folder.join("first"), first).expect("written");
        gone(&plugin.folder.join("first"))
    });
    // Whoever leaves while it hangs leaves nothing behind.
    terminal.keys("<c-r>");
    terminal.wait_for("the terminal lent", PATIENCE, |s| s.contains("Signing in to real with"));
    assert!(!terminal.alternate_screen());
    terminal.keys("<c-c>");
    press(&terminal, "<enter>", "sign in: ctrl-r");
    assert!(terminal.alternate_screen() && terminal.alive(), "ctrl-c was the plugin's");
    terminal.keys(":q<enter>");
    assert_eq!(terminal.wait_exit(Duration::from_secs(20)), Some(0), "{}", terminal.text());
    until("the end of all", Duration::from_secs(5), || gone(&pids));
}

#[test]
fn leaving_ends_a_plugin_that_hangs() {
    let Some(cluster) = real("leaving_ends_a_plugin_that_hangs") else { return };
    let plugin = Plugin::new(cluster, "sleep 600 & echo $$ $! >> \"$HERE/pids\"; wait", &json!({}));
    let mut terminal = plugin.stage.start(&plugin.stage.options(80, 24), &[]);
    until("the plugin", PATIENCE, || plugin.folder.join("pids").exists());
    terminal.keys(":q<enter>");
    assert_eq!(terminal.wait_exit(Duration::from_secs(20)), Some(0), "{}", terminal.text());
    until("the end of the plugin", Duration::from_secs(5), || gone(&plugin.folder.join("pids")));
}

const ASKS: &str = r#"case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) echo 'I have to ask you' >&2; exit 1;; esac
printf 'Your code: ' >&2; read code
test "$code" = 4711 || { echo 'wrong code' >&2; exit 7; }
give 3600"#;

#[test]
fn a_plugin_that_asks_gets_the_terminal_and_the_same_view_returns() {
    let Some(cluster) = real("a_plugin_that_asks_gets_the_terminal_and_the_same_view_returns") else { return };
    for mode in ["IfAvailable", "Always"] {
        let plugin = Plugin::new(cluster, ASKS, &json!({"interactiveMode": mode}));
        let (code, _, err) = plugin.unattended("get pods");
        assert_eq!(code, Some(4), "{err}");
        let told = if mode == "Always" { "it has to ask you something" } else { "I have to ask you" };
        assert!(err.contains(told), "{err}");

        let mut terminal = plugin.stage.start(&plugin.stage.options(100, 30), &["--view", "contexts"]);
        terminal.wait_text("sign in: ctrl-r");
        terminal.keys("<c-r>");
        terminal.wait_for("the plugin's question", PATIENCE, |s| s.contains("Your code:"));
        assert!(!terminal.alternate_screen(), "it talks on the real terminal");
        terminal.keys("0815<enter>");
        terminal.wait_for("its last words, until they are read", PATIENCE, |s| {
            s.contains("wrong code") && s.contains("code 7") && s.contains("Press Enter")
        });
        press(&terminal, "<enter>", "sign in: ctrl-r");
        terminal.keys("<c-r>");
        terminal.wait_for("the question again", PATIENCE, |s| s.matches("Your code:").count() == 2);
        terminal.keys("4711<enter>");
        terminal.wait_for("the same view, live", PATIENCE, |s| {
            s.contains("SERVER") && s.lines().next().is_some_and(|l| l.contains("contexts") && l.contains("live"))
        });
        assert!(terminal.alternate_screen());
        go(&terminal, "configmaps", "kube-root-ca.crt");
        assert!(terminal.alive());
    }
    // On the command line it may ask at once: there is a terminal and no screen.
    let plugin = Plugin::new(cluster, ASKS, &json!({"interactiveMode": "Always"}));
    let kubeconfig = plugin.stage.kubeconfig.display().to_string();
    let arguments = ["--kubeconfig", &kubeconfig, "get", "namespaces"];
    let mut terminal = Terminal::start(program(), &arguments, &plugin.stage.options(100, 30));
    terminal.wait_text("Your code:");
    terminal.keys("4711<enter>");
    assert_eq!(terminal.wait_exit(PATIENCE), Some(0), "{}", terminal.text());
    assert!(terminal.text().contains("kube-system"), "{}", terminal.text());
}

#[test]
fn a_plugin_that_is_not_installed_is_told_with_its_hint() {
    let Some(cluster) = real("a_plugin_that_is_not_installed_is_told_with_its_hint") else { return };
    let more = json!({"command": "corp-login-that-is-not-there", "installHint": "Get it:\n  brew install corp/tap/corp-login"});
    let plugin = Plugin::new(cluster, "", &more);
    let (code, _, err) = plugin.unattended("get pods");
    assert_eq!(code, Some(4), "{err}");
    for part in
        ["there is no program corp-login-that-is-not-there", "next: Get it:", "brew install corp/tap/corp-login"]
    {
        assert!(err.contains(part), "{part} in {err}");
    }
    let terminal = plugin.stage.start(&plugin.stage.options(100, 30), &[]);
    terminal.wait_for("what is missing", PATIENCE, |s| {
        s.contains("is no program corp-login-that-is-not-there") && s.contains("brew install corp/tap/corp-login")
    });
    // What it prints instead of a credential is no secret to keep: it is told that it is none.
    let plugin = Plugin::new(cluster, "echo 'Please visit https://login.corp.example'", &json!({}));
    let (code, _, err) = plugin.unattended("get pods");
    assert!(
        code == Some(4) && err.contains("is no ExecCredential") && err.contains("run it by hand"),
        "{code:?} {err}"
    );
}
