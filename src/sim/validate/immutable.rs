//! Fields that may not change once written.

use serde_json::{Value, json};

use crate::{status::Cause, storage::KindInfo};

fn invalid(field: &str, value: &Value, text: &str) -> Cause {
    Cause { reason: "FieldValueInvalid", message: format!("Invalid value: {value}: {text}"), field: field.to_owned() }
}

fn forbidden(field: &str, text: &str) -> Cause {
    Cause { reason: "FieldValueForbidden", message: format!("Forbidden: {text}"), field: field.to_owned() }
}

/// What an update changes that it may not.
pub(super) fn check(kind: &KindInfo, old: &Value, new: &Value) -> Vec<Cause> {
    let mut found = Vec::new();
    let (before, after) = (&old["spec"], &new["spec"]);
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("apps", "deployments" | "replicasets" | "daemonsets" | "statefulsets")
            if before["selector"] != after["selector"] =>
        {
            if kind.plural == "statefulsets" {
                found.push(forbidden("spec", STATEFUL));
            } else {
                found.push(invalid("spec.selector", &after["selector"], "field is immutable"));
            }
        }
        ("apps", "statefulsets") => {
            let fixed = ["serviceName", "volumeClaimTemplates", "podManagementPolicy"];
            if fixed.iter().any(|key| before[key] != after[key]) {
                found.push(forbidden("spec", STATEFUL));
            }
        }
        ("batch", "jobs") => {
            for key in ["selector", "template", "completions"] {
                if before[key] != after[key]
                    && !(key == "template" && before["suspend"] == true)
                    && !(key == "completions" && before["completionMode"] == "Indexed")
                {
                    found.push(invalid(&format!("spec.{key}"), &after[key], "field is immutable"));
                }
            }
        }
        ("", "pods") => pod(before, after, &mut found),
        ("", "services") => {
            let (was, is) = (&before["clusterIP"], &after["clusterIP"]);
            if was.is_string() && is.is_string() && was != is && after["type"] != "ExternalName" {
                found.push(invalid("spec.clusterIPs[0]", &Value::Array(vec![is.clone()]), "may not change once set"));
            }
        }
        ("", "secrets" | "configmaps") => {
            if kind.plural == "secrets" && old["type"] != new["type"] {
                found.push(invalid("type", &new["type"], "field is immutable"));
            }
            if old["immutable"] == true {
                for key in ["data", "binaryData"] {
                    if old[key] != new[key] {
                        found.push(forbidden(key, "field is immutable when `immutable` is set"));
                    }
                }
                if new["immutable"] != true {
                    found.push(forbidden("immutable", "field is immutable when `immutable` is set"));
                }
            }
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") if old["roleRef"] != new["roleRef"] => {
            // Shown by its Go field names.
            let role = &new["roleRef"];
            let shown = json!({"APIGroup": role["apiGroup"], "Kind": role["kind"], "Name": role["name"]});
            found.push(invalid("roleRef", &shown, "cannot change roleRef"));
        }
        ("certificates.k8s.io", "certificatesigningrequests") => answered(old, new, &mut found),
        ("storage.k8s.io", "storageclasses") => {
            for key in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
                if old[key] != new[key] {
                    found.push(forbidden(key, &format!("updates to {key} are forbidden.")));
                }
            }
        }
        ("apiextensions.k8s.io", _) => {
            for key in ["group", "scope"] {
                if before[key] != after[key] {
                    found.push(invalid(&format!("spec.{key}"), &after[key], "field is immutable"));
                }
            }
        }
        _ => {}
    }
    found
}

const STATEFUL: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const POD: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

fn pod(before: &Value, after: &Value, found: &mut Vec<Cause>) {
    let frame = |spec: &Value| {
        let mut spec = spec.clone();
        if let Some(map) = spec.as_object_mut() {
            for key in [
                "activeDeadlineSeconds",
                "tolerations",
                "terminationGracePeriodSeconds",
                "schedulingGates",
                "ephemeralContainers",
            ] {
                map.shift_remove(key);
            }
        }
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(map) = container.as_object_mut() {
                    for key in ["image", "resources", "imagePullPolicy"] {
                        map.shift_remove(key);
                    }
                }
            }
        }
        spec
    };
    if frame(before) != frame(after) {
        found.push(forbidden("spec", POD));
    }
}

/// Approved, Denied and Failed are for good.
fn answered(old: &Value, new: &Value, found: &mut Vec<Cause>) {
    let has = |object: &Value, kind: &str| {
        object["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(|c| c["type"] == kind))
    };
    for kind in ["Approved", "Denied", "Failed"] {
        if has(old, kind) && !has(new, kind) {
            let text = format!("updates may not remove a condition of type \"{kind}\"");
            found.push(forbidden("status.conditions", &text));
        }
    }
    if has(new, "Approved") && has(new, "Denied") {
        let text = "Approved and Denied conditions are mutually exclusive";
        found.push(invalid("status.conditions", &new["status"]["conditions"][0]["type"], text));
    }
}
