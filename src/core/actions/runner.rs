//! Carries a plan out: step by step, first failure stops; then watches the effects; writes the journal.

use super::action::{Action, Work};
use super::follow::{Ended, Follower};
use super::observe::{Seen, follow};
use super::plan::{Plan, Step};
use super::run::{
    Confirmation, Outcome, RunEvent, RunId, RunStep, RunView, StageNow, StageState, StepResult, StepState,
};
use super::send::send;
use super::stage::{self, Look};
use super::{catalogue, patch};
use crate::clock::Clock;
use crate::cluster::{Cluster, Method};
use crate::event::{Event, Listener};
use crate::guards::Guards;
use crate::journal::entry::{KeptObject, Took};
use crate::journal::usual::Usual;
use crate::journal::{Entry, Journal, Record, UndoStep};
use crate::overview::OverviewHandle;
use crate::resources::ObjectRef;
use crate::wipe::{is_secret_path, wipe};
use crate::{Problem, ProblemKind, Result};
use futures::{FutureExt, StreamExt};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Effects that are watched at once.
const FOLLOWED: usize = 8;
/// Stages of one run whose length is written down.
const LEARNT: usize = 40;
/// The stage of a step that its action carries out itself.
const CARRIED: &str = "work";
/// Where the reason is written on the object, where that is wanted.
pub(crate) const REASON: &str = "quarterdeck.dev/reason";

/// All that a run needs; owned, because it goes on while the screen does other things.
pub(crate) struct Runner {
    pub cluster: Cluster,
    pub guards: Arc<Guards>,
    pub clock: Clock,
    pub journal: Arc<Journal>,
    pub listener: Listener,
    /// Who the journal says it was.
    pub user: String,
    pub run: RunId,
    pub cancel: CancellationToken,
    /// Followed through all stages; else until the effect is seen.
    pub full: bool,
    pub view: Arc<Mutex<RunView>>,
    /// For routes and for what stands in the way; watches nothing unless `full`.
    pub overview: OverviewHandle,
    pub usual: Usual,
    /// How hosts are looked at.
    pub probing: crate::probe::Probing,
}

/// How a wave ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WaveEnd {
    Done,
    /// Somebody stopped watching, or it took too long.
    Unseen,
    Failed,
}

fn stage_now(id: &str, title: &str, usual: Option<i64>) -> StageNow {
    StageNow {
        id: id.into(),
        title: title.into(),
        state: StageState::Waiting,
        text: String::new(),
        started: None,
        ended: None,
        usual,
        blocked: None,
    }
}

/// Why the next wave does not begin.
fn failed_wave(results: &[StepResult]) -> Problem {
    let first = results.iter().find(|r| r.state == StepState::Failed);
    let (object, text) = first.map_or(("", "the wave failed"), |r| (&r.object, &r.text));
    Problem::new(ProblemKind::Invalid, "stopped at the first failure", text).on(object)
}

/// Writes the reason on the object, where the change patches the object itself.
fn annotate(step: &mut Step, reason: &str, user: &str) {
    let itself = step.effect.method == Method::MergePatch && step.effect.path == step.object.path(None);
    if let Some(body) = step.effect.body.as_mut().filter(|b| itself && !reason.is_empty() && b.is_object()) {
        patch::apply(body, &json!({"metadata": {"annotations": {REASON: format!("{reason} ({user})")}}}));
    }
}

/// Whether a person's yes is enough for a plan.
///
/// # Errors
/// What is missing. Nothing was changed.
pub(crate) fn check(plan: &Plan, confirmation: &Confirmation) -> Result<()> {
    let no = |kind, why: String| Problem::new(kind, "nothing was changed", why).on(plan.title.clone());
    if let Some(why) = plan.blocked.first() {
        return Err(no(ProblemKind::Guarded, why.clone()));
    }
    if !plan.type_to_confirm.is_empty() && confirmation.typed.trim() != plan.type_to_confirm {
        return Err(no(ProblemKind::Usage, "what was typed is not what was asked for".into())
            .next(format!("type {}", plan.type_to_confirm)));
    }
    if plan.needs_reason && confirmation.reason.trim().is_empty() {
        return Err(no(ProblemKind::Usage, "a reason is needed".into()).next("say why"));
    }
    Ok(())
}

