//! The feeds against a scripted server, with time that does not pass by itself.

use super::scripted::*;
use super::{Freshness, TableRequest};
use crate::ProblemKind;
use crate::cluster::Connection;
use crate::resources::{Cell, Scope};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Streams that wait for the feed to open them.
type Waiting = Mutex<VecDeque<mpsc::UnboundedReceiver<crate::Result<bytes::Bytes>>>>;

/// Streams handed out in order, and the test's ends of them.
fn taps(count: usize) -> (Vec<Tap>, Waiting) {
    let (ends, streams) = (0..count).map(|_| mpsc::unbounded_channel()).unzip::<_, _, Vec<_>, VecDeque<_>>();
    (ends, Mutex::new(streams))
}
fn next(streams: &Waiting) -> Answer {
    match streams.lock().pop_front() {
        Some(stream) => Answer::Stream(stream),
        None => Answer::Refuse(problem(ProblemKind::Unreachable, 0)),
    }
}

/// A server that answers a list with these rows and every watch with the next stream.
fn serve(rows: Vec<String>, version: u64, streams: Waiting) -> Arc<Scripted> {
    Scripted::new(move |request| match is_watch(request) {
        true => next(&streams),
        false => Answer::Body(table(&rows, version, "")),
    })
}

/// What a collection keeps in these tests.
#[derive(serde::Deserialize)]
struct Named {
    metadata: crate::resources::Meta,
}
impl super::Projection for Named {
    fn decode(_: &crate::resources::Kind, object: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(object)
    }
    fn meta(&self) -> &crate::resources::Meta {
        &self.metadata
    }
}

