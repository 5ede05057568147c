//! Cordon and uncordon: whether new pods may come to a node.

use super::action::{Action, Asked, Proposal};
use super::plan::{Risk, Step};
use crate::Result;
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use serde_json::json;

/// See [`Action::help`].
pub struct Cordon;
/// See [`Action::help`].
pub struct Uncordon;

fn is_node(kind: &Kind) -> bool {
    kind.group.is_empty() && kind.plural == "nodes"
}

fn rights() -> Vec<Right> {
    vec![Right::new("patch", "", "nodes", "")]
}

fn propose(asked: &Asked<'_>, on: bool) -> Proposal {
    let patch = json!({"spec": {"unschedulable": on.then_some(true)}});
    let (verb, words, undo) = if on {
        ("Cordon", "no new pods on this node", "uncordon")
    } else {
        ("Uncordon", "new pods may come to this node", "cordon")
    };
    Proposal {
        title: format!("{verb} {}", super::pipeline::objects_in_words(asked.targets)),
        steps: asked.targets.iter().map(|t| Step::patch_object(t, &patch, words)).collect(),
        risk: Risk::Reversible,
        warnings: Vec::new(),
        undo: undo.into(),
    }
}

#[async_trait::async_trait]
impl Action for Cordon {
    fn name(&self) -> &'static str {
        "cordon"
    }
    fn title(&self) -> &'static str {
        "Cordon"
    }
    fn help(&self) -> &'static str {
        "Keep new pods away from a node; those on it stay."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_node(kind)
    }
    fn rights(&self, _target: &ObjectRef) -> Vec<Right> {
        rights()
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        Ok(propose(&asked, true))
    }
}

#[async_trait::async_trait]
impl Action for Uncordon {
    fn name(&self) -> &'static str {
        "uncordon"
    }
    fn title(&self) -> &'static str {
        "Uncordon"
    }
    fn help(&self) -> &'static str {
        "Let new pods come to a node again."
    }
    fn applies(&self, kind: &Kind) -> bool {
        is_node(kind)
    }
    fn rights(&self, _target: &ObjectRef) -> Vec<Right> {
        rights()
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        Ok(propose(&asked, false))
    }
}
