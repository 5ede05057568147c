//! Annotate: set and remove annotations.

use super::action::{Action, Arg, ArgKind, Asked, Proposal};
use super::pairs;
use super::plan::{Risk, Step};
use crate::Result;
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use serde_json::json;

/// See [`Action::help`].
pub struct Annotate;

#[async_trait::async_trait]
impl Action for Annotate {
    fn name(&self) -> &'static str {
        "annotate"
    }
    fn title(&self) -> &'static str {
        "Annotate"
    }
    fn help(&self) -> &'static str {
        "Set and remove annotations."
    }
    fn applies(&self, kind: &Kind) -> bool {
        super::pipeline::offers_verb(kind, "patch")
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("patch", &target.kind.group, &target.kind.plural, &target.namespace)]
    }
    fn args(&self) -> &'static [Arg] {
        &[Arg { name: "annotations", kind: ArgKind::Pairs, help: "key=value to set, key- to remove", required: true }]
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let annotations = pairs::parse(asked.args.need("annotate", "annotations")?)?;
        let words = pairs::in_words(&annotations);
        let patch = json!({"metadata": {"annotations": annotations}});
        let step = |t| Step::patch_object(t, &patch, format!("annotations: {words}"));
        Ok(Proposal {
            title: format!("Annotate {}: {words}", super::pipeline::objects_in_words(asked.targets)),
            steps: asked.targets.iter().map(step).collect(),
            risk: Risk::Reversible,
            warnings: Vec::new(),
            undo: "the former annotations".into(),
        })
    }
}
