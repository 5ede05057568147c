//! Carries a plan out: step by step, first failure stops; then watches the effects; writes the journal.

use super::action::Action;
use super::observe::{Seen, follow};
use super::plan::{Plan, Step};
use super::run::{Confirmation, Outcome, RunEvent, RunId, StepResult, StepState};
use super::send::send;
use super::{catalogue, patch};
use crate::clock::Clock;
use crate::cluster::{Cluster, Method};
use crate::event::{Event, Listener};
use crate::guards::Guards;
use crate::journal::entry::KeptObject;
use crate::journal::{Entry, Journal, Record, UndoStep};
use crate::{Problem, ProblemKind, Result};
use futures::StreamExt;
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Effects that are watched at once.
const FOLLOWED: usize = 8;

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

    /// Carries the plan out to its end.
    pub(crate) async fn carry_out(&self, plan: Plan, reason: &str) -> Outcome {
        let mut record = self.begin(&plan, reason);
        // Before the first call: whatever happens to this program, it is known what it was about to do.
        self.write(&record);
        let mut results: Vec<StepResult> = plan
            .steps
            .iter()
            .map(|s| StepResult { object: s.object.to_string(), state: StepState::Waiting, text: "not touched".into() })
            .collect();
        let mut stopped: Option<Problem> = None;
        let mut made = Vec::new();
        for (i, step) in plan.steps.iter().enumerate() {
            if self.cancel.is_cancelled() {
                stopped = Some(Problem::new(ProblemKind::Cancelled, "stopped", "by the user"));
                break;
            }
            self.tell(RunEvent::StepStarted { step: i });
            let done = match self.guarded(&plan) {
                Ok(()) => send(&self.cluster, &mut step.clone(), false).await,
                Err(problem) => Err(problem),
            };
            match done {
                Ok(answer) => {
                    results[i].state = StepState::Accepted;
                    results[i].text = "accepted".into();
                    let after = after(step, &answer);
                    record.undo.extend(after.undo);
                    made.push((i, after.object));
                    self.tell(RunEvent::StepDone { step: i });
                }
                Err(problem) => {
                    results[i].state = StepState::Failed;
                    results[i].text = problem.line();
                    self.tell(RunEvent::StepFailed { step: i, problem: problem.clone() });
                    stopped = Some(problem);
                    break;
                }
            }
        }
        record.undo.reverse();
        record.entry.can_undo = !record.undo.is_empty();
        record.entry.ok = stopped.is_none();
        record.entry.outcome = in_words(&results, stopped.as_ref());
        self.write(&record);
        if let Some(undone) = plan.undoes.as_deref().filter(|_| stopped.is_none()) {
            self.mark_undone(undone, &record.entry.id);
        }

        if let Some(action) = catalogue::find(&plan.action) {
            let failed = self.observe(action, made, &mut results).await;
            record.entry.ok &= !failed;
            record.entry.outcome = in_words(&results, stopped.as_ref());
            self.write(&record);
        }
        let outcome = Outcome {
            ok: record.entry.ok,
            text: record.entry.outcome.clone(),
            journal: record.entry.id.clone(),
            can_undo: record.entry.can_undo,
            results,
            problem: stopped,
        };
        self.tell(RunEvent::Finished(outcome.clone()));
        outcome
    }

    /// Watches the effects of what was accepted; whether one of them failed.
    async fn observe(
        &self,
        action: &dyn Action,
        made: Vec<(usize, crate::resources::ObjectRef)>,
        results: &mut [StepResult],
    ) -> bool {
        let follows = futures::stream::iter(made)
            .map(|(i, object)| async move {
                let tell = |text: &str| self.tell(RunEvent::Progress { step: i, text: text.into() });
                tokio::select! {
                    seen = follow(&self.cluster, action, &object, tell) => (i, seen),
                    () = self.cancel.cancelled() => (i, Seen::Unseen("not followed to its end".into())),
                }
            })
            .buffer_unordered(FOLLOWED);
        let mut follows = std::pin::pin!(follows);
        let mut failed = false;
        while let Some((i, seen)) = follows.next().await {
            let (state, text) = match seen {
                Seen::Done(text) if text.is_empty() => (StepState::Done, "done".into()),
                Seen::Done(text) => (StepState::Done, text),
                Seen::Failed(text) => (StepState::Failed, text),
                Seen::Unseen(text) => (StepState::Accepted, format!("accepted; {text}")),
            };
            failed |= state == StepState::Failed;
            results[i].state = state;
            results[i].text = text;
        }
        failed
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
    let undo =
        step.undo.clone().filter(|_| step.effect.method == Method::Post || !step.diff.is_empty()).map(|effect| {
            UndoStep {
                object: KeptObject::of(&object),
                title: step.title.clone(),
                expect: match step.effect.method {
                    Method::MergePatch => expectation(step, answer),
                    _ => Value::Null,
                },
                effect,
            }
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
    match (results, stopped) {
        (_, Some(problem)) if touched == 0 => format!("nothing was changed: {}", problem.line()),
        (all, Some(problem)) => format!("{touched} of {} done, then stopped: {}", all.len(), problem.line()),
        ([one], None) => one.text.clone(),
        (all, None) => {
            let failed: Vec<&StepResult> = all.iter().filter(|r| r.state == StepState::Failed).collect();
            match failed.first() {
                Some(first) => format!("{touched} of {} done; {}: {}", all.len(), first.object, first.text),
                None => format!("{touched} of {} done", all.len()),
            }
        }
    }
}
