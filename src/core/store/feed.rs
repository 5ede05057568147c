//! Keeps a store up to date: list, then watch, for ever. Nothing is polled that can be watched.

use super::Source;
use super::decode::peek_continue;
use super::shelf::FeedState;
use super::sink::{Sink, Told};
use crate::clock::Clock;
use crate::cluster::{Connection, Request};
use crate::resources::Kind;
use crate::{Problem, ProblemKind, Result};
use futures::StreamExt;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

/// Objects in a page of a list, as client-go's pager asks: the first rows are there soon, and what is held of the others
/// while they are decoded is a few megabytes.
const PAGE: usize = 500;
/// Lines of a watch that are applied together when they are there already.
const BATCH: usize = 256;
/// How often something that cannot be watched is listed again.
const POLL: Duration = Duration::from_secs(10);
/// A streaming list that is silent for so long is not one: old servers do not know the parameter.
const SILENCE: Duration = Duration::from_secs(15);
/// No longer than this between attempts to reach a server that was there before.
const LONGEST: Duration = Duration::from_secs(4);

/// What the feeds of one connection have learned about its server.
#[derive(Default)]
pub(crate) struct Learned {
    /// API groups that refused a streaming list.
    no_streaming: Mutex<BTreeSet<String>>,
}

/// One list and watch: a kind in one namespace or in all.
pub(crate) struct Feed {
    pub source: Arc<dyn Source>,
    pub kind: Kind,
    pub namespace: Option<String>,
    pub labels: String,
    pub fields: String,
    pub sink: Box<dyn Sink>,
    pub learned: Arc<Learned>,
    pub clock: Clock,
}

/// Why a watch ended.
enum End {
    /// In good order; goes on from the last resource version.
    Closed,
    /// Broke while it ran.
    Cut(Problem),
    /// The resource version is too old: list again.
    Gone,
    /// This server or group knows no streaming lists.
    NoStreaming,
    /// Could not be opened.
    Refused(Problem),
}

struct Run {
    feed: Feed,
    connection: watch::Receiver<Connection>,
    /// The version to go on from; `None`: list first.
    version: Option<String>,
    /// Failures since the last success.
    failures: u32,
    /// A list was complete once.
    listed: bool,
    /// The user may list but not watch here, or the kind cannot be watched at all.
    no_watch: bool,
    /// A streaming list was refused for these selectors.
    no_streaming: bool,
    /// A watch could be opened once.
    watched: bool,
}

impl Feed {
    /// Runs until it is dropped.
    pub(crate) async fn run(self) {
        let connection = self.source.connection();
        let (no_watch, no_streaming) = (self.unwatchable(), !self.sink.streams());
        let mut run = Run {
            feed: self,
            connection,
            version: None,
            failures: 0,
            listed: false,
            no_watch,
            no_streaming,
            watched: false,
        };
        loop {
            run.step().await;
        }
    }

    /// Whether discovery says so. A kind that did not come from discovery has no verbs; then the attempt shows.
    fn unwatchable(&self) -> bool {
        !self.kind.verbs.is_empty() && !self.kind.can("watch")
    }

    fn request(&self) -> Request {
        let mut request = Request::list(&self.kind, self.namespace.as_deref()).accept(self.sink.accept());
        if self.sink.accept() == crate::cluster::Accept::Table {
            request = request.query("includeObject", "Metadata");
        }
        if !self.labels.is_empty() {
            request = request.query("labelSelector", self.labels.as_str());
        }
        if !self.fields.is_empty() {
            request = request.query("fieldSelector", self.fields.as_str());
        }
        request
    }

    fn fetch(&self, token: &str) -> AbortOnDropHandle<Result<bytes::Bytes>> {
        let mut request = self.request().query("limit", PAGE.to_string());
        if !token.is_empty() {
            request = request.query("continue", token);
        }
        let source = self.source.clone();
        AbortOnDropHandle::new(tokio::spawn(async move { source.call(request).await }))
    }
}

