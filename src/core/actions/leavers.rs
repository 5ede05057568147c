//! Which pods of a node go when it is drained, which stay, and which would lose something, by the rules of
//! `kubectl drain`.

use super::run::Blocked;
use crate::cluster::{Cluster, Request};
use crate::resources::{Kind, ObjectRef};
use crate::{ProblemKind, Result};
use serde_json::Value;

/// What a person has allowed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowed {
    /// Pods without a controller, which nobody makes again.
    pub force: bool,
    /// Data in emptyDir volumes, which goes with the pod.
    pub empty_dir: bool,
}

/// What becomes of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is evicted; with a warning where something is lost.
    Goes(Option<String>),
    Stays(&'static str),
    /// Not without a flag; what would be lost, and the flag.
    Refused(String, &'static str),
}

/// A pod's fate. `orphaned`: its DaemonSet is gone.
pub(crate) fn fate(pod: &Value, allowed: Allowed, orphaned: bool) -> Fate {
    let meta = &pod["metadata"];
    let finished = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if daemon_set(pod).is_some() && !finished && !orphaned {
        return Fate::Stays("of DaemonSets");
    }
    if !meta["annotations"]["kubernetes.io/config.mirror"].is_null() {
        return Fate::Stays("static, the node's own");
    }
    if finished {
        return Fate::Goes(None);
    }
    let mut warning = None;
    let volumes = pod["spec"]["volumes"].as_array();
    if let Some(volume) = volumes.into_iter().flatten().find(|v| !v["emptyDir"].is_null()) {
        let what = format!("the data in its emptyDir {} is lost", volume["name"].as_str().unwrap_or_default());
        if !allowed.empty_dir {
            return Fate::Refused(what, "--delete-emptydir-data");
        }
        warning = Some(what);
    }
    let owner = meta["ownerReferences"].as_array().into_iter().flatten().find(|o| o["controller"] == true);
    if owner.is_none() || orphaned {
        let what = "nobody makes it again, it has no controller".to_owned();
        if !allowed.force {
            return Fate::Refused(what, "--force");
        }
        warning = Some(what);
    }
    Fate::Goes(warning)
}

/// The DaemonSet that a pod says it is of.
fn daemon_set(pod: &Value) -> Option<&str> {
    let owners = pod["metadata"]["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|o| o["controller"] == true)?;
    (owner["kind"] == "DaemonSet" && owner["apiVersion"] == "apps/v1").then(|| owner["name"].as_str()).flatten()
}

/// Whether the DaemonSet of a pod is gone; one that may not be read is there.
pub(crate) async fn orphaned(cluster: &Cluster, pod: &Value) -> bool {
    let Some(name) = daemon_set(pod) else { return false };
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let path = format!("/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}");
    let found: Result<Value> = cluster.json(Request::get(path)).await;
    found.is_err_and(|p| p.kind == ProblemKind::NotFound)
}

/// The disruption budgets of a namespace, or of all; none when they may not be read.
pub(crate) async fn budgets(cluster: &Cluster, namespace: Option<&str>) -> Vec<Value> {
    let place = namespace.map(|n| format!("namespaces/{n}/")).unwrap_or_default();
    let list: Result<Value> = cluster.json(Request::get(format!("/apis/policy/v1/{place}poddisruptionbudgets"))).await;
    list.ok().and_then(|l| l["items"].as_array().cloned()).unwrap_or_default()
}

/// The budget that lets no pod like this one go at the moment, how it stands, and what helps.
pub(crate) fn held_by(budgets: &[Value], pod: &Value) -> Option<Blocked> {
    let budget = budgets.iter().find(|b| {
        b["metadata"]["namespace"] == pod["metadata"]["namespace"]
            && b["status"]["disruptionsAllowed"].as_i64().unwrap_or(0) <= 0
            && picks(&b["spec"]["selector"], &pod["metadata"]["labels"])
    })?;
    let (status, name) = (&budget["status"], budget["metadata"]["name"].as_str().unwrap_or_default());
    let number = |field: &str| status[field].as_i64().unwrap_or(0);
    let (healthy, needed, expected) = (number("currentHealthy"), number("desiredHealthy"), number("expectedPods"));
    let kind = Kind::of("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true);
    let next = if needed >= expected {
        // It waits for ever, unless somebody does something.
        format!("it lets none of its {expected} pods go: add a replica, or let the budget allow one")
    } else {
        format!("it lets one go when {} of its pods are ready", needed + 1)
    };
    Some(Blocked {
        object: ObjectRef::new(kind, budget["metadata"]["namespace"].as_str().unwrap_or_default(), name),
        name: format!("PodDisruptionBudget {}", crate::text::clean_line(name)),
        why: format!("{healthy} healthy, {needed} needed"),
        next,
    })
}

/// `PodDisruptionBudget api (2 healthy, 2 needed)`
pub(crate) fn in_words(blocked: &Blocked) -> String {
    format!("{} ({})", blocked.name, blocked.why)
}

/// Whether a LabelSelector picks these labels; an empty one picks all, none at all picks nothing (policy/v1).
fn picks(selector: &Value, labels: &Value) -> bool {
    if !selector.is_object() {
        return false;
    }
    let equal = selector["matchLabels"].as_object().into_iter().flatten().all(|(k, v)| labels[k] == *v);
    equal
        && selector["matchExpressions"].as_array().into_iter().flatten().all(|e| {
            let there = &labels[e["key"].as_str().unwrap_or_default()];
            let named = e["values"].as_array().is_some_and(|values| values.contains(there));
            match e["operator"].as_str() {
                Some("In") => named,
                Some("NotIn") => !named,
                Some("Exists") => !there.is_null(),
                Some("DoesNotExist") => there.is_null(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_would_be_lost_stays_until_it_is_allowed() {
        let owned = |kind: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": "x", "controller": true}]);
        let pod = |owners: Value, volumes: Value| json!({"metadata": {"ownerReferences": owners}, "spec": {"volumes": volumes}, "status": {"phase": "Running"}});
        let (none, all) = (Allowed::default(), Allowed { force: true, empty_dir: true });
        let plain = pod(owned("ReplicaSet"), json!([]));
        assert_eq!(fate(&plain, none, false), Fate::Goes(None));
        let agent = pod(owned("DaemonSet"), json!([]));
        assert_eq!(fate(&agent, all, false), Fate::Stays("of DaemonSets"));
        assert!(matches!(fate(&agent, none, true), Fate::Refused(_, "--force")), "its DaemonSet is gone");
        let scratch = pod(owned("ReplicaSet"), json!([{"name": "tmp", "emptyDir": {}}]));
        assert!(matches!(fate(&scratch, none, false), Fate::Refused(_, "--delete-emptydir-data")));
        assert!(matches!(fate(&scratch, all, false), Fate::Goes(Some(_))));
        let mut bare = pod(Value::Null, json!([]));
        assert!(matches!(fate(&bare, none, false), Fate::Refused(_, "--force")));
        bare["status"]["phase"] = "Succeeded".into();
        assert_eq!(fate(&bare, none, false), Fate::Goes(None), "a finished pod has nothing to lose");
        let mirror = json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}});
        assert!(matches!(fate(&mirror, all, false), Fate::Stays(_)));
    }

    #[test]
    fn the_budget_that_holds_a_pod_is_named() {
        let pod = json!({"metadata": {"namespace": "a", "labels": {"app": "api"}}});
        let budget = |allowed: i64, selector: Value| {
            json!({"metadata": {"namespace": "a", "name": "api"}, "spec": {"selector": selector},
                "status": {"disruptionsAllowed": allowed, "currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 2}})
        };
        let api = json!({"matchLabels": {"app": "api"}});
        let held = held_by(&[budget(0, api.clone())], &pod).unwrap();
        assert_eq!(in_words(&held), "PodDisruptionBudget api (2 healthy, 2 needed)");
        assert!(held.next.contains("none of its 2 pods"), "who waits is told that it waits for ever: {}", held.next);
        assert_eq!(held_by(&[budget(1, api)], &pod), None);
        assert!(held_by(&[budget(0, json!({}))], &pod).is_some(), "an empty selector picks every pod");
        let other = json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]});
        assert_eq!(held_by(&[budget(0, other)], &pod), None);
    }
}
