//! What the platform has of its own: its tasks, and what its operator says of itself.

use super::Session;
use crate::actions::{Args, Plan};
use crate::overview::{OverviewHandle, OverviewKey};
use crate::platform::{PlatformTask, StateView, state};
use crate::{Problem, ProblemKind, Result};
use futures::StreamExt;
use std::time::Duration;

/// How long recognising the platform may take.
const PATIENCE: Duration = Duration::from_secs(60);

impl Session {
    /// The tasks of the platform's profile, as far as the platform of a context is being watched.
    pub fn platform_tasks(&self, context: &str) -> Vec<PlatformTask> {
        self.open_overview(context).map(|handle| handle.get().profile.tasks.clone()).unwrap_or_default()
    }
    /// The platform of a context, where it is being watched already.
    pub(crate) fn open_overview(&self, context: &str) -> Option<OverviewHandle> {
        self.inner.overviews.lock().get(context).and_then(OverviewKey::handle)
    }
    /// The plan that sets a task of the platform going, by the task's name: a trigger or a restart of its object.
    ///
    /// # Errors
    /// When the profile in force has no such task, or its object is not there.
    pub async fn plan_task(&self, context: &str, name: &str) -> Result<Plan> {
        let overview = self.overview(context)?.loaded(PATIENCE).await;
        let profile = &overview.profile;
        let Some(task) = profile.tasks.iter().find(|t| t.name.eq_ignore_ascii_case(name)) else {
            let names: Vec<&str> = profile.tasks.iter().map(|t| t.name.as_str()).collect();
            let next = match names.is_empty() {
                true => "it names none: `qd platform show` prints what it says".to_owned(),
                false => names.join(", "),
            };
            let why = format!("the platform profile {} has no task {name}", profile.id);
            return Err(Problem::usage("cannot reconcile the platform", why).next(next));
        };
        let object = task.object();
        let planned = self.plan(context, task.action(), std::slice::from_ref(&object), &Args::new()).await;
        let mut plan = planned.map_err(|problem| match problem.kind {
            ProblemKind::NotFound => {
                let what = format!("cannot reconcile \"{}\"", crate::text::clean_line(task.heading()));
                Problem::new(ProblemKind::NotFound, what, "it is not there, or not in this version of the platform")
                    .on(object.to_string())
                    .next(format!("`qd platform show` prints the tasks of the profile {}", profile.id))
            }
            _ => problem,
        })?;
        plan.title = format!("Reconcile: {} ({})", crate::text::clean_line(task.heading()), plan.title);
        plan.command = crate::actions::command::task(context, &task.name);
        Ok(plan)
    }
    /// What the platform's operator writes of itself, in the order of the profile; without anything secret.
    pub async fn operator_state(&self, context: &str) -> Result<Vec<StateView>> {
        let overview = self.overview(context)?.loaded(PATIENCE).await;
        let asks = overview.profile.operator_state.clone().into_iter().map(|of| {
            let (session, context) = (self.clone(), context.to_owned());
            async move {
                let found = session.object(&context, &state::object(&of)).await;
                state::view(&of, found.as_ref().map_err(Clone::clone))
            }
        });
        Ok(futures::stream::iter(asks).buffered(4).collect().await)
    }
}
