//! Reconcile: Flux looks at the object now, as `flux reconcile` asks it.

use super::{kinds, progress};
use crate::actions::action::{Action, Arg, ArgKind, Args, Asked, Progress, Proposal, Target};
use crate::actions::plan::{Risk, Step};
use crate::actions::stage::Stage;
use crate::clock::format_time;
use crate::cluster::Right;
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use serde_json::{Value, json};

/// A new value asks for a reconcile; the controller writes the one it has seen into `status.lastHandledReconcileAt`.
pub(super) const REQUESTED: &str = "reconcile.fluxcd.io/requestedAt";
/// With the same value: a HelmRelease is installed or upgraded even if nothing has changed.
const FORCED: &str = "reconcile.fluxcd.io/forceAt";
/// With the same value: a HelmRelease forgets its failures and tries again.
const RESET: &str = "reconcile.fluxcd.io/resetAt";

/// See [`Action::help`].
pub struct Reconcile;

pub(super) const ARGS: &[Arg] = &[
    Arg {
        name: "force",
        kind: ArgKind::Switch,
        help: "HelmRelease: install or upgrade even if nothing has changed",
        required: false,
    },
    Arg {
        name: "reset",
        kind: ArgKind::Switch,
        help: "HelmRelease: forget its failures and try again",
        required: false,
    },
];

/// The step that asks for a reconcile of one object.
pub(super) fn step(target: &Target, now: i64, args: &Args) -> Result<Step> {
    kinds::refuse(target)?;
    let annotations = &target.object["metadata"]["annotations"];
    let mut token = format_time(now);
    if annotations[REQUESTED] == token.as_str() {
        token = format_time(now + 1);
    }
    let mut set = json!({ REQUESTED: token });
    let release = target.reference.kind.plural == "helmreleases";
    for (arg, annotation) in [("force", FORCED), ("reset", RESET)] {
        if args.switch(arg) && release {
            set[annotation] = token.as_str().into();
        }
    }
    let patch = json!({"metadata": {"annotations": set}});
    Ok(Step::patch_object(target, &patch, format!("reconcile the {} now", target.reference.kind.kind)).without_undo())
}

/// Force and reset are for HelmReleases.
pub(super) fn check(targets: &[Target], args: &Args) -> Result<()> {
    let given = ["force", "reset"].into_iter().find(|a| args.switch(a));
    let other = targets.iter().find(|t| t.reference.kind.plural != "helmreleases");
    match (given, other) {
        (Some(arg), Some(other)) => Err(Problem::new(
            ProblemKind::Usage,
            "cannot plan the reconcile",
            format!("--{arg} is for HelmReleases only"),
        )
        .on(other.reference.to_string())),
        _ => Ok(()),
    }
}

pub(super) fn risk(args: &Args) -> Risk {
    if args.switch("force") { Risk::Wide } else { Risk::Reversible }
}

#[async_trait::async_trait]
impl Action for Reconcile {
    fn name(&self) -> &'static str {
        "flux-reconcile"
    }
    fn title(&self) -> &'static str {
        "Flux: reconcile"
    }
    fn help(&self) -> &'static str {
        "Let Flux look at it now, and follow until it is ready."
    }
    fn applies(&self, kind: &Kind) -> bool {
        kinds::reconciles(kind)
    }
    fn may_be_reverted(&self) -> bool {
        false
    }
    fn rights(&self, target: &ObjectRef) -> Vec<Right> {
        kinds::rights(target)
    }
    fn args(&self) -> &'static [Arg] {
        ARGS
    }
    async fn plan(&self, asked: Asked<'_>) -> Result<Proposal> {
        check(asked.targets, asked.args)?;
        let steps: Result<Vec<Step>> = asked.targets.iter().map(|t| step(t, asked.now, asked.args)).collect();
        Ok(Proposal {
            title: format!("Reconcile {}", crate::actions::pipeline::objects_in_words(asked.targets)),
            steps: steps?,
            risk: risk(asked.args),
            warnings: Vec::new(),
            undo: String::new(),
        })
    }
    fn stages(&self, object: &ObjectRef) -> Vec<Stage> {
        progress::stages(object)
    }
    fn progress(&self, object: Option<&Value>) -> Option<Progress> {
        progress::requested(object)
    }
}
