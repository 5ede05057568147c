//! A local port that leads to a pod. When the pod goes, the next connection finds its successor.

use super::exec::pod_target;
use super::explain::Target;
use super::{Cluster, Request};
use crate::resources::ObjectRef;
use crate::{Problem, ProblemKind, Result, Str};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// So long a connection waits for the successor of a pod that has gone.
const SUCCESSOR: Duration = Duration::from_secs(20);
/// Between two looks, at first.
pub(super) const AGAIN: Duration = Duration::from_millis(250);

/// What is behind the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardTarget {
    /// This pod and no other.
    Pod { namespace: Str, name: Str },
    /// The pods of a label selector.
    Selector { namespace: Str, labels: String },
    /// A Service (the port is the Service's) or anything with `spec.selector`: Deployment, StatefulSet, …
    Object(ObjectRef),
}

/// Which port leads where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardRequest {
    pub target: ForwardTarget,
    /// Port of the pod, or of the Service.
    pub port: u16,
    /// Port on this machine; 0 takes a free one. Only loopback is listened on.
    pub local_port: u16,
}

/// How a forward is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForwardState {
    /// The pod of the last connection; empty before the first.
    pub pod: String,
    pub connections: u64,
    pub open: u64,
    /// The pod that has gone, while its successor is waited for; connections wait with it.
    pub gone: Option<String>,
    /// Why the last connection failed; `None` when it did not.
    pub problem: Option<Problem>,
}

/// An open local port. Closed when dropped.
pub struct Forward {
    local: SocketAddr,
    state: watch::Receiver<ForwardState>,
    task: tokio::task::JoinHandle<()>,
}

impl Forward {
    pub fn local(&self) -> SocketAddr {
        self.local
    }
    /// Changes with every connection.
    pub fn state(&self) -> watch::Receiver<ForwardState> {
        self.state.clone()
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Cluster {
    /// Opens a local port. The target is looked up at once, so that a wrong one fails here.
    pub async fn forward(&self, request: ForwardRequest) -> Result<Forward> {
        let first = self.resolve(&request, false).await?;
        let listener = TcpListener::bind(("127.0.0.1", request.local_port)).await.map_err(|e| {
            Problem::io("cannot open the local port", &e)
                .on(request.local_port.to_string())
                .next("choose another local port, or 0 for any free one")
        })?;
        let local = listener.local_addr().map_err(|e| Problem::io("cannot open the local port", &e))?;
        let (told, state) = watch::channel(ForwardState { pod: first.1.clone(), ..ForwardState::default() });
        let shared =
            Arc::new(Shared { cluster: self.clone(), request, found: tokio::sync::Mutex::new(Some(first)), told });
        let task = tokio::spawn(async move {
            // Connections, and whoever looks for a successor, end with the forward.
            let mut open = tokio::task::JoinSet::new();
            let follower = shared.clone();
            open.spawn(async move { follower.follow().await });
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((socket, _)) = accepted else { continue };
                        let shared = shared.clone();
                        open.spawn(async move { shared.serve(socket).await });
                    }
                    Some(_) = open.join_next() => {}
                }
            }
        });
        Ok(Forward { local, state, task })
    }

    /// The namespace, pod and port behind a target now. `ready`: a pod that does not answer yet is none.
    pub(super) async fn resolve(&self, request: &ForwardRequest, ready: bool) -> Result<Found> {
        let (target, port) = (&request.target, request.port);
        if let Some((namespace, name)) = single(target) {
            return Ok((namespace, name, port));
        }
        let (namespace, labels, value) = self.selected(target).await?;
        let pods = self.running(&namespace, &labels).await?.into_iter().filter(|p| !ready || is_ready(p));
        let pod = pods.max_by_key(|p| (is_ready(p), name_of(p))).ok_or_else(|| {
            let how = if ready { "ready" } else { "running" };
            Problem::new(ProblemKind::NotFound, "cannot forward", format!("no pod with {labels} is {how}"))
                .on(format!("in {namespace}"))
                .next("look at the pods of the workload; forwarding goes on as soon as one runs")
        })?;
        let service = matches!(target, ForwardTarget::Object(object) if is_core(object, "services"));
        let port = if service { target_port(&value, &pod, port)? } else { port };
        Ok((namespace, name_of(&pod), port))
    }

    /// Namespace and label selector of the pods behind a target that is no single pod, and the target itself.
    pub(super) async fn selected(&self, target: &ForwardTarget) -> Result<(Str, String, Value)> {
        match target {
            ForwardTarget::Selector { namespace, labels } => Ok((namespace.clone(), labels.clone(), Value::Null)),
            ForwardTarget::Pod { namespace, .. } => Ok((namespace.clone(), String::new(), Value::Null)),
            ForwardTarget::Object(object) => {
                let value: Value = self.json(Request::get(object.path(None))).await?;
                let selector = &value["spec"]["selector"];
                let labels = if is_core(object, "services") { labels_of(selector) } else { selector_of(selector) };
                if labels.is_empty() {
                    return Err(Problem::usage("cannot forward to it", "it selects no pods").on(object.to_string()));
                }
                Ok((object.namespace.clone(), labels, value))
            }
        }
    }

    async fn running(&self, namespace: &str, labels: &str) -> Result<Vec<Value>> {
        let request = Request::get(format!("/api/v1/namespaces/{namespace}/pods")).query("labelSelector", labels);
        let list: Value = self.json(request).await?;
        Ok(list["items"].as_array().into_iter().flatten().filter(|p| runs(p)).cloned().collect())
    }
}

