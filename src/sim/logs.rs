//! `pods/log`: lines of a scripted container.
//!
//! Line `i` of a container is a function of the pod and `i`, written
//! `i / rate` seconds after the container started, so history, tail, since
//! and follow agree without anything being kept. Annotations on the pod script
//! it: `sim.quarterdeck.dev/log-rate` (lines a second, up to many thousands),
//! `log-style` (`app`, `json`, `access`, `postgres`, `klog`, `numbered`) and
//! `log-history` (how many lines are kept, 5,000 by default).

use crate::hooks::PodRequest;
use crate::http_body::{Body, full, stream};
use crate::shapes::names;
use crate::status::ApiError;
use crate::table::age;
use crate::value::{annotation, at, int, list, name, text};
use bytes::{BufMut, Bytes, BytesMut};
use http::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// Keep at most this many bytes in one chunk of a stream.
const CHUNK: usize = 32 * 1024;

/// The lines of one run of one container.
#[derive(Debug, Clone)]
struct Script {
    seed: String,
    container: String,
    style: String,
    started: Timestamp,
    /// Nanoseconds between two lines.
    step: i64,
    history: u64,
    /// The run has ended after that many lines, the last of which says why.
    ended: Option<(u64, String)>,
}

struct Wanted {
    follow: bool,
    timestamps: bool,
    tail: Option<u64>,
    since: Option<Timestamp>,
    limit: Option<usize>,
}

fn bad(message: String) -> ApiError {
    ApiError::bad_request(message)
}

/// Answers a log request.
///
/// # Errors
/// As the kubelet words them: no such container, nothing started, no previous run.
pub fn answer(request: &PodRequest) -> Result<Response<Body>, ApiError> {
    let get = |key: &str| request.query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
    let flag = |key: &str| matches!(get(key), Some("true" | "1" | ""));
    let number = |key: &str| -> Result<Option<i64>, ApiError> {
        get(key).map(|v| v.parse().map_err(|_| bad(format!("{key}: invalid value {v:?}")))).transpose()
    };
    let pod = request.pod.value();
    let clock = request.store.clock().clone();
    let now = clock.now();
    let since = match (number("sinceSeconds")?, get("sinceTime")) {
        (Some(s), _) => Some(crate::shapes::times::shift(now, -s)),
        (None, Some(t)) => Some(t.parse().map_err(|_| bad(format!("sinceTime: invalid value {t:?}")))?),
        _ => None,
    };
    let wanted = Wanted {
        follow: flag("follow"),
        timestamps: flag("timestamps"),
        tail: number("tailLines")?.map(|n| n.max(0).unsigned_abs()),
        since,
        limit: number("limitBytes")?.map(|n| n.max(1) as usize),
    };
    let script = script(&pod, get("container").unwrap_or_default(), flag("previous"))?;
    let count = script.count(now);
    let mut first = count.saturating_sub(script.history);
    if let Some(since) = wanted.since {
        first = first.max(script.index_at(since));
    }
    if let Some(tail) = wanted.tail {
        first = first.max(count.saturating_sub(tail));
    }
    let respond = |body: Body| {
        Response::builder()
            .header("content-type", "text/plain")
            .body(body)
            .map_err(|e| ApiError::internal(e.to_string()))
    };
    if !wanted.follow || script.ended.is_some() {
        let mut out = BytesMut::new();
        for i in first..count {
            script.write(i, wanted.timestamps, &mut out);
            if wanted.limit.is_some_and(|l| out.len() >= l) {
                out.truncate(wanted.limit.unwrap_or(usize::MAX));
                break;
            }
        }
        return respond(full(out.freeze()));
    }
    let state = Follow { store: request.store.clone(), pod: request.pod.clone(), script, next: first, wanted, sent: 0 };
    respond(stream(futures::stream::unfold(state, Follow::step)))
}

/// A stream of lines that goes on until the pod is gone.
struct Follow {
    store: crate::Store,
    pod: std::sync::Arc<crate::Object>,
    script: Script,
    next: u64,
    wanted: Wanted,
    sent: usize,
}

