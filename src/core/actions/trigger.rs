//! Trigger: a CronJob's job now, as `kubectl create job --from=cronjob/…` makes it.

use super::action::{Action, Asked, Proposal};
use super::plan::{DryRun, Effect, Risk, Step};
use crate::Result;
use crate::cluster::{Method, Right};
use crate::resources::{Kind, ObjectRef};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct Trigger;

/// Longest name of a Job whose pods can still be named after it.
const LONGEST_NAME: usize = 63;

#[async_trait::async_trait]
impl Action for Trigger {
    fn name(&self) -> &'static str {
        "trigger"
    }
    fn title(&self) -> &'static str {
        "Trigger"
    }
    fn help(&self) -> &'static str {
        "Start a CronJob's job now, beside its schedule."
    }
    fn applies(&self, kind: &Kind) -> bool {
        kind.group == "batch" && kind.plural == "cronjobs"
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("create", "batch", "jobs", &target.namespace)]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let jobs = Kind::of("batch", "v1", "Job", "jobs", true);
        let mut warnings = Vec::new();
        let mut steps = Vec::new();
        for target in asked.targets {
            let (cron, spec) = (&target.reference, &target.object["spec"]);
            let running = target.object["status"]["active"].as_array().map_or(0, Vec::len);
            if running > 0 && spec["concurrencyPolicy"] != "Allow" {
                warnings.push(format!("{cron}: {running} of its jobs run now; this one is started beside them"));
            }
            let template = &spec["jobTemplate"];
            let mut annotations = template["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
            annotations.insert("cronjob.kubernetes.io/instantiate".into(), "manual".into());
            let suffix = format!("-m{:x}", asked.now);
            let stem: String = cron.name.chars().take(LONGEST_NAME - suffix.len()).collect();
            let name = format!("{}{suffix}", stem.trim_end_matches(['-', '.']));
            let job = ObjectRef::new(jobs.clone(), &cron.namespace, &name);
            let mut metadata = json!({
                "name": name, "namespace": &*cron.namespace, "annotations": annotations,
                "ownerReferences": [{"apiVersion": cron.kind.api_version(), "kind": "CronJob", "name": &*cron.name,
                    "uid": &*cron.uid, "controller": true}],
            });
            if template["metadata"]["labels"].is_object() {
                metadata["labels"] = template["metadata"]["labels"].clone();
            }
            let body = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]});
            steps.push(Step {
                title: format!("create Job {name}"),
                effect: Effect {
                    method: Method::Post,
                    path: jobs.path(cron.namespace(), None, None),
                    query: Vec::new(),
                    body: Some(body),
                },
                diff: Vec::new(),
                dry_run: DryRun::Pending,
                undo: Some(Effect {
                    method: Method::Delete,
                    path: job.path(None),
                    query: Vec::new(),
                    body: Some(json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"})),
                }),
                object: job,
                current: Value::Null,
            });
        }
        Ok(Proposal {
            title: format!("Trigger {}", super::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "delete the job and its pods".into(),
        })
    }
}
