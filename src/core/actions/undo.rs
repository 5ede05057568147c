//! The plan that takes a journal entry back, if what it wrote is still there.

use super::action::{Proposal, Target};
use super::pipeline::{Planner, Wish, fetch, recreated};
use super::plan::{DryRun, Plan, Risk, Step};
use super::{diff, patch};
use crate::cluster::{Method, Request, Right};
use crate::journal::{Record, UndoStep};
use crate::resources::ObjectRef;
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};

impl Planner<'_> {
    /// The plan that takes an entry back.
    ///
    /// # Errors
    /// When it cannot be undone, was undone already, or somebody has changed the same since.
    pub(crate) async fn undo(&self, record: &Record) -> Result<Plan> {
        let entry = &record.entry;
        let no = |why: String| {
            Problem::new(ProblemKind::Conflict, "cannot undo", why).on(format!("{} ({})", entry.title, entry.id))
        };
        if let Some(by) = &entry.undone_by {
            return Err(no(format!("{by} has undone it already")));
        }
        if !entry.can_undo || record.undo.is_empty() {
            return Err(no("there is no way back from it".into()));
        }
        let mut steps = Vec::new();
        let mut rights = Vec::new();
        for undo in &record.undo {
            let step = self.undo_step(undo).await?;
            rights.push(right_of(&step));
            steps.push(step);
        }
        let objects: Vec<ObjectRef> = steps.iter().map(|s| s.object.clone()).collect();
        let proposal = Proposal {
            title: format!("Undo: {}", entry.title),
            steps,
            risk: Risk::Reversible,
            warnings: Vec::new(),
            undo: "do it again".into(),
        };
        self.complete(Wish {
            action: "undo",
            proposal,
            rights,
            objects: &objects,
            command: format!("qd undo {}", entry.id),
            wave: None,
            undoes: Some(entry.id.clone()),
        })
        .await
    }

    async fn undo_step(&self, undo: &UndoStep) -> Result<Step> {
        let reference = undo.object.reference();
        if undo.effect.method == Method::Post {
            return self.made_again(undo, reference).await;
        }
        if undo.effect.method != Method::MergePatch {
            let target = fetch(self.cluster, reference).await?;
            let mut effect = undo.effect.clone();
            if let (Method::Delete, Some(body)) = (effect.method, &mut effect.body) {
                body["preconditions"] = json!({ "uid": &*target.reference.uid });
            }
            return Ok(Step {
                title: format!("take back: {}", undo.title),
                object: target.reference,
                effect,
                diff: Vec::new(),
                dry_run: DryRun::Pending,
                undo: None,
                current: target.object.into(),
            });
        }
        let current: Value = self.cluster.json(Request::get(&undo.effect.path)).await?;
        let uid = current["metadata"]["uid"].as_str();
        if uid.is_some_and(|uid| !reference.uid.is_empty() && uid != &*reference.uid) {
            return Err(recreated(&reference));
        }
        if let Some((path, there, written)) = patch::differs(&current, &undo.expect) {
            let hidden = diff::is_secret(&current);
            let say = |v: &Value| match v {
                Value::Null => "nothing".into(),
                _ if hidden => "(hidden)".into(),
                v => diff::shown(v),
            };
            let why = format!(
                "somebody changed it since: {} is {}, not {}",
                diff::path_text(&path),
                say(there),
                say(written)
            );
            return Err(Problem::new(ProblemKind::Conflict, "cannot undo", why)
                .on(reference.to_string())
                .next("look at the object, and change it by hand if the old value is still wanted"));
        }
        let target = Target { reference, object: current.clone() };
        let change = undo.effect.body.clone().unwrap_or(Value::Null);
        Ok(Step::patch(&target, undo.effect.path.clone(), &current, &change, format!("take back: {}", undo.title)))
    }

    /// The step that makes again what was deleted, as long as nothing of its name has come.
    async fn made_again(&self, undo: &UndoStep, mut reference: ObjectRef) -> Result<Step> {
        match self.cluster.json::<Value>(Request::get(reference.path(None))).await {
            Ok(_) => {
                return Err(Problem::new(
                    ProblemKind::Conflict,
                    "cannot undo",
                    "a new one of its name is there by now",
                )
                .on(reference.to_string())
                .next("look at the new one; the old one is not put in its place"));
            }
            Err(p) if p.kind == ProblemKind::NotFound => {}
            Err(p) => return Err(p),
        }
        reference.uid = "".into();
        Ok(Step {
            title: format!("take back: {}", undo.title),
            object: reference,
            effect: undo.effect.clone(),
            diff: Vec::new(),
            dry_run: DryRun::Pending,
            undo: None,
            current: Value::Null.into(),
        })
    }
}

/// The right that a step needs, read from its call.
pub(crate) fn right_of(step: &Step) -> Right {
    let kind = &step.object.kind;
    let verb = match step.effect.method {
        Method::Get => "get",
        Method::Post => "create",
        Method::Put => "update",
        Method::Delete => "delete",
        _ => "patch",
    };
    let below = step.effect.path.strip_prefix(&step.object.path(None)).unwrap_or_default();
    Right::new(verb, &kind.group, &format!("{}{below}", kind.plural), &step.object.namespace)
}
