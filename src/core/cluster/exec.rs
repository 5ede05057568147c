//! A process in a container: input, output and window size over a web socket.

use super::explain::{Target, status_problem, transport_problem};
use super::{Cluster, Method, Request};
use crate::{Problem, ProblemKind, Result, Str};
use futures::future::BoxFuture;
use futures::{FutureExt, SinkExt};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::{AttachParams, TerminalSize};
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncWrite};

/// What to run, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecRequest {
    pub namespace: Str,
    pub pod: Str,
    /// Empty: the pod's default container.
    pub container: Str,
    /// Program and arguments; no shell is put around them.
    pub command: Vec<String>,
    /// With a terminal: output and errors come together, the window's size can be told.
    pub tty: bool,
    pub stdin: bool,
}

/// A running process. It ends when the streams are dropped.
pub struct Exec {
    pub stdin: Option<Pin<Box<dyn AsyncWrite + Send>>>,
    pub stdout: Option<Pin<Box<dyn AsyncRead + Send>>>,
    /// Only without a terminal.
    pub stderr: Option<Pin<Box<dyn AsyncRead + Send>>>,
    resize: Option<futures::channel::mpsc::Sender<TerminalSize>>,
    status: Option<BoxFuture<'static, Option<Status>>>,
    process: kube::api::AttachedProcess,
}

impl Exec {
    /// Tells the process how large its window is.
    pub async fn resize(&mut self, columns: u16, rows: u16) {
        if let Some(sender) = &mut self.resize {
            let _ = sender.send(TerminalSize { width: columns, height: rows }).await;
        }
    }
    /// Waits for the end and gives the exit code; 0 is success.
    pub async fn wait(&mut self) -> Result<i32> {
        let Some(status) = self.status.take() else { return Ok(0) };
        exit_code(status.await)
    }
    /// Hangs up.
    pub fn abort(&self) {
        self.process.abort();
    }
}

fn exit_code(status: Option<Status>) -> Result<i32> {
    let broken = || Problem::new(ProblemKind::Unreachable, "cannot tell how the process ended", "the connection broke");
    let value = serde_json::to_value(status.ok_or_else(broken)?).unwrap_or_default();
    if value["status"] == "Success" {
        return Ok(0);
    }
    let causes = value["details"]["causes"].as_array().cloned().unwrap_or_default();
    let code = causes.iter().find(|c| c["reason"] == "ExitCode").and_then(|c| c["message"].as_str()?.parse().ok());
    code.ok_or_else(|| {
        let said = value["message"].as_str().unwrap_or("the process did not start");
        Problem::new(ProblemKind::Invalid, "cannot run the program in the container", crate::text::clean_line(said))
            .next("check that the program exists in the container's image")
    })
}

impl Cluster {
    /// Starts a program in a container.
    pub async fn exec(&self, request: &ExecRequest) -> Result<Exec> {
        let parameters = AttachParams {
            container: (!request.container.is_empty()).then(|| request.container.to_string()),
            stdin: request.stdin,
            stdout: true,
            stderr: !request.tty,
            tty: request.tty,
            ..AttachParams::default()
        };
        let target = pod_target("exec", &request.namespace, &request.pod);
        let pods: Api<Pod> = Api::namespaced(self.client().await?, &request.namespace);
        let started = pods.exec(&request.pod, request.command.iter(), &parameters);
        let mut process = match tokio::time::timeout(self.call_time(), started).await {
            Ok(started) => started.map_err(|e| self.kube_problem(&target, &e))?,
            Err(_) => return Err(target.problem(ProblemKind::Unreachable, "the server did not answer in time")),
        };
        Ok(Exec {
            stdin: process.stdin().map(|s| Box::pin(s) as _),
            stdout: process.stdout().map(|s| Box::pin(s) as _),
            stderr: process.stderr().map(|s| Box::pin(s) as _),
            resize: process.terminal_size(),
            status: process.take_status().map(FutureExt::boxed),
            process,
        })
    }

    /// Tells an error of the client library as all others are told.
    pub(super) fn kube_problem(&self, target: &Target, error: &kube::Error) -> Problem {
        let problem = match error {
            kube::Error::Api(status) => {
                // The library's own Status has lost its `kind`.
                let mut body = serde_json::to_value(&**status).unwrap_or_default();
                body["kind"] = "Status".into();
                status_problem(target, status.code, None, body.to_string().as_bytes())
            }
            other => transport_problem(target, self.server(), self.inner.shared.proxy().as_ref(), other),
        };
        self.note(Err(&problem));
        problem
    }
}

pub(super) fn pod_target(subresource: &str, namespace: &str, pod: &str) -> Target {
    let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/{subresource}");
    Target::of(&Request { method: Method::Post, ..Request::get(path) })
}
