//! Defaults of pods and pod templates.

use serde_json::{Value, json};

use super::fill::set;

/// A pod's or a template's spec.
pub(super) fn spec(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    for key in ["initContainers", "containers"] {
        spec[key].as_array_mut().into_iter().flatten().for_each(container);
    }
    if spec["initContainers"].is_null() {
        spec.as_object_mut().map(|s| s.shift_remove("initContainers"));
    }
    for volume in spec["volumes"].as_array_mut().into_iter().flatten() {
        for source in ["configMap", "secret", "downwardAPI", "projected"] {
            if volume[source].is_object() {
                set(&mut volume[source], "defaultMode", 420);
            } else if volume[source].is_null() {
                volume.as_object_mut().map(|v| v.shift_remove(source));
            }
        }
    }
    if spec["volumes"].is_null() {
        spec.as_object_mut().map(|s| s.shift_remove("volumes"));
    }
    set(spec, "restartPolicy", "Always");
    set(spec, "terminationGracePeriodSeconds", 30);
    set(spec, "dnsPolicy", "ClusterFirst");
    set(spec, "securityContext", json!({}));
    set(spec, "schedulerName", "default-scheduler");
}

fn container(container: &mut Value) {
    let image = container["image"].as_str().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    let latest = !name.contains('@') && (name.ends_with(":latest") || !name.contains(':'));
    set(container, "imagePullPolicy", if latest { "Always" } else { "IfNotPresent" });
    set(container, "terminationMessagePath", "/dev/termination-log");
    set(container, "terminationMessagePolicy", "File");
    set(container, "resources", json!({}));
    if let Some(ports) = container.get_mut("ports").and_then(Value::as_array_mut) {
        ports.iter_mut().for_each(|port| set(port, "protocol", "TCP"));
    }
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get_mut(key).filter(|p| p.is_object()) else { continue };
        set(probe, "timeoutSeconds", 1);
        set(probe, "periodSeconds", 10);
        set(probe, "successThreshold", 1);
        set(probe, "failureThreshold", 3);
        if let Some(http) = probe.get_mut("httpGet") {
            set(http, "scheme", "HTTP");
            set(http, "path", "/");
        }
    }
    for env in container.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(field) = env.get_mut("valueFrom").and_then(|v| v.get_mut("fieldRef")) {
            set(field, "apiVersion", "v1");
        }
    }
    // A limit without a request is the request as well.
    let limits = container["resources"]["limits"].clone();
    if let Some(limits) = limits.as_object() {
        let resources = &mut container["resources"];
        set(resources, "requests", json!({}));
        for (name, amount) in limits {
            set(&mut resources["requests"], name, amount.clone());
        }
    }
}

/// What admission adds to every new pod.
pub(super) fn admission(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    set(spec, "serviceAccountName", "default");
    let account = spec["serviceAccountName"].clone();
    set(spec, "serviceAccount", account);
    set(spec, "priority", 0);
    set(spec, "preemptionPolicy", "PreemptLowerPriority");
    let tolerate =
        |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    set(spec, "tolerations", json!([]));
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        if let Some(list) = spec["tolerations"].as_array_mut()
            && !list.iter().any(|t| t["key"] == key || (t["key"].is_null() && t["operator"] == "Exists"))
        {
            list.push(tolerate(key));
        }
    }
}

/// The status of a pod that nobody has looked at yet.
pub(super) fn first_status(spec: &Value) -> Value {
    let mut status = json!({"phase": "Pending", "qosClass": quality(spec)});
    if spec["schedulingGates"].as_array().is_some_and(|g| !g.is_empty()) {
        status["conditions"] = json!([{
            "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
            "lastProbeTime": null, "lastTransitionTime": null,
        }]);
    }
    status
}

/// The quality of service class that a spec's requests and limits make.
pub(super) fn quality(spec: &Value) -> &'static str {
    let containers = || spec["containers"].as_array().into_iter().flatten();
    let has = |c: &Value, key: &str| c["resources"][key].as_object().is_some_and(|m| !m.is_empty());
    if containers().all(|c| !has(c, "limits") && !has(c, "requests")) {
        return "BestEffort";
    }
    let full = |c: &Value| {
        let limits = &c["resources"]["limits"];
        ["cpu", "memory"].iter().all(|r| !limits[r].is_null() && limits[r] == c["resources"]["requests"][r])
    };
    if containers().all(full) { "Guaranteed" } else { "Burstable" }
}
