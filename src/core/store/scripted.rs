//! A source for tests: answers calls and opens streams as the test says.

use super::{Source, Stores, TableHandle, TableRequest};
use crate::clock::Clock;
use crate::cluster::{Connection, Request, WatchLine};
use crate::event::Event;
use crate::resources::{Kind, Scope};
use crate::{Problem, ProblemKind, Result};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, watch};

type Lines = mpsc::UnboundedReceiver<Result<WatchLine>>;
pub(super) type Tap = mpsc::UnboundedSender<Result<WatchLine>>;
type Answers = dyn Fn(&Request) -> Answer + Send + Sync;

/// What the scripted server does with a request.
pub(super) enum Answer {
    Body(String),
    Stream(Lines),
    Refuse(Problem),
}

pub(super) struct Scripted {
    answers: Box<Answers>,
    pub requests: Mutex<Vec<Request>>,
    pub connection: watch::Sender<Connection>,
}

impl Scripted {
    pub(super) fn new(answers: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        let connection = watch::Sender::new(Connection::Live);
        Arc::new(Self { answers: Box::new(answers), requests: Mutex::default(), connection })
    }
    pub(super) fn asked(&self) -> usize {
        self.requests.lock().len()
    }
}

#[async_trait::async_trait]
impl Source for Scripted {
    fn context(&self) -> &str {
        "test"
    }
    async fn call(&self, request: Request) -> Result<Bytes> {
        self.requests.lock().push(request.clone());
        match (self.answers)(&request) {
            Answer::Body(body) => Ok(body.into()),
            Answer::Refuse(problem) => Err(problem),
            Answer::Stream(_) => unreachable!("a list was answered with a stream"),
        }
    }
    async fn lines(&self, request: Request) -> Result<BoxStream<'static, Result<WatchLine>>> {
        self.requests.lock().push(request.clone());
        match (self.answers)(&request) {
            Answer::Stream(lines) => {
                Ok(futures::stream::unfold(lines, |mut lines| async { Some((lines.recv().await?, lines)) }).boxed())
            }
            Answer::Refuse(problem) => Err(problem),
            Answer::Body(_) => unreachable!("a watch was answered with a body"),
        }
    }
    fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.subscribe()
    }
}

/// A parameter of a request; empty when it has none.
pub(super) fn param<'a>(request: &'a Request, name: &str) -> &'a str {
    request.query.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
}
pub(super) fn is_watch(request: &Request) -> bool {
    param(request, "watch") == "true"
}
pub(super) fn is_streaming(request: &Request) -> bool {
    param(request, "sendInitialEvents") == "true"
}
pub(super) fn problem(kind: ProblemKind, status: u16) -> Problem {
    let mut problem = Problem::new(kind, "cannot list", "the script says so");
    problem.status = Some(status);
    problem
}
/// A server of before Kubernetes 1.32: no streaming lists.
pub(super) fn refuse_streaming() -> Answer {
    Answer::Refuse(problem(ProblemKind::Invalid, 422))
}

pub(super) const COLUMNS: &str = r#"[{"name":"Name","type":"string","format":"name","description":"","priority":0},
 {"name":"Ready","type":"string","format":"","description":"","priority":0},
 {"name":"Status","type":"string","format":"","description":"","priority":0},
 {"name":"Restarts","type":"string","format":"","description":"","priority":0},
 {"name":"Age","type":"string","format":"","description":"","priority":0}]"#;

/// A pod's row. The UID is `u-` and the name.
pub(super) fn row(name: &str, status: &str, version: u64) -> String {
    format!(
        r#"{{"cells":["{name}","1/1","{status}","0","5m"],"object":{{"kind":"PartialObjectMetadata","metadata":{{
        "name":"{name}","namespace":"a","uid":"u-{name}","resourceVersion":"{version}","creationTimestamp":"2026-11-20T00:00:00Z"}}}}}}"#
    )
}
pub(super) fn table(rows: &[String], version: u64, next: &str) -> String {
    format!(
        r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{{"resourceVersion":"{version}","continue":"{next}"}},"columnDefinitions":{COLUMNS},"rows":[{}]}}"#,
        rows.join(",")
    )
}
pub(super) fn event(verb: &str, row: &str) -> Result<Bytes> {
    Ok(format!(r#"{{"type":"{verb}","object":{{"kind":"Table","columnDefinitions":null,"rows":[{row}]}}}}"#).into())
}
pub(super) fn bookmark(version: u64) -> Result<Bytes> {
    Ok(format!(
        r#"{{"type":"BOOKMARK","object":{{"kind":"Table","metadata":{{"resourceVersion":"{version}"}},"rows":[{{"cells":["","","","",""],"object":{{"metadata":{{"resourceVersion":"{version}","creationTimestamp":null}}}}}}]}}}}"#
    )
    .into())
}
pub(super) fn gone() -> Result<Bytes> {
    Ok(Bytes::from_static(
        br#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old","reason":"Expired","code":410}}"#,
    ))
}

pub(super) fn pods() -> Kind {
    Kind::of("", "v1", "Pod", "pods", true)
}

/// An open table and how many events the listener got.
pub(super) struct Opened {
    pub stores: Stores,
    pub table: TableHandle,
    pub events: Arc<AtomicUsize>,
}

pub(super) fn stores(listener: Option<crate::event::Listener>) -> Stores {
    Stores::new(Clock::fixed(crate::clock::parse_time("2026-11-20T01:00:00Z").unwrap()), listener)
}

pub(super) fn open(source: &Arc<Scripted>, scope: Scope) -> Opened {
    let events = Arc::new(AtomicUsize::new(0));
    let count = events.clone();
    let listener = Arc::new(move |event| {
        if matches!(event, Event::TableChanged) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let stores = stores(Some(listener));
    let table = stores.table_of(source.clone(), TableRequest::new(pods(), scope));
    Opened { stores, table, events }
}

/// Waits until something holds; with paused time this takes no time, and fails after ten minutes of it.
pub(super) async fn until(table: &TableHandle, what: &str, holds: impl Fn() -> bool) {
    let mut changes = table.subscribe();
    let wait = async {
        while !holds() {
            let _ = tokio::time::timeout(std::time::Duration::from_millis(50), changes.changed()).await;
        }
    };
    assert!(tokio::time::timeout(std::time::Duration::from_secs(600), wait).await.is_ok(), "never: {what}");
}

pub(super) fn names(table: &TableHandle) -> Vec<String> {
    table.view().iter().map(|r| r.meta.name.to_string()).collect()
}