/// Namespace, pod and port.
pub(super) type Found = (Str, String, u16);

fn is_core(object: &ObjectRef, plural: &str) -> bool {
    object.kind.plural == plural && object.kind.group.is_empty()
}

/// What the connections of a forward share.
pub(super) struct Shared {
    pub(super) cluster: Cluster,
    pub(super) request: ForwardRequest,
    pub(super) found: tokio::sync::Mutex<Option<Found>>,
    pub(super) told: watch::Sender<ForwardState>,
}

/// A target that is one pod and no other.
pub(super) fn single(target: &ForwardTarget) -> Option<(Str, String)> {
    match target {
        ForwardTarget::Pod { namespace, name } => Some((namespace.clone(), name.to_string())),
        ForwardTarget::Object(object) if is_core(object, "pods") => {
            Some((object.namespace.clone(), object.name.to_string()))
        }
        _ => None,
    }
}

impl Shared {
    async fn serve(&self, mut socket: TcpStream) {
        self.told.send_modify(|s| {
            s.connections += 1;
            s.open += 1;
        });
        // A pod that has gone is looked for once more, and its successor waited for: pages survive a restart.
        let deadline = tokio::time::Instant::now() + SUCCESSOR;
        let mut tries = 0;
        let outcome = loop {
            self.successor_by(deadline).await;
            let problem = match self.open().await {
                Ok(mut stream) => {
                    let _ = tokio::io::copy_bidirectional(&mut socket, &mut stream).await;
                    break Ok(());
                }
                Err(problem) => problem,
            };
            *self.found.lock().await = None;
            tries += 1;
            let may_come = single(&self.request.target).is_none()
                && (problem.kind == ProblemKind::NotFound || self.told.borrow().gone.is_some());
            if tries >= 2 && (!may_come || tokio::time::Instant::now() >= deadline) {
                break Err(problem);
            }
            // That a pod has gone is told by the server a moment before or after.
            if tries >= 2 && self.told.borrow().gone.is_none() {
                tokio::time::sleep(AGAIN).await;
            }
        };
        self.told.send_modify(|s| {
            s.open -= 1;
            s.problem = outcome.err();
        });
    }

    /// Waits while a pod has gone and its successor is not there, but no longer than that.
    async fn successor_by(&self, deadline: tokio::time::Instant) {
        if single(&self.request.target).is_none() {
            let mut told = self.told.subscribe();
            let _ = tokio::time::timeout_at(deadline, told.wait_for(|s| s.gone.is_none())).await;
        }
    }