impl Runner {
    /// Why a guard refuses the plan at this moment.
    pub(crate) fn guarded(&self, plan: &Plan) -> Result<()> {
        for step in &plan.steps {
            if let Some(why) = self.guards.refuses(&plan.context, &plan.action, &step.object, self.clock.now()) {
                return Err(Problem::new(ProblemKind::Guarded, "nothing was changed", why)
                    .on(step.object.to_string())
                    .next("unlock for a while with a reason, where the configuration allows it"));
            }
        }
        Ok(())
    }

    /// Carries the plan out to its end, wave by wave.
    pub(crate) async fn carry_out(&self, plan: Plan, reason: &str) -> Outcome {
        let mut record = self.begin(&plan, reason);
        self.view.lock().journal.clone_from(&record.entry.id);
        // Before the first call: whatever happens to this program, it is known what it was about to do.
        self.write(&record);
        let mut results: Vec<StepResult> = plan
            .steps
            .iter()
            .map(|s| StepResult {
                object: s.object.to_string(),
                state: StepState::Waiting,
                text: "not touched".into(),
                took: None,
            })
            .collect();
        let mut stopped: Option<Problem> = None;
        let mut failed = false;
        let action = catalogue::find(&plan.action);
        for first in (0..plan.steps.len()).step_by(plan.wave.max(1)) {
            let last = first.saturating_add(plan.wave.max(1)).min(plan.steps.len());
            let mut made = Vec::new();
            // Steps, results and plan are told apart by their place.
            #[allow(clippy::needless_range_loop)]
            for i in first..last {
                if let Some(action) = action.filter(|a| a.carries(&plan.steps[i]) && !self.cancel.is_cancelled()) {
                    // This may take hours: how to take back what was done so far has to be known already.
                    record.entry.can_undo = !record.undo.is_empty();
                    self.write(&record);
                    match self.carried(&plan, i, action, &mut results[i]).await {
                        Ok(()) => continue,
                        Err(problem) => {
                            stopped = Some(problem);
                            break;
                        }
                    }
                }
                match self.send(&plan, i, &record.entry.reason).await {
                    Ok((object, undo, same)) => {
                        results[i].state = StepState::Accepted;
                        results[i].text = "accepted".into();
                        record.undo.extend(undo);
                        made.push((i, object, same));
                    }
                    Err(problem) => {
                        if problem.kind != ProblemKind::Cancelled {
                            results[i].state = StepState::Failed;
                            results[i].text = problem.line();
                        }
                        stopped = Some(problem);
                        break;
                    }
                }
            }
            record.entry.can_undo = !record.undo.is_empty();
            record.entry.ok = stopped.is_none();
            record.entry.outcome = in_words(&results, stopped.as_ref());
            self.write(&record);
            let end = self.observe(&plan, made, &mut results).await;
            failed |= end == WaveEnd::Failed;
            if stopped.is_none() && last < plan.steps.len() {
                stopped = match end {
                    WaveEnd::Failed => Some(failed_wave(&results[first..last])),
                    WaveEnd::Unseen => Some(
                        Problem::new(ProblemKind::Cancelled, "stopped", "the wave was not seen to its end")
                            .next("look at these objects before going on with the rest"),
                    ),
                    WaveEnd::Done => None,
                };
            }
            if stopped.is_some() {
                break;
            }
        }
        record.undo.reverse();
        if let Some(undone) = plan.undoes.as_deref().filter(|_| stopped.is_none()) {
            self.mark_undone(undone, &record.entry.id);
        }
        record.entry.ok = stopped.is_none() && !failed;
        record.entry.outcome = in_words(&results, stopped.as_ref());
        record.entry.took = Some(self.clock.now() - record.entry.at);
        record.entry.stages = self.learnt();
        self.write(&record);
        let outcome = Outcome {
            ok: record.entry.ok,
            text: record.entry.outcome.clone(),
            journal: record.entry.id.clone(),
            can_undo: record.entry.can_undo,
            results,
            problem: stopped,
        };
        {
            let mut view = self.view.lock();
            view.ended = Some(self.clock.now());
            view.outcome = Some(outcome.clone());
        }
        self.tell(RunEvent::Finished(outcome.clone()));
        outcome
    }

