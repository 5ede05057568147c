//! What needs the whole world: endpoints, quotas in use, budgets, autoscalers,
//! issuers, Helm releases, events.

use super::build::Builder;
use crate::shapes::event::{Happening, event};
use crate::shapes::{helm, network, times};
use crate::table::age;
use crate::value::{at, condition, int, labels_match, list, map, name, namespace, text};
use serde_json::{Map, Value, json};

/// The part of a workload that its chart renders, as YAML; `declares`: where it differs from what runs.
fn rendered(object: &Value, declares: &Value) -> String {
    let containers = object["spec"]["template"]["spec"]["containers"].as_array();
    let Some(containers) = containers else { return String::new() };
    let containers: Vec<Value> = containers.iter().map(|c| json!({"name": c["name"], "image": c["image"]})).collect();
    let mut spec = json!({"template": {"spec": {"containers": containers}}});
    if object["spec"]["replicas"].is_u64() {
        spec["replicas"] = object["spec"]["replicas"].clone();
    }
    for (field, value) in declares.as_object().into_iter().flatten() {
        match field.as_str() {
            "image" => spec["template"]["spec"]["containers"][0]["image"] = value.clone(),
            field => spec[field] = value.clone(),
        }
    }
    // JSON is YAML.
    format!("spec: {spec}\n")
}

impl Builder {
    /// Completes the world.
    pub fn settle(&mut self) {
        let mut made = Vec::new();
        let pods: Vec<&Value> = self.objects.iter().filter(|o| o["kind"] == "Pod").collect();
        for service in self.objects.iter().filter(|o| o["kind"] == "Service") {
            let created = age::time(service, "metadata.creationTimestamp").unwrap_or(self.now);
            let near: Vec<&Value> = pods.iter().copied().filter(|p| namespace(p) == namespace(service)).collect();
            made.extend(network::endpoints(service, &near, created));
        }
        let mut changes: Vec<(usize, (&str, Value))> = Vec::new();
        let roles: Vec<Value> = self.objects.iter().filter(|o| o["kind"] == "ClusterRole").cloned().collect();
        for (i, object) in self.objects.iter().enumerate() {
            let change = match text(object, "kind") {
                "ResourceQuota" => ("status", quota_status(object, &pods)),
                "PodDisruptionBudget" => ("status", budget_status(object, &pods)),
                "ClusterRole" if object["aggregationRule"].is_object() => {
                    ("rules", crate::rbac::cluster_role_rules(object, &roles).into())
                }
                _ => continue,
            };
            changes.push((i, change));
        }
        drop(pods);
        for (i, (key, value)) in changes {
            self.objects[i][key] = value;
        }
        self.objects.extend(made);
        for document in std::mem::take(&mut self.later) {
            let object = &document.object;
            if object["helm"].is_object() {
                let releases = self.releases(&object["helm"]);
                self.objects.extend(releases);
            } else {
                let events = self.happened(&object["event"]);
                self.objects.extend(events);
            }
        }
    }

    /// All kept revisions of a release: the last one in its state, the former ones superseded.
    fn releases(&self, hint: &Value) -> Vec<Value> {
        let (release, ns) = (text(hint, "name"), text(hint, "namespace"));
        let revision = int(hint, "revision").max(1);
        let ago = |key: &str, other: i64| hint[key].as_str().and_then(times::seconds).unwrap_or(other);
        let last = ago("age", 30 * 86_400);
        let first = ago("installed", last.max(120 * 86_400));
        let manifest: String = self
            .objects
            .iter()
            .filter(|o| namespace(o) == ns && o["metadata"]["ownerReferences"].is_null())
            .filter(|o| {
                matches!(
                    text(o, "kind"),
                    "Deployment" | "StatefulSet" | "DaemonSet" | "Service" | "Ingress" | "ServiceAccount" | "ConfigMap"
                )
            })
            .filter(|o| !matches!(name(o), "default" | "kube-root-ca.crt"))
            .map(|o| {
                let (api, kind) = (text(o, "apiVersion"), text(o, "kind"));
                let (chart, file) = (text(hint, "chart"), kind.to_lowercase());
                let spec = rendered(o, &hint["declares"][name(o)]);
                format!(
                    "---\n# Source: {chart}/templates/{file}.yaml\napiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {}\n{spec}",
                    name(o)
                )
            })
            .collect();
        let values = match &hint["values"] {
            Value::Null => json!({}),
            given => given.clone(),
        };
        (0..revision.min(3))
            .map(|back| {
                let number = revision - back;
                let at_time = times::shift(self.now, -(last + (first - last) * back / revision.max(1)));
                let (status, description) = match (back, text(hint, "status")) {
                    (0, "") => ("deployed", if revision == 1 { "Install complete" } else { "Upgrade complete" }),
                    (0, status) => (status, hint["description"].as_str().unwrap_or("Upgrade complete")),
                    _ => ("superseded", "Upgrade complete"),
                };
                let release = helm::Release {
                    name: release,
                    namespace: ns,
                    chart: (text(hint, "chart"), text(hint, "version")),
                    app_version: text(hint, "appVersion"),
                    revision: number,
                    status,
                    description,
                    values: &values,
                    first: times::shift(self.now, -first),
                    at: at_time,
                };
                helm::secret(&release, &manifest)
            })
            .collect()
    }

