//! From a wish to a plan: fetch the objects and check that they are those that were meant, let the
//! action propose, ask for rights, guards and the server's own opinion (dry run), and compare.

use super::action::{Action, Args, Asked, Proposal, Target};
use super::owner::Owners;
use super::plan::{DryRun, Plan, Risk, Step, was_read};
use super::send::send;
use super::wipe::Known;
use super::{command, diff, patch};
use crate::cluster::{Access, Cluster, Method, Request, Right};
use crate::guards::Guards;
use crate::platform::Library;
use crate::resources::{Kind, ObjectRef};
use crate::{Problem, ProblemKind, Result};
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

/// Calls that are under way at once for the objects of one plan.
const AT_ONCE: usize = 8;
/// More objects than this are "many": their names have to be typed, so to say.
const MANY: usize = 10;

/// Who plans where.
pub(crate) struct Planner<'a> {
    pub cluster: &'a Cluster,
    pub guards: &'a Guards,
    pub platforms: &'a Library,
    /// Seconds since 1970.
    pub now: i64,
}

/// A proposal and where it comes from.
pub(crate) struct Wish<'a> {
    /// Name in the catalogue, or `undo`.
    pub action: &'a str,
    pub proposal: Proposal,
    pub rights: Vec<Right>,
    pub objects: &'a [ObjectRef],
    pub command: String,
    /// Objects that are done at once; `None`: as the configuration says.
    pub wave: Option<usize>,
    pub undoes: Option<String>,
}

