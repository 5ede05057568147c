//! Tables of the other kinds: columns and cells as the server computes them.

use crate::talk::{Keep, Talk, as_table, get, patch, post};
use serde_json::{Value, json};

/// An object of each kind that has columns of its own, and its table.
pub fn talk(t: &mut Talk) {
    for (group, plural, object, status) in namespaced() {
        show(t, &format!("/{group}/namespaces/NS/{plural}"), plural, object, status);
    }
    for (group, plural, object, status) in cluster_wide() {
        show(t, &format!("/{group}/{plural}"), plural, object, status);
    }
}

type Sample = (&'static str, &'static str, Value, Value);

fn show(t: &mut Talk, path: &str, plural: &str, object: Value, status: Value) {
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    t.quietly(post(path, object));
    if !status.is_null() {
        t.quietly(patch("merge", &format!("{path}/{name}/status"), json!({ "status": status })));
    }
    let kept = Keep::Only(&[
        "/columnDefinitions/*/name",
        "/columnDefinitions/*/type",
        "/columnDefinitions/*/format",
        "/columnDefinitions/*/priority",
        "/rows/*/cells",
    ]);
    t.ask_for(plural, as_table(get(&format!("{path}/{name}"))), kept);
}

fn template() -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
        {"name": "web", "image": "web:1"}, {"name": "proxy", "image": "proxy:2"}]}})
}

fn job_template() -> Value {
    let mut template = template();
    template["spec"]["restartPolicy"] = json!("Never");
    template
}

