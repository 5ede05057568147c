//! Which printer prints which kind.

use super::columns::Column;
use super::{cluster, config, events, network, pods, rights, storage, workloads};
use jiff::Timestamp;
use serde_json::Value;

/// The columns of a kind and how to fill them. A row has a cell for every
/// column, wide ones included, as the server sends them.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    /// What the Table's `columnDefinitions` hold.
    pub columns: &'static [Column],
    /// The cells of one object, as of the given time.
    pub cells: fn(&Value, Timestamp) -> Vec<Value>,
}

/// The printer of a built-in kind by API group and plural resource name.
/// Kinds the server has no printer for show name and creation time. Custom
/// kinds must not come here: their columns are in their definition.
pub fn printer(group: &str, resource: &str) -> Printer {
    let p = |columns, cells| Printer { columns, cells };
    match (group, resource) {
        ("", "pods") => p(pods::COLUMNS, pods::cells),
        ("" | "events.k8s.io", "events") => p(events::COLUMNS, events::cells),
        ("apps", "deployments") => p(workloads::DEPLOYMENT, workloads::deployment),
        ("apps", "replicasets") => p(workloads::REPLICASET, workloads::replicaset),
        ("", "replicationcontrollers") => p(workloads::REPLICASET, workloads::replication_controller),
        ("apps", "statefulsets") => p(workloads::STATEFULSET, workloads::statefulset),
        ("apps", "daemonsets") => p(workloads::DAEMONSET, workloads::daemonset),
        ("apps", "controllerrevisions") => p(workloads::REVISION, workloads::revision),
        ("", "podtemplates") => p(workloads::POD_TEMPLATE, workloads::pod_template),
        ("batch", "jobs") => p(workloads::JOB, workloads::job),
        ("batch", "cronjobs") => p(workloads::CRONJOB, workloads::cronjob),
        ("", "services") => p(network::SERVICE, network::service),
        ("", "endpoints") => p(network::ENDPOINTS, network::endpoints),
        ("discovery.k8s.io", "endpointslices") => p(network::SLICE, network::slice),
        ("networking.k8s.io", "ingresses") => p(network::INGRESS, network::ingress),
        ("networking.k8s.io", "ingressclasses") => p(network::INGRESS_CLASS, network::ingress_class),
        ("networking.k8s.io", "networkpolicies") => p(network::POLICY, network::policy),
        ("", "nodes") => p(cluster::NODE, cluster::node),
        ("", "namespaces") => p(cluster::NAMESPACE, cluster::namespace),
        ("coordination.k8s.io", "leases") => p(cluster::LEASE, cluster::lease),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations" | "validatingwebhookconfigurations") => {
            p(cluster::WEBHOOKS, cluster::webhooks)
        }
        ("scheduling.k8s.io", "priorityclasses") => p(cluster::PRIORITY, cluster::priority),
        ("node.k8s.io", "runtimeclasses") => p(cluster::RUNTIME, cluster::runtime),
        ("certificates.k8s.io", "certificatesigningrequests") => p(cluster::SIGNING, cluster::signing),
        ("apiregistration.k8s.io", "apiservices") => p(cluster::API_SERVICE, cluster::api_service),
        ("", "configmaps") => p(config::CONFIG_MAP, config::config_map),
        ("", "secrets") => p(config::SECRET, config::secret),
        ("", "serviceaccounts") => p(config::NAME_AGE, config::name_age),
        ("", "resourcequotas") => p(config::QUOTA, config::quota),
        ("policy", "poddisruptionbudgets") => p(config::BUDGET, config::budget),
        ("autoscaling", "horizontalpodautoscalers") => p(config::AUTOSCALER, config::autoscaler),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => p(rights::BINDING, rights::binding),
        ("", "persistentvolumes") => p(storage::VOLUME, storage::volume),
        ("", "persistentvolumeclaims") => p(storage::CLAIM, storage::claim),
        ("storage.k8s.io", "storageclasses") => p(storage::CLASS, storage::class),
        ("storage.k8s.io", "volumeattachments") => p(storage::ATTACHMENT, storage::attachment),
        ("storage.k8s.io", "csinodes") => p(storage::CSI_NODE, storage::csi_node),
        _ => p(config::NAME_CREATED, config::name_created),
    }
}

#[cfg(test)]
mod tests {
    use super::printer;
    use serde_json::json;

    #[test]
    fn every_printer_fills_every_column_even_of_an_empty_object() {
        let now = "2026-01-01T01:00:00Z".parse().unwrap();
        for (group, resource) in [
            ("", "pods"),
            ("", "events"),
            ("apps", "deployments"),
            ("apps", "daemonsets"),
            ("batch", "jobs"),
            ("batch", "cronjobs"),
            ("", "services"),
            ("networking.k8s.io", "ingresses"),
            ("", "nodes"),
            ("", "persistentvolumes"),
            ("", "persistentvolumeclaims"),
            ("storage.k8s.io", "storageclasses"),
            ("autoscaling", "horizontalpodautoscalers"),
            ("policy", "poddisruptionbudgets"),
            ("", "limitranges"),
            ("rbac.authorization.k8s.io", "rolebindings"),
            ("discovery.k8s.io", "endpointslices"),
            ("apiregistration.k8s.io", "apiservices"),
            ("certificates.k8s.io", "certificatesigningrequests"),
        ] {
            let p = printer(group, resource);
            assert_eq!((p.cells)(&json!({}), now).len(), p.columns.len(), "{group}/{resource}");
        }
    }

    #[test]
    fn a_load_balancer_without_an_address_is_pending() {
        let now = "2026-01-01T01:00:00Z".parse().unwrap();
        let service = json!({"metadata": {"name": "t"}, "spec": {"type": "LoadBalancer", "clusterIPs": ["10.0.0.1"],
            "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}], "selector": {"b": "2", "a": "1"}}});
        let cells = (printer("", "services").cells)(&service, now);
        assert_eq!(cells[3..], [json!("<pending>"), json!("80:30080/TCP"), json!("<unknown>"), json!("a=1,b=2")]);
    }
}
