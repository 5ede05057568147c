//! What a platform itself has to be set going and looked at: its tasks, and where its operator writes its state.

use crate::resources::{Kind, ObjectRef};
use serde::{Deserialize, Serialize};

/// A task or operator of the platform, and how it is set going.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformTask {
    /// Unique in the profile, e.g. `copy-certs`.
    pub name: String,
    /// What it does, in words.
    #[serde(default)]
    pub title: String,
    pub kind: TaskKind,
    pub namespace: String,
    /// Name of the CronJob, Deployment …
    pub workload: String,
    pub how: TaskHow,
}

impl PlatformTask {
    /// What is reconciled, in words; its name where the profile has none. To stand after `Reconcile:`.
    pub fn heading(&self) -> &str {
        let title = if self.title.is_empty() { &self.name } else { &self.title };
        title.strip_prefix("Reconcile ").unwrap_or(title)
    }
    /// The action of the catalogue that sets it going.
    pub fn action(&self) -> &'static str {
        match self.how {
            TaskHow::Trigger => "trigger",
            TaskHow::Restart => "restart",
        }
    }
    /// The object that is triggered or restarted; of whatever UID it has by then.
    pub fn object(&self) -> ObjectRef {
        let (group, plural) = match self.kind {
            TaskKind::CronJob => ("batch", "cronjobs"),
            TaskKind::Deployment => ("apps", "deployments"),
            TaskKind::StatefulSet => ("apps", "statefulsets"),
            TaskKind::DaemonSet => ("apps", "daemonsets"),
        };
        ObjectRef::new(Kind::of(group, "v1", self.kind.word(), plural, true), &self.namespace, &self.workload)
    }
}

/// What a platform task is in the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskKind {
    CronJob,
    #[default]
    Deployment,
    StatefulSet,
    DaemonSet,
}

impl TaskKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::CronJob => "CronJob",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
        }
    }
}

/// How a platform task is set going: a Job from its CronJob now, or a rollout restart of its operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskHow {
    Trigger,
    #[default]
    Restart,
}

/// A ConfigMap in which the platform's operator writes its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperatorState {
    #[serde(default)]
    pub title: String,
    pub namespace: String,
    /// Name of the ConfigMap.
    pub name: String,
    /// The one key that counts, where its value is JSON (`state`); empty: all keys are plain values.
    #[serde(default)]
    pub json: String,
}
