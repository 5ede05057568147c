//! Workload actions on the real control plane (kube-apiserver, kube-controller-manager, KWOK), by the command line and by
//! key, with journal and undo; and the answers to signing requests. What kubectl does with the same object is the measure
//! where it has the verb.

mod forward;
mod keys;
mod route;
mod signing;
#[allow(dead_code, reason = "the screen's tests need more of it")]
#[path = "../screen/stage.rs"]
mod stage;
mod usage;

use quarterdeck_testing::http::{Client, Request};
use quarterdeck_testing::pty::Terminal;
use quarterdeck_testing::real::{Options, RealCluster, shared_with};
use serde_json::{Value, json};
use stage::{Stage, program};
use std::io::BufRead;
use std::process::{Command, Output, Stdio};

/// There is no scheduler; pods are told where to go.
const NODE: &str = "workloads-1";

fn real(test: &str) -> Option<&'static RealCluster> {
    let cluster = shared_with(test, &Options { kwok: true, controllers: None })?;
    node(cluster, NODE);
    Some(cluster)
}

fn node(cluster: &RealCluster, name: &str) {
    cluster.apply(
        "nodes",
        &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}}}),
    );
}

/// A user with a kubeconfig, a home, and a namespace.
struct User {
    stage: Stage,
    client: Client,
    namespace: String,
}

impl User {
    fn new(cluster: &RealCluster, test: &str) -> Self {
        let namespace = cluster.namespace(test);
        Self { stage: Stage::new(&cluster.admin()), client: cluster.client(), namespace }
    }
    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(program());
        command.args(words).args(["-n", &self.namespace]).env("KUBECONFIG", &self.stage.kubeconfig);
        command.env("HOME", &self.stage.home).current_dir(&self.stage.home).stdin(Stdio::null());
        command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").output().expect("qd runs")
    }
    /// What the program says when it ends well.
    fn qd(&self, line: &str) -> String {
        self.words(&line.split(' ').collect::<Vec<_>>())
    }
    fn words(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {text}{errors}");
        text
    }
    /// Exit code, and all that it says.
    fn fails(&self, line: &str) -> (i32, String) {
        let output = self.run(&line.split(' ').collect::<Vec<_>>());
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), text)
    }
    /// Takes back what the answer says can be taken back.
    fn undo(&self, said: &str) -> String {
        let id =
            said.lines().find_map(|l| l.strip_prefix("undo: qd undo ")).unwrap_or_else(|| panic!("no undo: {said}"));
        self.qd(&format!("undo {id} --yes"))
    }
    fn path(&self, group: &str, rest: &str) -> String {
        let root = if group == "v1" { "/api/v1".into() } else { format!("/apis/{group}") };
        format!("{root}/namespaces/{}/{rest}", self.namespace)
    }
    fn get(&self, group: &str, rest: &str) -> Value {
        self.client.get(&self.path(group, rest)).expect("an answer").json()
    }
    fn make(&self, group: &str, plural: &str, object: &Value) {
        let answer =
            self.client.send(&Request::new("POST", &self.path(group, plural)).json(object)).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    /// Somebody deletes the Deployment `boat` and makes another one of its name, while a question stands.
    fn recreate(&self, cluster: &RealCluster) {
        let path = self.path("apps/v1", "deployments/boat");
        self.client.send(&Request::new("DELETE", &path)).expect("an answer");
        cluster.patiently("it is gone", || self.client.get(&path).unwrap().status == 404);
        self.make("apps/v1", "deployments", &workload("Deployment", "boat", 1));
    }
    fn kubectl(&self, cluster: &RealCluster, line: &str) {
        let mut command = Command::new(cluster.program("kubectl"));
        command.arg("--kubeconfig").arg(&self.stage.kubeconfig).args(["-n", &self.namespace]).args(line.split(' '));
        let output = command.output().expect("kubectl runs");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn workload(kind: &str, name: &str, replicas: i64) -> Value {
    let labels = json!({"app": name});
    let mut object = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": {
        "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"nodeName": NODE,
            "containers": [{"name": "app", "image": "a:1", "env": [{"name": "A", "value": "1"}]}, {"name": "log", "image": "l:1"}]}}}});
    if kind != "DaemonSet" {
        object["spec"]["replicas"] = replicas.into();
    }
    if kind == "StatefulSet" {
        object["spec"]["serviceName"] = name.into();
        object["spec"]["podManagementPolicy"] = "Parallel".into();
    }
    object
}

