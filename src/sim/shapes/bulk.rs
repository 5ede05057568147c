//! Many objects for measurements: pods of 6.5 KB each, as they are on a real
//! cluster with managed fields, and certificates.

use super::pod_state::{self, PodState};
use super::{names, pod, times};
use crate::value::set;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Namespaces the pods are spread over.
pub const NAMESPACES: usize = 20;

/// The namespace of the `i`th bulk object.
pub fn namespace(i: usize) -> String {
    format!("bulk-{:02}", i % NAMESPACES)
}

/// The `i`th pod. One in fifty is not well.
pub fn pod(i: usize, node: (&str, &str), now: Timestamp) -> Value {
    let (ns, app) = (namespace(i), format!("service-{:03}", i / NAMESPACES % 250));
    let hash = names::suffix(&["bulk", &ns, &app], 10);
    let pod_name = format!("{app}-{hash}-{}", names::suffix(&["bulk-pod", &i.to_string()], 5));
    let age = 600 + names::number(&["bulk-age", &i.to_string()], 40 * 86_400) as i64;
    let created = times::shift(now, -age);
    let rs = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": format!("{app}-{hash}"), "namespace": ns, "uid": names::uid(&["ReplicaSet", &ns, &app])},
    });
    let identity = pod::Identity {
        uid: names::uid(&["bulk", &i.to_string()]),
        name: pod_name,
        created,
        node: Some(node.0),
        labels: vec![("pod-template-hash", hash.clone())],
        generate_name: Some(format!("{app}-{hash}-")),
    };
    let mut object = pod::pod(&rs, &template(&app, i), &identity);
    let mut state = PodState::default();
    match i % 50 {
        17 => (state.kind, state.restarts, state.since) = ("crashloop".into(), 3 + (i % 40) as i64, 130),
        33 if i % 100 == 33 => state.kind = "imagepull".into(),
        41 if i % 200 == 41 => state.kind = "notready".into(),
        _ => {}
    }
    let ip = format!("10.{}.{}.{}", 128 + i / 62_500 % 100, i / 250 % 250, i % 250 + 2);
    pod_state::apply(&mut object, &state, times::shift(created, 4), now, node.1, &ip);
    set(&mut object, "metadata.managedFields", managed_fields(&identity.uid, created));
    object
}

fn template(app: &str, i: usize) -> Value {
    json!({
        "metadata": {
            "labels": {
                "app.kubernetes.io/name": app, "app.kubernetes.io/instance": app, "app.kubernetes.io/version": format!("1.{}.0", i % 30),
                "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": format!("{app}-0.{}.1", i % 20), "team": format!("team-{}", i % 7),
            },
            "annotations": {
                "checksum/config": names::long_id(&["config", app]), "prometheus.io/scrape": "true", "prometheus.io/port": "9090",
                "prometheus.io/path": "/metrics",
            },
        },
        "spec": {
            "serviceAccountName": app,
            "containers": [{
                "name": "app", "image": format!("registry.example.com/platform/{app}:1.{}.0", i % 30),
                "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
                "env": [
                    {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
                    {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}},
                    {"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": format!("{app}-database"), "key": "url"}}},
                    {"name": "LOG_LEVEL", "value": "info"},
                ],
                "envFrom": [{"configMapRef": {"name": format!("{app}-config")}}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
                "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "initialDelaySeconds": 10},
                "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}},
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true, "runAsNonRoot": true},
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "config", "mountPath": "/etc/app", "readOnly": true}],
            }],
            "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "config", "configMap": {"name": format!("{app}-config"), "defaultMode": 420}}],
        },
    })
}

fn managed_fields(uid: &str, created: Timestamp) -> Value {
    let e = || json!({});
    let env = |name: &str| (format!("k:{{\"name\":\"{name}\"}}"), json!({".": {}, "f:name": {}, "f:value": {}}));
    let envs: serde_json::Map<String, Value> =
        ["POD_NAME", "POD_NAMESPACE", "DATABASE_URL", "LOG_LEVEL"].into_iter().map(env).collect();
    let probe = json!({".": {}, "f:failureThreshold": {}, "f:httpGet": {".": {}, "f:path": {}, "f:port": {}, "f:scheme": {}},
        "f:periodSeconds": {}, "f:successThreshold": {}, "f:timeoutSeconds": {}});
    let container = json!({".": {}, "f:env": envs, "f:envFrom": e(), "f:image": e(), "f:imagePullPolicy": e(),         "f:name": e(), "f:ports": {".": {}, "k:{\"containerPort\":8080,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:name": {}, "f:protocol": {}}},
        "f:readinessProbe": probe, "f:resources": {".": {}, "f:limits": {".": {}, "f:memory": {}}, "f:requests": {".": {}, "f:cpu": {}, "f:memory": {}}},
        "f:securityContext": {".": {}, "f:allowPrivilegeEscalation": {}, "f:readOnlyRootFilesystem": {}, "f:runAsNonRoot": {}},
        "f:terminationMessagePath": {}, "f:terminationMessagePolicy": {}});
    let owner = format!("k:{{\"uid\":\"{uid}\"}}");
    let condition = |kind: &str| {
        (
            format!("k:{{\"type\":\"{kind}\"}}"),
            json!({".": {}, "f:lastProbeTime": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {}}),
        )
    };
    let conditions: serde_json::Map<String, Value> =
        ["ContainersReady", "Initialized", "PodReadyToStartContainers", "Ready"].into_iter().map(condition).collect();
    json!([
        {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": times::text(created), "fieldsType": "FieldsV1",
         "fieldsV1": {"f:metadata": {"f:annotations": {".": {}, "f:checksum/config": {}}, "f:generateName": {}, "f:labels": {".": {}, "f:pod-template-hash": {}},
            "f:ownerReferences": {".": {}, owner: {}}},
          "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": container}, "f:dnsPolicy": {}, "f:enableServiceLinks": {}, "f:restartPolicy": {},
            "f:schedulerName": {}, "f:securityContext": {}, "f:serviceAccount": {}, "f:serviceAccountName": {}, "f:terminationGracePeriodSeconds": {}}}},
        {"manager": "kubelet", "operation": "Update", "apiVersion": "v1", "time": times::text(times::shift(created, 6)), "fieldsType": "FieldsV1", "subresource": "status",
         "fieldsV1": {"f:status": {"f:conditions": conditions, "f:containerStatuses": {}, "f:hostIP": {}, "f:hostIPs": {}, "f:phase": {}, "f:podIP": {}, "f:podIPs": {}, "f:startTime": {}}}},
    ])
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_bulk_pod_is_as_large_as_a_real_one() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let sizes: Vec<usize> =
            (0..100).map(|i| super::pod(i, ("node-1", "192.0.2.1"), now).to_string().len()).collect();
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((6000..7200).contains(&mean), "mean size {mean} bytes");
    }
}