impl Run {
    async fn step(&mut self) {
        let streaming = self.version.is_none() && self.may_stream();
        if self.version.is_none() && !streaming {
            if let Err(problem) = self.pages().await {
                // Rights that are given later may be more than the right to list.
                self.no_watch &= problem.kind != ProblemKind::Forbidden || self.feed.unwatchable();
                return self.pause(problem).await;
            }
            self.failures = 0;
        }
        if self.no_watch {
            self.feed.sink.set_state(FeedState::Polled(POLL.as_secs()));
            self.version = None;
            return self.wait(POLL).await;
        }
        let began = Instant::now();
        let end = self.watch(streaming).await;
        // A stream that ends as soon as it is open must not become a storm of requests.
        let brief = began.elapsed() < Duration::from_secs(1);
        match end {
            End::Closed if !brief => {}
            End::Gone => {
                self.version = None;
                self.backoff_if(brief).await;
            }
            End::Closed => self.backoff_if(brief).await,
            End::Cut(problem) if brief => self.pause(problem).await,
            // The first attempt after a cut is made at once; only when it fails, data is stale.
            End::Cut(_) => {}
            End::NoStreaming => {
                self.no_streaming = true;
                // A selector that the server does not know is refused in the same way and teaches nothing.
                if self.feed.labels.is_empty() && self.feed.fields.is_empty() {
                    self.feed.learned.no_streaming.lock().insert(self.feed.kind.group.clone());
                }
            }
            End::Refused(problem) => match problem.kind {
                ProblemKind::Forbidden if self.version.is_none() => self.no_watch = true,
                // Who could list a moment ago and never could watch has not the right to.
                ProblemKind::Forbidden if self.listed && !self.watched => self.no_watch = true,
                ProblemKind::Forbidden if self.listed && self.failures >= 3 => {
                    (self.no_watch, self.version) = (true, None);
                }
                _ if problem.status == Some(405) => self.no_watch = true,
                _ => {
                    // A server that was restored does not know our version and never will.
                    if self.failures >= 3 && problem.kind == ProblemKind::Server {
                        self.version = None;
                    }
                    self.pause(problem).await;
                }
            },
        }
    }

    fn may_stream(&self) -> bool {
        let refused = self.feed.learned.no_streaming.lock();
        // The core group tells for the server as a whole; others may be served by somebody else.
        !self.no_watch && !self.no_streaming && !refused.contains("") && !refused.contains(&self.feed.kind.group)
    }

    /// Lists in pages; the next one travels while this one is decoded.
    async fn pages(&mut self) -> Result<()> {
        let feed = &mut self.feed;
        feed.sink.begin();
        let mut under_way = feed.fetch("");
        loop {
            let body =
                under_way.await.map_err(|e| Problem::new(ProblemKind::Internal, "cannot list", e.to_string()))??;
            let seen = peek_continue(&body);
            let ahead = seen.as_deref().map(|token| feed.fetch(token));
            let page = feed.sink.page(&body)?;
            drop(body);
            self.failures = 0;
            match ahead {
                _ if page.next.is_empty() => {
                    self.version = Some(page.resource_version);
                    break;
                }
                // What the head seemed to say counts only if the whole page says it.
                Some(next) if seen.as_deref() == Some(page.next.as_str()) => under_way = next,
                _ => under_way = feed.fetch(&page.next),
            }
        }
        feed.sink.end();
        self.listed = true;
        Ok(())
    }

