//! The real metrics-server on a real cluster, outside of it and on loopback, behind the API server's aggregation. What
//! it measures are the kubelets that KWOK plays: a pod uses what its annotations `kwok.x-k8s.io/usage-cpu` and
//! `kwok.x-k8s.io/usage-memory` say.

use serde_json::{Value, json};

use crate::keeper::{Janitor, Service, answers};
use crate::programs::{Module, built};
use crate::real::{RealCluster, free_ports, janitor, new_folder};

/// metrics-server on one cluster.
pub struct MetricsServer {
    /// Stop it and usage is not told any more.
    pub server: Service,
    _janitor: Option<Janitor>,
}

impl MetricsServer {
    /// Starts it, and makes the API server lead metrics.k8s.io to it.
    pub fn start(cluster: &RealCluster) -> Result<MetricsServer, String> {
        let programs = built(Module::MetricsServer)?;
        let state = new_folder("metrics-server").map_err(|e| e.to_string())?;
        let janitor = janitor(&state)?;
        let kubeconfig = cluster.file("metrics-server", &cluster.admin()).display().to_string();
        let [port] = free_ports();
        let mut arguments: Vec<String> =
            ["", "authentication-", "authorization-"].iter().map(|k| format!("--{k}kubeconfig={kubeconfig}")).collect();
        arguments.extend([
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            format!("--cert-dir={}", state.display()),
            "--kubelet-insecure-tls".to_owned(),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            // The port of KWOK's kubelet is in the node's status.
            "--kubelet-use-node-status-port".to_owned(),
            // The shortest that it takes, and longer than it waits for a kubelet.
            "--metric-resolution=10s".to_owned(),
            "--kubelet-request-timeout=5s".to_owned(),
        ]);
        let program = programs.path("metrics-server");
        let server = Service::new("metrics-server", &program, arguments, &state, move |_| answers(port));
        server.start()?;
        // A Service outside of the cluster; the aggregator dials its name.
        let service = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "metrics-server", "namespace": "kube-system"},
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}});
        cluster.apply("services", &service);
        let api = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
                "insecureSkipTLSVerify": true,
                "service": {"name": "metrics-server", "namespace": "kube-system", "port": port}}});
        cluster.apply("apiservices", &api);
        Ok(MetricsServer { server, _janitor: janitor })
    }

    /// A node that it measures.
    pub fn node(cluster: &RealCluster, name: &str) {
        let path = format!("/metrics/nodes/{name}/metrics/resource");
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "annotations": {
            "kwok.x-k8s.io/node": "fake", "metrics.k8s.io/resource-metrics-path": path}}});
        cluster.apply("nodes", &node);
    }

    /// Waits until so many pods of a namespace are measured: it takes two rounds.
    pub fn measured(&self, cluster: &RealCluster, namespace: &str, pods: usize) {
        let path = format!("/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods");
        cluster.patiently("usage of the pods", || {
            let answer = cluster.client().get(&path);
            let all = answer.map(|a| a.json()).unwrap_or_default();
            all["items"].as_array().map_or(0, Vec::len) == pods && all["items"] != Value::Null
        });
    }
}
