//! The client against a small server that answers as the test wants, over real sockets.

use super::*;
use crate::ProblemKind;
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// A request as the server saw it.
#[derive(Clone, Debug)]
struct Seen {
    line: String,
    headers: http::HeaderMap,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

/// Status, extra header, body; the body of a watch is sent in pieces.
enum Answer {
    Whole(u16, &'static str, String),
    Pieces(Vec<&'static str>),
}

fn json(status: u16, body: serde_json::Value) -> Answer {
    Answer::Whole(status, "", body.to_string())
}

struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0".parse().expect("an address"), answer).await
    }
    async fn at(address: SocketAddr, answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (notes, answer) = (seen.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let Ok((socket, _)) = listener.accept().await else { return };
                let (notes, answer) = (notes.clone(), answer.clone());
                open.spawn(async move {
                    let service = service_fn(move |request: http::Request<Incoming>| {
                        let line = format!("{} {}", request.method(), request.uri());
                        let seen = Seen { line, headers: request.headers().clone() };
                        notes.lock().push(seen.clone());
                        let answer = answer(&seen);
                        async move { Ok::<_, std::convert::Infallible>(respond(answer)) }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(socket), service)
                        .await;
                });
            }
        });
        Self { address, seen, task }
    }
    fn kubeconfig(&self, user: &str) -> Kubeconfig {
        let text = format!(
            "clusters: [{{name: c, cluster: {{server: 'http://{}'}}}}]\nusers: [{{name: u, user: {user}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: u}}}}]\ncurrent-context: x\n",
            self.address
        );
        Kubeconfig::parse(&text, "test").expect("a kubeconfig")
    }
    fn cluster(&self, user: &str) -> Cluster {
        let state = tempfile::tempdir().expect("a folder").keep();
        let options = ConnectOptions { state_dir: Some(state), ..ConnectOptions::default() };
        Cluster::connect(&self.kubeconfig(user), None, &options).expect("a context")
    }
    fn lines(&self) -> Vec<String> {
        self.seen.lock().iter().map(|s| s.line.clone()).collect()
    }
    async fn stop(self) -> SocketAddr {
        self.task.abort();
        let _ = self.task.await;
        self.address
    }
}

type Body = http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>;

fn respond(answer: Answer) -> http::Response<Body> {
    match answer {
        Answer::Whole(status, header, body) => {
            let mut response = http::Response::builder().status(status);
            if let Some((name, value)) = header.split_once(": ") {
                response = response.header(name, value);
            }
            response.body(Full::new(Bytes::from(body)).boxed()).expect("a response")
        }
        Answer::Pieces(pieces) => {
            let frames = pieces.into_iter().map(|p| Ok(Frame::data(Bytes::from_static(p.as_bytes()))));
            let body = StreamBody::new(futures::stream::iter(frames).chain(futures::stream::pending()));
            http::Response::new(BodyExt::boxed(body))
        }
    }
}

fn refusal(code: u16, message: &str) -> serde_json::Value {
    serde_json::json!({ "kind": "Status", "status": "Failure", "code": code, "message": message })
}

#[tokio::test]
async fn nothing_is_asked_before_the_first_call_and_every_call_says_who_we_are() {
    let server = Server::start(|_| json(200, serde_json::json!({"gitVersion": "v1.36.3"}))).await;
    let cluster = server.cluster("{token: t0, as: jane, as-groups: [a, b]}");
    assert_eq!((server.lines().len(), cluster.traffic().requests), (0, 0));
    assert_eq!(*cluster.connection().borrow(), Connection::Connecting);
    assert_eq!(cluster.version().await.as_deref(), Ok("v1.36.3"));
    assert_eq!(*cluster.connection().borrow(), Connection::Live);
    let seen = server.seen.lock()[0].clone();
    assert_eq!(seen.header("authorization"), "Bearer t0");
    assert_eq!(seen.header("impersonate-user"), "jane");
    let groups: Vec<_> = seen.headers.get_all("impersonate-group").iter().collect();
    assert_eq!(groups, ["a", "b"]);
    assert!(seen.header("user-agent").starts_with("quarterdeck/"));
    assert!(cluster.traffic().bytes_received > 0);
}