#[test]
fn a_rollout_goes_back_as_kubectl_takes_it_back_and_forward_again() {
    let Some(real) = real("a_rollout_goes_back_as_kubectl_takes_it_back_and_forward_again") else { return };
    let user = User::new(real, "undo");
    for (kind, plural) in [("Deployment", "deployments"), ("StatefulSet", "statefulsets")] {
        for name in ["ours", "theirs"] {
            user.make("apps/v1", plural, &workload(kind, name, 1));
            let said = user.qd(&format!("do set-image {plural}/{name} --images app=a:2 --images log=l:2 --yes"));
            assert!(said.contains("app=a:2, log=l:2"), "{said}");
        }
        let of = |name: &str| {
            let object = user.get("apps/v1", &format!("{plural}/{name}"));
            let mut spec = object["spec"]["template"].clone();
            spec["metadata"]["labels"] = Value::Null;
            (spec, object["metadata"]["annotations"]["deployment.kubernetes.io/revision"].clone())
        };
        let changed = of("ours").0;
        user.kubectl(real, &format!("rollout undo {plural}/theirs"));
        let said = user.qd(&format!("do rollout-undo {plural}/ours --yes"));
        assert!(said.contains("back to revision 1 (app=a:1 log=l:1)"), "{said}");
        assert_eq!(of("ours").0, of("theirs").0, "{kind}: as kubectl leaves it");
        user.undo(&said);
        assert_eq!(of("ours").0, changed, "{kind}: forward again");
        let (code, said) = user.fails(&format!("do rollout-undo {plural}/ours --to-revision 77 --yes"));
        assert!(code == 1 && said.contains("revision 77 is not kept") && said.contains("app=a:1"), "{code} {said}");
    }
    let journal = user.qd("journal");
    assert!(journal.contains("to its former revision") && journal.contains("undone"), "{journal}");
}

