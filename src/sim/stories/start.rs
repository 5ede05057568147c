//! Telling a story.

use super::{certificate, churn, degrading, rollout};
use crate::Clock;
use crate::controllers::{self, Controllers};
use crate::storage::{Store, WriteOptions};
use crate::value::{name, namespace, text};
use serde_json::Value;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A story that is being told, with the controllers it needs. Dropping it ends both.
pub struct StoryHandle {
    task: Option<JoinHandle<()>>,
    _controllers: Option<Controllers>,
}

impl Drop for StoryHandle {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Why a story cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// There is no story of that name.
    #[error("no story {name}; there are {known}", known = super::names().join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
    },
    /// `churn=N` without a number.
    #[error("story {0}: no number of updates a second")]
    Rate(String),
}

/// Starts a story (`quiet`, `rollout`, …; `churn=200` sets its rate). Must be
/// called within a Tokio runtime.
///
/// # Errors
/// When the name is not known.
pub fn start(story: &str, store: &Store, clock: Clock) -> Result<StoryHandle, StoryError> {
    let (plain, rate) = story.split_once('=').unwrap_or((story, ""));
    let stage = Stage { store: store.clone(), clock };
    let controllers = (plain != "churn").then(|| controllers::start(store));
    let task = match plain {
        "quiet" => None,
        "rollout" => Some(tokio::spawn(rollout::tell(stage))),
        "stuck-certificate" => Some(tokio::spawn(certificate::tell(stage))),
        "degrading-app" => Some(tokio::spawn(degrading::tell(stage))),
        "churn" => {
            let rate =
                if rate.is_empty() { 20.0 } else { rate.parse().map_err(|_| StoryError::Rate(story.to_owned()))? };
            Some(tokio::spawn(churn::tell(stage, rate)))
        }
        _ => return Err(StoryError::Unknown { name: story.to_owned() }),
    };
    Ok(StoryHandle { task, _controllers: controllers })
}

/// Where a story plays.
#[derive(Clone)]
pub(super) struct Stage {
    pub store: Store,
    pub clock: Clock,
}

impl Stage {
    /// Lets some seconds of the cluster's time pass.
    pub async fn wait(&self, seconds: f64) {
        self.clock.sleep(Duration::from_secs_f64(seconds)).await;
    }

    /// Changes an object as `who`; nothing happens when it is gone.
    pub fn change(&self, object: &Value, who: &str, change: impl FnOnce(&mut Value)) {
        let Some(kind) = self.store.kind(text(object, "apiVersion"), text(object, "kind")) else { return };
        let done = self.store.modify(&kind, namespace(object), name(object), &WriteOptions::trusted(who), |mut o| {
            change(&mut o);
            Ok(o)
        });
        if let Err(problem) = done {
            tracing::debug!(%problem, "a story's change was refused");
        }
    }

    /// The deployment that stands for an app of the world: a tenant's API, a
    /// team's service, a shop's front end; else the first there is.
    pub fn deployment(&self) -> Option<Value> {
        let wanted = [("client-demo-client", "api"), ("team-alpha", "shop"), ("shop", "frontend")];
        let named = wanted.iter().find_map(|(ns, d)| self.store.find("apps/v1", "Deployment", ns, d));
        named.or_else(|| self.store.all("apps/v1", "Deployment", None).into_iter().next())
    }
}
