//! The runs of this session: those under way and the latest that ended.

use super::plan::Plan;
use super::run::{Outcome, RunId, RunStep, RunView, StepState};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

/// Ended runs that can still be looked at and waited for.
const KEPT: usize = 200;

/// The runs of this session.
#[derive(Default)]
pub(crate) struct Runs {
    all: Mutex<BTreeMap<RunId, Kept>>,
    last: AtomicU64,
}

struct Kept {
    cancel: CancellationToken,
    done: tokio::sync::watch::Receiver<Option<Outcome>>,
    view: Arc<Mutex<RunView>>,
}

impl Runs {
    pub(crate) fn next_id(&self) -> RunId {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }
    pub(crate) fn add(
        &self,
        view: &Arc<Mutex<RunView>>,
        cancel: CancellationToken,
        done: tokio::sync::watch::Receiver<Option<Outcome>>,
    ) {
        let id = view.lock().id;
        let mut all = self.all.lock();
        while all.len() >= KEPT && all.first_key_value().is_some_and(|(_, r)| r.done.borrow().is_some()) {
            all.pop_first();
        }
        all.insert(id, Kept { cancel, done, view: view.clone() });
    }
    pub(crate) fn done(&self, run: RunId) -> Option<tokio::sync::watch::Receiver<Option<Outcome>>> {
        self.all.lock().get(&run).map(|r| r.done.clone())
    }
    pub(crate) fn cancel(&self, run: RunId) {
        if let Some(kept) = self.all.lock().get(&run) {
            kept.cancel.cancel();
        }
    }
    pub(crate) fn view(&self, run: RunId) -> Option<RunView> {
        let view = self.all.lock().get(&run).map(|r| r.view.clone())?;
        let view = view.lock().clone();
        Some(view)
    }
    /// The latest first.
    pub(crate) fn views(&self) -> Vec<RunView> {
        let all: Vec<_> = self.all.lock().values().rev().map(|r| r.view.clone()).collect();
        all.iter().map(|v| v.lock().clone()).collect()
    }
    /// How many are under way.
    pub(crate) fn going(&self) -> usize {
        self.all.lock().values().filter(|r| r.done.borrow().is_none()).count()
    }
}

/// A run that begins.
pub(crate) fn begin(id: RunId, plan: &Plan, now: i64) -> RunView {
    let step = |s: &super::plan::Step| RunStep {
        object: s.object.clone(),
        name: s.object.to_string(),
        title: s.title.clone(),
        state: StepState::Waiting,
        text: String::new(),
        started: None,
        ended: None,
        stages: Vec::new(),
    };
    RunView {
        id,
        context: plan.context.clone(),
        action: plan.action.clone(),
        title: plan.title.clone(),
        command: plan.command.clone(),
        started: now,
        ended: None,
        journal: String::new(),
        wave: plan.wave,
        steps: plan.steps.iter().map(step).collect(),
        outcome: None,
    }
}