#[tokio::test]
async fn a_lost_server_is_seen_again_within_five_seconds() {
    let server = Server::start(|_| json(200, serde_json::json!({}))).await;
    let cluster = server.cluster("{}");
    cluster.call(Request::get("/api/v1/pods")).await.expect("an answer");
    let address = server.stop().await;
    let problem = cluster.call(Request::get("/api/v1/pods")).await.expect_err("it is gone");
    assert_eq!(problem.kind, ProblemKind::Unreachable, "{problem}");
    assert!(problem.to_string().contains(&address.to_string()), "{problem}");
    assert!(matches!(&*cluster.connection().borrow(), Connection::Lost { since, .. } if *since > 0));
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let cluster = cluster.clone();
            tokio::spawn(async move { cluster.reconnected().await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let server = Server::at(address, |_| json(403, refusal(403, "no"))).await;
    let back = Instant::now();
    for one in waiting {
        one.await.expect("no panic");
    }
    assert!(back.elapsed() < Duration::from_secs(5), "after {:?}", back.elapsed());
    assert_eq!(*cluster.connection().borrow(), Connection::Live);
    assert_eq!(server.lines(), ["GET /readyz"], "five wait, one asks");
}

#[tokio::test]
async fn a_busy_server_is_asked_again_for_reads_only() {
    let left = Mutex::new(2);
    let server = Server::start(move |seen| {
        if seen.line.starts_with("POST") {
            return json(503, refusal(503, "later"));
        }
        let mut left = left.lock();
        if *left == 0 {
            return json(200, serde_json::json!({"items": []}));
        }
        *left -= 1;
        Answer::Whole(429, "retry-after: 0", refusal(429, "too many").to_string())
    })
    .await;
    let cluster = server.cluster("{}");
    cluster.call(Request::get("/api/v1/pods")).await.expect("the third time");
    assert_eq!(server.lines().len(), 3);
    let problem = cluster.call(Request::write(Method::Post, "/api/v1/pods", "{}")).await.expect_err("busy");
    assert_eq!((problem.kind, problem.status), (ProblemKind::Server, Some(503)));
    assert_eq!(server.lines().len(), 4, "a write is not repeated");
}

#[tokio::test]
async fn a_watch_comes_line_by_line_and_is_counted() {
    let server =
        Server::start(|_| Answer::Pieces(vec!["{\"type\":\"ADDED\"", "}\n{\"type\":", "\"BOOKMARK\"}\n"])).await;
    let cluster = server.cluster("{}");
    let request = Request::get("/api/v1/pods").query("watch", "true").query("labelSelector", "a in (b,c)");
    let mut lines = cluster.lines(request).await.expect("a watch");
    assert_eq!(lines.next().await, Some(Ok(Bytes::from_static(b"{\"type\":\"ADDED\"}"))));
    assert_eq!(lines.next().await, Some(Ok(Bytes::from_static(b"{\"type\":\"BOOKMARK\"}"))));
    assert_eq!(cluster.traffic().open_watches, 1);
    let seen = server.seen.lock()[0].clone();
    assert_eq!(seen.header("accept-encoding"), "identity");
    assert!(seen.line.contains("labelSelector=a%20in%20%28b%2Cc%29"), "{}", seen.line);
    assert!(seen.line.contains("timeoutSeconds="), "{}", seen.line);
    drop(lines);
    assert_eq!(cluster.traffic().open_watches, 0);
}

#[tokio::test]
async fn read_only_sends_no_write() {
    let server = Server::start(|_| json(200, serde_json::json!({}))).await;
    let cluster = server.cluster("{}");
    cluster.set_read_only(true);
    let write = || Request::write(Method::MergePatch, "/apis/apps/v1/namespaces/a/deployments/d", "{}");
    let problem = cluster.call(write()).await.expect_err("read-only");
    assert_eq!(problem.kind, ProblemKind::Guarded);
    assert!(server.lines().is_empty());
    cluster.call(write().query("dryRun", "All")).await.expect("a dry run changes nothing");
    cluster.set_read_only(false);
    cluster.call(write()).await.expect("now it may");
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn an_expired_token_is_renewed_by_the_plugin_once_and_then_the_person_is_asked() {
    let server = Server::start(|seen| match seen.header("authorization") {
        "Bearer token-2" if !seen.line.contains("never") => json(200, serde_json::json!({})),
        _ => json(401, refusal(401, "Unauthorized")),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let count = folder.path().join("count");
    // Gives token-1 the first time, token-2 the second, and so on.
    let script = format!(
        "n=$(cat {0} 2>/dev/null || echo 0); n=$((n+1)); echo $n > {0}; [ $n -gt 3 ] && {{ echo the sso session is over >&2; exit 3; }}; printf '{{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{{\"token\":\"token-%s\"}}}}' $n",
        count.display()
    );
    let file = folder.path().join("plugin.sh");
    std::fs::write(&file, script).expect("written");
    let user = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['{}'], interactiveMode: IfAvailable}}}}",
        file.display()
    );
    let cluster = server.cluster(&user);
    cluster.call(Request::get("/api/v1/pods")).await.expect("the second token is good");
    assert!(cluster.sign_in_command().await.is_some_and(|c| c.starts_with("sh ")));
    let problem = cluster.call(Request::get("/never")).await.expect_err("refused for good");
    assert_eq!(problem.kind, ProblemKind::Unauthenticated);
    assert!(matches!(&*cluster.connection().borrow(), Connection::SignIn { .. }));
    let problem = cluster.call(Request::get("/never")).await.expect_err("the plugin fails now");
    assert!(problem.to_string().contains("the sso session is over"), "{problem}");
    assert!(problem.object.starts_with("sh "), "{problem}");
}

