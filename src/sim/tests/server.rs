//! What a client of the embedded server notices, over a real socket.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use quarterdeck_sim::{Clock, ServeOptions, SimServer, Store, storage::WriteOptions};
use serde_json::{Value, json};

async fn serve() -> SimServer {
    SimServer::start(Store::new(Clock::system()), ServeOptions::default()).await.unwrap()
}

async fn send(server: &SimServer, method: &str, path: &str, body: Option<Value>) -> Response<Incoming> {
    let stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let body = body.map(|b| b.to_string()).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "sim")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", server.admin_token()))
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    sender.send_request(request).await.unwrap()
}

async fn value(response: Response<Incoming>) -> Value {
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

/// The next event of a watch; lines never straddle frames in these tests.
async fn event(watch: &mut Response<Incoming>, rest: &mut String) -> Option<Value> {
    loop {
        if let Some((line, tail)) = rest.split_once('\n') {
            let event = serde_json::from_str(line).unwrap();
            *rest = tail.to_owned();
            return Some(event);
        }
        let frame =
            tokio::time::timeout(Duration::from_secs(20), watch.body_mut().frame()).await.expect("an event in time")?;
        rest.push_str(std::str::from_utf8(&frame.ok()?.into_data().ok()?).unwrap());
    }
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"k": "v"}})
}

#[tokio::test]
async fn pages_show_one_moment_even_when_objects_change_between_them() {
    let server = serve().await;
    for name in ["a", "b", "c"] {
        assert_eq!(send(&server, "POST", MAPS, Some(map(name))).await.status(), 201);
    }
    let first = value(send(&server, "GET", &format!("{MAPS}?limit=2"), None).await).await;
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    send(&server, "DELETE", &format!("{MAPS}/c"), None).await;
    send(&server, "POST", MAPS, Some(map("d"))).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let path = format!("{MAPS}?limit=2&continue={token}");
    let second = value(send(&server, "GET", &path, None).await).await;
    let names: Vec<_> = second["items"].as_array().unwrap().iter().map(|i| &i["metadata"]["name"]).collect();
    assert_eq!(names, ["c"]);
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);

    server.store().compact();
    let gone = send(&server, "GET", &path, None).await;
    assert_eq!(gone.status(), 410);
    assert!(value(gone).await["metadata"]["continue"].is_string());
}

#[tokio::test]
async fn a_streaming_list_ends_with_its_mark_and_goes_on() {
    let server = serve().await;
    send(&server, "POST", MAPS, Some(map("a"))).await;
    let path =
        format!("{MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    let (mut watch, mut rest) = (send(&server, "GET", &path, None).await, String::new());
    assert_eq!(event(&mut watch, &mut rest).await.unwrap()["type"], "ADDED");
    let mark = event(&mut watch, &mut rest).await.unwrap();
    assert_eq!(mark["type"], "BOOKMARK");
    assert_eq!(mark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    send(&server, "POST", MAPS, Some(map("b"))).await;
    let added = event(&mut watch, &mut rest).await.unwrap();
    assert_eq!((&added["type"], &added["object"]["metadata"]["name"]), (&json!("ADDED"), &json!("b")));
}

#[tokio::test]
async fn a_watch_from_a_forgotten_version_is_told_so() {
    let server = serve().await;
    send(&server, "POST", MAPS, Some(map("a"))).await;
    server.store().compact();
    let path = format!("{MAPS}?watch=1&resourceVersion=1001");
    let (mut watch, mut rest) = (send(&server, "GET", &path, None).await, String::new());
    let told = event(&mut watch, &mut rest).await.unwrap();
    assert_eq!((&told["type"], &told["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(event(&mut watch, &mut rest).await, None);
}

#[tokio::test]
async fn what_leaves_a_selection_is_deleted_to_its_watcher() {
    let server = serve().await;
    let mut labelled = map("a");
    labelled["metadata"]["labels"] = json!({"tier": "front"});
    let made = value(send(&server, "POST", MAPS, Some(labelled.clone())).await).await;
    let version = made["metadata"]["resourceVersion"].as_str().unwrap();
    let path = format!("{MAPS}?watch=1&labelSelector=tier%3Dfront&resourceVersion={version}");
    let (mut watch, mut rest) = (send(&server, "GET", &path, None).await, String::new());
    labelled["metadata"]["labels"] = json!({"tier": "back"});
    send(&server, "PUT", &format!("{MAPS}/a"), Some(labelled)).await;
    assert_eq!(event(&mut watch, &mut rest).await.unwrap()["type"], "DELETED");
}

#[tokio::test]
async fn a_kind_comes_and_goes_with_its_crd() {
    let server = serve().await;
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer", "default": 3}}}}});
    let crd = json!({"metadata": {"name": "ships.example.org"}, "spec": {"group": "example.org", "scope": "Namespaced",
        "names": {"plural": "ships", "kind": "Ship"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
    const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const SHIPS: &str = "/apis/example.org/v1/namespaces/default/ships";
    assert_eq!(send(&server, "GET", SHIPS, None).await.status(), 404);
    assert_eq!(send(&server, "POST", CRDS, Some(crd)).await.status(), 201);
    let ship =
        json!({"apiVersion": "example.org/v1", "kind": "Ship", "metadata": {"name": "ada"}, "spec": {"sails": 2}});
    let stored = value(send(&server, "POST", SHIPS, Some(ship)).await).await;
    assert_eq!(stored["spec"], json!({"n": 3}));
    let (mut watch, mut rest) = (send(&server, "GET", &format!("{SHIPS}?watch=1"), None).await, String::new());
    assert_eq!(event(&mut watch, &mut rest).await.unwrap()["type"], "ADDED");
    send(&server, "DELETE", &format!("{CRDS}/ships.example.org"), None).await;
    assert_eq!(event(&mut watch, &mut rest).await.unwrap()["type"], "DELETED");
    assert_eq!(event(&mut watch, &mut rest).await, None, "the watch ends with the kind");
    assert_eq!(send(&server, "GET", SHIPS, None).await.status(), 404);
}

#[tokio::test]
async fn a_page_of_a_big_list_is_copied_not_parsed() {
    let server = serve().await;
    let store = server.store();
    let kind = store.kind("v1", "ConfigMap").unwrap();
    let filling = "x".repeat(6_000);
    for i in 0..2_000 {
        let object = json!({"metadata": {"name": format!("m{i:05}")}, "data": {"k": filling}});
        store.create(&kind, "default", object, &WriteOptions::trusted("test")).unwrap();
    }
    let page =
        send(&server, "GET", &format!("{MAPS}?limit=500"), None).await.into_body().collect().await.unwrap().to_bytes();
    let first = store.get(&kind, "default", "m00000").unwrap();
    let (_, item) = first.item_json(&kind);
    assert!(page.windows(item.len()).any(|w| w == &item[..]), "the stored bytes are in the page");
    let list: Value = serde_json::from_slice(&page).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 500);
    assert!(list["items"][0].get("kind").is_none(), "items of built-in kinds say no kind");
}