    /// Lets the action carry a step out itself. For whoever looks on it is one stage.
    async fn carried(&self, plan: &Plan, i: usize, action: &dyn Action, result: &mut StepResult) -> Result<()> {
        let step = &plan.steps[i];
        let usual = self.usual.seconds(&plan.action, &step.object.kind.kind, CARRIED);
        self.step(i, |s, now| {
            s.started = Some(now);
            s.stages = vec![stage_now(CARRIED, &step.title, usual)];
            s.stages[0].state = StageState::Going;
            s.stages[0].started = Some(now);
        });
        self.tell(RunEvent::StepStarted { step: i });
        let tell = |text: &str| {
            let same = self.stage(i, 0, |s, _| std::mem::replace(&mut s.text, text.to_owned()) == text);
            if same == Some(false) {
                self.seen(i, text);
            }
        };
        let block = |blocked| {
            self.stage(i, 0, |s, _| s.blocked = blocked);
        };
        let allowed = || self.guarded(plan);
        let (cluster, cancel) = (&self.cluster, &self.cancel);
        let work = Work { cluster, step, tell: &tell, block: &block, allowed: &allowed, cancel };
        let carried = action.carry(&work).await;
        let (state, stage, text) = match &carried {
            Ok(done) => (StepState::Done, StageState::Done, done.text.clone()),
            Err(problem) => (StepState::Failed, StageState::Failed, problem.line()),
        };
        self.stage(i, 0, |s, now| {
            s.state = stage;
            s.text.clone_from(&text);
            s.ended = Some(now);
            if stage == StageState::Done {
                s.blocked = None;
            }
        });
        self.step(i, |s, now| {
            s.state = state;
            s.text.clone_from(&text);
            s.ended = Some(now);
            let took = s.started.map(|at| now - at);
            *result = StepResult { object: s.name.clone(), state, text, took };
        });
        match carried {
            Ok(_) => {
                self.tell(RunEvent::StepDone { step: i });
                Ok(())
            }
            Err(problem) => {
                self.tell(RunEvent::StepFailed { step: i, problem: problem.clone() });
                Err(problem)
            }
        }
    }

    /// Sends one step: the object as it is now named, the way back, and whether the answer says that nothing of the
    /// effect has to be waited for.
    async fn send(&self, plan: &Plan, i: usize, reason: &str) -> Result<(ObjectRef, Option<UndoStep>, bool)> {
        if self.cancel.is_cancelled() {
            return Err(Problem::new(ProblemKind::Cancelled, "stopped", "by the user"));
        }
        let step = &plan.steps[i];
        self.step(i, |s, now| s.started = Some(now));
        self.tell(RunEvent::StepStarted { step: i });
        let mut sent = step.clone();
        if self.guards.annotates(&plan.context) {
            annotate(&mut sent, reason, &self.user);
        }
        let done = match self.guarded(plan) {
            Ok(()) => send(&self.cluster, &mut sent, false).await,
            Err(problem) => Err(problem),
        };
        match done {
            Ok(mut answer) => {
                let after = after(step, &answer);
                self.step(i, |s, now| {
                    s.state = StepState::Accepted;
                    s.object = after.object.clone();
                    s.stages = vec![stage_now("written", "written", None)];
                    s.stages[0].state = StageState::Done;
                    s.stages[0].text = "accepted by the server".into();
                    s.stages[0].started = s.started;
                    s.stages[0].ended = Some(now);
                });
                self.tell(RunEvent::StepDone { step: i });
                let whole = answer["kind"] == after.object.kind.kind.as_str();
                let effect = catalogue::find(&plan.action).and_then(|a| a.progress(Some(&answer)));
                if is_secret_path(&step.effect.path) {
                    wipe(&mut answer);
                }
                Ok((after.object, after.undo, whole && effect.is_none()))
            }
            Err(problem) => {
                self.step(i, |s, now| {
                    s.state = StepState::Failed;
                    s.text = problem.line();
                    s.ended = Some(now);
                });
                self.tell(RunEvent::StepFailed { step: i, problem: problem.clone() });
                Err(problem)
            }
        }
    }

    /// Watches the effects of what was accepted in a wave.
    async fn observe(&self, plan: &Plan, made: Vec<(usize, ObjectRef, bool)>, results: &mut [StepResult]) -> WaveEnd {
        let follows = futures::stream::iter(made)
            .map(|(i, object, nothing)| self.followed(plan, i, object, nothing).boxed())
            .buffer_unordered(FOLLOWED);
        let mut follows = std::pin::pin!(follows);
        let mut end = WaveEnd::Done;
        while let Some((i, seen)) = follows.next().await {
            let (state, text) = match seen {
                Seen::Done(text) if text.is_empty() => (StepState::Done, "done".into()),
                Seen::Done(text) => (StepState::Done, text),
                Seen::Failed(text) => (StepState::Failed, text),
                Seen::Unseen(text) if text.is_empty() => (StepState::Accepted, "accepted".into()),
                Seen::Unseen(text) => (StepState::Accepted, format!("accepted; {text}")),
            };
            end = match state {
                StepState::Failed => WaveEnd::Failed,
                StepState::Accepted if end == WaveEnd::Done && text.starts_with("accepted;") => WaveEnd::Unseen,
                _ => end,
            };
            self.step(i, |s, now| {
                s.state = state;
                s.text.clone_from(&text);
                s.ended = Some(now);
                let took = s.started.map(|at| now - at);
                results[i] = StepResult { object: s.name.clone(), state, text: text.clone(), took };
            });
        }
        end
    }