#[tokio::test]
async fn kinds_come_in_one_request_each_or_one_by_one_from_older_servers() {
    let resource = |name: &str, kind: &str| {
        serde_json::json!({"resource": name, "responseKind": {"kind": kind}, "scope": "Namespaced", "singularResource": "",
            "verbs": ["list", "watch"], "shortNames": ["x"], "subresources": [{"subresource": "scale"}]})
    };
    let group = |name: &str, versions: Vec<serde_json::Value>| serde_json::json!({"metadata": {"name": name}, "versions": versions});
    let server = Server::start(move |seen| {
        let items = match seen.line.as_str() {
            "GET /api" => {
                vec![group("", vec![serde_json::json!({"version": "v1", "resources": [resource("pods", "Pod")]})])]
            }
            _ => vec![
                group(
                    "autoscaling",
                    ["v2", "v1"]
                        .map(|v| serde_json::json!({"version": v, "resources": [resource("hpas", "Hpa")]}))
                        .into(),
                ),
                group("metrics.k8s.io", vec![serde_json::json!({"version": "v1", "freshness": "Stale"})]),
            ],
        };
        json(200, serde_json::json!({"kind": "APIGroupDiscoveryList", "items": items}))
    })
    .await;
    let cluster = server.cluster("{}");
    let kinds = cluster.kinds().await.expect("kinds");
    cluster.kinds().await.expect("from memory");
    assert_eq!(server.lines().len(), 2);
    let hpa = kinds.find("hpas").expect("found");
    assert_eq!((hpa.api_version().as_str(), hpa.has_subresource("scale")), ("autoscaling/v2", true));
    assert_eq!(kinds.find("pod").map(|k| k.path(Some("a"), None, None)).as_deref(), Some("/api/v1/namespaces/a/pods"));

    let old = Server::start(|seen| match seen.line.as_str() {
        "GET /api" => json(200, serde_json::json!({"kind": "APIVersions", "versions": ["v1"]})),
        "GET /apis" => json(200, serde_json::json!({"kind": "APIGroupList", "groups": [
            {"name": "apps", "versions": [{"version": "v1beta1"}, {"version": "v1"}], "preferredVersion": {"version": "v1"}},
            {"name": "broken.io", "versions": [{"version": "v1"}]}]})),
        "GET /apis/broken.io/v1" => json(500, refusal(500, "its server is down")),
        line => {
            let name = if line.contains("apps") { "deployments" } else { "pods" };
            json(200, serde_json::json!({"kind": "APIResourceList", "resources": [
                {"name": name, "singularName": "", "namespaced": true, "kind": name, "verbs": ["list"]},
                {"name": format!("{name}/scale"), "namespaced": true, "kind": "Scale", "verbs": ["get"]}]}))
        }
    })
    .await;
    let kinds = old.cluster("{}").kinds().await.expect("what there is");
    assert_eq!(
        kinds.find("deployments").map(|k| (k.version.clone(), k.has_subresource("scale"))),
        Some(("v1".into(), true))
    );
    assert!(kinds.find("pods").is_some());
}

