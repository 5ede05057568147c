//! From an alert of Alertmanager to the object that it is about, by its labels.

use crate::link::Link;
use crate::overview::Overview;
use crate::resources::{Kind, ObjectRef};
use crate::text::clean_line;
use crate::{Problem, ProblemKind, Result};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// An alert: what is read of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    pub labels: BTreeMap<String, String>,
    /// The annotation `summary`, else `description` or `message`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// `firing` or `resolved`, where it is told.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
}

/// An object that an alert may be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub link: Link,
    /// `Certificate client-acme/api-tls`
    pub object: String,
    /// Which labels say so.
    pub why: String,
    /// The more, the surer.
    pub points: u8,
}

impl Alert {
    fn label(&self, names: &[&'static str]) -> Option<(&'static str, &str)> {
        names.iter().find_map(|n| self.labels.get(*n).filter(|v| !v.is_empty()).map(|v| (*n, v.as_str())))
    }
    /// Its name; `alert` where it has none.
    pub fn name(&self) -> &str {
        self.labels.get("alertname").map_or("alert", String::as_str)
    }
}

/// Reads what Alertmanager sends to a webhook (`alerts`), a list of alerts as its API gives it, one alert, its labels
/// alone, or labels as Prometheus writes them: `{alertname="X", namespace="y"}`. Those that fire come first.
///
/// # Errors
/// When it is none of these.
pub fn read(text: &str) -> Result<Vec<Alert>> {
    let wrong = |why: String| {
        Problem::new(ProblemKind::Invalid, "cannot read the alert", why)
            .next("give the JSON that Alertmanager sends to a webhook, or an alert's labels as a JSON object")
    };
    let text = text.trim();
    let mut found = match serde_json::from_str::<Value>(text) {
        Ok(value) => match (&value["alerts"], &value) {
            (Value::Array(all), _) | (_, Value::Array(all)) => all.iter().take(500).map(alert).collect(),
            _ => vec![alert(&value)],
        },
        Err(error) => {
            let labels = written(text);
            if labels.is_empty() {
                return Err(wrong(error.to_string()));
            }
            vec![Alert { labels, ..Alert::default() }]
        }
    };
    found.retain(|a: &Alert| !a.labels.is_empty());
    if found.is_empty() {
        return Err(wrong("there is no alert with labels in it".into()));
    }
    found.sort_by_key(|a| a.status == "resolved");
    Ok(found)
}

fn alert(value: &Value) -> Alert {
    let text = |v: &Value| clean_line(&crate::intern::bounded(v.as_str().unwrap_or_default())).into_owned();
    let labels = if value["labels"].is_object() { &value["labels"] } else { value };
    let labels = labels.as_object().into_iter().flatten().take(200);
    let labels = labels.filter(|(_, v)| v.is_string()).map(|(k, v)| (clean_line(k).into_owned(), text(v))).collect();
    let notes = &value["annotations"];
    let summary = ["summary", "description", "message"].iter().map(|n| text(&notes[*n])).find(|t| !t.is_empty());
    // The API tells the state in an object.
    let status = if value["status"].is_object() { text(&value["status"]["state"]) } else { text(&value["status"]) };
    Alert { labels, summary: summary.unwrap_or_default(), status }
}

/// `key="value"` pairs.
fn written(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("=\"") {
        let key: String = before.chars().rev().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let Some((value, then)) = after.split_once('"') else { break };
        if !key.is_empty() {
            labels.insert(key.chars().rev().collect(), clean_line(value).into_owned());
        }
        rest = then;
    }
    labels
}

/// Labels that name an object, as kube-state-metrics and its neighbours have them, the surest first: points, label,
/// group, version, kind, plural, whether it is in a namespace.
const OBJECTS: &[(u8, &str, &str, &str, &str, &str, bool)] = &[
    (72, "persistentvolumeclaim", "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    (71, "cronjob", "batch", "v1", "CronJob", "cronjobs", true),
    (70, "job_name", "batch", "v1", "Job", "jobs", true),
    (69, "deployment", "apps", "v1", "Deployment", "deployments", true),
    (68, "statefulset", "apps", "v1", "StatefulSet", "statefulsets", true),
    (67, "daemonset", "apps", "v1", "DaemonSet", "daemonsets", true),
    (66, "horizontalpodautoscaler", "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
    (65, "ingress", "networking.k8s.io", "v1", "Ingress", "ingresses", true),
    (60, "pod", "", "v1", "Pod", "pods", true),
    (55, "node", "", "v1", "Node", "nodes", false),
    (45, "service", "", "v1", "Service", "services", true),
    (10, "namespace", "", "v1", "Namespace", "namespaces", false),
];

/// What an alert may be about in a cluster, the surest first.
pub fn candidates(alert: &Alert, seen: &Overview) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut add = |points: u8, object: &ObjectRef, view: &str, why: String| {
        let link = Link::to(&seen.context, object, view);
        // A label may hold what is no name at all: that leads nowhere.
        if Link::parse(&link.to_string()).ok().as_ref() != Some(&link) {
            return;
        }
        if !found.iter().any(|f| f.link == link && f.points >= points) {
            found.retain(|f| f.link != link);
            found.push(Candidate { link, object: object.to_string(), why, points });
        }
    };
    // Prometheus renames a label of the metric that the scraped pod has too.
    let namespace = alert.label(&["exported_namespace", "namespace", "destination_namespace", "kubernetes_namespace"]);
    let about_certificates = alert.label(&["issuer_name", "issuer_kind", "secret_name", "certificate"]).is_some()
        || alert.name().to_lowercase().contains("cert");
    if let Some((label, name)) = alert.label(&["certificate", "exported_name", "name", "certificate_name"]) {
        let same = seen.certificates.iter().filter(|c| &*c.name == name);
        for c in same {
            match namespace {
                Some((n, value)) if value == &*c.namespace => {
                    add(if about_certificates { 100 } else { 75 }, &c.object, "chain", format!("{n} and {label}"));
                }
                _ if about_certificates => add(50, &c.object, "chain", format!("{label}; of another namespace")),
                _ => {}
            }
        }
    }
    if let Some((label, name)) = alert.label(&["secret_name", "secret"]) {
        let spaces = alert.label(&["secret_namespace"]).or(namespace);
        for c in seen.certificates.iter().filter(|c| &*c.secret == name) {
            if let Some((n, _)) = spaces.filter(|(_, value)| *value == &*c.namespace) {
                add(95, &c.object, "chain", format!("{n} and {label}"));
            }
        }
    }
    let hosts = ["host", "hostname", "instance", "target", "dns_name", "domain", "common_name", "subject_CN", "cn"];
    for label in hosts {
        let Some(host) = alert.labels.get(label).and_then(|v| host(v)) else { continue };
        let covers =
            |c: &&crate::certificates::CertificateView| crate::certificates::names::any_covers(&c.hosts, &host);
        for c in seen.certificates.iter().filter(covers) {
            // The one that a route of the host uses is the one that is served.
            let used = c.used_by.iter().any(|h| **h == *host);
            add(if used { 90 } else { 80 }, &c.object, "chain", format!("{label}: {host}"));
        }
        for r in seen.routes.iter().filter(|r| *r.host == *host) {
            add(if about_certificates { 40 } else { 85 }, &r.object, "describe", format!("{label}: {host}"));
        }
    }
    for (points, label, group, version, kind, plural, namespaced) in OBJECTS {
        let Some(name) = alert.labels.get(*label).filter(|v| !v.is_empty()) else { continue };
        let kind = Kind::of(group, version, kind, plural, *namespaced);
        match namespace {
            _ if !namespaced => add(*points, &ObjectRef::new(kind, "", name), "describe", (*label).to_owned()),
            Some((n, value)) => {
                add(*points, &ObjectRef::new(kind, value, name), "describe", format!("{n} and {label}"));
            }
            None => {}
        }
    }
    found.sort_by(|a, b| b.points.cmp(&a.points).then_with(|| a.object.cmp(&b.object)));
    found
}

/// The host of a URL, of `host:port` or of a host; `None` for addresses and for what is no host.
fn host(text: &str) -> Option<String> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = rest.rsplit_once('@').map_or(rest, |(_, h)| h).split(':').next().unwrap_or_default();
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    (host.contains('.') && host.parse::<std::net::IpAddr>().is_err()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::CertificateView;
    use crate::overview::testing::{at, world};

    fn best(text: &str, seen: &Overview) -> Option<String> {
        let alert = read(text).unwrap().remove(0);
        candidates(&alert, seen).first().map(|c| c.object.clone())
    }

    #[test]
    fn labels_of_the_usual_exporters_lead_to_the_page() {
        let now = at("2026-11-20T03:00:00Z");
        let seen = Overview::derive(&world("ominis", now), now);
        let bad: &CertificateView = seen.certificate("client-acme", "api-tls").expect("the broken one");
        let (namespace, name) = (&bad.namespace, &bad.name);
        let wanted = Some(bad.object.to_string());
        // cert-manager's metrics, scraped with and without honor_labels.
        let own = format!(
            r#"{{"alertname":"CertManagerCertNotReady","name":"{name}","namespace":"{namespace}","issuer_name":"x","pod":"cert-manager-1"}}"#
        );
        assert_eq!(best(&own, &seen), wanted);
        let renamed = format!(
            r#"{{"version":"4","alerts":[{{"status":"resolved","labels":{{"alertname":"Other","namespace":"a"}}}},
               {{"status":"firing","labels":{{"alertname":"CertExpiry","name":"{name}","exported_namespace":"{namespace}",
               "namespace":"cert-manager","pod":"cert-manager-1"}},"annotations":{{"summary":"soon"}}}}]}}"#
        );
        assert_eq!(best(&renamed, &seen), wanted);
        // The blackbox exporter probes a URL.
        let host = &bad.hosts[0];
        let probed =
            format!(r#"{{"labels":{{"alertname":"SSLCertExpiringSoon","instance":"https://{host}:443/health"}}}}"#);
        assert_eq!(best(&probed, &seen), wanted);
        assert_eq!(
            best(
                r#"ALERTS{alertname="KubePodCrashLooping", namespace="a", pod="b-1", job="kube-state-metrics"}"#,
                &seen
            ),
            Some("Pod a/b-1".into())
        );
        assert_eq!(best(r#"{"alertname":"Watchdog"}"#, &seen), None);
        assert_eq!(best(r#"{"namespace":"a","instance":"10.0.0.1:9100"}"#, &seen), Some("Namespace a".into()));
        let nameless = r#"{"alertname":"X","namespace":"a","pod":"b/c","deployment":"..","service":"d"}"#;
        assert_eq!(best(nameless, &seen), Some("Service a/d".into()), "what is no name is passed over");
        for wrong in ["", "hello", "[]", "{}", "42", r#"{"alerts":[]}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
