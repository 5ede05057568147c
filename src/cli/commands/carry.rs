//! A plan carried out from the command line, told at its end, and taken back when it failed and that is wanted.

use super::act::{Wish, in_words, refusal};
use super::follow;
use crate::arguments::Common;
use crate::output::{Paint, line, print};
use crate::place::Place;
use quarterdeck_core::actions::{Confirmation, Outcome, Plan, RunView, StepState};
use quarterdeck_core::resources::Level;
use quarterdeck_core::text::clean_line;
use quarterdeck_core::{Problem, ProblemKind, Result};

/// A plan that was carried out.
pub(super) struct Done {
    plan: Plan,
    pub(super) outcome: Outcome,
    view: Option<RunView>,
}

/// Carries a plan out to its end, or until it is stopped by Ctrl-C.
pub(super) async fn out(
    place: &Place,
    plan: Plan,
    confirmation: Confirmation,
    wish: &Wish,
    common: &Common,
) -> Result<Done> {
    let run = match wish.wait {
        true => place.session.follow(plan.clone(), confirmation)?,
        false => place.session.run(plan.clone(), confirmation)?,
    };
    let outcome = tokio::select! {
        outcome = place.session.wait(run) => outcome,
        never = follow::told(&place.session, run, common.plain), if wish.wait => never,
        _ = tokio::signal::ctrl_c() => {
            place.session.cancel(run);
            place.session.wait(run).await
        }
    };
    let outcome = outcome
        .ok_or_else(|| Problem::new(ProblemKind::Internal, "cannot tell how it ended", "the run is not known"))?;
    let view = place.session.run_view(run);
    Ok(Done { plan, outcome, view })
}

/// Takes back what failed, as long as this program has what is needed for it: a Secret that was deleted is kept nowhere
/// else.
pub(super) async fn back(place: &Place, journal: &str, wish: &Wish, common: &Common) -> Result<Done> {
    let plan = place.session.undo(journal).await?;
    if !wish.json {
        print(&in_words(&plan, Paint::stdout(common.plain)));
    }
    if let Some(problem) = refusal(&plan) {
        return Err(problem);
    }
    let confirmation = Confirmation { typed: plan.type_to_confirm.clone(), reason: wish.reason.clone() };
    let done = out(place, plan, confirmation, wish, common).await?;
    if !wish.json {
        done.print(wish, common);
    }
    Ok(done)
}

impl Done {
    /// Whether `qd undo` can take it back after this program.
    fn can_undo(&self) -> bool {
        self.outcome.can_undo && !self.plan.undo_ends_with_program()
    }
    /// Whether it did not come to its end: who waits for that wants to know it, and to have taken back what was not seen
    /// to be whole.
    pub(super) fn failed(&self, wish: &Wish) -> bool {
        !self.outcome.ok || wish.wait && self.outcome.results.iter().any(|r| r.state != StepState::Done)
    }
    /// Whether the way back goes with this program, and is not taken now.
    fn loses_the_way_back(&self, wish: &Wish) -> bool {
        self.outcome.can_undo && !self.can_undo() && !(wish.undo_on_failure && self.failed(wish))
    }
    pub(super) fn json(&self) -> serde_json::Value {
        let mut outcome = self.outcome.clone();
        outcome.can_undo = self.can_undo();
        serde_json::json!({ "plan": self.plan, "outcome": outcome, "run": self.view })
    }
    pub(super) fn print(&self, wish: &Wish, common: &Common) {
        let (paint, outcome) = (Paint::stdout(common.plain), &self.outcome);
        if wish.wait {
            self.view.iter().for_each(|view| print(&follow::stages(view, paint)));
        }
        if self.plan.steps.len() > 1 {
            print(&follow::results(outcome, paint));
        }
        let level = if self.failed(wish) { Level::Bad } else { Level::Good };
        line(&paint.level(level, &clean_line(&outcome.text)));
        if self.can_undo() {
            line(&format!("undo: qd undo {}", outcome.journal));
        } else if self.loses_the_way_back(wish) {
            line("undo: not any more: the former values of a Secret are kept in memory only, and qd ends here");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quarterdeck_core::actions::{DryRun, Effect, Risk, Step, StepResult};
    use quarterdeck_core::cluster::Method;
    use quarterdeck_core::resources::{Kind, ObjectRef};

    /// A Secret that was deleted and is held by this program only.
    fn deleted(state: StepState) -> Done {
        let kind = Kind::of("", "v1", "Secret", "secrets", true);
        let path = "/api/v1/namespaces/a/secrets".to_owned();
        let effect = |method, body| Effect { method, path: path.clone(), query: Vec::new(), body };
        let secret = serde_json::json!({"kind": "Secret", "data": {"tls.key": "a2V5"}});
        let step = Step {
            title: "delete".into(),
            object: ObjectRef::new(kind, "a", "shop-tls"),
            effect: effect(Method::Delete, None),
            diff: Vec::new(),
            dry_run: DryRun::Accepted,
            undo: Some(effect(Method::Post, Some(secret))),
            current: Default::default(),
        };
        let plan = Plan {
            action: "recreate-secret".into(),
            title: String::new(),
            context: String::new(),
            steps: vec![step],
            rights: Vec::new(),
            risk: Risk::Wide,
            warnings: Vec::new(),
            type_to_confirm: String::new(),
            needs_reason: false,
            undo: String::new(),
            command: String::new(),
            blocked: Vec::new(),
            wave: 1,
            undoes: None,
        };
        let result = StepResult { object: String::new(), state, text: String::new(), took: None };
        let ok = state != StepState::Failed;
        let outcome = Outcome {
            ok,
            text: String::new(),
            journal: String::new(),
            can_undo: true,
            results: vec![result],
            problem: None,
        };
        Done { plan, outcome, view: None }
    }

    #[test]
    fn what_was_not_seen_to_its_end_is_taken_back_as_a_failure_is() {
        let wish = Wish { wait: true, undo_on_failure: true, ..Wish::default() };
        // A time-out or Ctrl-C leaves it accepted: the outcome itself is well then.
        for state in [StepState::Accepted, StepState::Failed] {
            let done = deleted(state);
            assert!(done.failed(&wish), "{state:?}");
            assert!(!done.loses_the_way_back(&wish), "it is taken back at once: {state:?}");
        }
        let done = deleted(StepState::Done);
        assert!(!done.failed(&wish) && done.loses_the_way_back(&wish));
        // Who does not wait has asked for no end.
        let wish = Wish::default();
        assert!(!deleted(StepState::Accepted).failed(&wish) && deleted(StepState::Accepted).loses_the_way_back(&wish));
        assert!(deleted(StepState::Failed).failed(&wish) && deleted(StepState::Failed).loses_the_way_back(&wish));
    }
}
