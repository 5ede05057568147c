//! Scale: the number of replicas of anything that has a scale subresource.

use super::action::{Action, Arg, ArgKind, Asked, Progress, Proposal};
use super::plan::{Risk, Step};
use crate::cluster::{Request, Right};
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Scale;

#[async_trait::async_trait]
impl Action for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }
    fn title(&self) -> &'static str {
        "Scale"
    }
    fn help(&self) -> &'static str {
        "Set the number of replicas."
    }
    fn applies(&self, kind: &Kind) -> bool {
        kind.has_subresource("scale")
            || (kind.group == "apps" && matches!(kind.plural.as_str(), "deployments" | "statefulsets" | "replicasets"))
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("patch", &target.kind.group, &format!("{}/scale", target.kind.plural), &target.namespace)]
    }
    fn args(&self) -> &'static [Arg] {
        &[Arg { name: "replicas", kind: ArgKind::Number, help: "how many there should be", required: true }]
    }
    fn default_of(&self, arg: &str, object: &Value) -> Option<String> {
        (arg == "replicas").then(|| object["spec"]["replicas"].as_i64().unwrap_or(1).to_string())
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        asked.args.need("scale", "replicas")?;
        let replicas = asked.args.number("replicas")?.unwrap_or_default();
        let mut steps = Vec::new();
        let mut warnings = Vec::new();
        let mut namespaces = std::collections::BTreeMap::new();
        for target in asked.targets {
            let reference = &target.reference;
            let path = reference.path(Some("scale"));
            let current: Value = match asked.cluster.json(Request::get(&path)).await {
                Ok(scale) => scale,
                // Reading the subresource is a right of its own; the object says the same of most kinds.
                Err(p) if p.kind == ProblemKind::Forbidden && target.object["spec"]["replicas"].is_number() => {
                    json!({"metadata": {"uid": &*reference.uid, "resourceVersion": target.object["metadata"]["resourceVersion"]},
                        "spec": {"replicas": target.object["spec"]["replicas"]}})
                }
                Err(p) => return Err(p),
            };
            if current["metadata"]["uid"].as_str().is_some_and(|uid| uid != &*reference.uid) {
                return Err(super::pipeline::recreated(reference));
            }
            let now = current["spec"]["replicas"].as_i64().unwrap_or(0);
            if replicas == 0 && now > 0 {
                warnings.push(format!("{reference}: nothing of it runs any more with 0 replicas"));
            }
            if !namespaces.contains_key(&reference.namespace) {
                let scalers = autoscalers(asked.cluster, reference).await;
                namespaces.insert(reference.namespace.clone(), scalers);
            }
            let scalers = &namespaces[&reference.namespace];
            if let Some(scaler) = scalers.iter().find(|s| {
                s["spec"]["scaleTargetRef"]["kind"] == reference.kind.kind
                    && s["spec"]["scaleTargetRef"]["name"] == *reference.name
            }) {
                let (name, spec) = (scaler["metadata"]["name"].as_str().unwrap_or_default(), &scaler["spec"]);
                let (min, max) = (spec["minReplicas"].as_i64().unwrap_or(1), spec["maxReplicas"].as_i64().unwrap_or(1));
                warnings.push(format!(
                    "HorizontalPodAutoscaler {name} keeps {reference} between {min} and {max} and will overrule this"
                ));
            }
            let patch = json!({"spec": {"replicas": replicas}});
            steps.push(Step::patch(target, path, &current, &patch, format!("set replicas from {now} to {replicas}")));
        }
        Ok(Proposal {
            title: format!("Scale {} to {replicas}", super::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "scale back to the former number".into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        super::rollout::progress(object)
    }
}

/// The autoscalers beside an object; none when they may not be read.
async fn autoscalers(cluster: &crate::cluster::Cluster, target: &ObjectRef) -> Vec<Value> {
    let path = format!("/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers", target.namespace);
    let list: Result<Value, Problem> = cluster.json(Request::get(path)).await;
    list.ok().and_then(|l| l["items"].as_array().cloned()).unwrap_or_default()
}
