//! What is kept of Namespaces, workloads, Pods, volumes, quotas and warnings; releases are in [`super::helm`] and
//! [`super::objects_gitops`].

use super::declared::{self, Wanted};
use crate::Str;
use crate::findings::Conditions;
use crate::findings::condition::{nullable, shared, time};
use crate::resources::meta::{LAST_APPLIED, RawMeta};
use crate::resources::quantity::Asked;
use crate::resources::{Head, Meta};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

pub use super::helm::HelmRelease;
pub use super::objects_gitops::*;
pub use super::uses::{CronJob, SecretUse, Volume};
use super::uses::{WholeContainer, WholeSpec};

/// A Namespace.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Namespace {
    #[serde(rename = "metadata")]
    pub head: Head,
    pub status: NamespaceStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NamespaceStatus {
    /// `Active` or `Terminating`.
    pub phase: Str,
    pub conditions: Conditions,
}

/// A Deployment, StatefulSet or DaemonSet.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "WholeWorkload")]
pub struct Workload {
    pub head: Head,
    pub kind: Str,
    pub spec: WorkloadSpec,
    pub status: WorkloadStatus,
    /// What was last applied, where whoever applied it wrote that down.
    pub applied: Option<Box<Wanted>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WholeWorkload {
    metadata: AppliedHead,
    kind: Str,
    spec: WorkloadSpec,
    status: WorkloadStatus,
}

impl From<WholeWorkload> for Workload {
    fn from(whole: WholeWorkload) -> Self {
        let WholeWorkload { metadata: AppliedHead { head, applied }, kind, spec, status } = whole;
        Self { head, kind, spec, status, applied }
    }
}

#[derive(Default)]
struct AppliedHead {
    head: Head,
    applied: Option<Box<Wanted>>,
}

impl<'de> Deserialize<'de> for AppliedHead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawMeta::deserialize(deserializer)?;
        let last = raw.annotations.0.iter().find(|(k, _)| k.ends_with(LAST_APPLIED));
        let applied = last.and_then(|(_, text)| declared::applied(text)).map(Box::new);
        Ok(Self { head: Head::of(&raw), applied })
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WorkloadSpec {
    pub replicas: Option<u32>,
    pub paused: bool,
    pub selector: Selector,
    pub template: Template,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Selector {
    #[serde(deserialize_with = "nullable")]
    pub match_labels: BTreeMap<Str, Str>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Template {
    pub spec: TemplateSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "WholeSpec")]
pub struct TemplateSpec {
    pub containers: Vec<Container>,
    /// What its pods mount or read.
    pub secrets: Box<[SecretUse]>,
}

impl From<WholeSpec> for TemplateSpec {
    fn from(whole: WholeSpec) -> Self {
        let secrets = whole.secrets();
        let containers = whole.containers.into_iter().map(|c| Container { name: c.name, image: c.image }).collect();
        Self { containers, secrets }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Container {
    pub name: Str,
    pub image: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadStatus {
    pub ready_replicas: u32,
    pub updated_replicas: u32,
    pub desired_number_scheduled: u32,
    pub number_ready: u32,
    pub conditions: Conditions,
}

/// A Pod, slim: clusters have tens of thousands of them, and nearly all are fine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "WholePod")]
pub struct Pod {
    pub meta: Meta,
    /// Empty for a pod that is ready or has ended well.
    pub spec: PodSpec,
    /// Of a pod that is ready or has ended well only the phase and the condition `Ready`.
    pub status: PodStatus,
    /// What it mounts or reads.
    pub secrets: Box<[SecretUse]>,
    /// Its containers and their images. Meshes put their own containers first.
    pub images: Box<[(Str, Str)]>,
    /// What its containers ask for and may have, together.
    pub asked: Asked,
}

/// A Pod before it is known to be fine.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WholePod {
    metadata: Meta,
    spec: WholeSpec,
    status: PodStatus,
}

impl From<WholePod> for Pod {
    fn from(whole: WholePod) -> Self {
        let WholePod { metadata: meta, spec: whole, mut status } = whole;
        let (secrets, mut spec) = (whole.secrets(), PodSpec::default());
        let asked = asked(&whole.containers);
        let images = whole.containers.iter().map(|c| (c.name.clone(), c.image.clone())).collect();
        if status.conditions.is("Ready") || &*status.phase == "Succeeded" {
            let phase = status.phase.clone();
            status.conditions.0.retain(|c| &*c.kind == "Ready");
            status.conditions.0.shrink_to_fit();
            status = PodStatus { phase, conditions: status.conditions, ..PodStatus::default() };
        } else {
            spec.volumes = whole.volumes.into_iter().filter(|v| v.persistent_volume_claim.is_some()).collect();
        }
        Self { meta, spec, status, secrets, images, asked }
    }
}

/// Requests over all containers, and limits where every container has one: else the pod has none.
fn asked(containers: &[WholeContainer]) -> Asked {
    let mut all = Asked::default();
    let (mut cpu, mut memory) = (true, true);
    for c in containers {
        let (requests, limits) = (c.resources.requests.values(), c.resources.limits.values());
        all.cpu.0 += requests.0;
        all.memory.0 += requests.1;
        all.cpu.1 += limits.0;
        all.memory.1 += limits.1;
        (cpu, memory) = (cpu && limits.0 > 0.0, memory && limits.1 > 0.0);
    }
    if !cpu {
        all.cpu.1 = 0.0;
    }
    if !memory {
        all.memory.1 = 0.0;
    }
    all
}

#[derive(Clone, Debug, Default)]
pub struct PodSpec {
    /// Those that wait for a claim.
    pub volumes: Vec<Volume>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    #[serde(deserialize_with = "shared")]
    pub phase: Str,
    #[serde(deserialize_with = "shared")]
    pub reason: Str,
    pub message: Str,
    pub conditions: Conditions,
    #[serde(deserialize_with = "nullable")]
    pub container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "nullable")]
    pub init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    pub name: Str,
    pub ready: bool,
    pub restart_count: u32,
    pub state: ContainerState,
    pub last_state: ContainerState,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    pub running: Option<serde::de::IgnoredAny>,
    pub waiting: Option<StateReason>,
    pub terminated: Option<StateReason>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StateReason {
    pub reason: Str,
    pub message: Str,
    pub exit_code: Option<i32>,
    #[serde(deserialize_with = "time")]
    pub finished_at: Option<i64>,
}

/// A PersistentVolumeClaim.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VolumeClaim {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: VolumeClaimSpec,
    pub status: VolumeClaimStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeClaimSpec {
    pub storage_class_name: Option<Str>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VolumeClaimStatus {
    /// `Pending`, `Bound` or `Lost`.
    pub phase: Str,
}

/// A ResourceQuota.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Quota {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub status: QuotaStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct QuotaStatus {
    #[serde(deserialize_with = "nullable")]
    pub hard: BTreeMap<Str, Str>,
    #[serde(deserialize_with = "nullable")]
    pub used: BTreeMap<Str, Str>,
}

/// A warning (core Event of type `Warning`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WarningEvent {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub involved_object: Involved,
    pub reason: Str,
    pub message: Str,
    #[serde(deserialize_with = "time")]
    pub last_timestamp: Option<i64>,
    #[serde(deserialize_with = "time")]
    pub event_time: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Involved {
    pub kind: Str,
    pub namespace: Str,
    pub name: Str,
    pub uid: Str,
}