    /// Follows a step as far as it is wanted, and no longer than somebody watches.
    async fn followed(&self, plan: &Plan, i: usize, object: ObjectRef, nothing: bool) -> (usize, Seen) {
        let followed = match catalogue::find(&plan.action) {
            action if self.full => self.stages(&plan.steps[i], i, action, &object).boxed(),
            _ if nothing => std::future::ready(Seen::Done(String::new())).boxed(),
            // An undo has no action to ask.
            None => std::future::ready(Seen::Unseen(String::new())).boxed(),
            Some(action) => self.effect(i, action, &object).boxed(),
        };
        tokio::select! {
            seen = followed => (i, seen),
            () = self.cancel.cancelled() => (i, Seen::Unseen("not followed to its end".into())),
        }
    }
    async fn effect(&self, i: usize, action: &'static dyn Action, object: &ObjectRef) -> Seen {
        follow(&self.cluster, action, object, |text: &str| self.seen(i, text)).await
    }

    /// Follows a step through all its stages.
    async fn stages(&self, step: &Step, i: usize, action: Option<&'static dyn Action>, object: &ObjectRef) -> Seen {
        let stages = action.map_or_else(
            || if stage::is_workload(object) { stage::usual(object) } else { Vec::new() },
            |a| a.stages_of(step, object),
        );
        let patience = action.map_or(std::time::Duration::from_secs(600), |a| a.patience());
        let name = self.view.lock().action.clone();
        self.step(i, |s, _| {
            s.stages.extend(stages.iter().map(|stage| {
                stage_now(stage.id, &stage.title, self.usual.seconds(&name, &object.kind.kind, stage.id))
            }));
        });
        let config = self.guards.config().file.as_deref();
        let (overview, probing) = (self.overview.clone(), &self.probing);
        let follower = Follower { cluster: &self.cluster, action, object, overview, config, probing };
        let mut told = String::new();
        for (n, stage) in (1..).zip(&stages) {
            self.stage(i, n, |s, now| {
                s.state = StageState::Going;
                s.started = Some(now);
            });
            let tell = |text: &str| {
                let same = self.stage(i, n, |s, _| std::mem::replace(&mut s.text, text.to_owned()) == text);
                if same == Some(false) {
                    self.seen(i, text);
                }
            };
            let block = |blocked| {
                self.stage(i, n, |s, _| s.blocked = blocked);
            };
            let ended = tokio::time::timeout(patience, follower.stage(stage, &tell, &block)).await;
            let late = ended.is_err();
            let ended = ended.unwrap_or_else(|_| Ended {
                state: StageState::Skipped,
                text: format!("not finished after {} min", patience.as_secs() / 60),
            });
            self.stage(i, n, |s, now| {
                s.state = ended.state;
                s.text.clone_from(&ended.text);
                s.ended = Some(now);
                if ended.state != StageState::Failed {
                    s.blocked = None;
                }
            });
            match ended.state {
                StageState::Failed => return Seen::Failed(format!("{}: {}", stage.title, ended.text)),
                _ if late => return Seen::Unseen(format!("{}: {}", stage.title, ended.text)),
                // What the verb itself is about says how it ended; else the last thing that was seen.
                StageState::Done if told.is_empty() || matches!(stage.look, Look::Progress | Look::Rollout(_)) => {
                    told = ended.text;
                }
                _ => {}
            }
        }
        Seen::Done(told)
    }

    /// Notes what was seen of a step, and tells.
    fn seen(&self, i: usize, text: &str) {
        self.step(i, |s, _| s.text = text.to_owned());
        self.tell(RunEvent::Progress { step: i, text: text.into() });
    }

    fn step<T>(&self, i: usize, change: impl FnOnce(&mut RunStep, i64) -> T) -> T {
        let now = self.clock.now();
        change(&mut self.view.lock().steps[i], now)
    }

