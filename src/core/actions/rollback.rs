//! Undo a rollout: the pod template of a former revision, as `kubectl rollout undo` restores it.

use super::action::{Action, Arg, ArgKind, Asked, Progress, Proposal};
use super::plan::{Risk, Step};
use super::{patch, revisions, rollout};
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};

/// See [`Action::help`].
pub struct RolloutUndo;

#[async_trait::async_trait]
impl Action for RolloutUndo {
    fn name(&self) -> &'static str {
        "rollout-undo"
    }
    fn title(&self) -> &'static str {
        "Undo rollout"
    }
    fn help(&self) -> &'static str {
        "Go back to the pod template of a former revision."
    }
    fn applies(&self, kind: &Kind) -> bool {
        revisions::has_revisions(kind)
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        let (kind, place) = (&target.kind, &target.namespace);
        vec![
            Right::new("patch", &kind.group, &kind.plural, place),
            Right::new("list", "apps", &revisions::keeper(kind).plural, place),
        ]
    }
    fn args(&self) -> &'static [Arg] {
        &[Arg {
            name: "to-revision",
            kind: ArgKind::Number,
            help: "the revision to go back to; without it the one before the present",
            required: false,
        }]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let number = asked.args.number("to-revision")?;
        let mut steps = Vec::new();
        let mut warnings = Vec::new();
        for target in asked.targets {
            let (reference, object) = (&target.reference, &target.object);
            if object["spec"]["paused"] == true {
                return Err(Problem::new(ProblemKind::Invalid, "cannot go back", "its rollout is paused")
                    .on(reference.to_string())
                    .next("resume it first"));
            }
            let all = revisions::revisions(asked.cluster, reference, object).await?;
            let chosen = revisions::choose(&all, number, object, reference)?;
            let template = patch::make(&object["spec"]["template"], &chosen.template);
            let mut change = json!({"spec": {"template": template}});
            if let Some(annotations) = chosen.annotations(object) {
                let there = object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
                let annotations = patch::make(&Value::Object(there), &annotations);
                if annotations.as_object().is_some_and(|a| !a.is_empty()) {
                    change["metadata"] = json!({ "annotations": annotations });
                }
            }
            warnings.extend(rollout::gap(reference, object));
            let cause = if chosen.cause.is_empty() { String::new() } else { format!(", {}", chosen.cause) };
            let words = format!("back to revision {} ({}{cause})", chosen.number, chosen.images());
            steps.push(Step::patch_object(target, &change, words));
        }
        let to = number.filter(|n| *n > 0).map_or("its former revision".into(), |n| format!("revision {n}"));
        Ok(Proposal {
            title: format!("Take {} back to {to}", super::pipeline::objects_in_words(asked.targets)),
            steps,
            risk: Risk::Reversible,
            warnings,
            undo: "forward again to the present template".into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        rollout::progress(object)
    }
}
