//! How far a workload has come to what its spec says, by the rules of `kubectl rollout status`.

use super::action::Progress;
use crate::resources::ObjectRef;
use serde_json::Value;

/// What replacing the pods of a workload costs its users, where it costs something.
pub(crate) fn gap(reference: &ObjectRef, object: &Value) -> Option<String> {
    let spec = &object["spec"];
    let replicas = spec["replicas"].as_i64().unwrap_or(1);
    let single = "one replica: it is away until the new pod is ready";
    let words = match reference.kind.plural.as_str() {
        _ if spec["replicas"] == 0 => return None,
        "deployments" if spec["strategy"]["type"] == "Recreate" => {
            "strategy Recreate, all pods end before new ones start"
        }
        "deployments" if replicas == 1 => match &spec["strategy"]["rollingUpdate"]["maxUnavailable"] {
            // A share of one replica is rounded down, but for all of it.
            Value::String(share) if share != "100%" => return None,
            Value::Null => return None,
            Value::Number(n) if n.as_i64() == Some(0) => return None,
            _ => single,
        },
        "deployments" => return None,
        _ if spec["updateStrategy"]["type"] == "OnDelete" => "strategy OnDelete, pods stay until somebody deletes them",
        "statefulsets" if replicas == 1 => single,
        _ => return None,
    };
    Some(format!("{reference}: {words}"))
}

/// Progress of a workload; `None` for kinds whose status says nothing of it.
pub fn progress(object: Option<&Value>) -> Option<Progress> {
    let Some(object) = object else { return Some(Progress::Failed("was deleted meanwhile".into())) };
    let (spec, status) = (&object["spec"], &object["status"]);
    let number = |field: &str| status[field].as_i64().unwrap_or(0);
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let kind = object["kind"].as_str().unwrap_or_default();
    if !matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") {
        return None;
    }
    if number("observedGeneration") < object["metadata"]["generation"].as_i64().unwrap_or(0) {
        return Some(Progress::Going("waits for its controller".into()));
    }
    Some(match kind {
        "Deployment" => {
            let conditions = status["conditions"].as_array();
            let stuck = conditions.into_iter().flatten().find(|c| c["reason"] == "ProgressDeadlineExceeded");
            let (updated, all, available) =
                (number("updatedReplicas"), number("replicas"), number("availableReplicas"));
            if let Some(condition) = stuck {
                let why = condition["message"].as_str().unwrap_or("its progress deadline has passed");
                Progress::Failed(crate::text::clean_line(why).into_owned())
            } else if spec["paused"] == true && updated < wanted {
                Progress::Failed("is paused: resume it to go on".into())
            } else if updated < wanted {
                Progress::Going(format!("{updated} of {wanted} replicas updated"))
            } else if all > updated {
                Progress::Going(format!("{} old replicas still ending", all - updated))
            } else if available < updated {
                Progress::Going(format!("{available} of {updated} replicas available"))
            } else {
                Progress::Done(format!("{available} of {wanted} replicas available"))
            }
        }
        "DaemonSet" if spec["updateStrategy"]["type"] != "OnDelete" => {
            let (wanted, updated) = (number("desiredNumberScheduled"), number("updatedNumberScheduled"));
            let available = number("numberAvailable");
            match (updated < wanted, available < wanted) {
                (true, _) => Progress::Going(format!("{updated} of {wanted} pods updated")),
                (_, true) => Progress::Going(format!("{available} of {wanted} pods available")),
                _ => Progress::Done(format!("{available} of {wanted} pods available")),
            }
        }
        "StatefulSet" if spec["updateStrategy"]["type"] != "OnDelete" => {
            let partition = spec["updateStrategy"]["rollingUpdate"]["partition"].as_i64().unwrap_or(0);
            let (ready, updated) = (number("readyReplicas"), number("updatedReplicas"));
            let to_update = (wanted - partition).max(0);
            let new_revision = status["updateRevision"] != status["currentRevision"];
            if number("replicas") > wanted {
                Progress::Going(format!("{} replicas still ending", number("replicas") - wanted))
            } else if ready < wanted {
                Progress::Going(format!("{ready} of {wanted} replicas ready"))
            } else if new_revision && updated < to_update {
                Progress::Going(format!("{updated} of {to_update} replicas updated"))
            } else {
                Progress::Done(format!("{ready} of {wanted} replicas ready"))
            }
        }
        "ReplicaSet" => {
            let (all, ready) = (number("replicas"), number("readyReplicas"));
            match all == wanted && ready == wanted {
                true => Progress::Done(format!("{ready} of {wanted} replicas ready")),
                false => Progress::Going(format!("{ready} of {wanted} replicas ready")),
            }
        }
        _ => Progress::Done("pods follow when they are deleted (OnDelete)".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(status: Value) -> Value {
        json!({"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 3}, "status": status})
    }

    #[test]
    fn a_restart_says_when_users_will_notice() {
        let of = |plural: &str, spec: Value| {
            let kind = crate::resources::Kind::of("apps", "v1", "K", plural, true);
            gap(&ObjectRef::new(kind, "a", "b"), &json!({ "spec": spec }))
        };
        let rolling = |n: Value| json!({"replicas": 1, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": n}}});
        assert_eq!(of("deployments", rolling(json!("25%"))), None, "the new pod comes first");
        assert!(of("deployments", rolling(json!(1))).is_some_and(|w| w.contains("is away until")));
        assert!(of("deployments", json!({"replicas": 3, "strategy": {"type": "Recreate"}})).is_some());
        assert!(of("statefulsets", json!({"replicas": 1})).is_some());
        assert_eq!(of("statefulsets", json!({"replicas": 2})), None);
    }

    #[test]
    fn a_rollout_is_told_as_kubectl_tells_it() {
        let tell = |status| match progress(Some(&deployment(status))) {
            Some(Progress::Going(t)) => format!("… {t}"),
            Some(Progress::Done(t)) => format!("✓ {t}"),
            Some(Progress::Failed(t)) => format!("✗ {t}"),
            None => "nothing".into(),
        };
        assert_eq!(tell(json!({"observedGeneration": 1, "updatedReplicas": 3})), "… waits for its controller");
        assert_eq!(tell(json!({"observedGeneration": 2, "updatedReplicas": 1})), "… 1 of 3 replicas updated");
        assert_eq!(
            tell(json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 4})),
            "… 1 old replicas still ending"
        );
        let full = json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 3});
        assert_eq!(tell(full), "✓ 3 of 3 replicas available");
        let stuck = json!({"observedGeneration": 2, "conditions": [{"reason": "ProgressDeadlineExceeded", "message": "timed out"}]});
        assert_eq!(tell(stuck), "✗ timed out");
        assert!(matches!(progress(None), Some(Progress::Failed(_))));
        assert_eq!(progress(Some(&json!({"kind": "Prometheus"}))), None);
    }
}
