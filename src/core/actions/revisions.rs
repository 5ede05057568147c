//! Former states of a workload: ReplicaSets of a Deployment by their revision annotation, ControllerRevisions of a
//! StatefulSet or DaemonSet. What `kubectl rollout history` lists and `kubectl rollout undo` goes back to.

use crate::cluster::{Cluster, Request};
use crate::resources::family::pod_selector;
use crate::resources::{Kind, ObjectRef};
use crate::text::clean_line;
use crate::{Problem, ProblemKind, Result};
use serde_json::{Map, Value};

/// The annotation by which the deployment controller numbers ReplicaSets.
pub(crate) const REVISION: &str = "deployment.kubernetes.io/revision";
/// Added to a ReplicaSet's template and selector by the deployment controller.
const HASH: &str = "pod-template-hash";
/// Annotations that belong to the Deployment itself and do not go back with a revision (kubectl's `annotationsToSkip`).
const OF_THE_DEPLOYMENT: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

/// A former (or the present) state of a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    pub number: i64,
    /// The ReplicaSet or ControllerRevision that keeps it.
    pub name: String,
    /// When it was made, as the server says.
    pub created: String,
    /// `kubernetes.io/change-cause`, where somebody has written one.
    pub cause: String,
    /// The pod template, without what controllers add.
    pub template: Value,
    /// A Deployment's annotations at that time; `None` for the other kinds, which keep theirs.
    annotations: Option<Map<String, Value>>,
}

impl Revision {
    /// Images in the order of the containers: `app=a:1 log=l:1`.
    pub fn images(&self) -> String {
        let containers = self.template["spec"]["containers"].as_array();
        let words = containers
            .into_iter()
            .flatten()
            .map(|c| format!("{}={}", c["name"].as_str().unwrap_or_default(), c["image"].as_str().unwrap_or_default()));
        clean_line(&words.collect::<Vec<_>>().join(" ")).into_owned()
    }

    /// The annotations that the Deployment has after going back: its own bookkeeping, and those of the revision.
    pub(crate) fn annotations(&self, object: &Value) -> Option<Value> {
        let theirs = self.annotations.as_ref()?;
        let own = object["metadata"]["annotations"].as_object().into_iter().flatten();
        let mut all: Map<String, Value> =
            own.filter(|(k, _)| skipped(k)).map(|(k, v)| (k.clone(), v.clone())).collect();
        all.extend(theirs.iter().filter(|(k, _)| !skipped(k)).map(|(k, v)| (k.clone(), v.clone())));
        Some(Value::Object(all))
    }
}

fn skipped(key: &str) -> bool {
    OF_THE_DEPLOYMENT.contains(&key)
}

/// Whether a kind keeps its former states.
pub fn has_revisions(kind: &Kind) -> bool {
    kind.group == "apps" && matches!(kind.plural.as_str(), "deployments" | "statefulsets" | "daemonsets")
}

/// Where the former states of a kind are kept.
pub(crate) fn keeper(kind: &Kind) -> Kind {
    match kind.plural.as_str() {
        "deployments" => Kind::of("apps", "v1", "ReplicaSet", "replicasets", true),
        _ => Kind::of("apps", "v1", "ControllerRevision", "controllerrevisions", true),
    }
}

/// All states of a workload that are still kept, oldest first.
///
/// # Errors
/// When they cannot be listed.
pub async fn revisions(cluster: &Cluster, workload: &ObjectRef, object: &Value) -> Result<Vec<Revision>> {
    let uid = object["metadata"]["uid"].as_str().unwrap_or(&workload.uid);
    let mut request = Request::list(&keeper(&workload.kind), workload.namespace());
    if let Some(selector) = pod_selector(object) {
        request = request.query("labelSelector", selector);
    }
    let list: Value = cluster.json(request).await?;
    let mut found: Vec<Revision> = list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|item| {
            let owners = item["metadata"]["ownerReferences"].as_array();
            owners.into_iter().flatten().any(|o| o["controller"] == true && o["uid"] == uid)
        })
        .filter_map(read)
        .collect();
    found.sort_by_key(|r| r.number);
    Ok(found)
}