#[tokio::test(start_paused = true)]
async fn a_streaming_list_becomes_a_watch() {
    let (tap, streams) = taps(1);
    let source = Scripted::new(move |_| next(&streams));
    let stores = stores(None);
    let things = stores.collection_of::<Named>(source.clone(), TableRequest::new(pods(), Scope::All));
    let names = || things.snapshot().iter().map(|t| t.metadata.name.to_string()).collect::<Vec<_>>();
    let mut changes = things.subscribe();
    let send = |verb: &str, name: &str, version: u32| {
        let meta = format!(r#"{{"uid":"u-{name}","name":"{name}","resourceVersion":"{version}"}}"#);
        tap[0].send(Ok(format!(r#"{{"type":"{verb}","object":{{"metadata":{meta}}}}}"#).into())).unwrap();
    };
    send("ADDED", "b", 1);
    while names() != ["b"] {
        changes.changed().await.unwrap();
    }
    assert_eq!(things.freshness(), Freshness::Loading, "an object is there before the list is complete");
    send("ADDED", "a", 2);
    let end = r#"{"metadata":{"resourceVersion":"2","annotations":{"k8s.io/initial-events-end":"true"}}}"#;
    tap[0].send(Ok(format!(r#"{{"type":"BOOKMARK","object":{end}}}"#).into())).unwrap();
    assert_eq!(things.loaded().await, Freshness::Live);
    assert_eq!(names(), ["a", "b"]);
    send("DELETED", "b", 3);
    while names() != ["a"] {
        changes.changed().await.unwrap();
    }
    assert_eq!(source.asked(), 1, "one request for all of it");
}

#[tokio::test(start_paused = true)]
async fn a_list_becomes_a_watch() {
    let (tap, streams) = taps(1);
    let source = serve(vec![row("b", "Running", 1), row("a", "CrashLoopBackOff", 2)], 2, streams);
    let opened = open(&source, Scope::All);
    let table = &opened.table;
    until(table, "live", || table.freshness() == Freshness::Live).await;
    let mut view = table.view();
    assert_eq!(names(table), ["a", "b"]);
    assert_eq!(view.get(0).unwrap().cells[1], Cell::Ratio(1, 1));
    assert_eq!(view.count(crate::resources::Level::Bad), 1);
    tap[0].send(event("MODIFIED", &row("a", "Running", 3))).unwrap();
    tap[0].send(event("DELETED", &row("b", "Running", 4))).unwrap();
    until(table, "the deletion", || table.len() == 1).await;
    assert!(view.refresh());
    assert_eq!(view.count(crate::resources::Level::Bad), 0);
    assert_eq!((view.position("u-a"), view.position("u-b")), (Some(0), None));
    assert!(!view.refresh(), "nothing new");
    assert_eq!(source.asked(), 2, "a list and a watch");
}

#[tokio::test(start_paused = true)]
async fn pages_come_one_by_one_and_the_watch_goes_on_from_them() {
    let (tap, streams) = taps(1);
    let source = Scripted::new(move |request| match param(request, "continue") {
        _ if is_watch(request) => next(&streams),
        "" => Answer::Body(table(&(0..500).map(|i| row(&format!("p{i}"), "Running", 1)).collect::<Vec<_>>(), 9, "t1")),
        "t1" => Answer::Body(table(&[row("last", "Running", 1)], 9, "")),
        other => panic!("unknown token {other}"),
    });
    let opened = open(&source, Scope::All);
    until(&opened.table, "live", || opened.table.freshness() == Freshness::Live).await;
    assert_eq!(opened.table.len(), 501);
    {
        let requests = source.requests.lock();
        assert_eq!(param(&requests[0], "limit"), "500", "the first rows are there soon");
        assert_eq!(param(&requests[1], "limit"), "500");
        assert_eq!(param(requests.last().unwrap(), "resourceVersion"), "9");
    }
    drop(tap);
}

#[tokio::test(start_paused = true)]
async fn a_server_without_streaming_lists_is_asked_for_one_once() {
    let (_tap, streams) = taps(2);
    let source = Scripted::new(move |request| match () {
        () if is_streaming(request) => refuse_streaming(),
        () if is_watch(request) => next(&streams),
        () => Answer::Body(r#"{"items":[],"metadata":{"resourceVersion":"5"}}"#.into()),
    });
    let stores = stores(None);
    let pods = stores.collection_of::<Named>(source.clone(), TableRequest::new(pods(), Scope::All));
    assert_eq!(pods.loaded().await, Freshness::Live);
    let kind = crate::resources::Kind::of("apps", "v1", "Deployment", "deployments", true);
    let other = stores.collection_of::<Named>(source.clone(), TableRequest::new(kind, Scope::All));
    assert_eq!(other.loaded().await, Freshness::Live);
    assert_eq!(source.requests.lock().iter().filter(|r| is_streaming(r)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expires_while_paging_starts_the_list_again_and_keeps_rows() {
    let (_tap, streams) = taps(1);
    let firsts = AtomicUsize::new(0);
    let source = Scripted::new(move |request| match param(request, "continue") {
        _ if is_watch(request) => next(&streams),
        "" if firsts.fetch_add(1, Ordering::Relaxed) == 0 => {
            Answer::Body(table(&[row("a", "Running", 1), row("old", "Running", 1)], 5, "t1"))
        }
        "" => Answer::Body(table(&[row("a", "Running", 1)], 7, "t2")),
        "t1" => Answer::Refuse(problem(ProblemKind::Gone, 410)),
        _ => Answer::Body(table(&[row("z", "Running", 1)], 7, "")),
    });
    let opened = open(&source, Scope::All);
    until(&opened.table, "live", || opened.table.freshness() == Freshness::Live).await;
    assert_eq!(names(&opened.table), ["a", "z"], "what the second list does not name is gone");
}

#[tokio::test(start_paused = true)]
async fn after_a_cut_the_watch_goes_on_from_the_last_bookmark() {
    let (tap, streams) = taps(2);
    let source = serve(vec![row("a", "Running", 1)], 5, streams);
    let opened = open(&source, Scope::All);
    until(&opened.table, "live", || opened.table.freshness() == Freshness::Live).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    tap[0].send(bookmark(42)).unwrap();
    tap[0].send(Err(problem(ProblemKind::Unreachable, 0))).unwrap();
    until(&opened.table, "a second watch", || source.asked() == 3).await;
    assert_eq!(param(source.requests.lock().last().unwrap(), "resourceVersion"), "42");
    assert_eq!(opened.table.freshness(), Freshness::Live, "a cut that heals at once is not shown");
    tap[1].send(event("ADDED", &row("b", "Running", 43))).unwrap();
    until(&opened.table, "the new row", || opened.table.len() == 2).await;
    assert_eq!(source.asked(), 3, "it was not listed again");
}

#[tokio::test(start_paused = true)]
async fn a_410_lists_again_without_flicker() {
    let (tap, streams) = taps(2);
    let lists = AtomicUsize::new(0);
    let source = Scripted::new(move |request| match () {
        () if is_watch(request) => next(&streams),
        () if lists.fetch_add(1, Ordering::Relaxed) == 0 => {
            Answer::Body(table(&[row("a", "Running", 1), row("b", "Running", 1), row("c", "Running", 1)], 5, ""))
        }
        // While nobody watched, a was deleted, b recreated under the same name, and d came.
        () => {
            let b = row("b", "Pending", 90).replace("u-b", "u-b2");
            Answer::Body(table(&[b, row("c", "Running", 1), row("d", "Running", 91)], 99, ""))
        }
    });
    let opened = open(&source, Scope::All);
    until(&opened.table, "live", || opened.table.freshness() == Freshness::Live).await;
    let least = Arc::new(AtomicUsize::new(usize::MAX));
    let (watcher, seen) = (opened.table.clone(), least.clone());
    let mut changes = opened.table.subscribe();
    let observer = tokio::spawn(async move {
        while changes.changed().await.is_ok() {
            seen.fetch_min(watcher.len(), Ordering::Relaxed);
        }
    });
    let mut view = opened.table.view();
    tokio::time::sleep(Duration::from_secs(5)).await;
    tap[0].send(gone()).unwrap();
    until(&opened.table, "the new list", || names(&opened.table) == ["b", "c", "d"]).await;
    assert!(least.load(Ordering::Relaxed) >= 3, "the table was never emptied");
    view.refresh();
    assert_eq!(view.position("u-c"), Some(1), "the cursor's row is still there");
    assert_eq!((view.position("u-b"), view.position("u-b2")), (None, Some(0)), "another UID is another object");
    observer.abort();
}

#[tokio::test(start_paused = true)]
async fn a_dead_server_leaves_old_rows_and_comes_back_within_five_seconds() {
    let dead = Arc::new(AtomicBool::new(false));
    let (is_dead, version) = (dead.clone(), AtomicU64::new(5));
    let (tap, streams) = taps(2);
    let source = Scripted::new(move |request| match () {
        () if is_dead.load(Ordering::Relaxed) => Answer::Refuse(problem(ProblemKind::Unreachable, 0)),
        () if is_watch(request) => next(&streams),
        () => Answer::Body(table(&[row("a", "Running", 1)], version.fetch_add(1, Ordering::Relaxed), "")),
    });
    let opened = open(&source, Scope::All);
    let table = &opened.table;
    until(table, "live", || table.freshness() == Freshness::Live).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    dead.store(true, Ordering::Relaxed);
    tap[0].send(Err(problem(ProblemKind::Unreachable, 0))).unwrap();
    until(table, "stale", || matches!(table.freshness(), Freshness::Stale { .. })).await;
    assert_eq!(table.len(), 1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    dead.store(false, Ordering::Relaxed);
    let back = tokio::time::Instant::now();
    until(table, "live again", || table.freshness() == Freshness::Live).await;
    assert!(back.elapsed() <= Duration::from_secs(5), "{:?}", back.elapsed());
    assert!(source.asked() < 60, "{} requests in a minute", source.asked());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_live_again_is_used_at_once() {
    let dead = Arc::new(AtomicBool::new(true));
    let is_dead = dead.clone();
    let (_tap, streams) = taps(1);
    let source = Scripted::new(move |request| match is_dead.load(Ordering::Relaxed) {
        true => Answer::Refuse(problem(ProblemKind::Unauthenticated, 401)),
        false if is_watch(request) => next(&streams),
        false => Answer::Body(table(&[], 5, "")),
    });
    let opened = open(&source, Scope::All);
    until(&opened.table, "failed", || matches!(opened.table.freshness(), Freshness::Failed(_))).await;
    dead.store(false, Ordering::Relaxed);
    source.connection.send_replace(Connection::Live);
    let began = tokio::time::Instant::now();
    until(&opened.table, "asked again", || source.asked() >= 2).await;
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn one_denied_namespace_does_not_spoil_the_rest() {
    let (_taps, streams) = taps(1);
    let source = Scripted::new(move |request| match () {
        () if request.path.contains("/namespaces/b/") => Answer::Refuse(problem(ProblemKind::Forbidden, 403)),
        () if is_watch(request) => next(&streams),
        () => Answer::Body(table(&[row("x", "Running", 1)], 1, "")),
    });
    let opened = open(&source, Scope::of(["a", "b"]));
    let table = &opened.table;
    until(table, "live", || table.freshness() == Freshness::Live && !table.partial().is_empty()).await;
    assert_eq!(table.len(), 1);
    let partial = table.partial();
    assert_eq!((partial.len(), partial[0].object.as_str()), (1, "in b"));
}

#[tokio::test(start_paused = true)]
async fn a_user_who_may_list_but_not_watch_gets_a_marked_poll() {
    let source = Scripted::new(move |request| match is_watch(request) {
        true => Answer::Refuse(problem(ProblemKind::Forbidden, 403)),
        false => Answer::Body(table(&[row("a", "Running", 1)], 5, "")),
    });
    let opened = open(&source, Scope::All);
    until(&opened.table, "polled", || opened.table.polled() == Some(10)).await;
    assert_eq!((opened.table.freshness(), opened.table.len()), (Freshness::Live, 1));
    let (asked, version) = (source.asked(), opened.table.version());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!((4..=7).contains(&(source.asked() - asked)), "{}", source.asked() - asked);
    assert_eq!(opened.table.version(), version, "an unchanged list changes nothing");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_rows_and_a_quiet_hour() {
    let (tap, streams) = taps(1);
    let rows = (0..10_000).map(|i| row(&format!("pod-{i:05}"), "Running", i + 1)).collect();
    let source = serve(rows, 10_000, streams);
    let opened = open(&source, Scope::All);
    let table = &opened.table;
    until(table, "live", || table.freshness() == Freshness::Live).await;
    let mut view = table.view();
    assert_eq!((view.len(), view.position("u-pod-07777")), (10_000, Some(7777)));
    let events = opened.events.load(Ordering::Relaxed);
    for i in 0..100 {
        tap[0].send(event("DELETED", &row(&format!("pod-{i:05}"), "Running", 20_000 + i))).unwrap();
    }
    until(table, "the deletions", || table.len() == 9900).await;
    view.refresh();
    assert_eq!(view.position("u-pod-07777"), Some(7677), "rows above went, the row is the same");
    assert!(opened.events.load(Ordering::Relaxed) - events <= 100);
    let asked = source.asked();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(source.asked(), asked, "idle is 0 requests");
}

#[tokio::test(start_paused = true)]
async fn one_event_is_under_way_until_somebody_looks() {
    let (tap, streams) = taps(1);
    let source = serve(vec![row("a", "Running", 1)], 1, streams);
    let opened = open(&source, Scope::All);
    until(&opened.table, "live", || opened.table.freshness() == Freshness::Live).await;
    assert_eq!(opened.events.load(Ordering::Relaxed), 1, "nobody has looked yet");
    opened.table.version();
    tap[0].send(event("ADDED", &row("b", "Running", 2))).unwrap();
    until(&opened.table, "the row", || opened.table.len() == 2).await;
    assert_eq!(opened.events.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn older_news_and_broken_lines_do_no_harm() {
    let (tap, streams) = taps(2);
    let lists = AtomicUsize::new(0);
    let source = Scripted::new(move |request| match () {
        () if is_watch(request) => next(&streams),
        () if lists.fetch_add(1, Ordering::Relaxed) == 0 => Answer::Body(table(&[row("a", "Running", 50)], 50, "")),
        () => Answer::Refuse(problem(ProblemKind::Server, 500)),
    });
    let opened = open(&source, Scope::All);
    let table = &opened.table;
    until(table, "live", || table.freshness() == Freshness::Live).await;
    tap[0].send(event("MODIFIED", &row("a", "Pending", 40))).unwrap();
    tap[0].send(event("ADDED", &row("b\\u001b[2J", "Running", 51))).unwrap();
    until(table, "b", || table.len() == 2).await;
    let rows = names(table);
    assert!(rows[1].contains('\u{fffd}') && !rows[1].contains('\u{1b}'));
    assert_eq!(table.row("u-a").unwrap().cells[2].text(0), "Running", "40 is older than 50");
    tokio::time::sleep(Duration::from_secs(5)).await;
    tap[0].send(Ok(bytes::Bytes::from_static(b"{\"type\":\"ADD"))).unwrap();
    until(table, "a new list", || source.asked() >= 3).await;
    assert_eq!(table.len(), 2, "rows stay while the new list does not come");
}

#[tokio::test(start_paused = true)]
async fn equal_requests_share_a_store_that_lingers_a_minute() {
    let (_taps, streams) = taps(2);
    let source = serve(Vec::new(), 1, streams);
    let opened = open(&source, Scope::All);
    until(&opened.table, "live", || opened.table.freshness() == Freshness::Live).await;
    let again = opened.stores.table_of(source.clone(), opened.table.request().clone());
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(source.asked(), 2, "a list and a watch for both");
    drop((again, opened.table));
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(opened.stores.open(), 1, "going back is instant");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(opened.stores.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn projections_keep_what_they_name() {
    #[derive(serde::Deserialize)]
    struct Thing {
        metadata: crate::resources::Meta,
        spec: Spec,
    }
    #[derive(serde::Deserialize)]
    struct Spec {
        replicas: u32,
    }
    impl super::Projection for Thing {
        fn decode(_: &crate::resources::Kind, object: &[u8]) -> Result<Self, serde_json::Error> {
            serde_json::from_slice(object)
        }
        fn meta(&self) -> &crate::resources::Meta {
            &self.metadata
        }
    }
    let (tap, streams) = taps(2);
    let source = Scripted::new(move |request| match () {
        () if is_streaming(request) => refuse_streaming(),
        () if is_watch(request) => next(&streams),
        () => Answer::Body(
            r#"{"items":[{"metadata":{"uid":"2","name":"b"},"spec":{"replicas":3}},{"metadata":{"uid":"x"},"spec":5},
                {"metadata":{"uid":"1","name":"a"},"spec":{"replicas":1}}],"metadata":{"resourceVersion":"5"}}"#
                .into(),
        ),
    });
    let opened = open(&source, Scope::All);
    let things = opened.stores.collection_of::<Thing>(source.clone(), TableRequest::new(pods(), Scope::All));
    assert_eq!(things.loaded().await, Freshness::Live);
    let replicas =
        || things.snapshot().iter().map(|t| (t.metadata.name.to_string(), t.spec.replicas)).collect::<Vec<_>>();
    assert_eq!(replicas(), [("a".into(), 1), ("b".into(), 3)]);
    assert_eq!(things.partial().len(), 1, "what cannot be read is counted");
    assert!(Arc::ptr_eq(&things.snapshot(), &things.snapshot()), "unchanged: the same list");
    let mut changes = things.subscribe();
    changes.mark_unchanged();
    for line in [
        r#"{"type":"MODIFIED","object":{"metadata":{"uid":"2","name":"b","resourceVersion":"6"},"spec":{"replicas":9}}}"#,
        r#"{"type":"DELETED","object":{"metadata":{"uid":"1","name":"a","resourceVersion":"7"},"spec":{"replicas":1}}}"#,
    ] {
        for end in &tap {
            let _: Result<(), _> = end.send(Ok(line.into()));
        }
    }
    while replicas() != [("b".to_string(), 9)] {
        changes.changed().await.unwrap();
    }
}
