//! What follows on a step, part by part: its controller saw it, the rollout, the pods, the routes. A verb can name
//! parts of its own ([`super::Action::stages`]); how each is looked at stands in `follow`.

use super::action::Progress;
use crate::cluster::Cluster;
use crate::overview::OverviewHandle;
use crate::probe::Probing;
use crate::resources::ObjectRef;
use serde_json::Value;
use std::sync::Arc;

/// Judges an object as the server has it; `None` when it is gone. `None` as the answer: there is nothing to wait for.
pub type Judge = Arc<dyn Fn(Option<&Value>) -> Option<Progress> + Send + Sync>;

/// How a stage is looked at.
#[derive(Clone)]
pub enum Look {
    /// The step's object, judged by [`super::Action::progress`].
    Progress,
    /// This object is watched and judged.
    Object(ObjectRef, Judge),
    /// The workload, or all workloads that this Application, Kustomization or HelmRelease brought, are rolled out.
    Rollout(ObjectRef),
    /// The pods of the same are ready.
    Pods(ObjectRef),
    /// The routes that lead to the same have ready endpoints.
    Routes(ObjectRef),
    /// The verb looks itself.
    Own(Arc<dyn Own>),
}

/// How a stage ended that the verb looked at itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Done(String),
    Failed(String),
    /// It cannot be told, or there is nothing of the sort; why.
    Untold(String),
}

/// A stage that a verb looks at itself: it takes more than one object to tell how far it is.
#[async_trait::async_trait]
pub trait Own: Send + Sync {
    /// Follows it to its end; is dropped when the run is stopped or patience is over.
    async fn look(&self, scene: Scene<'_>) -> Found;
}

/// Where a stage is looked at.
pub struct Scene<'a> {
    pub cluster: &'a Cluster,
    /// The step's object.
    pub object: &'a ObjectRef,
    /// The platform; watches nothing where the run is not followed.
    pub overview: &'a OverviewHandle,
    /// The configuration file, where there is one.
    pub config: Option<&'a std::path::Path>,
    /// How hosts are looked at.
    pub probing: &'a Probing,
    /// Takes what is seen, in words.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// A part of what follows on a step.
#[derive(Clone)]
pub struct Stage {
    /// Stable: how long it usually takes is learnt under this name.
    pub id: &'static str,
    /// A few words for the list.
    pub title: String,
    pub look: Look,
}

impl Stage {
    /// A stage that watches one object.
    pub fn object(
        id: &'static str,
        title: impl Into<String>,
        object: ObjectRef,
        judge: impl Fn(Option<&Value>) -> Option<Progress> + Send + Sync + 'static,
    ) -> Self {
        Self { id, title: title.into(), look: Look::Object(object, Arc::new(judge)) }
    }
    /// The step's object, judged by the action's own `progress`.
    pub fn progress(id: &'static str, title: impl Into<String>) -> Self {
        Self { id, title: title.into(), look: Look::Progress }
    }
    /// A stage that the verb looks at itself.
    pub fn own(id: &'static str, title: impl Into<String>, look: impl Own + 'static) -> Self {
        Self { id, title: title.into(), look: Look::Own(Arc::new(look)) }
    }
    /// Rollout, pods and routes of a workload, or of all that an Application, Kustomization or HelmRelease brought.
    pub fn workloads(of: &ObjectRef) -> Vec<Self> {
        let stage = |id, title: &str, look| Self { id, title: title.into(), look };
        vec![
            stage("rollout", "rollout", Look::Rollout(of.clone())),
            stage("pods", "pods ready", Look::Pods(of.clone())),
            stage("route", "route answers", Look::Routes(of.clone())),
        ]
    }
}

/// Whether an object is a workload with a rollout.
pub fn is_workload(object: &ObjectRef) -> bool {
    object.kind.group == "apps" && matches!(object.kind.plural.as_str(), "deployments" | "statefulsets" | "daemonsets")
}

/// What follows where a verb says nothing else: for workloads controller, rollout, pods and routes; else the effect.
pub fn usual(object: &ObjectRef) -> Vec<Stage> {
    if !is_workload(object) {
        return vec![Stage::progress("effect", "effect")];
    }
    let mut stages = vec![
        Stage::object("controller", "controller saw it", object.clone(), observed),
        Stage::progress("rollout", "rollout"),
    ];
    stages.extend(Stage::workloads(object).into_iter().skip(1));
    stages
}

/// Whether the controller has seen the latest spec.
pub fn observed(object: Option<&Value>) -> Option<Progress> {
    let Some(object) = object else { return Some(Progress::Failed("was deleted meanwhile".into())) };
    let written = object["metadata"]["generation"].as_i64().unwrap_or(0);
    let seen = object["status"]["observedGeneration"].as_i64().unwrap_or(0);
    Some(if seen >= written {
        Progress::Done(format!("generation {written}"))
    } else {
        Progress::Going(format!("generation {written}, it has seen {seen}"))
    })
}

/// Whether all wanted pods of a workload are ready, by its status.
pub fn pods(object: Option<&Value>) -> Option<Progress> {
    let Some(object) = object else { return Some(Progress::Failed("was deleted meanwhile".into())) };
    let (spec, status) = (&object["spec"], &object["status"]);
    let number = |field: &str| status[field].as_i64().unwrap_or(0);
    let (ready, wanted) = match object["kind"].as_str() {
        Some("DaemonSet") => (number("numberReady"), number("desiredNumberScheduled")),
        _ => (number("readyReplicas"), spec["replicas"].as_i64().unwrap_or(1)),
    };
    Some(match (ready, wanted) {
        (_, 0) => Progress::Done("no pod is wanted".into()),
        _ if ready >= wanted => Progress::Done(format!("{ready} of {wanted} ready")),
        _ => Progress::Going(format!("{ready} of {wanted} ready")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_controller_that_has_not_seen_the_spec_and_pods_that_are_not_ready_are_waited_for() {
        let of = |seen: i64, ready: i64| {
            json!({"kind": "Deployment", "metadata": {"generation": 3}, "spec": {"replicas": 2},
            "status": {"observedGeneration": seen, "readyReplicas": ready}})
        };
        assert_eq!(observed(Some(&of(2, 0))), Some(Progress::Going("generation 3, it has seen 2".into())));
        assert_eq!(observed(Some(&of(3, 0))), Some(Progress::Done("generation 3".into())));
        assert_eq!(pods(Some(&of(3, 1))), Some(Progress::Going("1 of 2 ready".into())));
        assert_eq!(pods(Some(&of(3, 2))), Some(Progress::Done("2 of 2 ready".into())));
        assert!(matches!(pods(None), Some(Progress::Failed(_))));
    }
}
