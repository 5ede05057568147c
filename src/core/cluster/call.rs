//! From a [`Request`] to an HTTP answer: headers, time limits, retries, one renewal of the credential,
//! and the problem that a person is told when it fails.

use super::explain::{Target, status_problem, transport_problem};
use super::logs::LogRequest;
use super::{Accept, Cluster, Method, Request, WatchLine, stream};
use crate::{Problem, ProblemKind, Result, wipe};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http_body_util::BodyExt;
use kube::client::Body;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Reads are tried again this often when the server is busy (429, 503, 504).
const BUSY_RETRIES: u32 = 3;
/// A server that asks for more patience than this is told about instead.
const LONGEST_RETRY_AFTER: u64 = 8;
/// An error's body is read up to here.
const LONGEST_ERROR: usize = 1 << 20;

impl Cluster {
    /// One call; the answer's body. An error status becomes a [`Problem`] with the server's words.
    /// Reads are tried again a few times when the server is busy, writes when it asks for that (429).
    pub async fn call(&self, request: Request) -> Result<Bytes> {
        let target = Target::of(&request);
        let mut attempt = 0;
        loop {
            let failed = match self.send(&request, &target, false).await {
                Ok(answer) => match self.body(answer, &target, wipe::is_secret_path(&request.path)).await {
                    Ok(body) => return Ok(body),
                    Err(problem) => problem,
                },
                Err(problem) => problem,
            };
            attempt += 1;
            match again(&request, &failed, attempt) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(failed),
            }
        }
    }

    /// One call whose answer is JSON.
    pub async fn json<T: serde::de::DeserializeOwned>(&self, request: Request) -> Result<T> {
        let target = Target::of(&request);
        let body = self.call(request).await?;
        serde_json::from_slice(&body).map_err(|e| {
            target
                .problem(ProblemKind::Server, format!("the answer is not what an API server says: {e}"))
                .next("check that the kubeconfig's server is an API server")
        })
    }

    /// A call whose answer is a stream of lines (watch). The stream ends when the server ends it, after
    /// 5 to 10 minutes by our own wish unless the request says `timeoutSeconds`.
    pub async fn lines(&self, mut request: Request) -> Result<BoxStream<'static, Result<WatchLine>>> {
        let target = Target::of(&request);
        let limit = request.query.iter().find(|(k, _)| k == "timeoutSeconds").and_then(|(_, v)| v.parse().ok());
        let limit = limit.unwrap_or_else(|| {
            let seconds = super::connection::jittered(Duration::from_secs(600)).as_secs();
            request.query.push(("timeoutSeconds".into(), seconds.to_string()));
            seconds
        });
        let answer = self.send(&request, &target, true).await?;
        let silence = target.problem(ProblemKind::Unreachable, "nothing has come for too long; the peer seems dead");
        let chunks = self.chunks(answer, target);
        let chunks = stream::with_silence_limit(chunks, Duration::from_secs(limit + 30), silence);
        let open = OpenWatch::new(self);
        Ok(stream::lines(chunks)
            .map(move |line| {
                let _held = &open;
                line
            })
            .boxed())
    }

    /// A container's log as chunks of bytes, as they come.
    pub async fn logs(&self, request: &LogRequest) -> Result<BoxStream<'static, Result<Bytes>>> {
        let request = request.request();
        let target = Target::of(&request);
        let answer = self.send(&request, &target, true).await?;
        let open = OpenWatch::new(self);
        let chunks = self.chunks(answer, target);
        Ok(chunks
            .map(move |chunk| {
                let _held = &open;
                chunk
            })
            .boxed())
    }

    /// Sends it and gives the answer if its status is a success. `streaming`: without compression, because
    /// newer servers send one gzip member an event.
    pub(super) async fn send(
        &self,
        request: &Request,
        target: &Target,
        streaming: bool,
    ) -> Result<http::Response<Body>> {
        let mut renewed = false;
        let mut reconnected = false;
        let mut sent = Instant::now();
        loop {
            match self.send_once(request, target, streaming, &mut sent).await {
                Err(p) if p.status == Some(401) && !renewed && self.renew(sent).await => renewed = true,
                // An idle connection that the server has closed meanwhile: reads may simply go again.
                Err(p) if !reconnected && request.method == Method::Get && p.why.contains("broke") => {
                    reconnected = true
                }
                Err(problem) => {
                    self.note(Err(&problem));
                    return Err(problem);
                }
                Ok(answer) => {
                    self.note(Ok(answer.status().as_u16()));
                    return Ok(answer);
                }
            }
        }
    }

    /// After a 401 for what was sent then: whether another credential can be had.
    async fn renew(&self, sent: Instant) -> bool {
        match self.credential().await {
            Ok(credential) if credential.renewable() => {
                credential.refused(sent).await;
                true
            }
            _ => false,
        }
    }

    async fn send_once(
        &self,
        request: &Request,
        target: &Target,
        streaming: bool,
        at: &mut Instant,
    ) -> Result<http::Response<Body>> {
        let client = self.client().await.map_err(|mut p| {
            if p.what.is_empty() {
                p.what = target.what();
            }
            p
        })?;
        *at = Instant::now();
        let sent = client.send(http_request(request, target, streaming)?);
        let answer = match tokio::time::timeout(self.call_time(), sent).await {
            Err(_) => {
                let why = format!("{} did not answer within {} s", self.server(), self.call_time().as_secs());
                return Err(target
                    .problem(ProblemKind::Unreachable, why)
                    .next("check the network and the load of the API server"));
            }
            Ok(Err(error)) => {
                let problem = transport_problem(target, self.server(), self.inner.shared.proxy().as_ref(), &error);
                if problem.kind == ProblemKind::Unreachable {
                    // Certificates may have been renewed on disk.
                    self.forget_client().await;
                }
                return Err(problem);
            }
            Ok(Ok(answer)) => answer,
        };
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        let body = self.error_body(answer).await;
        let mut problem = status_problem(target, status.as_u16(), retry_after, &body);
        if problem.kind == ProblemKind::Unauthenticated {
            self.tell_expired_certificate(&mut problem);
        }
        if problem.kind == ProblemKind::Forbidden {
            self.tell_impersonation(&mut problem, &String::from_utf8_lossy(&body));
        }
        if problem.kind == ProblemKind::Forbidden {
            self.inner.access.forget(&target.right());
        }
        if status.as_u16() != 401 {
            self.note(Ok(status.as_u16()));
        }
        Err(problem)
    }

    /// API servers look at client certificates after the handshake and say nothing about why they refuse one.
    fn tell_expired_certificate(&self, problem: &mut Problem) {
        let ends = self.inner.recipe.user_entry().as_ref().and_then(super::credential::certificate_ends);
        if let Some(at) = ends.filter(|at| *at <= self.clock().now()) {
            problem.why = format!("the client certificate of the user expired on {}", crate::clock::format_time(at));
            problem.next = "get a new client certificate and key into the kubeconfig, then ctrl-r on the screen".into();
        }
    }

    /// Who may not act for somebody else is refused that, whatever was asked.
    fn tell_impersonation(&self, problem: &mut Problem, said: &str) {
        let entry = || self.inner.recipe.user_entry().and_then(|user| user.impersonate);
        let Some(other) = self.inner.options.impersonate_user.clone().or_else(entry) else { return };
        if !said.contains("cannot impersonate") {
            return;
        }
        let who = said.split("User \\\"").nth(1).and_then(|rest| rest.split('\\').next()).unwrap_or("this user");
        let (who, other) = (crate::text::clean_line(who), crate::text::clean_line(&other));
        problem.why = format!("{who} may not act as {other}");
        problem.next = format!("ask for the right to impersonate {other}, or leave --as (`as` in the kubeconfig) out");
    }

    async fn error_body(&self, answer: http::Response<Body>) -> Bytes {
        let limited = http_body_util::Limited::new(answer.into_body(), LONGEST_ERROR);
        match tokio::time::timeout(self.call_time(), limited.collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            _ => Bytes::new(),
        }
    }

    /// The whole body; that about a Secret is overwritten when nobody has it any more. The time limit counts between two
    /// pieces, so that a long list may come over a slow line.
    async fn body(&self, answer: http::Response<Body>, target: &Target, secret: bool) -> Result<Bytes> {
        let silence = target.problem(ProblemKind::Unreachable, "the server stopped in the middle of its answer");
        let chunks = self.chunks(answer, target.clone());
        let chunks = stream::with_silence_limit(chunks, self.call_time(), silence);
        let pieces: Vec<Bytes> = chunks.try_collect().await?;
        Ok(wipe::whole(pieces, secret))
    }

    fn chunks(&self, answer: http::Response<Body>, target: Target) -> BoxStream<'static, Result<Bytes>> {
        let (server, through) = (self.server().to_string(), self.inner.shared.proxy());
        let chunks = answer.into_body().into_data_stream();
        chunks.map_err(move |e| transport_problem(&target, &server, through.as_ref(), &e)).boxed()
    }
}