    /// Watches until the stream ends. `streaming`: the list comes through the watch, too.
    async fn watch(&mut self, streaming: bool) -> End {
        let feed = &mut self.feed;
        let mut request = feed.request().query("watch", "true").query("allowWatchBookmarks", "true");
        if streaming {
            request = request.query("sendInitialEvents", "true").query("resourceVersionMatch", "NotOlderThan");
        } else if let Some(version) = &self.version {
            request = request.query("resourceVersion", version.as_str());
        }
        let stream = match feed.source.lines(request).await {
            Ok(stream) => stream,
            Err(problem) => {
                return match problem.kind {
                    ProblemKind::Gone => End::Gone,
                    // Not known, not switched on, or not for this kind (400, 422).
                    ProblemKind::Invalid if streaming => End::NoStreaming,
                    _ => End::Refused(problem),
                };
            }
        };
        let mut listing = streaming;
        self.watched = true;
        if streaming {
            feed.sink.begin();
        } else {
            feed.sink.set_state(FeedState::Live);
            self.failures = 0;
        }
        let mut stream = stream.ready_chunks(BATCH);
        let mut lost = false;
        loop {
            let lines = tokio::select! {
                lines = stream.next() => match lines {
                    Some(lines) => lines,
                    None => return if listing { End::Cut(cut()) } else { End::Closed },
                },
                state = connection_change(&mut self.connection) => match state {
                    // The stream may be half dead: a new one from the same version costs little.
                    Connection::Live if lost => return End::Cut(cut()),
                    Connection::Lost { since, problem } => {
                        lost = true;
                        if self.listed {
                            feed.sink.set_state(FeedState::Stale { since, problem });
                        }
                        continue;
                    }
                    _ => continue,
                },
                () = tokio::time::sleep(SILENCE), if listing => return End::NoStreaming,
            };
            let mut end = None;
            for line in lines {
                let told = match line {
                    Ok(line) if line.iter().all(u8::is_ascii_whitespace) => continue,
                    Ok(line) => feed.sink.line(&line),
                    Err(problem) => {
                        end = Some(End::Cut(problem));
                        break;
                    }
                };
                match told {
                    Ok(Told::Change { resource_version }) => {
                        if !listing && !resource_version.is_empty() {
                            self.version = Some(resource_version);
                        }
                    }
                    Ok(Told::Bookmark { resource_version, initial_end }) => {
                        if listing && initial_end {
                            feed.sink.end();
                            feed.sink.set_state(FeedState::Live);
                            (listing, self.listed, self.failures) = (false, true, 0);
                        }
                        if !listing && !resource_version.is_empty() {
                            self.version = Some(resource_version);
                        }
                    }
                    Ok(Told::Nothing) => {}
                    Ok(Told::Failed(problem)) => {
                        end = Some(match problem.kind {
                            ProblemKind::Gone => End::Gone,
                            ProblemKind::Invalid if listing => End::NoStreaming,
                            _ => End::Refused(problem),
                        });
                        break;
                    }
                    // Half a line, or no JSON: nobody knows what was lost, so all is listed again.
                    Err(problem) => {
                        self.version = None;
                        end = Some(End::Cut(problem));
                        break;
                    }
                }
            }
            feed.sink.flush();
            if lost && end.is_none() {
                // It speaks again.
                lost = false;
                feed.sink.set_state(if listing { FeedState::Loading } else { FeedState::Live });
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Says what is wrong and waits before the next attempt.
    async fn pause(&mut self, mut problem: Problem) {
        if problem.kind == ProblemKind::Gone {
            // While paging: the token is too old. Begin again; the rows stay.
            self.version = None;
            return self.backoff_if(true).await;
        }
        if let Some(namespace) = &self.feed.namespace
            && problem.object.is_empty()
        {
            problem.object = format!("in {namespace}");
        }
        let delay = delay(&problem, self.failures, self.listed);
        self.failures = self.failures.saturating_add(1);
        // A kind that is not served any more has no rows that could be old.
        let state = if self.listed && problem.kind != ProblemKind::NotFound {
            let since = match &*self.connection.borrow() {
                Connection::Lost { since, .. } => *since,
                _ => self.feed.clock.now(),
            };
            self.feed.sink.stale(since, problem)
        } else {
            FeedState::Failed(problem)
        };
        self.feed.sink.set_state(state);
        self.wait(delay).await;
    }

    async fn backoff_if(&mut self, brief: bool) {
        if brief {
            let delay = if self.failures == 0 {
                Duration::ZERO
            } else {
                doubled(Duration::from_millis(250), self.failures, LONGEST)
            };
            self.failures = self.failures.saturating_add(1);
            tokio::time::sleep(jitter(delay)).await;
        }
    }

    /// Waits; no longer than until the connection is live again or somebody asks.
    async fn wait(&mut self, delay: Duration) {
        let (connection, sink) = (&mut self.connection, &mut self.feed.sink);
        connection.mark_unchanged();
        let back = async {
            while connection_change(connection).await != Connection::Live {}
            // Many feeds wake at the same moment.
            tokio::time::sleep(jitter(Duration::from_millis(100))).await;
        };
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = back => {}
            () = sink.again() => {}
        }
    }
}

fn cut() -> Problem {
    Problem::new(ProblemKind::Unreachable, "the watch broke", "the connection was cut")
}

/// The next state of the connection; never, when nobody tells any more.
async fn connection_change(connection: &mut watch::Receiver<Connection>) -> Connection {
    if connection.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    connection.borrow_and_update().clone()
}

/// How long to wait after a failure.
fn delay(problem: &Problem, failures: u32, listed: bool) -> Duration {
    if let Some(seconds) = problem.retry_after {
        return Duration::from_secs(seconds.clamp(1, 300));
    }
    match problem.kind {
        // A person has to act; the connection tells when it is live again.
        ProblemKind::Unauthenticated => Duration::from_secs(60),
        ProblemKind::Forbidden | ProblemKind::NotFound | ProblemKind::Invalid | ProblemKind::Usage => {
            // A server that has just started refuses what it will allow a moment later.
            let first = if listed { 1 } else { 5 };
            jitter(doubled(Duration::from_secs(first), failures, Duration::from_secs(300)))
        }
        _ => jitter(doubled(Duration::from_millis(250), failures, LONGEST)),
    }
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << times.min(16)).min(longest)
}

/// Between half of it and all of it, so that many clients do not come back in step.
fn jitter(delay: Duration) -> Duration {
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    delay.mul_f64(0.5 + (random % 1024) as f64 / 2048.0)
}
