//! What a platform itself has to be set going and looked at: its tasks, and where its operator writes its state.

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