    async fn open(&self) -> Result<impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + use<>> {
        let (namespace, pod, port) = {
            let mut found = self.found.lock().await;
            match &*found {
                Some(found) => found.clone(),
                None => found.insert(self.cluster.resolve(&self.request, false).await?).clone(),
            }
        };
        let target: Target = pod_target("portforward", &namespace, &pod);
        let pods: Api<Pod> = Api::namespaced(self.cluster.client().await?, &namespace);
        let opened = tokio::time::timeout(self.cluster.call_time(), pods.portforward(&pod, &[port])).await;
        let mut forwarder = match opened {
            Ok(opened) => opened.map_err(|e| self.cluster.kube_problem(&target, &e))?,
            Err(_) => return Err(target.problem(ProblemKind::Unreachable, "the server did not answer in time")),
        };
        self.told.send_if_modified(|s| {
            let gone = s.gone.take().is_some();
            std::mem::replace(&mut s.pod, pod.clone()) != pod || gone
        });
        let stream = forwarder.take_stream(port);
        stream.ok_or_else(|| target.problem(ProblemKind::Internal, "the connection has no stream"))
    }
}

/// Whether a pod runs and is not going.
pub(super) fn runs(pod: &Value) -> bool {
    pod["status"]["phase"] == "Running" && pod["metadata"]["deletionTimestamp"].is_null()
}

pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|c| c.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"))
}

pub(super) fn name_of(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_string()
}

fn labels_of(map: &Value) -> String {
    let pairs = map.as_object().into_iter().flatten();
    pairs.filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect::<Vec<_>>().join(",")
}

/// A LabelSelector (matchLabels and matchExpressions) as the query writes it.
pub fn selector_of(selector: &Value) -> String {
    let mut parts = vec![labels_of(&selector["matchLabels"])];
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default();
        let values: Vec<&str> =
            expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let values = values.join(",");
        parts.push(match expression["operator"].as_str() {
            Some("In") => format!("{key} in ({values})"),
            Some("NotIn") => format!("{key} notin ({values})"),
            Some("Exists") => key.to_string(),
            Some("DoesNotExist") => format!("!{key}"),
            _ => String::new(),
        });
    }
    parts.retain(|p| !p.is_empty());
    parts.join(",")
}

/// The pod's port for a Service's port: a number, or the name of a container's port.
fn target_port(service: &Value, pod: &Value, port: u16) -> Result<u16> {
    let ports = service["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let number = |v: &Value| v.as_u64().and_then(|n| u16::try_from(n).ok());
    let Some(entry) = ports.iter().find(|p| number(&p["port"]) == Some(port)) else {
        let there: Vec<String> = ports.iter().filter_map(|p| number(&p["port"])).map(|n| n.to_string()).collect();
        return Err(Problem::usage("cannot forward to it", format!("the Service has no port {port}"))
            .on(name_of(service))
            .next(format!("its ports: {}", there.join(", "))));
    };
    let target = &entry["targetPort"];
    if let Some(name) = target.as_str() {
        let containers = pod["spec"]["containers"].as_array().cloned().unwrap_or_default();
        let named = containers.iter().flat_map(|c| c["ports"].as_array().cloned().unwrap_or_default());
        let found = named.into_iter().find(|p| p["name"] == name).and_then(|p| number(&p["containerPort"]));
        return found.ok_or_else(|| {
            Problem::usage("cannot forward to it", format!("no container of {} has a port named {name}", name_of(pod)))
        });
    }
    Ok(number(target).unwrap_or(port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_and_ports_are_read_as_kubernetes_means_them() {
        let selector = json!({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]});
        assert_eq!(selector_of(&selector), "app=web,tier in (a,b)");
        let service = json!({"spec": {"ports": [{"port": 80, "targetPort": "http"}, {"port": 90}]}});
        let pod = json!({"spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]}});
        assert_eq!(target_port(&service, &pod, 80), Ok(8080));
        assert_eq!(target_port(&service, &pod, 90), Ok(90));
        assert!(target_port(&service, &pod, 81).expect_err("no such port").next.contains("80, 90"));
    }
}