#[tokio::test]
async fn namespaces_are_found_without_the_right_to_list_them() {
    let server = Server::start(|seen| {
        let line = seen.line.as_str();
        if line.contains("selfsubjectreviews") {
            let user = serde_json::json!({"username": "vera@example.org", "groups": ["team-demo-admins", "system:authenticated"]});
            return json(201, serde_json::json!({"status": {"userInfo": user}}));
        }
        if line.contains("selfsubject") {
            // The namespace is in the body, which this server does not read: it says the same of all.
            return json(201, serde_json::json!({"status": {"allowed": false, "resourceRules": [], "incomplete": false}}));
        }
        json(403, refusal(403, "namespaces is forbidden: User \"vera\" cannot list resource \"namespaces\" in API group \"\" at the cluster scope"))
    })
    .await;
    let cluster = server.cluster("{}");
    assert_eq!(cluster.namespaces().await, Namespaces { names: vec!["default".into()], complete: false });
    cluster.remember_namespace("client-acme");
    cluster.remember_namespace("../../etc");
    assert_eq!(cluster.namespaces().await.names, ["client-acme"], "what was typed before is known");
    let right = Right::new("list", "", "pods", "client-acme");
    assert_eq!(cluster.may_known(&right), None);
    assert_eq!(cluster.may(&right).await, Access::Denied);
    assert_eq!(cluster.may_known(&right), Some(Access::Denied));
}

#[tokio::test]
async fn what_is_no_api_server_is_said_so() {
    let server = Server::start(|_| Answer::Whole(200, "", "<html>hello".into())).await;
    let problem = server.cluster("{}").version().await.expect_err("a web page");
    assert!(problem.next.contains("API server"), "{problem}");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let text = format!(
        "clusters: [{{name: c, cluster: {{server: 'https://{address}'}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: ''}}}}]\n"
    );
    let plain = Kubeconfig::parse(&text, "t").expect("a kubeconfig");
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut hello = [0; 4096];
            let _ = socket.read(&mut hello).await;
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let cluster = Cluster::connect(&plain, Some("x"), &ConnectOptions::default()).expect("a context");
    let problem = cluster.version().await.expect_err("no TLS");
    assert!(problem.why.contains("does not speak TLS"), "{problem}");
    let nowhere = text.replace(&address.to_string(), "no-such-host.invalid:6443");
    let nowhere = Kubeconfig::parse(&nowhere, "t").expect("a kubeconfig");
    let cluster = Cluster::connect(&nowhere, Some("x"), &ConnectOptions::default()).expect("a context");
    let problem = cluster.version().await.expect_err("no such host");
    assert!(problem.why.contains("no-such-host.invalid"), "{problem}");
}
