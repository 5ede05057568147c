//! What can be done to objects: offers, plans, runs, the way back.

use super::front::*;
use crate::actions::pipeline::Planner;
use crate::actions::runner::{self, Runner};
use crate::actions::runs;
use crate::actions::{Action, Args, Confirmation, Offer, Outcome, Plan, RunId, RunView, WhyNot, catalogue};
use crate::cluster::{Access, Cluster, Right};
use crate::event::Event;
use crate::journal::usual::Usual;
use crate::resources::ObjectRef;
use crate::{Problem, Result};
use futures::StreamExt;
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

pub use crate::overview::OverviewHandle;

impl Session {
    /// All actions there are.
    pub fn catalogue(&self) -> &'static [&'static dyn Action] {
        catalogue::all()
    }
    /// The actions for these objects, with what stands against each. From what is known already; what is
    /// not known is asked in the background and told by [`Event::AccessChanged`].
    pub fn offers(&self, context: &str, targets: &[ObjectRef]) -> Vec<Offer> {
        let cluster = self.cluster(context).ok();
        let now = self.clock().now();
        let mut unknown = Vec::new();
        let offers = catalogue::all()
            .iter()
            .filter(|action| !targets.is_empty() && targets.iter().all(|t| action.applies(&t.kind)))
            .map(|action| {
                let mut missing = Vec::new();
                for right in targets.iter().flat_map(|t| action.rights(t)) {
                    match cluster.as_ref().and_then(|c| c.may_known(&right)) {
                        Some(Access::Denied) if !missing.contains(&right) => missing.push(right),
                        Some(_) => {}
                        None => unknown.push(right),
                    }
                }
                let guard = targets.iter().find_map(|t| self.inner.guards.refuses(context, action.name(), t, now));
                let enabled = if targets.len() > 1 && !action.many() {
                    Err(WhyNot::NotApplicable("takes one object at a time".into()))
                } else if !missing.is_empty() {
                    Err(WhyNot::Rights(missing))
                } else if let Some(why) =
                    guard.or_else(|| self.inner.guards.refuses_number(context, action.name(), targets))
                {
                    Err(WhyNot::Guard(why))
                } else {
                    Ok(())
                };
                Offer { name: action.name(), title: action.title(), help: action.help(), args: action.args(), enabled }
            })
            .collect();
        if let Some(cluster) = cluster {
            self.ask_later(cluster, unknown);
        }
        offers
    }
    /// Asks for rights in the background, none twice within a while.
    pub(super) fn ask_later(&self, cluster: Cluster, mut rights: Vec<Right>) {
        let mut asked = self.inner.asked.lock();
        asked.retain(|_, at| at.elapsed() < ASK_AGAIN);
        rights.retain(|right| asked.insert((cluster.context().into(), right.clone()), Instant::now()).is_none());
        drop(asked);
        if rights.is_empty() {
            return;
        }
        let listener = self.inner.listener.clone();
        self.inner.runtime.spawn(async move {
            let asks = rights.into_iter().map(|right| {
                let cluster = cluster.clone();
                async move { cluster.may(&right).await }
            });
            let asks: Vec<_> = asks.collect();
            futures::stream::iter(asks).buffer_unordered(4).for_each(|_| std::future::ready(())).await;
            listener(Event::AccessChanged { context: cluster.context().into() });
        });
    }

    /// What an action would do: fetches the objects, checks identity, rights and guards, lets the server
    /// try it (dry run) and compares. Changes nothing.
    ///
    /// # Errors
    /// When there is nothing to plan: unknown action, wrong argument, the object is gone or another one.
    /// A refused dry run is no error; it stands in the plan's steps.
    pub async fn plan(&self, context: &str, action: &str, targets: &[ObjectRef], args: &Args) -> Result<Plan> {
        let known = catalogue::find(action).ok_or_else(|| {
            let names: Vec<&str> = catalogue::all().iter().map(|a| a.name()).collect();
            Problem::usage("cannot plan", format!("there is no action {action}")).next(names.join(", "))
        })?;
        let cluster = self.cluster(context)?;
        self.planner(&cluster).plan(known, targets, args).await
    }
    pub(super) fn planner<'a>(&'a self, cluster: &'a Cluster) -> Planner<'a> {
        let inner = &self.inner;
        Planner { cluster, guards: &inner.guards, platforms: &inner.platforms, now: self.clock().now() }
    }
    /// What an argument of an action is at present on an object, or by the profile of the context's platform.
    pub fn default_of(&self, context: &str, action: &dyn Action, arg: &str, object: &Value) -> Option<String> {
        action.default_on(arg, object, &self.inner.platforms.candidates(context))
    }
    /// Carries a plan out until its effect is seen; progress comes as [`Event::Run`].
    ///
    /// # Errors
    /// When the confirmation is not what the plan asks for, or a guard refuses. Nothing was changed then.
    pub fn run(&self, plan: Plan, confirmation: Confirmation) -> Result<RunId> {
        self.start(plan, &confirmation, OverviewHandle::default(), false)
    }
    /// The same, followed through all stages to the route that answers; what is stuck is named. Watches the platform
    /// of the context meanwhile.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn follow(&self, plan: Plan, confirmation: Confirmation) -> Result<RunId> {
        runner::check(&plan, &confirmation)?;
        let overview = self.overview(&plan.context)?;
        self.start(plan, &confirmation, overview, true)
    }
    pub(super) fn start(
        &self,
        plan: Plan,
        confirmation: &Confirmation,
        overview: OverviewHandle,
        full: bool,
    ) -> Result<RunId> {
        let inner = &self.inner;
        runner::check(&plan, confirmation)?;
        let cluster = self.cluster(&plan.context)?;
        cluster.set_read_only(self.guard(&plan.context).read_only.is_some());
        let cancel = CancellationToken::new();
        let view = Arc::new(Mutex::new(runs::begin(0, &plan, self.clock().now())));
        let mut runner = Runner {
            guards: inner.guards.clone(),
            clock: self.clock().clone(),
            usual: if full { Usual::of(&inner.journal.records()) } else { Usual::default() },
            journal: inner.journal.clone(),
            listener: inner.listener.clone(),
            user: self.user(&plan.context),
            cancel: cancel.clone(),
            probing: inner.options.probing.clone(),
            cluster,
            run: 0,
            full,
            view: view.clone(),
            overview,
        };
        runner.guarded(&plan)?;
        // What was refused has no number.
        let run = inner.runs.next_id();
        runner.run = run;
        view.lock().id = run;
        let (told, done) = tokio::sync::watch::channel(None);
        inner.runs.add(&view, cancel, done);
        let reason = confirmation.reason.clone();
        inner.runtime.spawn(async move {
            let outcome = runner.carry_out(plan, &reason).await;
            told.send_replace(Some(outcome));
        });
        Ok(run)
    }
    /// Waits for the end of a run; `None` for an unknown one.
    pub async fn wait(&self, run: RunId) -> Option<Outcome> {
        let mut done = self.inner.runs.done(run)?;
        done.wait_for(Option::is_some).await.ok()?.clone()
    }
    /// A run as it is at this moment; `None` for an unknown one.
    pub fn run_view(&self, run: RunId) -> Option<RunView> {
        self.inner.runs.view(run)
    }
    /// The runs of this session, the latest first.
    pub fn runs(&self) -> Vec<RunView> {
        self.inner.runs.views()
    }
    /// How many runs are under way.
    pub fn runs_going(&self) -> usize {
        self.inner.runs.going()
    }
    /// Stops a run before its next step, or stops watching its effect.
    pub fn cancel(&self, run: RunId) {
        self.inner.runs.cancel(run);
    }
    /// The plan that takes a journal entry back (its identifier or a unique beginning of it; `last`).
    ///
    /// # Errors
    /// When there is no such entry, no way back, or somebody has changed the same since.
    pub async fn undo(&self, journal_id: &str) -> Result<Plan> {
        let record = self.inner.journal.find(journal_id)?;
        let cluster = self.cluster(&record.entry.context)?;
        self.planner(&cluster).undo(&record).await
    }
}