fn read(item: &Value) -> Option<Revision> {
    let meta = &item["metadata"];
    let (number, template, annotations) = if item["data"].is_object() {
        (item["revision"].as_i64()?, &item["data"]["spec"]["template"], None)
    } else {
        let number = meta["annotations"][REVISION].as_str()?.parse().ok()?;
        (number, &item["spec"]["template"], Some(meta["annotations"].as_object().cloned().unwrap_or_default()))
    };
    let text = |v: &Value| clean_line(v.as_str().unwrap_or_default()).into_owned();
    Some(Revision {
        number,
        name: text(&meta["name"]),
        created: text(&meta["creationTimestamp"]),
        cause: text(&meta["annotations"]["kubernetes.io/change-cause"]),
        template: bare(template),
        annotations,
    })
}

/// A template without what controllers add, and without `null`.
pub(crate) fn bare(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(map) = template.as_object_mut() {
        map.shift_remove("$patch");
    }
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.shift_remove(HASH);
    }
    without_null(&mut template);
    template
}

fn without_null(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, v| !v.is_null());
            map.values_mut().for_each(without_null);
        }
        Value::Array(list) => list.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// The revision of this number, or the one before the present one when no number is given.
///
/// # Errors
/// When there is none.
pub(crate) fn choose<'a>(
    all: &'a [Revision],
    number: Option<i64>,
    object: &Value,
    workload: &ObjectRef,
) -> Result<&'a Revision> {
    let no = |why: String| {
        let known: Vec<String> = all.iter().map(|r| format!("{} ({})", r.number, r.images())).collect();
        let next = if known.is_empty() {
            "its controller keeps none: look at spec.revisionHistoryLimit".into()
        } else {
            format!("there are {}", known.join(", "))
        };
        Problem::new(ProblemKind::Invalid, "cannot go back", why).on(workload.to_string()).next(next)
    };
    match number.filter(|n| *n > 0) {
        Some(number) => {
            all.iter().find(|r| r.number == number).ok_or_else(|| no(format!("revision {number} is not kept")))
        }
        // As kubectl: the second newest.
        None => match all {
            [.., former, _] => Ok(former),
            _ => Err(no("there is no former revision".into())),
        },
    }
    .and_then(|r| match r.template == bare(&object["spec"]["template"]) {
        true => Err(no(format!("it is as in revision {} already", r.number))),
        false => Ok(r),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(number: &str, image: &str) -> Value {
        json!({"metadata": {"name": format!("api-{number}"), "annotations": {REVISION: number, "team": "red"}},
            "spec": {"template": {"metadata": {"creationTimestamp": null, "labels": {"app": "api", HASH: number}},
                "spec": {"containers": [{"name": "app", "image": image}]}}}})
    }

    #[test]
    fn the_second_newest_is_the_former_one_and_a_number_is_taken_by_its_word() {
        let all: Vec<Revision> = [set("1", "a:1"), set("2", "a:2"), set("4", "a:4")].iter().filter_map(read).collect();
        let workload = ObjectRef::new(Kind::of("apps", "v1", "Deployment", "deployments", true), "x", "api");
        let object = json!({"metadata": {"annotations": {REVISION: "4", "mine": "1"}},
            "spec": {"template": all[2].template}});
        assert_eq!(choose(&all, None, &object, &workload).unwrap().number, 2);
        let first = choose(&all, Some(1), &object, &workload).unwrap();
        assert_eq!(first.template["metadata"], json!({"labels": {"app": "api"}}));
        assert_eq!(first.annotations(&object), Some(json!({REVISION: "4", "team": "red"})));
        let gone = choose(&all, Some(3), &object, &workload).unwrap_err();
        assert!(gone.next.contains("2 (app=a:2)"), "{gone}");
        assert!(choose(&all, Some(4), &object, &workload).unwrap_err().why.contains("already"));
        assert!(choose(&all[..1], None, &object, &workload).is_err());
    }
}
