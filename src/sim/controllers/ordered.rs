//! Stateful sets (in order, with claims) and daemon sets (one a node).

use super::cluster::{Cluster, active, leaving, nodes, ready};
use crate::shapes::names;
use crate::shapes::workload::{self, Counts};
use crate::value::{at, label, list, name, namespace, text};
use serde_json::{Value, json};

const APPS: &str = "apps/v1";

fn current(pod: &Value, owner: &Value, revision: &str) -> bool {
    // Pods that a world came with carry the hash of the template as it was written there.
    label(pod, "controller-revision-hash") == Some(revision)
        || label(pod, "controller-revision-hash") == at(owner, "status.currentRevision").as_str()
            && at(owner, "status.updateRevision") == at(owner, "status.currentRevision")
}

/// One step of a stateful set.
pub(super) fn statefulset(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(s) = cluster.find(APPS, "StatefulSet", ns, object).filter(|s| !leaving(s)) else { return };
    super::history::record(cluster, &s);
    let wanted = at(&s, "spec.replicas").as_i64().unwrap_or(1);
    let seen = at(&s, "status.observedGeneration").as_i64().unwrap_or(0);
    let changed = seen != at(&s, "metadata.generation").as_i64().unwrap_or(1);
    let revision = match text(&s, "status.updateRevision") {
        "" => format!("{}-{}", name(&s), workload::template_hash(&s["spec"]["template"])),
        known if !changed => known.to_owned(),
        known => {
            let pods = cluster.owned("v1", "Pod", &s);
            let same = pods.iter().all(|p| same_template(p, &s["spec"]["template"]));
            if same {
                known.to_owned()
            } else {
                format!("{}-{}", name(&s), workload::template_hash(&s["spec"]["template"]))
            }
        }
    };
    let parallel = text(&s, "spec.podManagementPolicy") == "Parallel";
    let mut pods = cluster.owned("v1", "Pod", &s);
    let all_there = pods.len();
    pods.retain(active);
    let ordinal = |p: &Value| name(p).rsplit('-').next().and_then(|n| n.parse::<i64>().ok()).unwrap_or(0);
    pods.sort_by_key(ordinal);
    let mut waiting = false;
    for i in 0..wanted {
        let pod_name = format!("{}-{i}", name(&s));
        match pods.iter().find(|p| name(p) == pod_name) {
            Some(p) => waiting |= !ready(p),
            None if (waiting && !parallel) || cluster.find("v1", "Pod", ns, &pod_name).is_some() => waiting = true,
            None => {
                create(cluster, &s, &pod_name, i, &revision);
                waiting = true;
            }
        }
    }
    if let Some(last) = pods.iter().rev().find(|p| ordinal(p) >= wanted) {
        cluster.say(
            &s,
            "statefulset-controller",
            "SuccessfulDelete",
            format!("delete Pod {} in StatefulSet {object} successful", name(last)),
        );
        cluster.delete(last, None);
    } else if !waiting
        && all_there == pods.len()
        && text(&s, "spec.updateStrategy.type") != "OnDelete"
        && let Some(stale) = pods
            .iter()
            .rev()
            .find(|p| label(p, "controller-revision-hash") != Some(&revision) && !current(p, &s, &revision))
    {
        cluster.delete(stale, None);
    }
    let up = pods.iter().filter(|p| ready(p)).count() as i64;
    let updated = pods.iter().filter(|p| label(p, "controller-revision-hash") == Some(&revision)).count() as i64;
    let mut status =
        workload::statefulset_status(&s, Counts { desired: wanted, current: pods.len() as i64, updated, ready: up });
    status["updateRevision"] = revision.clone().into();
    status["currentRevision"] =
        if updated == wanted { revision } else { text(&s, "status.currentRevision").to_owned() }.into();
    cluster.set_status(&s, "kube-controller-manager", status);
}