/// Whether and when a failed call goes again.
fn again(request: &Request, problem: &Problem, attempt: u32) -> Option<Duration> {
    let reads = request.method == Method::Get;
    let busy = match problem.status {
        Some(429) => true,
        Some(503 | 504) => reads,
        _ => false,
    };
    let after = problem.retry_after.unwrap_or(0);
    if !busy || attempt > BUSY_RETRIES || after > LONGEST_RETRY_AFTER || (!reads && problem.retry_after.is_none()) {
        return None;
    }
    let ours = super::connection::jittered(Duration::from_millis(200) * 2u32.pow(attempt));
    Some(ours.max(Duration::from_secs(after)))
}

/// Counts an open stream for as long as it lives.
struct OpenWatch(Arc<super::transport::Shared>);

impl OpenWatch {
    fn new(cluster: &Cluster) -> Self {
        let shared = cluster.inner.shared.clone();
        shared.watches.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for OpenWatch {
    fn drop(&mut self) {
        self.0.watches.fetch_sub(1, Ordering::Relaxed);
    }
}

fn http_request(request: &Request, target: &Target, streaming: bool) -> Result<http::Request<Body>> {
    let (method, content) = match request.method {
        Method::Get => (http::Method::GET, ""),
        Method::Post => (http::Method::POST, "application/json"),
        Method::Put => (http::Method::PUT, "application/json"),
        Method::JsonPatch => (http::Method::PATCH, "application/json-patch+json"),
        Method::MergePatch => (http::Method::PATCH, "application/merge-patch+json"),
        Method::StrategicPatch => (http::Method::PATCH, "application/strategic-merge-patch+json"),
        Method::ApplyPatch => (http::Method::PATCH, "application/apply-patch+yaml"),
        Method::Delete => (http::Method::DELETE, "application/json"),
    };
    let mut built = http::Request::builder().method(method).uri(uri(request)).header(ACCEPT, accept(request, target));
    if !content.is_empty() && request.body.is_some() {
        built = built.header(CONTENT_TYPE, content);
    }
    if streaming {
        built = built.header(ACCEPT_ENCODING, "identity");
    }
    let body = request.body.clone().map_or_else(Body::empty, Body::from);
    built.body(body).map_err(|e| target.problem(ProblemKind::Usage, e.to_string()))
}

fn accept(request: &Request, target: &Target) -> &'static str {
    match request.accept {
        Accept::Json => "application/json",
        Accept::Table => "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
        Accept::Metadata if target.verb == "list" => {
            "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
        }
        Accept::Metadata => "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json",
        Accept::Text => "text/plain, */*",
        Accept::Discovery => {
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
        }
    }
}

fn uri(request: &Request) -> String {
    let mut uri = String::with_capacity(request.path.len() + 64);
    escape(&mut uri, &request.path, b"/:@!$&'()*+,;=");
    for (i, (name, value)) in request.query.iter().enumerate() {
        uri.push(if i == 0 { '?' } else { '&' });
        escape(&mut uri, name, b"");
        uri.push('=');
        escape(&mut uri, value, b"");
    }
    uri
}

/// RFC 3986: unreserved characters and those named stay, the rest is escaped.
pub(super) fn escape(out: &mut String, text: &str, stay: &[u8]) {
    use std::fmt::Write;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || stay.contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
