//! The command line as a script sees it: the real program, its output, its exit code.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// `qd demo --serve`, and a home of its own.
struct Served {
    child: Child,
    /// Held open: a program whose reader has gone ends.
    _output: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Served {
    fn start(extra: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let kubeconfig = folder.path().join("kubeconfig");
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command.args(["demo", "--serve", "127.0.0.1:0", "--write-kubeconfig"]).arg(&kubeconfig).args(extra);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("qd starts");
        // The first line comes when it listens and the kubeconfig is written.
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("a line");
        assert!(line.starts_with("serving the world"), "{line}");
        Self { child, _output: output, folder }
    }
    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }
    fn qd(&self, line: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command.args(line.split(' ')).env("KUBECONFIG", self.kubeconfig()).env("HOME", self.folder.path());
        command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
        command.output().expect("qd runs")
    }
    fn text(&self, line: &str) -> String {
        let output = self.qd(line);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}: {errors}");
        String::from_utf8(output.stdout).expect("text")
    }
    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.text(line)).expect("JSON")
    }
    /// Exit code and what stands on standard error.
    fn fails(&self, line: &str) -> (i32, String) {
        let output = self.qd(line);
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn reading_commands_answer_as_tables_names_and_json() {
    let served = Served::start(&[]);
    let pods = served.text("get pods -n client-demo-client");
    assert!(pods.starts_with("NAME  ") && pods.contains("READY   STATUS"), "{pods}");
    assert!(!pods.contains('\u{1b}'), "no colours into a pipe");
    let names = served.text("get pods -n client-demo-client,client-acme -o name");
    let objects = served.json("get pods -n client-demo-client,client-acme -o json");
    assert_eq!(names.lines().count(), objects["items"].as_array().map_or(0, Vec::len));
    let filtered = served.text("get pods -A --filter name:postgres -o name");
    assert!(!filtered.is_empty() && filtered.lines().all(|l| l.contains("postgres")), "{filtered}");
    let secrets = served.text("get secrets -A -o json");
    assert!(!secrets.contains("LS0tLS1CRUdJTi"), "no key leaves in the open");
    assert!(served.text("describe deploy/api -n client-demo-client").starts_with("Deployment client-demo-client/api"));
    assert_eq!(served.text("logs postgres-0 -n client-demo-client --tail 2").lines().count(), 2);
    assert!(served.text("events -n client-acme").starts_with("NAMESPACE"));
    assert_eq!(served.json("contexts -o json")["items"][0]["current"], true);
    let certificates = served.json("certs -o json");
    assert_eq!(certificates["kind"], "CertificateList");
    assert!(certificates["items"].as_array().is_some_and(|i| i.iter().any(|c| c["verdict"]["level"] == "bad")));
    let why = served.qd("cert why client-acme/api-tls -o json");
    assert_eq!(why.status.code(), Some(1), "what is broken ends with 1");
    let why: Value = serde_json::from_slice(&why.stdout).expect("JSON");
    let broken = why["chain"]["broken"].as_u64().expect("a broken link") as usize;
    assert_eq!(why["chain"]["links"][broken]["role"], "challenge");
    let roles: Vec<&str> = why["facts"].as_array().expect("facts").iter().filter_map(|f| f["role"].as_str()).collect();
    assert_eq!(roles, ["certificate", "issuer", "request", "order", "challenge"], "no Secret yet");
    let well = served.text("cert why client-zoo/zoo-api-tls");
    for fact in
        ["key usage: Digital Signature", "extended key usage: Server Authentication", "serial number: ", "DNS names: "]
    {
        assert!(well.contains(fact), "{fact} in {well}");
    }
    assert!(!well.contains("PRIVATE KEY"));
    let (code, words) = served.fails("cert why client-zoo/zoo-api-tsl");
    assert!(code == 1 && words.contains("did you mean client-zoo/zoo-api-tls?"), "{code} {words}");
    let (code, _) = served.fails("check");
    assert_eq!(code, 1, "this world has findings");
    assert!(served.json("doctor --json")["items"].as_array().is_some_and(|i| i.len() > 10));
}

#[test]
fn exit_codes_tell_usage_absence_reach_and_rights_apart() {
    let served = Served::start(&[]);
    let (code, words) = served.fails("get nonsense");
    assert!(code == 2 && words.contains("did you mean") || words.contains("lists them"), "{code} {words}");
    assert_eq!(served.fails("get pods --no-such-flag").0, 2);
    let (code, words) = served.fails("get pods --context elsewhere");
    assert!(code == 2 && words.contains("demo"), "{code} {words}");
    assert_eq!(served.fails("get pod nobody -n default").0, 1);
    let (code, words) = served.fails("get pods --as nobody");
    assert!(code == 4 && words.contains("may not list pods in default"), "{code} {words}");
    let (code, words) = served.fails("do delete pod/postgres-0 -n client-demo-client --yes --read-only");
    assert!(code == 4 && words.contains("read-only"), "{code} {words}");
    let (code, words) = served.fails("do scale deploy/api -n client-demo-client --replicas 3");
    assert!(code == 2 && words.contains("--yes"), "nobody is there to confirm: {code} {words}");
    let gone = served.folder.path().join("gone");
    let text = std::fs::read_to_string(served.kubeconfig()).expect("a kubeconfig");
    let dead = text.lines().map(|l| if l.contains("server:") { "    server: https://127.0.0.1:1" } else { l });
    std::fs::write(&gone, dead.collect::<Vec<_>>().join("\n")).expect("written");
    let (code, words) = served.fails(&format!("get pods --kubeconfig {}", gone.display()));
    assert!(code == 3 && words.contains("127.0.0.1:1 refuses the connection"), "{code} {words}");
}

#[test]
fn an_action_is_planned_done_journaled_and_undone() {
    let served = Served::start(&[]);
    let scale = "do scale deploy/api -n client-demo-client --replicas 3";
    let replicas = || served.json("get deploy api -n client-demo-client -o json")["spec"]["replicas"].clone();
    let plan = served.json(&format!("{scale} --dry-run --json"));
    assert_eq!((&plan["plan"]["action"], &plan["outcome"]), (&"scale".into(), &Value::Null));
    assert_eq!(replicas(), 2, "a dry run changes nothing");
    let done = served.json(&format!("{scale} --yes --json"));
    assert_eq!(done["outcome"]["ok"], true, "{done}");
    assert_eq!(replicas(), 3);
    assert_eq!(served.json("journal -o json")["items"][0]["action"], "scale");
    served.text("undo --yes");
    assert_eq!(replicas(), 2);
}

#[test]
fn a_platform_is_kept_in_step_with_git_and_its_own_tasks_are_set_going() {
    let served = Served::start(&["--world", "apl"]);
    let application = "application/argocd/rabbitmq-rabbitmq";
    let (code, words) = served.fails(&format!("do argocd-sync {application} --yes --as vera"));
    let told = words.contains("you may not patch applications.argoproj.io in argocd");
    assert!(code == 4 && told, "{code} {words}");
    assert!(words.contains("kind: Role\n") && words.contains("verbs: [\"patch\"]"), "a ready Role: {words}");
    assert_eq!(served.json("apps rabbitmq -o json")["items"][0]["sync"], "OutOfSync", "nothing was changed");

    for line in [
        format!("do argocd-sync {application}"),
        "do argocd-suspend application/argocd/team-alpha-shop".into(),
        "do argocd-rollback application/argocd/team-alpha-shop".into(),
        "do flux-reconcile kustomization/flux-system/status-page".into(),
        "do flux-reconcile-source kustomization/flux-system/status-page".into(),
        "do flux-reconcile helmrelease/flux-system/podinfo".into(),
    ] {
        let done = served.json(&format!("{line} --yes -o json"));
        assert_eq!(done["outcome"]["ok"], true, "{line}: {done:#}");
    }

    let done = served.json("do PLATFORM-RECONCILE keycloak --yes -o json");
    assert_eq!(done["outcome"]["ok"], true, "{done:#}");
    let title = "Reconcile: realm, roles and users (Restart Deployment apl-keycloak-operator/apl-keycloak-operator)";
    assert_eq!(done["plan"]["title"], title);
    assert!(done["plan"]["command"].as_str().is_some_and(|c| c.ends_with("do platform-reconcile keycloak")));
    let (code, words) = served.fails("do platform-reconcile nothing --dry-run");
    assert!(code == 2 && words.contains("copy-secrets"), "{code} {words}");

    let output = served.qd("platform state -o json");
    assert_eq!(output.status.code(), Some(1), "its last reconcile failed");
    let state: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let last = &state["items"][0];
    assert_eq!((&last["verdict"]["word"], &last["verdict"]["level"]), (&"failed".into(), &"bad".into()), "{state:#}");
    assert!(last["verdict"]["why"].as_str().is_some_and(|w| w.contains("release harbor")), "{state:#}");
    assert_eq!(state["items"].as_array().map_or(0, Vec::len), 3);
}