#[test]
fn a_rollout_is_held_and_let_go_and_jobs_are_started_stopped_and_run_again() {
    let Some(real) = real("a_rollout_is_held_and_let_go_and_jobs_are_started_stopped_and_run_again") else { return };
    let user = User::new(real, "pause");
    user.make("apps/v1", "deployments", &workload("Deployment", "api", 1));
    let paused = user.qd("do pause deployments/api --yes");
    assert_eq!(user.get("apps/v1", "deployments/api")["spec"]["paused"], true);
    let (code, said) = user.fails("do restart deployments/api --yes");
    assert!(code == 1 && said.contains("its rollout is paused") && said.contains("resume it first"), "{code} {said}");
    user.undo(&paused);
    user.qd("do pause deployments/api --yes");
    let said = user.qd("do resume deployments/api --yes");
    assert!(said.contains("1 of 1 replicas available"), "{said}");

    let pod =
        json!({"spec": {"restartPolicy": "Never", "nodeName": NODE, "containers": [{"name": "app", "image": "a:1"}]}});
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
        "spec": {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": pod}}}});
    user.make("batch/v1", "cronjobs", &cron);
    let suspended = user.qd("do suspend cronjobs/nightly --yes");
    assert_eq!(user.get("batch/v1", "cronjobs/nightly")["spec"]["suspend"], true);
    user.undo(&suspended);
    assert_eq!(user.get("batch/v1", "cronjobs/nightly")["spec"]["suspend"], false);
    let said = user.qd("do trigger cronjobs/nightly --yes");
    assert!(said.contains("complete, 1 of 1 succeeded"), "{said}");
    let jobs = || user.get("batch/v1", "jobs")["items"].as_array().cloned().unwrap_or_default();
    let first = jobs()[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let again = user.qd(&format!("do rerun jobs/{first} --yes"));
    assert!(again.contains("complete, 1 of 1 succeeded"), "{again}");
    let all = jobs();
    assert_eq!(all.len(), 2);
    assert_ne!(all[0]["spec"]["selector"], all[1]["spec"]["selector"], "pods of their own");
    user.undo(&again);
    real.patiently("the new job goes", || jobs().len() == 1);
}

#[test]
fn a_drain_waits_for_a_disruption_budget_and_ends_when_it_may() {
    let Some(real) = real("a_drain_waits_for_a_disruption_budget_and_ends_when_it_may") else { return };
    let user = User::new(real, "drain");
    node(real, "drained-1");
    let here = |mut object: Value| {
        object["spec"]["template"]["spec"]["nodeName"] = "drained-1".into();
        object
    };
    user.make("apps/v1", "deployments", &here(workload("Deployment", "api", 2)));
    user.make("apps/v1", "deployments", &here(workload("Deployment", "web", 1)));
    let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "keep-two"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "api"}}}});
    user.make("policy/v1", "poddisruptionbudgets", &budget);
    let budget = || user.get("policy/v1", "poddisruptionbudgets/keep-two")["status"].clone();
    real.patiently("the budget counts two", || budget()["currentHealthy"] == 2);
    let bare = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}, "spec": {"nodeName": "drained-1",
        "containers": [{"name": "a", "image": "a:1"}], "volumes": [{"name": "tmp", "emptyDir": {}}]}});
    user.make("v1", "pods", &bare);
    real.patiently("the bare pod runs", || user.get("v1", "pods/bare")["status"]["phase"] == "Running");

    let (code, said) = user.fails("do drain nodes/drained-1 --dry-run");
    assert!(code == 1 && said.contains("/bare") && said.contains("--delete-emptydir-data"), "{code} {said}");
    let (code, said) = user.fails("do drain nodes/drained-1 --delete-emptydir-data --dry-run");
    assert!(code == 1 && said.contains("has no controller") && said.contains("--force"), "{code} {said}");
    let flags = ["do", "drain", "nodes/drained-1", "--force", "--delete-emptydir-data"];
    let said = user.words(&[&flags[..], &["--dry-run"]].concat());
    assert!(said.contains("2 pods wait for PodDisruptionBudget keep-two (2 healthy, 2 needed)"), "{said}");
    assert!(user.client.get("/api/v1/nodes/drained-1").unwrap().json()["spec"]["unschedulable"].is_null());

    let yes = ["--yes", "--reason", "a test"];
    let cordoned = || user.client.get("/api/v1/nodes/drained-1").unwrap().json()["spec"]["unschedulable"] == true;

    // Whoever sets a time is told what it was that did not go in it.
    let late = user.run(&[&flags[..], &yes, &["--timeout", "4"]].concat());
    let said = String::from_utf8_lossy(&late.stdout).into_owned();
    assert_eq!(late.status.code(), Some(1), "{said}");
    assert!(
        said.contains("not finished after 4 s") && said.contains("waits for PodDisruptionBudget keep-two"),
        "{said}"
    );
    assert_eq!(user.client.get(&user.path("v1", "pods/bare")).unwrap().status, 404, "what may go has gone");
    assert!(cordoned());
    user.undo(&said);
    assert!(!cordoned());

    let start = || {
        let mut command = Command::new(program());
        command.args(flags).args(yes).env("KUBECONFIG", &user.stage.kubeconfig);
        command.env("HOME", &user.stage.home).env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("qd starts")
    };
    // It can be stopped where it waits.
    let mut child = start();
    let mut progress = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(progress.any(|l| l.unwrap_or_default().contains("waits for PodDisruptionBudget keep-two")));
    stop(&child);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("stopped by the user") && said.contains("waits for PodDisruptionBudget keep-two"), "{said}");
    user.undo(&said);
    assert!(!cordoned());

    let mut child = start();
    let mut progress = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    let waits = progress.any(|l| l.unwrap_or_default().contains("waits for PodDisruptionBudget keep-two"));
    let progress = std::thread::spawn(move || progress.map_while(Result::ok).collect::<Vec<_>>().join("\n"));
    let names = || -> Vec<String> {
        let pods = user.get("v1", "pods?labelSelector=app%3Dapi");
        pods["items"].as_array().into_iter().flatten().map(|p| p["metadata"]["uid"].to_string()).collect()
    };
    let before = names();
    assert_eq!(before.len(), 2, "the budget holds both");
    // More replicas: one may go now, and then the other.
    let patch = json!({"spec": {"replicas": 4}}).to_string();
    let path = user.path("apps/v1", "deployments/api");
    let more = Request::new("PATCH", &path).body("application/merge-patch+json", patch);
    assert_eq!(user.client.send(&more).expect("an answer").status, 200);
    let output = child.wait_with_output().expect("it ends");
    let (said, progress) = (String::from_utf8_lossy(&output.stdout), progress.join().unwrap());
    assert!(output.status.success(), "{said}{progress}");
    assert!(waits, "{progress}");
    assert!(said.contains("3 pods have gone"), "{said}");
    let left = names();
    assert!(before.iter().all(|uid| !left.contains(uid)), "both of them have gone");
    user.undo(&said);
    assert!(!cordoned());
}

