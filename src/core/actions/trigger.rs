//! Trigger: a CronJob's job now, as `kubectl create job --from=cronjob/…` makes it.

use super::action::{Action, Asked, Progress, Proposal};
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
            let mut metadata = json!({
                "annotations": annotations,
                "ownerReferences": [{"apiVersion": cron.kind.api_version(), "kind": "CronJob", "name": &*cron.name,
                    "uid": &*cron.uid, "controller": true}],
            });
            if template["metadata"]["labels"].is_object() {
                metadata["labels"] = template["metadata"]["labels"].clone();
            }
            let body = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]});
            steps.push(job_step(&cron.namespace, &cron.name, "m", asked.now, body));
        }
        Ok(Proposal {
            title: format!("Trigger {}", super::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "delete the job and its pods".into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        progress(object)
    }
}

/// A name without the mark of an earlier run by hand (`report-m6920a1b2`).
pub(crate) fn stem(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((stem, mark))
            if mark.len() == 9
                && mark.starts_with(['m', 'r'])
                && mark[1..].chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)) =>
        {
            stem
        }
        _ => name,
    }
}

/// The step that creates a Job, named after `stem`, and can be taken back by deleting it.
pub(crate) fn job_step(namespace: &str, stem: &str, mark: &str, now: i64, mut body: Value) -> Step {
    let jobs = Kind::of("batch", "v1", "Job", "jobs", true);
    let suffix = format!("-{mark}{now:x}");
    let stem: String = stem.chars().take(LONGEST_NAME - suffix.len()).collect();
    let name = format!("{}{suffix}", stem.trim_end_matches(['-', '.']));
    let job = ObjectRef::new(jobs.clone(), namespace, &name);
    body["metadata"]["name"] = name.as_str().into();
    body["metadata"]["namespace"] = namespace.into();
    Step {
        title: format!("create Job {name}"),
        effect: Effect {
            method: Method::Post,
            path: jobs.path(Some(namespace), None, None),
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
        current: Value::Null.into(),
    }
}

/// How far a Job is.
pub(crate) fn progress(object: Option<&Value>) -> Option<Progress> {
    let Some(job) = object else { return Some(Progress::Failed("was deleted meanwhile".into())) };
    let status = &job["status"];
    let number = |field: &str| status[field].as_i64().unwrap_or(0);
    let holds = |name: &str| {
        status["conditions"].as_array().into_iter().flatten().find(|c| c["type"] == name && c["status"] == "True")
    };
    let wanted = job["spec"]["completions"].as_i64().unwrap_or(1);
    Some(if holds("Complete").is_some() {
        Progress::Done(format!("complete, {} of {wanted} succeeded", number("succeeded")))
    } else if let Some(failed) = holds("Failed") {
        let why = failed["message"].as_str().or(failed["reason"].as_str()).unwrap_or("it failed");
        Progress::Failed(crate::text::clean_line(why).into_owned())
    } else if number("active") == 0 && number("failed") + number("succeeded") == 0 {
        Progress::Going("waits for its pods".into())
    } else {
        let failed = match number("failed") {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        Progress::Going(format!("{} of {wanted} succeeded, {} running{failed}", number("succeeded"), number("active")))
    })
}