/// Whether a pod was made from this template, as far as an edit would show.
fn same_template(pod: &Value, template: &Value) -> bool {
    let images = |v: &Value, path: &str| {
        list(v, path)
            .iter()
            .map(|c| (text(c, "image").to_owned(), c["env"].clone(), c["args"].clone(), c["resources"].clone()))
            .collect::<Vec<_>>()
    };
    let restarted = |v: &Value| at(v, "metadata.annotations").get("kubectl.kubernetes.io/restartedAt").cloned();
    images(pod, "spec.containers") == images(template, "spec.containers") && restarted(pod) == restarted(template)
}

fn create(cluster: &mut Cluster, s: &Value, pod_name: &str, index: i64, revision: &str) {
    let mut template = s["spec"]["template"].clone();
    for claim in list(s, "spec.volumeClaimTemplates") {
        let claim_name = format!("{}-{pod_name}", name(claim));
        if cluster.find("v1", "PersistentVolumeClaim", namespace(s), &claim_name).is_none() {
            cluster.put(
                json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                       "metadata": {"name": claim_name, "namespace": namespace(s), "labels": at(s, "spec.selector.matchLabels")},
                       "spec": claim["spec"], "status": {"phase": "Pending"}}),
                "kube-controller-manager",
            );
        }
        let entry = json!({"name": name(claim), "persistentVolumeClaim": {"claimName": claim_name}});
        match template["spec"]["volumes"].as_array_mut() {
            Some(volumes) => volumes.push(entry),
            None => template["spec"]["volumes"] = json!([entry]),
        }
    }
    let labels = vec![
        ("apps.kubernetes.io/pod-index", index.to_string()),
        ("controller-revision-hash", revision.to_owned()),
        ("statefulset.kubernetes.io/pod-name", pod_name.to_owned()),
    ];
    cluster.spawn(s, &template, pod_name.to_owned(), labels, true);
}

/// One step of a daemon set: a pod on each node, at most one renewed at a time.
pub(super) fn daemonset(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(d) = cluster.find(APPS, "DaemonSet", ns, object).filter(|d| !leaving(d)) else { return };
    super::history::record(cluster, &d);
    let everywhere = list(&d, "spec.template.spec.tolerations").iter().any(|t| t["operator"] == "Exists");
    let targets: Vec<String> = if everywhere {
        cluster.store.all("v1", "Node", None).iter().map(|n| name(n).to_owned()).collect()
    } else {
        nodes(&cluster.store).into_iter().map(|n| n.0).collect()
    };
    let mut pods = cluster.owned("v1", "Pod", &d);
    let all_there = pods.len();
    pods.retain(active);
    let template = d["spec"]["template"].clone();
    let revision = workload::template_hash(&template);
    let mut whole = all_there == pods.len();
    for node in &targets {
        match pods.iter().find(|p| text(p, "spec.nodeName") == node) {
            Some(p) => whole &= ready(p),
            None => {
                let pinned = cluster.owned("v1", "Pod", &d).iter().any(|p| text(p, "spec.nodeName") == node);
                whole = false;
                if !pinned {
                    let fresh = cluster.fresh();
                    let pod_name = format!("{object}-{}", names::suffix(&[crate::value::uid(&d), node, &fresh], 5));
                    let mut template = template.clone();
                    template["spec"]["nodeName"] = node.clone().into();
                    cluster.spawn(&d, &template, pod_name, vec![("controller-revision-hash", revision.clone())], true);
                }
            }
        }
    }
    if whole && let Some(stale) = pods.iter().find(|p| !same_template(p, &template)) {
        cluster.delete(stale, None);
    }
    let up = pods.iter().filter(|p| ready(p)).count() as i64;
    let updated = pods.iter().filter(|p| same_template(p, &template)).count() as i64;
    let counts = Counts { desired: targets.len() as i64, current: pods.len() as i64, updated, ready: up };
    cluster.set_status(&d, "kube-controller-manager", workload::daemonset_status(&d, counts));
}