#[test]
fn on_the_command_line_pods_are_restarted_and_scaled_and_a_recreated_object_is_not_deleted() {
    let Some(real) = real("on_the_command_line_pods_are_restarted_and_scaled_and_a_recreated_object_is_not_deleted")
    else {
        return;
    };
    let user = User::new(real, "line");
    let boat = || user.get("apps/v1", "deployments/boat");
    user.make("apps/v1", "deployments", &workload("Deployment", "boat", 1));
    let said = user.qd("do restart deployments/boat --yes");
    assert!(said.contains("1 of 1 replicas available"), "{said}");
    assert!(boat()["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"].is_string());
    let said = user.qd("do scale deployments/boat --replicas 3 --yes --wait");
    assert!(said.contains("3 of 3"), "{said}");
    user.undo(&said);
    assert_eq!(boat()["spec"]["replicas"], 1);
    let terminal = {
        let kubeconfig = user.stage.kubeconfig.display().to_string();
        let words = ["do", "delete", "deployments/boat", "-n", &user.namespace, "--kubeconfig", &kubeconfig];
        Terminal::start(program(), &words, &user.stage.options(100, 30))
    };
    terminal.wait_for("the question", stage::PATIENCE, |s| s.contains("Type boat to do it"));
    user.recreate(real);
    terminal.keys("boat<enter>");
    terminal.wait_for("the refusal", stage::PATIENCE, |s| s.contains("recreated") || s.contains("UID"));
    assert!(boat()["metadata"]["deletionTimestamp"].is_null() && boat()["kind"] == "Deployment", "the new one lives");
    let journal = user.qd("journal");
    for word in ["Restart", "Scale", "undone", "Delete"] {
        assert!(journal.contains(word), "{word}: {journal}");
    }
}

