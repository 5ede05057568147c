//! Follows the logs of containers into one buffer and resumes after a cut without losing or repeating lines.

use super::buffer::LogBuffer;
use crate::cluster::Cluster;
use crate::cluster::logs::LogRequest;
use crate::{Problem, ProblemKind, Str};
use bytes::{Buf, BytesMut};
use futures::StreamExt;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// A container whose log is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTarget {
    pub namespace: Str,
    pub pod: Str,
    /// Empty: the pod's default container.
    pub container: Str,
}

impl LogTarget {
    /// `pod/container`, or the pod alone.
    pub fn label(&self) -> String {
        if self.container.is_empty() { self.pod.to_string() } else { format!("{}/{}", self.pod, self.container) }
    }
}

/// What is wanted of the logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    pub follow: bool,
    pub previous: bool,
    /// Last lines of each container to start with; all when `None`.
    pub tail_lines: Option<u64>,
    pub since_seconds: Option<u64>,
    /// Bytes that are kept.
    pub keep: usize,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { follow: true, previous: false, tail_lines: Some(500), since_seconds: None, keep: 24 << 20 }
    }
}

struct Shared {
    buffer: Mutex<LogBuffer>,
    /// The listener has been told and has not read since.
    told: AtomicBool,
    running: AtomicUsize,
    listener: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    fn tell(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            (self.listener)();
        }
    }
}

/// Logs being read. Dropping it ends the reading.
pub struct LogFollower {
    cluster: Cluster,
    options: LogOptions,
    shared: Arc<Shared>,
    targets: Vec<LogTarget>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl LogFollower {
    /// Starts reading; `listener` is called when there is something new, at most once until the next [`Self::read`].
    /// Must be called within a tokio runtime.
    pub fn start(
        cluster: &Cluster,
        targets: Vec<LogTarget>,
        options: &LogOptions,
        listener: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            buffer: Mutex::new(LogBuffer::new(options.keep)),
            told: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            listener: Box::new(listener),
        });
        let (cluster, options) = (cluster.clone(), options.clone());
        let mut follower = Self { cluster, options, shared, targets: Vec::new(), tasks: Vec::new() };
        for target in targets {
            follower.add(target);
        }
        follower
    }
    /// Reads one more container into the same buffer. One that is read already is left alone.
    pub fn add(&mut self, target: LogTarget) {
        if self.targets.contains(&target) {
            return;
        }
        let source = u16::try_from(self.targets.len()).unwrap_or(u16::MAX);
        self.targets.push(target.clone());
        self.shared.running.fetch_add(1, Ordering::AcqRel);
        let (shared, cluster, options) = (self.shared.clone(), self.cluster.clone(), self.options.clone());
        self.tasks.push(tokio::spawn(async move {
            Reader { source, target, options, last: None, at_last: 0, shared: &shared }.run(&cluster).await;
            shared.running.fetch_sub(1, Ordering::AcqRel);
            shared.tell();
        }));
    }
    pub fn targets(&self) -> &[LogTarget] {
        &self.targets
    }
    /// Whether more may come.
    pub fn running(&self) -> bool {
        self.shared.running.load(Ordering::Acquire) > 0
    }
    /// Reads the buffer. Short: readers of the network wait meanwhile.
    pub fn read<R>(&self, reader: impl FnOnce(&mut LogBuffer) -> R) -> R {
        self.shared.told.store(false, Ordering::Release);
        reader(&mut self.shared.buffer.lock())
    }
}

impl Drop for LogFollower {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

struct Reader<'a> {
    source: u16,
    target: LogTarget,
    options: LogOptions,
    /// The newest time stamp seen, as text and in nanoseconds.
    last: Option<(String, i64)>,
    /// Lines seen that carry just that time stamp.
    at_last: u32,
    shared: &'a Shared,
}

enum End {
    /// The server ended the stream in good order.
    Closed,
    Cut(Problem),
}