    /// An event about every object that the hint names (`name` may end in `*`).
    fn happened(&self, hint: &Value) -> Vec<Value> {
        let wanted = text(hint, "name");
        let fits = |n: &str| wanted.strip_suffix('*').map_or(n == wanted, |start| n.starts_with(start));
        let when =
            |key: &str, other: i64| times::shift(self.now, hint[key].as_str().and_then(times::offset).unwrap_or(other));
        self.objects
            .iter()
            .filter(|o| o["kind"] == hint["kind"] && namespace(o) == text(hint, "namespace") && fits(name(o)))
            .map(|o| {
                let what = Happening {
                    warning: hint["type"] == "Warning",
                    reason: text(hint, "reason"),
                    message: text(hint, "message").to_owned(),
                    source: text(hint, "source"),
                    host: text(hint, "host"),
                    field: text(hint, "field").to_owned(),
                    count: int(hint, "count"),
                };
                event(
                    o,
                    &what,
                    when("first", -60),
                    when("last", hint["first"].as_str().and_then(times::offset).unwrap_or(-60)),
                )
            })
            .collect()
    }
}

/// Used of hard for what pods and common objects consume.
pub(crate) fn quota_status(quota: &Value, pods: &[&Value]) -> Value {
    let mine: Vec<&&Value> = pods
        .iter()
        .filter(|p| namespace(p) == namespace(quota) && !matches!(text(p, "status.phase"), "Succeeded" | "Failed"))
        .collect();
    let sum = |part: &str, resource: &str, parse: fn(&str) -> i64| -> i64 {
        mine.iter()
            .flat_map(|p| list(p, "spec.containers"))
            .filter_map(|c| at(c, "resources")[part][resource].as_str().map(parse))
            .sum()
    };
    let mut used = Map::new();
    for key in map(quota, "spec.hard").into_iter().flat_map(Map::keys) {
        let (part, resource) = key.split_once('.').unwrap_or(("requests", key));
        let value = match (part, resource) {
            ("requests" | "limits", "cpu") => millis_text(sum(part, "cpu", millis)),
            ("requests" | "limits", "memory") => mebibytes_text(sum(part, "memory", mebibytes)),
            (_, "pods") => mine.len().to_string(),
            _ => "0".into(),
        };
        used.insert(key.clone(), value.into());
    }
    json!({"hard": at(quota, "spec.hard"), "used": used})
}

/// CPU in thousandths of a core.
pub fn millis(text: &str) -> i64 {
    match text.strip_suffix('m') {
        Some(m) => m.parse().unwrap_or(0),
        None => (text.parse::<f64>().unwrap_or(0.0) * 1000.0) as i64,
    }
}

fn millis_text(m: i64) -> String {
    if m % 1000 == 0 { (m / 1000).to_string() } else { format!("{m}m") }
}

/// In the largest unit that is exact, as the API server writes quantities.
fn mebibytes_text(m: i64) -> String {
    if m > 0 && m % 1024 == 0 { format!("{}Gi", m / 1024) } else { format!("{m}Mi") }
}

/// Memory in mebibytes; only the suffixes that worlds use.
pub fn mebibytes(text: &str) -> i64 {
    match text.strip_suffix("Gi") {
        Some(g) => g.parse::<i64>().unwrap_or(0) * 1024,
        None => text.strip_suffix("Mi").and_then(|m| m.parse().ok()).unwrap_or(0),
    }
}

/// Pods of a disruption budget and how many may go.
pub(crate) fn budget_status(budget: &Value, pods: &[&Value]) -> Value {
    let chosen = map(budget, "spec.selector.matchLabels");
    let mine: Vec<&&Value> = pods
        .iter()
        .filter(|p| namespace(p) == namespace(budget) && labels_match(chosen, map(p, "metadata.labels")))
        .collect();
    let expected = mine.len() as i64;
    let stays = |p: &Value| p["metadata"]["deletionTimestamp"].is_null();
    let healthy = mine.iter().filter(|p| condition(p, "Ready")["status"] == "True" && stays(p)).count() as i64;
    // A number, or a share of the pods that is rounded up.
    let share = |field: &str| match at(budget, field).as_str().and_then(|s| s.strip_suffix('%')?.parse::<i64>().ok()) {
        Some(percent) => Some((expected * percent + 99) / 100),
        None => at(budget, field).as_i64(),
    };
    let desired = match (share("spec.minAvailable"), share("spec.maxUnavailable")) {
        (Some(min), _) => min,
        (_, Some(max)) => expected - max,
        _ => expected,
    };
    let generation = at(budget, "metadata.generation").as_i64().unwrap_or(1);
    let allowed = (healthy - desired).max(0);
    json!({
        "currentHealthy": healthy, "desiredHealthy": desired, "disruptionsAllowed": allowed, "expectedPods": expected,
        "observedGeneration": generation,
        "conditions": [{
            "type": "DisruptionAllowed", "status": if allowed > 0 { "True" } else { "False" },
            "reason": if allowed > 0 { "SufficientPods" } else { "InsufficientPods" }, "message": "", "observedGeneration": generation,
            "lastTransitionTime": at(budget, "metadata.creationTimestamp"),
        }],
    })
}