/// Ends a program that is listened to when nothing comes of it: a test that fails does not wait for ever.
fn limit(child: &std::process::Child) -> std::sync::mpsc::Sender<()> {
    let (guard, dropped) = std::sync::mpsc::channel();
    let id = child.id().to_string();
    std::thread::spawn(move || {
        if dropped.recv_timeout(4 * stage::PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    guard
}

/// As Ctrl-C does.
fn stop(child: &std::process::Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

#[test]
fn a_data_directory_comes_out_of_a_pod_whole_or_not_at_all() {
    let Some(real) = real("a_data_directory_comes_out_of_a_pod_whole_or_not_at_all") else { return };
    let user = User::new(real, "backup");
    user.make("apps/v1", "statefulsets", &workload("StatefulSet", "vault", 1));
    real.patiently("it runs", || user.get("apps/v1", "statefulsets/vault")["status"]["readyReplicas"] == 1);
    // KWOK runs what is asked for on this machine.
    let data = user.stage.home.join("data");
    std::fs::create_dir(&data).unwrap();
    let database = data.join("db.sqlite3");
    let filled = "create table a(b); insert into a values (zeroblob(3000000))";
    let own_copy = Command::new("sqlite3").arg(&database).arg(filled).status().is_ok_and(|s| s.success());
    if !own_copy {
        std::fs::write(&database, [b"SQLite format 3\0".as_slice(), &[1; 3_000_000]].concat()).unwrap();
    }
    std::fs::write(data.join("rsa_key.pem"), "secret").unwrap();
    let config = user.stage.home.join(".config/quarterdeck");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "[backup]\nupload = [\"cp\", \"{file}\", \"uploaded.tar\"]\n").unwrap();
    let path = data.display().to_string();
    let line = ["do", "backup", "statefulsets/vault", "--path", &path, "--file", "vault.tar", "--yes"];
    let said = user.words(&line);
    let files = if own_copy { "3 files" } else { "2 files" };
    assert!(said.contains(files) && said.contains("SHA-256") && said.contains("uploaded"), "{said}");
    assert_eq!(said.contains("SQLite's own copy"), own_copy, "{said}");
    let file = user.stage.home.join("vault.tar");
    let sum = Command::new("sha256sum").arg(&file).output().unwrap();
    let sum = String::from_utf8_lossy(&sum.stdout).split(' ').next().unwrap().to_owned();
    assert!(said.contains(&sum), "{sum}: {said}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(user.stage.home.join("uploaded.tar")).unwrap());
    let again = user.run(&line);
    assert_eq!(again.status.code(), Some(5), "it is never overwritten");

    let good = std::fs::read(&database).unwrap();
    std::fs::write(&database, "this is no database").unwrap();
    let bad = user.run(&["do", "backup", "statefulsets/vault", "--path", &path, "--file", "bad.tar", "--yes"]);
    let said = String::from_utf8_lossy(&bad.stdout).into_owned();
    assert!(!bad.status.success() && said.contains("does not begin as a SQLite database"), "{said}");
    let files = |folder: &std::path::Path, part: &str| -> Vec<String> {
        let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|n| n.contains(part)).collect()
    };
    assert_eq!(files(&user.stage.home, "bad.tar"), [""; 0]);

    // Stopped in the middle of what takes long: a hole of a terabyte.
    std::fs::write(&database, good).unwrap();
    std::fs::File::create(data.join("attachments")).unwrap().set_len(1 << 40).unwrap();
    let mut command = Command::new(program());
    command.args(["do", "backup", "statefulsets/vault", "--path", &path, "--file", "long.tar", "--yes"]);
    command.args(["-n", &user.namespace]).env("KUBECONFIG", &user.stage.kubeconfig).env("HOME", &user.stage.home);
    command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").current_dir(&user.stage.home);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut progress = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(progress.any(|l| l.unwrap_or_default().contains("MiB so far")));
    stop(&child);
    // What it says until its end is read, or it would wait for that.
    let rest = std::thread::spawn(move || progress.count());
    let output = child.wait_with_output().expect("it ends");
    rest.join().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && said.contains("nothing is left of the file"), "{said}");
    assert_eq!(files(&user.stage.home, "long.tar"), [""; 0]);
    assert_eq!(files(&data, "qd-backup"), [""; 0], "nothing of ours stays in the container");
    std::fs::remove_file(data.join("attachments")).unwrap();

    // A profile of one's own says where the data is.
    let (code, said) = user.fails("do backup statefulsets/vault --dry-run");
    assert!(code == 2 && said.contains("give --path"), "{code} {said}");
    std::fs::create_dir(config.join("platforms")).unwrap();
    let profile = format!(
        "id: ours\ntitle: Ours\napps: [{{name: vault, namespaces: [{}], backup: {{workload: vault, path: {path}}}}}]\n",
        user.namespace
    );
    std::fs::write(config.join("platforms/ours.yaml"), profile).unwrap();
    let said = user.qd("do backup statefulsets/vault --dry-run");
    assert!(said.contains(&format!("Back up {path} of")), "{said}");
}