impl Planner<'_> {
    /// The plan of an action for these objects.
    pub(crate) async fn plan(&self, action: &dyn Action, objects: &[ObjectRef], args: &Args) -> Result<Plan> {
        check_wish(action, objects, args)?;
        let wave = wave_of(args)?;
        // The action itself knows nothing of waves.
        let command_args = args;
        let args = &args.without(WAVE);
        let targets: Vec<Target> = futures::stream::iter(objects.iter().cloned())
            .map(|object| fetch(self.cluster, object))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let unread =
            targets.iter().filter(|t| !was_read(&t.object)).map(|t| t.reference.to_string()).collect::<Vec<_>>();
        let config = self.guards.config().file.as_deref();
        let platforms = self.platforms.candidates(self.cluster.context());
        let (cluster, platforms) = (self.cluster, platforms.as_slice());
        let asked = Asked { cluster, now: self.now, targets: &targets, args, platforms, config };
        let mut proposal = action.plan(asked).await?;
        if action.may_be_reverted() {
            let mut owners = Owners::new(self.cluster);
            for target in &targets {
                proposal.warnings.extend(owners.warning(target).await);
            }
        }
        if !unread.is_empty() {
            proposal.warnings.push(format!("you may not read {}: what is there now is not shown", unread.join(", ")));
        }
        let mut objects: Vec<ObjectRef> = targets.into_iter().map(|t| t.reference).collect();
        // What a verb leaves out has no step; where steps are on other objects (a Job), all are meant.
        let has_step = |o: &ObjectRef| proposal.steps.iter().any(|s| s.object.uid == o.uid && s.object.kind == o.kind);
        if objects.iter().any(has_step) {
            objects.retain(has_step);
        }
        let mut rights: Vec<Right> = objects.iter().flat_map(|o| action.rights(o)).collect();
        // A plan may reach further than the objects that were named: to their sources, to what they have made.
        let named = |o: &ObjectRef| objects.iter().any(|n| n.uid == o.uid && n.path(None) == o.path(None));
        let far = proposal.steps.iter().filter(|s| s.effect.method == Method::MergePatch && !named(&s.object));
        rights.extend(far.map(super::undo::right_of));
        let command = command::line(self.cluster.context(), action.name(), &objects, command_args);
        let wave = match (action.in_turn(), action.in_waves()) {
            (true, _) => Some(1),
            (_, true) => wave,
            _ => Some(usize::MAX),
        };
        let name = action.name();
        self.complete(Wish { action: name, proposal, rights, objects: &objects, command, wave, undoes: None }).await
    }

    /// Completes a proposal: rights, guards, dry run, difference, and how it is confirmed.
    pub(crate) async fn complete(&self, wish: Wish<'_>) -> Result<Plan> {
        let context = self.cluster.context();
        let mut blocked = Vec::new();
        for object in wish.objects {
            if let Some(why) = self.guards.refuses(context, wish.action, object, self.now)
                && !blocked.contains(&why)
            {
                blocked.push(why);
            }
        }
        blocked.extend(self.guards.refuses_number(context, wish.action, wish.objects));

        let mut rights: Vec<(Right, Access)> = Vec::new();
        for right in wish.rights {
            if !rights.iter().any(|(r, _)| *r == right) {
                let access = self.cluster.may(&right).await;
                if access == Access::Denied {
                    blocked.push(format!("you may not {}", right.line()));
                }
                rights.push((right, access));
            }
        }

        let denied = rights.iter().any(|(_, a)| *a == Access::Denied);
        let steps: Vec<Step> = futures::stream::iter(wish.proposal.steps)
            .map(|step| self.rehearse(step, denied))
            .buffered(AT_ONCE)
            .collect()
            .await;
        for step in &steps {
            if let DryRun::Refused(problem) = &step.dry_run {
                blocked.push(format!("the server refuses it: {problem}"));
            }
        }
        let mut warnings = wish.proposal.warnings;
        if steps.iter().any(|s| s.holds_secrets() && s.undo.is_some()) {
            warnings.push("the former values of a Secret are kept in memory only: undo works until qd ends".into());
        }

        let mut risk = wish.proposal.risk;
        if steps.len() > MANY && risk >= Risk::Reversible {
            risk = risk.max(Risk::Wide);
        }
        let risk = self.guards.risk(context, risk);
        let type_to_confirm = match wish.objects {
            _ if risk < Risk::Wide => String::new(),
            [one] => one.name.to_string(),
            many => format!("{} {}", many.len(), plural_of(many)),
        };
        let mut plan = Plan {
            action: wish.action.into(),
            title: crate::text::clean_line(&wish.proposal.title).into_owned(),
            context: context.into(),
            steps,
            rights,
            risk,
            warnings,
            type_to_confirm,
            needs_reason: risk >= Risk::Severe,
            undo: wish.proposal.undo,
            command: wish.command,
            blocked,
            wave: wish.wave.unwrap_or(self.guards.config().wave).max(1),
            undoes: wish.undoes,
        };
        if plan.changes_nothing() && plan.blocked.is_empty() {
            plan.warnings.insert(0, "nothing would change: it is so already".into());
        }
        Ok(plan)
    }

    /// Lets the server try a step without storing anything, and notes what would differ.
    async fn rehearse(&self, mut step: Step, denied: bool) -> Step {
        let mut after = None;
        if step.dry_run == DryRun::Pending {
            if denied {
                step.dry_run = DryRun::Skipped("you may not do it".into());
            } else {
                match send(self.cluster, &mut step, true).await {
                    Ok(answer) => {
                        let answer = Known::from(answer);
                        after = Some(answer).filter(|v| v["kind"].is_string() && v["kind"] != "Status");
                        step.dry_run = DryRun::Accepted;
                    }
                    Err(problem) => step.dry_run = DryRun::Refused(problem),
                }
            }
        }
        if !step.diff.is_empty() {
            // The action knows better what differs than its call says.
            return step;
        }
        step.diff = match (step.effect.method, &after) {
            (Method::Delete, _) => Vec::new(),
            (Method::Post, after) => {
                let made = after.as_deref().or(step.effect.body.as_ref()).unwrap_or(&Value::Null);
                diff::diff(&json!({}), made)
            }
            (_, Some(after)) if was_read(&step.current) => diff::diff(&step.current, after),
            (Method::MergePatch, _) => {
                let change = patch::without_identity(step.effect.body.as_ref().unwrap_or(&Value::Null));
                let change = Known::part(change, step.holds_secrets());
                diff::diff(&step.current, &step.current.patched(&change))
            }
            _ => Vec::new(),
        };
        step
    }
}

