//! From a kind to what is told of it.

use serde_json::Value;

use super::{Description, access, certificate, generic, network, pod, storage, workload};
use crate::resources::yaml;

/// Describes an object. `now` is in seconds since 1970; `events` are those about it, in any order.
/// Values of Secrets are never shown.
pub fn describe(object: &Value, events: &[Value], now: i64) -> Description {
    let mut masked = object.clone();
    yaml::mask_secret(&mut masked);
    let (full, object) = (object, &masked);
    let kind = object["kind"].as_str().unwrap_or("Object");
    let group = object["apiVersion"].as_str().and_then(|v| v.split_once('/')).map_or("", |(g, _)| g);
    let mut d = Description::new(kind, object);
    generic::metadata(&mut d, object, now);
    match (group, kind) {
        ("", "Pod") => pod::pod(&mut d, object, now),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => workload::workload(&mut d, object, now),
        ("batch", "Job" | "CronJob") => workload::batch(&mut d, object, now),
        ("", "Service") => network::service(&mut d, object),
        ("networking.k8s.io", "Ingress") => network::ingress(&mut d, object),
        ("discovery.k8s.io", "EndpointSlice") => network::endpoint_slice(&mut d, object),
        ("", "Node") => storage::node(&mut d, object, now),
        ("", "PersistentVolumeClaim") => storage::claim(&mut d, object),
        ("", "Secret") => storage::secret(&mut d, full),
        ("", "ConfigMap") => storage::config_map(&mut d, object),
        ("cert-manager.io" | "acme.cert-manager.io", _) => certificate::certificate(&mut d, object, now),
        ("rbac.authorization.k8s.io", _) => access::role(&mut d, object),
        _ => generic::body(&mut d, object),
    }
    generic::conditions(&mut d, object, now);
    generic::events(&mut d, events, now);
    d
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_pod_tells_why_it_does_not_run() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "api-1", "namespace": "client-acme", "creationTimestamp": crate::clock::format_time(NOW - 600),
                "ownerReferences": [{"kind": "ReplicaSet", "name": "api", "controller": true}]},
            "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "a:1", "resources": {"limits": {"memory": "64Mi"}}}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1",
                "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
                "containerStatuses": [{"name": "main", "ready": false, "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                    "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": crate::clock::format_time(NOW - 30)}}}]},
        });
        let events = [
            json!({"type": "Warning", "reason": "BackOff", "message": "Back-off\u{1b}[2J restarting", "count": 4, "lastTimestamp": crate::clock::format_time(NOW - 20)}),
        ];
        let text = describe(&pod, &events, NOW).to_text();
        for part in [
            "ReplicaSet api",
            "CrashLoopBackOff",
            "OOMKilled",
            "exit code 137",
            "30s ago",
            "memory 64Mi",
            "BackOff",
            "×4",
            "10m",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_secret_shows_sizes_and_never_values() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "Opaque", "data": {"password": "aHVudGVyMg=="}});
        let text = describe(&secret, &[], NOW).to_text();
        assert!(text.contains("password") && text.contains("7 bytes") && !text.contains("aHVudGVyMg"), "{text}");
    }

    #[test]
    fn any_kind_is_told_by_its_fields() {
        let object = json!({"apiVersion": "x.io/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"size": 3, "deep": {"list": ["a", "b"]}}, "status": {"phase": "Good"}});
        let text = describe(&object, &[], NOW).to_text();
        for part in ["Thing", "size", "3", "a, b", "phase", "Good"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}
