//! Label: set and remove labels.

use super::action::{Action, Arg, ArgKind, Asked, Proposal};
use super::pairs;
use super::plan::{Risk, Step};
use crate::Result;
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use serde_json::json;

/// See [`Action::help`].
pub struct Label;

#[async_trait::async_trait]
impl Action for Label {
    fn name(&self) -> &'static str {
        "label"
    }
    fn title(&self) -> &'static str {
        "Label"
    }
    fn help(&self) -> &'static str {
        "Set and remove labels."
    }
    fn applies(&self, kind: &Kind) -> bool {
        super::pipeline::offers_verb(kind, "patch")
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("patch", &target.kind.group, &target.kind.plural, &target.namespace)]
    }
    fn args(&self) -> &'static [Arg] {
        &[Arg { name: "labels", kind: ArgKind::Pairs, help: "key=value to set, key- to remove", required: true }]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let labels = pairs::parse(asked.args.need("label", "labels")?)?;
        let words = pairs::in_words(&labels);
        let patch = json!({"metadata": {"labels": labels}});
        let step = |t| Step::patch_object(t, &patch, format!("labels: {words}"));
        Ok(Proposal {
            title: format!("Label {}: {words}", super::pipeline::objects_in_words(asked.targets)),
            steps: asked.targets.iter().map(step).collect(),
            risk: Risk::Reversible,
            warnings: Vec::new(),
            undo: "the former labels".into(),
        })
    }
}