/// An argument of every plan: how many objects are done at once.
const WAVE: &str = "wave";

fn wave_of(args: &Args) -> Result<Option<usize>> {
    match args.number(WAVE)? {
        Some(0) => Err(Problem::usage("--wave is wrong", "at least one object has to be done at once")),
        number => Ok(number.and_then(|n| usize::try_from(n).ok())),
    }
}

fn check_wish(action: &dyn Action, objects: &[ObjectRef], args: &Args) -> Result<()> {
    let name = action.name();
    if objects.is_empty() {
        return Err(
            Problem::usage(format!("cannot plan {name}"), "no object is named").next("name an object, or mark some")
        );
    }
    if objects.len() > 1 && !action.many() {
        return Err(Problem::usage(format!("cannot plan {name}"), "it takes one object at a time"));
    }
    for object in objects {
        if !action.applies(&object.kind) {
            return Err(Problem::usage(
                format!("cannot {name}"),
                format!("{name} makes no sense for a {}", object.kind.kind),
            )
            .on(object.short()));
        }
    }
    for (given, _) in args.iter().filter(|(name, _)| *name != WAVE) {
        if !action.args().iter().any(|a| a.name == given) {
            let known: Vec<String> = action.args().iter().map(|a| format!("--{}", a.name)).collect();
            return Err(
                Problem::usage(format!("cannot plan {name}"), format!("it has no --{given}")).next(known.join(", "))
            );
        }
    }
    for arg in action.args().iter().filter(|a| a.required) {
        args.need(name, arg.name)?;
    }
    Ok(())
}

/// The object as the server has it, when it is still the one that was meant.
pub(crate) async fn fetch(cluster: &Cluster, mut reference: ObjectRef) -> Result<Target> {
    match cluster.json::<Value>(Request::get(reference.path(None))).await {
        Ok(object) => {
            let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
            if !reference.uid.is_empty() && &*reference.uid != uid {
                return Err(recreated(&reference));
            }
            reference.uid = uid.into();
            reference.resource_version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default().into();
            Ok(Target { reference, object })
        }
        // Whoever may change it but not read it can do so, if it is known which one is meant.
        Err(p) if p.kind == ProblemKind::Forbidden && !reference.uid.is_empty() => {
            let object = json!({"apiVersion": reference.kind.api_version(), "kind": reference.kind.kind, "metadata": {
                "name": &*reference.name, "namespace": &*reference.namespace,
                "uid": &*reference.uid, "resourceVersion": &*reference.resource_version}});
            Ok(Target { reference, object })
        }
        Err(mut p) if p.kind == ProblemKind::NotFound => {
            p.what = "it is gone".into();
            p.object = reference.to_string();
            Err(p)
        }
        Err(p) => Err(p),
    }
}

/// The problem of an object that has another one's name.
pub(crate) fn recreated(reference: &ObjectRef) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "nothing was changed",
        "it was deleted and recreated: another object has its name now",
    )
    .on(reference.to_string())
    .next("look at the new one, then decide again")
}

/// Whether the server offers a verb for a kind; a kind that is not known by discovery may have it.
pub(crate) fn offers_verb(kind: &Kind, verb: &str) -> bool {
    kind.verbs.is_empty() || kind.can(verb)
}

fn plural_of(objects: &[ObjectRef]) -> &str {
    let kind = &objects[0].kind;
    if objects.iter().all(|o| o.kind == *kind) { &kind.plural } else { "objects" }
}

/// `Deployment client-acme/api`, `3 pods in client-acme`, `4 objects`.
pub(crate) fn objects_in_words(targets: &[Target]) -> String {
    let objects: Vec<ObjectRef> = targets.iter().map(|t| t.reference.clone()).collect();
    match objects.as_slice() {
        [one] => one.to_string(),
        many => {
            let namespace = &many[0].namespace;
            let place = match many.iter().all(|o| o.namespace == *namespace) && !namespace.is_empty() {
                true => format!(" in {namespace}"),
                false => String::new(),
            };
            format!("{} {}{place}", many.len(), plural_of(many))
        }
    }
}
