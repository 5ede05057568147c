//! The ordinary kubectl against a world of the embedded cluster: what somebody does who points their own tools at
//! `qd demo --serve`. That its answers are those of a real server is the business of the conformance suite; this is
//! about what only a living world has: pods that run, logs that grow, shells, watches. (kubectl forwards ports over
//! SPDY alone, which the embedded server does not speak; over WebSockets, as our own client does it, it forwards.)

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use quarterdeck_testing::programs::programs;
use quarterdeck_testing::real::skipped;
use quarterdeck_testing::sim::SimCluster;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

/// kubectl, pointed at a world of its own.
struct Kubectl {
    program: PathBuf,
    cluster: SimCluster,
    config: PathBuf,
}

impl Kubectl {
    /// The kubectl that was built with the real control plane, else the one on this machine.
    fn new(test: &str, world: &str) -> Option<Kubectl> {
        let program = match programs() {
            Ok(programs) => programs.path("kubectl"),
            Err(why) => {
                let found = Command::new("kubectl").args(["version", "--client"]).output();
                if !found.is_ok_and(|output| output.status.success()) {
                    skipped(test, &format!("no kubectl on this machine, and none can be built: {why}"));
                    return None;
                }
                PathBuf::from("kubectl")
            }
        };
        let cluster = SimCluster::world(world);
        let config = cluster.file("admin", &cluster.admin());
        Some(Kubectl { program, cluster, config })
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--kubeconfig").arg(&self.config);
        command.arg("--cache-dir").arg(self.cluster.folder().join("cache"));
        command.args(line.split_whitespace()).env_remove("KUBECONFIG").stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it with this input; fails the test with its own words when it fails.
    fn with(&self, line: &str, input: &str) -> String {
        let mut child = self.command(line).spawn().expect("kubectl starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("kubectl reads");
        let output = child.wait_with_output().expect("kubectl ends");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {line}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn run(&self, line: &str) -> String {
        self.with(line, "")
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.run(&format!("{line} -o json"))).expect("JSON")
    }

    /// Starts it and reads its lines as they come.
    fn follow(&self, line: &str) -> Followed {
        let mut child = self.command(line).spawn().expect("kubectl starts");
        let lines = read_lines(child.stdout.take().expect("a pipe"));
        Followed { child, lines }
    }
}

struct Followed {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Followed {
    /// The next line that satisfies the condition.
    fn until(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if fits(&line) => return line,
                Ok(line) => seen.push(line),
                Err(_) => panic!("no line with {what} came; seen:\n{}", seen.join("\n")),
            }
        }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(output: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A running pod of the world: its namespace, its name and its first container.
fn running_pod(kubectl: &Kubectl) -> (String, String, String) {
    let pods = kubectl.json("get pods -A --field-selector=status.phase=Running");
    let pod = pods["items"]
        .as_array()
        .and_then(|items| items.iter().find(|pod| pod["status"]["containerStatuses"][0]["ready"] == true));
    let pod = pod.expect("something runs in the world");
    let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("/metadata/namespace"), text("/metadata/name"), text("/spec/containers/0/name"))
}

#[test]
fn the_world_is_listed_and_described() {
    let Some(kubectl) = Kubectl::new("the_world_is_listed_and_described", "ominis") else { return };
    let pods = kubectl.run("get pods -A");
    assert!(pods.starts_with("NAMESPACE") && pods.contains("client-demo-client"), "{pods}");
    let certificates = kubectl.run("get certificates -A");
    assert!(certificates.contains("demo-client-api-tls") && certificates.contains("READY"), "{certificates}");
    let described = kubectl.run("describe certificate demo-client-api-tls -n client-demo-client");
    assert!(described.contains("demo-client-api.app.ominis.ai"), "{described}");
    let (namespace, pod, _) = running_pod(&kubectl);
    let described = kubectl.run(&format!("describe pod {pod} -n {namespace}"));
    assert!(described.contains("Status:") && described.contains("Running"), "{described}");
    let rights = kubectl.run("auth can-i --list -n client-demo-client");
    assert!(rights.contains("*.*"), "{rights}");
    let short = kubectl.run("get ns,deploy,svc,ing,cm,events -n client-demo-client -o name");
    assert!(short.contains("ingress.networking.k8s.io/api-ingress"), "{short}");
}

#[test]
fn changes_are_applied_and_watched() {
    let Some(kubectl) = Kubectl::new("changes_are_applied_and_watched", "ominis") else { return };
    let watch = kubectl.follow("get configmaps -n client-demo-client -w -o custom-columns=N:.metadata.name,V:.data.v");
    watch.until("the header", |line| line.starts_with('N'));
    let map = |value: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: seen, namespace: client-demo-client}}, data: {{v: '{value}'}}}}"
        )
    };
    kubectl.with("apply -f -", &map("one"));
    watch.until("the new object", |line| line.starts_with("seen") && line.ends_with("one"));
    kubectl.with("apply --server-side --force-conflicts -f -", &map("two"));
    watch.until("the change", |line| line.starts_with("seen") && line.ends_with("two"));
    kubectl.run("delete configmap seen -n client-demo-client");
    let gone = kubectl.run("get configmap seen -n client-demo-client --ignore-not-found");
    assert_eq!(gone, "");

    let deployments = kubectl.json("get deployments -n client-demo-client");
    let name = deployments["items"][0]["metadata"]["name"].as_str().expect("a deployment").to_owned();
    kubectl.run(&format!("scale deployment {name} -n client-demo-client --replicas=3"));
    kubectl.run(&format!("rollout restart deployment {name} -n client-demo-client"));
    let now = kubectl.json(&format!("get deployment {name} -n client-demo-client"));
    assert_eq!(now["spec"]["replicas"], 3);
    let stamp = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";
    assert!(now.pointer(stamp).is_some(), "{now:#}");
}

#[test]
fn a_container_speaks_and_listens() {
    let Some(kubectl) = Kubectl::new("a_container_speaks_and_listens", "ominis") else { return };
    let (namespace, pod, container) = running_pod(&kubectl);
    let whole = kubectl.run(&format!("logs {pod} -n {namespace} -c {container} --tail=3 --timestamps"));
    assert!((1..=3).contains(&whole.lines().count()), "{whole}");
    assert!(whole.lines().all(|line| line.starts_with("20")), "{whole}");
    let followed = kubectl.follow(&format!("logs -f {pod} -n {namespace} -c {container} --tail=1"));
    let first = followed.until("anything", |_| true);
    let second = followed.until("something newer", |line| line != first);
    assert_ne!(first, second);
    let answer = kubectl.run(&format!("exec {pod} -n {namespace} -c {container} -- hostname"));
    assert_eq!(answer.trim(), pod);
}
