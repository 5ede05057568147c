//! What a table costs: bytes a row, microseconds a row and an update, with 10,000 pods (or as many as
//! the first argument says). Run with `cargo run --release -p quarterdeck-core --example rows`.

use futures::StreamExt;
use futures::stream::BoxStream;
use quarterdeck_core::clock::Clock;
use quarterdeck_core::cluster::{Connection, Request, WatchLine};
use quarterdeck_core::resources::{Kind, Query, Scope};
use quarterdeck_core::store::{Freshness, Source, Stores, TableHandle, TableRequest};
use quarterdeck_core::{Problem, ProblemKind, Result};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

struct Script {
    stream: Mutex<Option<mpsc::UnboundedReceiver<Result<WatchLine>>>>,
    connection: watch::Sender<Connection>,
}

#[async_trait::async_trait]
impl Source for Script {
    fn context(&self) -> &str {
        "bench"
    }
    async fn call(&self, _: Request) -> Result<bytes::Bytes> {
        Err(Problem::new(ProblemKind::Internal, "no list", "the script streams"))
    }
    async fn lines(&self, _: Request) -> Result<BoxStream<'static, Result<WatchLine>>> {
        let lines = self.stream.lock().expect("not poisoned").take();
        let lines = lines.ok_or_else(|| Problem::new(ProblemKind::Unreachable, "no stream", "over"))?;
        Ok(futures::stream::unfold(lines, |mut lines| async { Some((lines.recv().await?, lines)) }).boxed())
    }
    fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.subscribe()
    }
}

const COLUMNS: &str = r#"[{"name":"Name","type":"string","format":"name"},{"name":"Ready","type":"string"},{"name":"Status","type":"string"},{"name":"Restarts","type":"string"},{"name":"Age","type":"string"},{"name":"IP","type":"string","priority":1},{"name":"Node","type":"string","priority":1},{"name":"Nominated Node","type":"string","priority":1},{"name":"Readiness Gates","type":"string","priority":1}]"#;

/// A pod's event as a real server sends it (Table, metadata included, managedFields and all).
fn pod(i: usize, verb: &str, version: usize, restarts: usize) -> WatchLine {
    let (app, hash) = (i / 3, i as u64 * 2_654_435_761 % 0xffff_ffff);
    let columns = if i == 0 { COLUMNS } else { "null" };
    let managed = r#"{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-11-20T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}},"f:ownerReferences":{}},"f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{}}}}}}"#;
    format!(
        r#"{{"type":"{verb}","object":{{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{{"resourceVersion":"{version}"}},"columnDefinitions":{columns},"rows":[{{"cells":["service-{app:05}-{hash:08x}-{i:05}","1/1","Running","{restarts}","3h","10.{}.{}.{}","node-{:03}","<none>","<none>"],"object":{{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{{"name":"service-{app:05}-{hash:08x}-{i:05}","generateName":"service-{app:05}-{hash:08x}-","namespace":"team-{:02}","uid":"{i:08x}-1111-4222-8333-{hash:012x}","resourceVersion":"{version}","creationTimestamp":"2026-11-20T00:00:00Z","labels":{{"app":"service-{app:05}","pod-template-hash":"{:08x}","team":"team-{:02}"}},"annotations":{{"prometheus.io/scrape":"true"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"service-{app:05}-{:08x}","uid":"{app:08x}-aaaa-4bbb-8ccc-000000000000","controller":true,"blockOwnerDeletion":true}}],"managedFields":[{managed}]}}}}}}]}}}}"#,
        i / 65_536,
        i / 256 % 256,
        i % 256,
        i % 200,
        app % 40,
        app,
        app % 40,
        app
    )
    .into()
}

/// Resident memory of this process in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

async fn until(table: &TableHandle, holds: impl Fn() -> bool) {
    let mut changes = table.subscribe();
    while !holds() {
        let _ = tokio::time::timeout(Duration::from_millis(20), changes.changed()).await;
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let count: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let (tap, lines) = mpsc::unbounded_channel();
    let source = Arc::new(Script { stream: Mutex::new(Some(lines)), connection: watch::Sender::new(Connection::Live) });
    let stores = Stores::new(Clock::system(), None);
    let kind = Kind::of("", "v1", "Pod", "pods", true);
    let before = resident();
    let table = stores.table_of(source, TableRequest::new(kind, Scope::All));
    let mut view = table.view();
    let began = Instant::now();
    // A thousand at a time, as a socket would: the stream itself is not what is measured.
    for start in (0..count).step_by(1000) {
        for i in start..(start + 1000).min(count) {
            tap.send(Ok(pod(i, "ADDED", i + 1, 0))).expect("open");
        }
        let wanted = (start + 1000).min(count);
        until(&table, || table.len() >= wanted).await;
        view.refresh();
    }
    let end = r#"{"type":"BOOKMARK","object":{"kind":"Table","rows":[{"cells":[],"object":{"metadata":{"resourceVersion":"1","annotations":{"k8s.io/initial-events-end":"true"}}}}]}}"#;
    tap.send(Ok(end.into())).expect("open");
    until(&table, || table.freshness() == Freshness::Live).await;
    let loaded = began.elapsed();
    let grown = resident().saturating_sub(before);
    println!("rows                 {}", view.len());
    println!("bytes a row          {} (resident {} KiB more, one view open)", grown * 1024 / count.max(1), grown);
    println!(
        "decode, store, view  {:.1} µs a row (lines made in the same time)",
        loaded.as_secs_f64() * 1e6 / count as f64
    );

    let mut spent = Duration::ZERO;
    view.sort_by(Some(3), true);
    for n in 0..1000 {
        let i = n * 7919 % count;
        let (seen, before) = (table.subscribe(), *table.subscribe().borrow());
        tap.send(Ok(pod(i, "MODIFIED", count + n + 1, n + 1))).expect("open");
        let uid = view.iter().next().map(|r| r.meta.uid.clone()).unwrap_or_default();
        until(&table, || *seen.borrow() > before).await;
        let start = Instant::now();
        view.refresh();
        let _ = (view.window(0..40), view.position(&uid));
        spent += start.elapsed();
    }
    println!(
        "one update           {:.1} µs in the view (sorted index, window of 40, cursor)",
        spent.as_secs_f64() * 1e3
    );

    for text in ["service-0012", "status!=Running", "/-00[0-9]+$/", "~srv12", "restarts>3 ns:team-1*"] {
        let query = Query::parse(text, &table.columns()).expect("a query");
        let start = Instant::now();
        view.set_query(query);
        println!("filter {text:<22} {:>7.2} ms, {} rows", start.elapsed().as_secs_f64() * 1e3, view.len());
    }
}