impl Follow {
    async fn step(mut self) -> Option<(std::io::Result<Bytes>, Self)> {
        let clock = self.store.clock().clone();
        loop {
            if self.wanted.limit.is_some_and(|l| self.sent >= l) || !self.alive() {
                return None;
            }
            let count = self.script.count(clock.now());
            if self.next < count {
                let mut out = BytesMut::new();
                while self.next < count && out.len() < CHUNK {
                    self.script.write(self.next, self.wanted.timestamps, &mut out);
                    self.next += 1;
                }
                if let Some(limit) = self.wanted.limit {
                    out.truncate(limit - self.sent);
                }
                self.sent += out.len();
                return Some((Ok(out.freeze()), self));
            }
            // At high rates lines are sent in batches, as a kubelet reads its file.
            let due = self
                .script
                .time(self.next)
                .max(clock.now().checked_add(SignedDuration::from_millis(10)).unwrap_or_default());
            tokio::select! {
                () = clock.sleep_until(due) => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    fn alive(&self) -> bool {
        let Some(kind) = self.store.kind("v1", "Pod") else { return false };
        self.store.get(&kind, &self.pod.namespace, &self.pod.name).is_ok_and(|p| p.uid == self.pod.uid)
    }
}

fn script(pod: &Value, wanted: &str, previous: bool) -> Result<Script, ApiError> {
    let all: Vec<&Value> = list(pod, "spec.containers").iter().chain(list(pod, "spec.initContainers")).collect();
    let names_of = |key: &str| list(pod, key).iter().map(name_of).collect::<Vec<_>>().join(" ");
    let pod_name = name(pod);
    let chosen = match (wanted, list(pod, "spec.containers")) {
        ("", [only]) => only,
        ("", _) => match annotation(pod, "kubectl.kubernetes.io/default-container") {
            Some(default) => all.iter().copied().find(|c| name_of(c) == default).unwrap_or(&Value::Null),
            None => {
                let init = names_of("spec.initContainers");
                let tail =
                    if init.is_empty() { String::new() } else { format!(" or one of the init containers: [{init}]") };
                let choices = names_of("spec.containers");
                return Err(bad(format!(
                    "a container name must be specified for pod {pod_name}, choose one of: [{choices}]{tail}"
                )));
            }
        },
        (name, _) => all
            .iter()
            .copied()
            .find(|c| name_of(c) == name)
            .ok_or_else(|| bad(format!("container {name} is not valid for pod {pod_name}")))?,
    };
    let container = name_of(chosen).to_owned();
    let statuses = list(pod, "status.containerStatuses").iter().chain(list(pod, "status.initContainerStatuses"));
    let status = statuses.into_iter().find(|s| name_of(s) == container).unwrap_or(&Value::Null);
    let restarts = int(status, "restartCount");
    let running = age::time(status, "state.running.startedAt");
    let over = |part: &Value| {
        let started = age::time(part, "terminated.startedAt")?;
        let finished = age::time(part, "terminated.finishedAt")?;
        Some((started, finished, int(part, "terminated.exitCode"), text(part, "terminated.reason").to_owned()))
    };
    let ended = if previous {
        let last = over(at(status, "lastState"));
        Some(last.ok_or_else(|| {
            bad(format!("previous terminated container \"{container}\" in pod \"{pod_name}\" not found"))
        })?)
    } else if running.is_some() {
        None
    } else {
        over(at(status, "state")).or_else(|| over(at(status, "lastState")))
    };
    let started = match (&ended, running) {
        (Some((started, ..)), _) => *started,
        (None, Some(started)) => started,
        _ => {
            let why = match text(status, "state.waiting.reason") {
                "ImagePullBackOff" | "ErrImagePull" => "trying and failing to pull image",
                "" | "ContainerCreating" => "ContainerCreating",
                other => other,
            };
            return Err(bad(format!("container \"{container}\" in pod \"{pod_name}\" is waiting to start: {why}")));
        }
    };
    let style = annotation(pod, "sim.quarterdeck.dev/log-style").map_or_else(|| style_of(chosen), str::to_owned);
    let given = |key: &str| annotation(pod, key).and_then(|v| v.parse::<f64>().ok());
    let usual = 0.05 + names::number(&["log rate", pod_name], 60) as f64 / 100.0;
    let rate = given("sim.quarterdeck.dev/log-rate").unwrap_or(usual).clamp(0.0001, 100_000.0);
    let history = given("sim.quarterdeck.dev/log-history").unwrap_or(5000.0) as u64;
    let step = ((1e9 / rate) as i64).max(1);
    let ended = ended.map(|(from, to, code, reason)| {
        let lines = (to.duration_since(from).as_secs() * 2).clamp(4, 60).unsigned_abs();
        let last = match (code, reason.as_str()) {
            (0, _) => "done".to_owned(),
            (_, "OOMKilled") => "allocating 512 MiB for the call cache".to_owned(),
            _ => format!("fatal: cannot connect to database: connection refused (exit {code})"),
        };
        (lines, last)
    });
    let step = if ended.is_some() { 500_000_000 } else { step };
    let seed = format!("{}/{container}/{}", crate::value::uid(pod), if previous { restarts - 1 } else { restarts });
    Ok(Script { seed, container, style, started, step, history, ended })
}

fn name_of(container: &Value) -> &str {
    text(container, "name")
}

fn style_of(container: &Value) -> String {
    let image = text(container, "image");
    let style = [
        ("postgres", "postgres"),
        ("traefik", "access"),
        ("nginx", "access"),
        ("cert-manager", "klog"),
        ("registry.k8s.io", "klog"),
        ("authentik", "json"),
    ]
    .into_iter()
    .find(|(part, _)| image.contains(part));
    style.map_or("app", |(_, style)| style).to_owned()
}

impl Script {
    /// How many lines there are at a moment.
    fn count(&self, now: Timestamp) -> u64 {
        match &self.ended {
            Some((lines, _)) => *lines,
            None => self.index_at(now),
        }
    }

    /// The first line written at or after that moment.
    fn index_at(&self, moment: Timestamp) -> u64 {
        let elapsed = moment.duration_since(self.started).as_nanos().max(0);
        let lines = elapsed.unsigned_abs().div_ceil(self.step.unsigned_abs().into());
        u64::try_from(lines).unwrap_or(u64::MAX)
    }

    fn time(&self, i: u64) -> Timestamp {
        let nanos = i128::from(i) * i128::from(self.step);
        self.started.checked_add(SignedDuration::from_nanos_i128(nanos)).unwrap_or(Timestamp::MAX)
    }

    fn write(&self, i: u64, timestamps: bool, out: &mut BytesMut) {
        let moment = self.time(i);
        if timestamps {
            out.put_slice(format!("{} ", moment.strftime("%Y-%m-%dT%H:%M:%S.%9fZ")).as_bytes());
        }
        let line = match &self.ended {
            Some((lines, last)) if i + 1 == *lines => last.clone(),
            _ => self.line(i, moment),
        };
        out.put_slice(line.as_bytes());
        out.put_u8(b'\n');
    }

    fn line(&self, i: u64, moment: Timestamp) -> String {
        if self.style == "numbered" {
            return format!("line {i:09} of {}", self.container);
        }
        if i == 0 {
            return format!("{} starting", self.container);
        }
        // A cheap mix is enough to look alive; digests would cost at 10,000 lines a second.
        let mut x = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (self.seed.len() as u64);
        for byte in self.seed.bytes().take(12) {
            x = (x ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let (path, status) = (PATHS[(x >> 8) as usize % PATHS.len()], STATUS[(x >> 16) as usize % STATUS.len()]);
        let (ms, id) = ((x >> 24) % 180 + 2, x >> 40);
        match self.style.as_str() {
            "json" => format!(
                "{{\"level\":\"{}\",\"timestamp\":\"{moment:.3}\",\"event\":\"{path}\",\"status\":{status},\"runtime\":{ms},\"request_id\":\"{id:06x}\"}}",
                if status >= 500 { "error" } else { "info" }
            ),
            "access" => format!(
                "10.42.{}.{} - - [{}] \"GET {path} HTTP/2.0\" {status} {} \"-\" \"-\" {i} \"api@kubernetes\" {ms}ms",
                id % 4,
                id % 250,
                moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
                id % 9000
            ),
            "postgres" => format!(
                "{} UTC [{}] LOG:  checkpoint complete: wrote {} buffers ({ms}.{}%); 0 WAL file(s) added",
                moment.strftime("%Y-%m-%d %H:%M:%S.%3f"),
                60 + id % 40,
                id % 900,
                id % 10
            ),
            "klog" => format!(
                "{}{} 1 controller.go:{}] \"re-queuing item\" key=\"{path}\" duration=\"{ms}ms\"",
                if status >= 500 { 'E' } else { 'I' },
                moment.strftime("%m%d %H:%M:%S.%6f"),
                100 + id % 300
            ),
            _ => format!(
                "{} {:5} {} request id={id:06x} method=GET path={path} status={status} duration={ms}ms",
                moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"),
                if status >= 500 { "ERROR" } else { "INFO" },
                self.container
            ),
        }
    }
}

const PATHS: [&str; 8] = [
    "/v1/calls",
    "/v1/queues/support",
    "/v1/agents",
    "/healthz",
    "/v1/recordings",
    "/v1/ivr/menu",
    "/metrics",
    "/v1/tenants/me",
];
const STATUS: [u16; 12] = [200, 200, 200, 200, 204, 200, 304, 200, 200, 404, 200, 503];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(status: Value) -> Value {
        json!({"metadata": {"name": "p", "uid": "u", "annotations": {"sim.quarterdeck.dev/log-rate": "1000", "sim.quarterdeck.dev/log-style": "numbered"}},
               "spec": {"containers": [{"name": "a", "image": "x"}]}, "status": {"containerStatuses": [status]}})
    }

    #[test]
    fn a_fast_container_has_written_rate_times_seconds_lines() {
        let s =
            script(&pod(json!({"name": "a", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}})), "", false)
                .unwrap();
        let now = "2026-01-01T00:01:00Z".parse().unwrap();
        assert_eq!(s.count(now), 60_000);
        let mut out = BytesMut::new();
        s.write(59_999, true, &mut out);
        assert_eq!(&out[..], b"2026-01-01T00:00:59.999000000Z line 000059999 of a\n");
        assert_eq!(s.index_at(s.time(42)), 42);
    }

    #[test]
    fn what_cannot_be_read_is_said_in_the_kubelets_words() {
        let p = pod(json!({"name": "a", "state": {"waiting": {"reason": "ImagePullBackOff"}}}));
        let problem = |wanted: &str, previous| script(&p, wanted, previous).unwrap_err().message;
        assert_eq!(
            problem("", false),
            "container \"a\" in pod \"p\" is waiting to start: trying and failing to pull image"
        );
        assert_eq!(problem("", true), "previous terminated container \"a\" in pod \"p\" not found");
        assert_eq!(problem("b", false), "container b is not valid for pod p");
    }
}
