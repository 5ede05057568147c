//! A plan carried out from the command line, told at its end, and taken back when it failed and that is wanted.

use super::act::{Wish, in_words, refusal};
use super::follow;
use crate::arguments::Common;
use crate::output::{Paint, line, print};
use crate::place::Place;
use quarterdeck_core::actions::{Confirmation, Outcome, Plan, RunView};
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
        let level = if outcome.ok { Level::Good } else { Level::Bad };
        line(&paint.level(level, &clean_line(&outcome.text)));
        if self.can_undo() {
            line(&format!("undo: qd undo {}", outcome.journal));
        } else if outcome.can_undo && (outcome.ok || !wish.undo_on_failure) {
            line("undo: not any more: the former values of a Secret are kept in memory only, and qd ends here");
        }
    }
}