impl Reader<'_> {
    async fn run(mut self, cluster: &Cluster) {
        let mut wait = Duration::from_millis(250);
        let mut resumed = false;
        loop {
            let before = self.last.clone();
            let end = self.once(cluster, resumed).await;
            if self.last != before {
                wait = Duration::from_millis(250);
            }
            let problem = match end {
                End::Closed if !self.options.follow => return,
                // A followed log ends when its container does. A later one is a new log.
                End::Closed => match self.still_runs(cluster).await {
                    Ok(true) => None,
                    Ok(false) => return self.gap("the container has ended".into()),
                    Err(problem) => Some(problem),
                },
                End::Cut(problem) => Some(problem),
            };
            if let Some(problem) = problem {
                let lasting = matches!(
                    problem.kind,
                    ProblemKind::Forbidden | ProblemKind::NotFound | ProblemKind::Unauthenticated | ProblemKind::Usage
                );
                let waits = problem.kind == ProblemKind::Invalid && problem.why.contains("waiting to start");
                if lasting || !self.options.follow || (problem.kind == ProblemKind::Invalid && !waits) {
                    return self.gap(problem.line());
                }
                if !resumed || wait <= Duration::from_millis(250) {
                    let words = if waits { problem.why } else { format!("cut off: {}; trying again", problem.why) };
                    self.gap(words);
                }
            }
            resumed = true;
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }

    fn gap(&self, why: String) {
        self.shared.buffer.lock().push_gap(self.source, why);
        self.shared.tell();
    }

    async fn still_runs(&self, cluster: &Cluster) -> Result<bool, Problem> {
        let path = format!("/api/v1/namespaces/{}/pods/{}", self.target.namespace, self.target.pod);
        let pod: serde_json::Value = cluster.json(crate::cluster::Request::get(path)).await?;
        let phase = pod["status"]["phase"].as_str().unwrap_or("");
        let container = ["containerStatuses", "initContainerStatuses"]
            .iter()
            .flat_map(|list| pod["status"][list].as_array().into_iter().flatten())
            .find(|c| self.target.container.is_empty() || c["name"] == *self.target.container);
        Ok(!matches!(phase, "Succeeded" | "Failed") && container.is_none_or(|c| c["state"]["terminated"].is_null()))
    }

    /// One call, until its stream ends.
    async fn once(&mut self, cluster: &Cluster, resumed: bool) -> End {
        let mut request = LogRequest {
            namespace: self.target.namespace.clone(),
            pod: self.target.pod.clone(),
            container: self.target.container.clone(),
            follow: self.options.follow,
            previous: self.options.previous,
            timestamps: true,
            tail_lines: self.options.tail_lines,
            since_seconds: self.options.since_seconds,
            since_time: None,
        };
        // `sinceTime` counts whole seconds, so the lines of the last second come again and are skipped.
        let mut skip_until = None;
        if resumed && let Some((stamp, nanos)) = &self.last {
            request.tail_lines = None;
            request.since_seconds = None;
            request.since_time = Some(stamp.clone());
            skip_until = Some((*nanos, self.at_last));
        }
        let mut stream = match cluster.logs(&request).await {
            Ok(stream) => stream,
            Err(problem) => return End::Cut(problem),
        };
        let mut rest = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(problem) => {
                    self.take(&rest, &mut skip_until);
                    return End::Cut(problem);
                }
            };
            rest.extend_from_slice(&chunk);
            let Some(complete) = rest.iter().rposition(|b| *b == b'\n') else { continue };
            let lines = rest.split_to(complete + 1);
            for line in lines[..complete].split(|b| *b == b'\n') {
                self.take(line, &mut skip_until);
            }
            self.shared.tell();
        }
        if rest.has_remaining() {
            let tail = rest.split();
            self.take(&tail, &mut skip_until);
            self.shared.tell();
        }
        End::Closed
    }

    /// Takes one line as the server sends it: `2026-11-20T03:04:05.678901234Z text`.
    fn take(&mut self, raw: &[u8], skip_until: &mut Option<(i64, u32)>) {
        if raw.is_empty() {
            return;
        }
        let space = raw.iter().take(40).position(|b| *b == b' ').unwrap_or(raw.len().min(40));
        let stamp = std::str::from_utf8(&raw[..space]).unwrap_or("");
        let nanos = stamp.parse::<jiff::Timestamp>().ok().and_then(|t| i64::try_from(t.as_nanosecond()).ok());
        let Some(nanos) = nanos else {
            self.shared.buffer.lock().push_line(self.source, None, raw);
            return;
        };
        if let Some((until, count)) = skip_until {
            if nanos < *until {
                return;
            }
            if nanos == *until && *count > 0 {
                *count -= 1;
                return;
            }
            *skip_until = None;
        }
        match &mut self.last {
            Some((_, at)) if *at == nanos => self.at_last += 1,
            last => {
                *last = Some((stamp.to_string(), nanos));
                self.at_last = 1;
            }
        }
        let text = raw.get(space + 1..).unwrap_or(&[]);
        self.shared.buffer.lock().push_line(self.source, Some(nanos), text);
    }
}