    /// Changes a stage of a step, and tells.
    fn stage<T>(&self, i: usize, n: usize, change: impl FnOnce(&mut StageNow, i64) -> T) -> Option<T> {
        let changed = self.step(i, |s, now| s.stages.get_mut(n).map(|stage| change(stage, now)));
        self.tell(RunEvent::Stage { step: i, stage: n });
        changed
    }

    /// How long the stages took, to learn from.
    fn learnt(&self) -> Vec<Took> {
        let view = self.view.lock();
        let all = view.steps.iter().flat_map(|step| step.stages.iter().map(move |stage| (step, stage)));
        let done = all.filter(|(_, stage)| stage.state == StageState::Done && stage.id != "written");
        done.filter_map(|(step, stage)| {
            let seconds = stage.ended? - stage.started?;
            Some(Took { stage: stage.id.clone(), kind: step.object.kind.kind.clone(), seconds })
        })
        .take(LEARNT)
        .collect()
    }

    fn begin(&self, plan: &Plan, reason: &str) -> Record {
        let at = self.clock.now();
        Record {
            entry: Entry {
                id: self.journal.new_id(&self.clock, &plan.title),
                at,
                context: plan.context.clone(),
                user: self.user.clone(),
                action: plan.action.clone(),
                title: plan.title.clone(),
                objects: plan.steps.iter().map(|s| s.object.to_string()).collect(),
                risk: plan.risk,
                reason: crate::text::clean_line(reason.trim()).into_owned(),
                ok: false,
                outcome: String::new(),
                can_undo: false,
                undone_by: None,
                took: None,
                stages: Vec::new(),
            },
            undo: Vec::new(),
        }
    }

    fn mark_undone(&self, undone: &str, by: &str) {
        if let Ok(mut record) = self.journal.find(undone) {
            record.entry.undone_by = Some(by.into());
            self.write(&record);
        }
    }

    fn write(&self, record: &Record) {
        self.journal.keep(record.clone(), &self.listener);
    }

    fn tell(&self, event: RunEvent) {
        (self.listener)(Event::Run { run: self.run, event });
    }
}

/// What a step left: the object as it is now named, and the way back.
struct After {
    object: crate::resources::ObjectRef,
    undo: Option<UndoStep>,
}

fn after(step: &Step, answer: &Value) -> After {
    let mut object = step.object.clone();
    if object.uid.is_empty() {
        object.uid = answer["metadata"]["uid"].as_str().unwrap_or_default().into();
    }
    let undo = step
        .undo
        .clone()
        .filter(|_| matches!(step.effect.method, Method::Post | Method::Delete) || !step.diff.is_empty())
        .map(|effect| UndoStep {
            object: KeptObject::of(&object),
            title: step.title.clone(),
            expect: match step.effect.method {
                Method::MergePatch => expectation(step, answer),
                _ => Value::Null,
            },
            effect,
        });
    After { object, undo }
}

/// What has to be there for an undo: the values as the server stored them, which may be in another form
/// than they were sent (`1000m` becomes `1`), at the places that were written.
fn expectation(step: &Step, answer: &Value) -> Value {
    let written = patch::without_identity(step.effect.body.as_ref().unwrap_or(&Value::Null));
    if answer["metadata"].is_object() { patch::inverse(answer, &written) } else { written }
}

/// `done`, `2 of 5 done; stopped: …`
fn in_words(results: &[StepResult], stopped: Option<&Problem>) -> String {
    let touched = results.iter().filter(|r| matches!(r.state, StepState::Accepted | StepState::Done)).count();
    // One that failed after the server took it has changed something.
    let untouched = touched == 0 && results.iter().all(|r| r.took.is_none());
    match (results, stopped) {
        (_, Some(problem)) if untouched => format!("nothing was changed: {}", problem.line()),
        (all, Some(problem)) => format!("{touched} of {} done, then stopped: {}", all.len(), problem.line()),
        ([one], None) => one.text.clone(),
        // Steps on one object are parts of one thing: the last one says how it ended.
        ([first, .., last], None) if results.iter().all(|r| r.state == StepState::Done && r.object == first.object) => {
            last.text.clone()
        }
        (all, None) => {
            let failed: Vec<&StepResult> = all.iter().filter(|r| r.state == StepState::Failed).collect();
            match failed.first() {
                Some(first) => format!("{touched} of {} done; {}: {}", all.len(), first.object, first.text),
                None => format!("{touched} of {} done", all.len()),
            }
        }
    }
}