fn namespaced() -> Vec<Sample> {
    let selector = json!({"matchLabels": {"app": "web"}});
    let http = json!({"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]});
    vec![
        (
            "apis/apps/v1",
            "deployments",
            json!({"metadata": {"name": "web"}, "spec": {"replicas": 3, "selector": selector, "template": template()}}),
            json!({"replicas": 3, "updatedReplicas": 2, "readyReplicas": 1, "availableReplicas": 1}),
        ),
        (
            "apis/apps/v1",
            "replicasets",
            json!({"metadata": {"name": "web"}, "spec": {"replicas": 2, "selector": selector, "template": template()}}),
            json!({"replicas": 2, "readyReplicas": 1}),
        ),
        (
            "apis/apps/v1",
            "statefulsets",
            json!({"metadata": {"name": "db"}, "spec": {"replicas": 2, "serviceName": "db", "selector": selector, "template": template()}}),
            json!({"replicas": 2, "readyReplicas": 1}),
        ),
        (
            "apis/apps/v1",
            "daemonsets",
            json!({"metadata": {"name": "agent"}, "spec": {"selector": selector, "template": template()}}),
            json!({"desiredNumberScheduled": 5, "currentNumberScheduled": 4, "numberReady": 3, "updatedNumberScheduled": 2, "numberAvailable": 1, "numberMisscheduled": 0}),
        ),
        (
            "apis/batch/v1",
            "jobs",
            json!({"metadata": {"name": "night"}, "spec": {"completions": 3, "parallelism": 2, "template": job_template()}}),
            json!({"succeeded": 1, "startTime": "2026-01-01T00:00:00Z"}),
        ),
        (
            "apis/batch/v1",
            "cronjobs",
            json!({"metadata": {"name": "nightly"}, "spec": {"schedule": "0 3 * * *", "timeZone": "Europe/Paris", "suspend": true,
            "jobTemplate": {"spec": {"template": job_template()}}}}),
            Value::Null,
        ),
        (
            "api/v1",
            "services",
            json!({"metadata": {"name": "db"}, "spec": {"clusterIP": "None", "selector": {"app": "db"}, "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 53, "protocol": "UDP"}]}}),
            Value::Null,
        ),
        (
            "api/v1",
            "configmaps",
            json!({"metadata": {"name": "m"}, "data": {"a": "1", "b": "2"}, "binaryData": {"c": "aGk="}}),
            Value::Null,
        ),
        (
            "api/v1",
            "secrets",
            json!({"metadata": {"name": "s"}, "type": "kubernetes.io/tls", "data": {"tls.crt": "", "tls.key": ""}}),
            Value::Null,
        ),
        ("api/v1", "serviceaccounts", json!({"metadata": {"name": "robot"}}), Value::Null),
        (
            "api/v1",
            "persistentvolumeclaims",
            json!({"metadata": {"name": "data"}, "spec": {"storageClassName": "fast", "accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "resources": {"requests": {"storage": "8Gi"}}}}),
            json!({"phase": "Pending"}),
        ),
        (
            "api/v1",
            "endpoints",
            json!({"metadata": {"name": "web"}, "subsets": [{"addresses": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}], "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}]}),
            Value::Null,
        ),
        (
            "api/v1",
            "resourcequotas",
            json!({"metadata": {"name": "q"}, "spec": {"hard": {"pods": "10", "requests.cpu": "2", "limits.cpu": "4"}}}),
            json!({"hard": {"pods": "10", "requests.cpu": "2", "limits.cpu": "4"}, "used": {"pods": "1", "requests.cpu": "100m", "limits.cpu": "1"}}),
        ),
        ("api/v1", "limitranges", json!({"metadata": {"name": "l"}, "spec": {"limits": []}}), Value::Null),
        (
            "apis/discovery.k8s.io/v1",
            "endpointslices",
            json!({"metadata": {"name": "web"}, "addressType": "IPv4", "ports": [{"name": "a", "port": 80}], "endpoints": [{"addresses": ["10.0.0.1"]}, {"addresses": ["10.0.0.2"]}]}),
            Value::Null,
        ),
        (
            "apis/networking.k8s.io/v1",
            "ingresses",
            json!({"metadata": {"name": "web"}, "spec": {"ingressClassName": "traefik", "tls": [{"hosts": ["a.example.org"]}],
            "rules": [{"host": "a.example.org", "http": http}, {"host": "b.example.org", "http": http}]}}),
            json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.example.org"}]}}),
        ),
        (
            "apis/networking.k8s.io/v1",
            "networkpolicies",
            json!({"metadata": {"name": "deny"}, "spec": {"podSelector": selector}}),
            Value::Null,
        ),
        (
            "apis/autoscaling/v2",
            "horizontalpodautoscalers",
            json!({"metadata": {"name": "web"}, "spec": {"minReplicas": 1, "maxReplicas": 5, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]}}),
            json!({"currentReplicas": 2, "desiredReplicas": 2, "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 41, "averageValue": "41m"}}}], "conditions": []}),
        ),
        (
            "apis/policy/v1",
            "poddisruptionbudgets",
            json!({"metadata": {"name": "web"}, "spec": {"maxUnavailable": "25%", "selector": selector}}),
            json!({"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3}),
        ),
        (
            "apis/rbac.authorization.k8s.io/v1",
            "roles",
            json!({"metadata": {"name": "reader"}, "rules": []}),
            Value::Null,
        ),
        (
            "apis/rbac.authorization.k8s.io/v1",
            "rolebindings",
            json!({"metadata": {"name": "readers"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "User", "name": "anna", "apiGroup": "rbac.authorization.k8s.io"}, {"kind": "Group", "name": "crew", "apiGroup": "rbac.authorization.k8s.io"}, {"kind": "ServiceAccount", "name": "robot", "namespace": "ship"}]}),
            Value::Null,
        ),
        (
            "apis/coordination.k8s.io/v1",
            "leases",
            json!({"metadata": {"name": "helm"}, "spec": {"holderIdentity": "anna"}}),
            Value::Null,
        ),
        (
            "api/v1",
            "events",
            json!({"metadata": {"name": "web.1"}, "involvedObject": {"kind": "Pod", "namespace": "NS", "name": "web-0", "fieldPath": "spec.containers{web}"},
            "type": "Warning", "reason": "BackOff", "message": "Back-off restarting", "count": 12, "source": {"component": "kubelet", "host": "berth-1"},
            "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:01:00Z"}),
            Value::Null,
        ),
    ]
}

fn cluster_wide() -> Vec<Sample> {
    vec![
        ("api/v1", "namespaces", json!({"metadata": {"name": "NS-quay"}}), Value::Null),
        (
            "api/v1",
            "nodes",
            json!({"metadata": {"name": "NS-berth", "labels": {"node-role.kubernetes.io/control-plane": "", "node-role.kubernetes.io/worker": ""}}, "spec": {"unschedulable": true}}),
            json!({"conditions": [{"type": "Ready", "status": "True"}], "addresses": [{"type": "InternalIP", "address": "10.1.0.1"}],
                "nodeInfo": {"kubeletVersion": "v1.36.3", "osImage": "Anchor Linux", "kernelVersion": "6.12", "containerRuntimeVersion": "containerd://2.1", "architecture": "amd64", "bootID": "", "kubeProxyVersion": "", "machineID": "", "operatingSystem": "linux", "systemUUID": ""}}),
        ),
        (
            "api/v1",
            "persistentvolumes",
            json!({"metadata": {"name": "NS-volume"}, "spec": {"capacity": {"storage": "8Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain", "storageClassName": "fast", "hostPath": {"path": "/x"}}}),
            Value::Null,
        ),
        (
            "apis/storage.k8s.io/v1",
            "storageclasses",
            json!({"metadata": {"name": "NS-fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "example.org/disk", "volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": true}),
            Value::Null,
        ),
        (
            "apis/networking.k8s.io/v1",
            "ingressclasses",
            json!({"metadata": {"name": "NS-traefik"}, "spec": {"controller": "traefik.io/ingress-controller"}}),
            Value::Null,
        ),
        (
            "apis/rbac.authorization.k8s.io/v1",
            "clusterroles",
            json!({"metadata": {"name": "NS-reader"}, "rules": []}),
            Value::Null,
        ),
        (
            "apis/rbac.authorization.k8s.io/v1",
            "clusterrolebindings",
            json!({"metadata": {"name": "NS-readers"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "User", "name": "anna", "apiGroup": "rbac.authorization.k8s.io"}]}),
            Value::Null,
        ),
        (
            "apis/scheduling.k8s.io/v1",
            "priorityclasses",
            json!({"metadata": {"name": "NS-high"}, "value": 1000, "preemptionPolicy": "Never"}),
            Value::Null,
        ),
    ]
}
