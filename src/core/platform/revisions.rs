//! ReplicaSets as the revisions of their Deployments.

use super::view::Operation;
use crate::clock::parse_time;
use crate::findings::cause;
use crate::resources::{Kind, Level, ObjectRef};
use serde_json::Value;

/// The revisions of these Deployments among ReplicaSets as the server lists them, the latest first.
pub fn of(deployments: &[ObjectRef], replica_sets: &[Value]) -> Vec<Operation> {
    let kind = Kind::of("apps", "v1", "ReplicaSet", "replicasets", true);
    let mut found: Vec<Operation> = Vec::new();
    for set in replica_sets {
        let meta = &set["metadata"];
        let text = |v: &Value| cause::line(v.as_str().unwrap_or_default(), 120);
        let owners = meta["ownerReferences"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(owner) = deployments.iter().find(|d| owners.iter().any(|o| o["uid"].as_str() == Some(&*d.uid))) else {
            continue;
        };
        let revision = text(&meta["annotations"]["deployment.kubernetes.io/revision"]);
        let images: Vec<String> = set["spec"]["template"]["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| text(&c["image"]).rsplit('/').next().unwrap_or_default().to_owned())
            .collect();
        let (ready, all) =
            (set["status"]["readyReplicas"].as_u64().unwrap_or(0), set["spec"]["replicas"].as_u64().unwrap_or(0));
        let cause = text(&meta["annotations"]["kubernetes.io/change-cause"]);
        found.push(Operation {
            at: meta["creationTimestamp"].as_str().and_then(parse_time),
            what: format!("{} revision {revision}", owner.name),
            outcome: format!(
                "{} {}{}",
                images.join(", "),
                if all > 0 { format!("{ready}/{all} ready") } else { "replaced".into() },
                if cause.is_empty() { String::new() } else { format!(", {cause}") }
            ),
            by: String::new(),
            level: if all == 0 {
                Level::Off
            } else if ready >= all {
                Level::Good
            } else {
                Level::Busy
            },
            manager: "ReplicaSet",
            object: ObjectRef::new(kind.clone(), &owner.namespace, &text(&meta["name"])),
        });
    }
    found.sort_by_key(|o| std::cmp::Reverse(o.at));
    found.truncate(20);
    found
}
