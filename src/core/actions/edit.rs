//! Edit: make an object what an edited YAML says, merged with what others changed meanwhile.

use super::action::{Action, Arg, ArgKind, Asked, Progress, Proposal};
use super::edit_text::{editable, parse};
use super::merge::{Prefer, merge};
use super::patch;
use super::plan::{Risk, Step};
use crate::cluster::Right;
use crate::problem::FieldError;
use crate::resources::yaml::to_text;
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::Value;

/// See [`Action::help`].
pub struct Edit;

#[async_trait::async_trait]
impl Action for Edit {
    fn name(&self) -> &'static str {
        "edit"
    }
    fn title(&self) -> &'static str {
        "Edit"
    }
    fn help(&self) -> &'static str {
        "Change the object as YAML; what others changed meanwhile is merged, never overwritten."
    }
    fn applies(&self, kind: &Kind) -> bool {
        super::pipeline::offers_verb(kind, "patch")
    }
    fn many(&self) -> bool {
        false
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        vec![Right::new("patch", &target.kind.group, &target.kind.plural, &target.namespace)]
    }
    fn args(&self) -> &'static [Arg] {
        &[
            Arg { name: "yaml", kind: ArgKind::Yaml, help: "the object as it should be", required: true },
            Arg {
                name: "base",
                kind: ArgKind::Yaml,
                help: "the object as the edit began; without it, as it is now",
                required: false,
            },
            Arg {
                name: "conflicts",
                kind: ArgKind::Choice(&["stop", "mine", "theirs"]),
                help: "whose value holds where both changed",
                required: false,
            },
        ]
    }
    fn default_of(&self, arg: &str, object: &Value) -> Option<String> {
        (arg == "yaml").then(|| to_text(&editable(object)))
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        let target = &asked.targets[0];
        let yaml = asked.args.need("edit", "yaml")?;
        let mine_raw = parse(yaml)?;
        let theirs = editable(&target.object);
        same_object(&mine_raw, &target.object, &target.reference)?;
        let base = match asked.args.get("base") {
            Some(text) => editable(&parse(text)?),
            // Text with a resource version says itself what it is based on (kubectl get -o yaml).
            None => match mine_raw["metadata"]["resourceVersion"].as_str() {
                Some(version) if target.object["metadata"]["resourceVersion"] != version => {
                    return Err(Problem::new(
                        ProblemKind::Conflict,
                        "cannot edit",
                        "it was changed since this text was read",
                    )
                    .on(target.reference.to_string())
                    .next("read it again, or remove metadata.resourceVersion to compare with what is there now"));
                }
                _ => theirs.clone(),
            },
        };
        let mine = editable(&mine_raw);
        let decided = match asked.args.get("conflicts") {
            None | Some("stop") => None,
            Some("mine") => Some(Prefer::Mine),
            Some("theirs") => Some(Prefer::Theirs),
            Some(other) => return Err(Problem::usage("cannot plan edit", format!("--conflicts {other} is unknown"))),
        };
        let merged = merge(&base, &mine, &theirs, decided.unwrap_or(Prefer::Mine));
        let secret = super::diff::is_secret(&target.object);
        let mut warnings = Vec::new();
        if decided.is_none() && !merged.conflicts.is_empty() {
            let say = |v: &Option<String>| match (v, secret) {
                (None, _) => "nothing".to_owned(),
                (Some(_), true) => "(hidden)".to_owned(),
                (Some(v), false) => v.clone(),
            };
            let mut problem =
                Problem::new(ProblemKind::Conflict, "cannot edit", "others changed the same fields meanwhile")
                    .on(target.reference.to_string())
                    .next("take mine, take theirs, or edit again; the text is kept as a draft");
            problem.fields = merged
                .conflicts
                .iter()
                .map(|c| FieldError {
                    field: c.path.clone(),
                    message: format!("was {}, mine {}, theirs {}", say(&c.base), say(&c.mine), say(&c.theirs)),
                })
                .collect();
            return Err(problem);
        }
        for conflict in &merged.conflicts {
            let side = if decided == Some(Prefer::Theirs) { "theirs" } else { "mine" };
            warnings.push(format!("both changed {}: {side} holds", conflict.path));
        }
        if !merged.theirs.is_empty() {
            warnings.push(format!("others changed meanwhile, and it stays: {}", merged.theirs.join(", ")));
        }
        let change = patch::make(&theirs, &merged.value);
        let title = format!("Edit {}", target.reference);
        Ok(Proposal {
            title,
            steps: vec![Step::patch_object(target, &change, "change what the text changes")],
            risk: Risk::Reversible,
            warnings,
            undo: "the former values".into(),
        })
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        super::rollout::progress(object)
    }
}

/// An edit may not turn one object into another.
fn same_object(text: &Value, object: &Value, reference: &ObjectRef) -> Result<()> {
    let mut fields = Vec::new();
    for (path, pointer) in [
        ("apiVersion", "/apiVersion"),
        ("kind", "/kind"),
        ("metadata.name", "/metadata/name"),
        ("metadata.namespace", "/metadata/namespace"),
        ("metadata.uid", "/metadata/uid"),
    ] {
        let (new, old) = (text.pointer(pointer), object.pointer(pointer));
        let may_miss = matches!(path, "metadata.uid" | "metadata.namespace");
        if new != old && !(may_miss && new.is_none()) {
            let was = old.map_or_else(|| "nothing".into(), super::diff::shown);
            fields.push(FieldError { field: path.into(), message: format!("has to stay {was}") });
        }
    }
    if fields.is_empty() {
        return Ok(());
    }
    let mut problem = Problem::new(ProblemKind::Invalid, "cannot edit", "the text describes another object")
        .on(reference.to_string())
        .next("put these fields back as they were");
    problem.fields = fields;
    Err(problem)
}
