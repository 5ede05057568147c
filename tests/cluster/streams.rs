//! Watch, log, exec and port-forward of a pod that runs, whatever way leads to the server.

use super::{real, run};
use futures::StreamExt;
use quarterdeck_core::ProblemKind;
use quarterdeck_core::cluster::{Cluster, ExecRequest, ForwardRequest, ForwardTarget, LogRequest, Request};
use quarterdeck_testing::real::RealCluster;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PATIENCE: Duration = Duration::from_secs(30);

/// A pod that runs on KWOK.
pub struct Pod {
    pub namespace: String,
    pub name: String,
}

impl Pod {
    pub fn start(real: &RealCluster, test: &str) -> Self {
        let namespace = real.namespace(test);
        let node = format!("berth-{namespace}");
        real.apply(
            "nodes",
            &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "annotations": {"kwok.x-k8s.io/node": "fake"}}}),
        );
        let containers = json!([{"name": "main", "image": "x", "ports": [{"name": "echo", "containerPort": 7}]}]);
        real.apply(
            "pods",
            &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace, "labels": {"app": "web"}},
                "spec": {"nodeName": node, "containers": containers}}),
        );
        let client = real.client();
        let path = format!("/api/v1/namespaces/{namespace}/pods/web");
        real.patiently("the pod", || client.get(&path).is_ok_and(|a| a.json()["status"]["phase"] == "Running"));
        Self { namespace, name: "web".into() }
    }
}

/// Uses every kind of stream once.
pub async fn all(cluster: &Cluster, pod: &Pod) {
    let watch = Request::get(format!("/api/v1/namespaces/{}/pods", pod.namespace)).query("watch", "true");
    let mut lines = cluster.lines(watch).await.expect("a watch");
    let first =
        tokio::time::timeout(PATIENCE, lines.next()).await.expect("in time").expect("a line").expect("no error");
    let event: Value = serde_json::from_slice(&first).expect("JSON");
    assert_eq!(event["object"]["metadata"]["name"], "web");

    let log = LogRequest { namespace: pod.namespace.as_str().into(), pod: "web".into(), ..LogRequest::default() };
    let mut chunks = cluster.logs(&log).await.expect("a log");
    let first = chunks.next().await.expect("something").expect("bytes");
    assert!(String::from_utf8_lossy(&first).contains("starting"), "{first:?}");

    let (code, out, _) = exec(cluster, pod, &["sh", "-c", "read said; echo \"$said from $FROM\""], "ahoy\n").await;
    assert_eq!((code, out.as_str()), (0, "ahoy from kwok\n"));

    let target = ForwardTarget::Selector { namespace: pod.namespace.as_str().into(), labels: "app=web".into() };
    let forward = cluster.forward(ForwardRequest { target, port: 7, local_port: 0 }).await.expect("a forward");
    let said = echo(forward.local(), b"is anybody there?").await;
    assert_eq!(said, b"is anybody there?", "{:?}", forward.state().borrow().clone());
}

/// Sends something through a forward to what says it again.
async fn echo(to: std::net::SocketAddr, words: &[u8]) -> Vec<u8> {
    let mut socket = tokio::net::TcpStream::connect(to).await.expect("the local port");
    socket.write_all(words).await.expect("sent");
    let mut said = vec![0; words.len()];
    match tokio::time::timeout(PATIENCE, socket.read_exact(&mut said)).await {
        Ok(Ok(_)) => said,
        _ => Vec::new(),
    }
}

/// Runs a program in the pod; its exit code, output and errors.
async fn exec(cluster: &Cluster, pod: &Pod, command: &[&str], input: &str) -> (i32, String, String) {
    let request = ExecRequest {
        namespace: pod.namespace.as_str().into(),
        pod: pod.name.as_str().into(),
        command: command.iter().map(|c| (*c).to_owned()).collect(),
        stdin: true,
        ..ExecRequest::default()
    };
    let mut process = cluster.exec(&request).await.expect("it starts");
    let mut stdin = process.stdin.take().expect("its input");
    stdin.write_all(input.as_bytes()).await.expect("written");
    stdin.shutdown().await.expect("closed");
    drop(stdin);
    let (mut out, mut err) = (String::new(), String::new());
    let (mut stdout, mut stderr) = (process.stdout.take().expect("out"), process.stderr.take().expect("err"));
    let both = async { futures::join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut err)) };
    tokio::time::timeout(PATIENCE, both).await.expect("in time").0.expect("text");
    let code = process.wait().await.expect("an exit code");
    (code, out, err)
}

#[test]
fn programs_run_in_pods_and_ports_lead_to_them() {
    let Some(real) = real("programs_run_in_pods_and_ports_lead_to_them") else { return };
    let pod = Pod::start(real, "direct");
    run(async {
        let cluster = super::connect(&real.admin());
        all(&cluster, &pod).await;
        let (code, _, err) = exec(&cluster, &pod, &["sh", "-c", "echo oops >&2"], "").await;
        assert_eq!((code, err.as_str()), (0, "oops\n"));
        let missing = ExecRequest {
            namespace: pod.namespace.as_str().into(),
            pod: "nobody".into(),
            command: vec!["true".into()],
            ..ExecRequest::default()
        };
        let problem = cluster.exec(&missing).await.err().expect("there is no such pod");
        assert_eq!(problem.kind, ProblemKind::NotFound, "{problem}");
        assert!(problem.to_string().contains(&format!("{}/nobody", pod.namespace)), "{problem}");

        // A pod that goes and comes again is found again by the next connection.
        let target = ForwardTarget::Pod { namespace: pod.namespace.as_str().into(), name: "nobody".into() };
        let forward = cluster.forward(ForwardRequest { target, port: 7, local_port: 0 }).await.expect("a port");
        assert_eq!(echo(forward.local(), b"hello").await, b"");
        let mut state = forward.state();
        let told = state.wait_for(|s| s.problem.is_some()).await.expect("told").problem.clone().expect("a problem");
        assert!(told.to_string().contains("nobody"), "{told}");

        cluster.set_read_only(true);
        let request = ExecRequest { pod: "web".into(), ..missing };
        let problem = cluster.exec(&request).await.err().expect("read-only");
        assert_eq!(problem.kind, ProblemKind::Guarded, "{problem}");
    });
    // Who may not, is told the right.
    let vera = real.user("vera", &[]);
    run(async {
        let cluster = super::connect(&vera);
        let request = ExecRequest {
            namespace: pod.namespace.as_str().into(),
            pod: "web".into(),
            command: vec!["true".into()],
            ..ExecRequest::default()
        };
        let problem = cluster.exec(&request).await.err().expect("she may not");
        assert_eq!(problem.kind, ProblemKind::Forbidden, "{problem}");
        assert!(problem.to_string().contains("vera may not create pods/exec"), "{problem}");
    });
}
