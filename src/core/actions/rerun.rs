//! Rerun: a new Job from an old one's template. A Job cannot be started again; its pods' selector and labels are its
//! own and are left out, so that the server makes new ones.

use super::action::{Action, Asked, Progress, Proposal};
use super::plan::Risk;
use super::trigger;
use crate::Result;
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Rerun;

/// Labels that the job controller writes and that tie pods to the old Job.
const OWN: &[&str] =
    &["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];
/// Annotations that are true of the old Job only.
const OF_THE_OLD: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    "batch.kubernetes.io/cronjob-scheduled-timestamp",
    "batch.kubernetes.io/job-tracking",
];

fn without(map: &Value, keys: &[&str]) -> Value {
    let left = map.as_object().into_iter().flatten().filter(|(k, _)| !keys.contains(&k.as_str()));
    Value::Object(left.map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// What the new Job is to be.
fn body(old: &Value) -> Value {
    let mut spec = old["spec"].clone();
    if let Some(map) = spec.as_object_mut() {
        for own in ["selector", "manualSelector", "suspend"] {
            map.shift_remove(own);
        }
    }
    if let Some(meta) = spec["template"]["metadata"].as_object_mut() {
        meta.retain(|_, v| !v.is_null());
        if let Some(labels) = meta.get_mut("labels") {
            *labels = without(labels, OWN);
        }
    }
    let meta = &old["metadata"];
    let mut metadata = json!({
        "labels": without(&meta["labels"], OWN),
        "annotations": without(&meta["annotations"], OF_THE_OLD),
    });
    if meta["ownerReferences"].is_array() {
        metadata["ownerReferences"] = meta["ownerReferences"].clone();
    }
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
}

#[async_trait::async_trait]
impl Action for Rerun {
    fn name(&self) -> &'static str {
        "rerun"
    }
    fn title(&self) -> &'static str {
        "Run again"
    }
    fn help(&self) -> &'static str {
        "Start a new Job with the template of this one."
    }
    fn applies(&self, kind: &Kind) -> bool {
        kind.group == "batch" && kind.plural == "jobs"
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("create", "batch", "jobs", &target.namespace)]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let mut warnings = Vec::new();
        let mut steps = Vec::new();
        for target in asked.targets {
            let (old, status) = (&target.reference, &target.object["status"]);
            if status["active"].as_i64().unwrap_or(0) > 0 {
                warnings.push(format!("{old} runs still; the new one is started beside it"));
            }
            if target.object["spec"]["ttlSecondsAfterFinished"].is_number() {
                warnings.push(format!("{old}: both are deleted some time after they end (ttlSecondsAfterFinished)"));
            }
            let stem = trigger::stem(&old.name);
            steps.push(trigger::job_step(&old.namespace, stem, "r", asked.now, body(&target.object)));
        }
        Ok(Proposal {
            title: format!("Run {} again", super::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "delete the new job and its pods".into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        trigger::progress(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_ties_it_to_the_old_job_goes_along() {
        let labels = json!({"app": "report", "controller-uid": "u", "batch.kubernetes.io/job-name": "report"});
        let old = json!({"metadata": {"name": "report", "uid": "u", "labels": labels, "annotations": {"batch.kubernetes.io/job-tracking": ""}},
            "spec": {"selector": {"matchLabels": {"controller-uid": "u"}}, "suspend": false, "backoffLimit": 2,
                "template": {"metadata": {"creationTimestamp": null, "labels": labels}, "spec": {"restartPolicy": "Never"}}}});
        assert_eq!(
            body(&old),
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"labels": {"app": "report"}, "annotations": {}},
                "spec": {"backoffLimit": 2, "template": {"metadata": {"labels": {"app": "report"}}, "spec": {"restartPolicy": "Never"}}}})
        );
        assert_eq!(trigger::stem("report-r6920a1b2"), "report");
        assert_eq!(trigger::stem("report-red"), "report-red");
    }
}
