//! What is kept of Argo CD Applications and of Flux objects and their sources. Of long lists (resources, results,
//! history) only what is not fine, or the latest, is kept.

use super::declared;
use crate::Str;
use crate::findings::condition::{nullable, time};
use crate::findings::{Condition, Conditions};
use crate::resources::Meta;
use serde::{Deserialize, Deserializer};

/// Entries kept of a list.
const KEPT: usize = 20;

/// An Argo CD Application.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Application {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: ApplicationSpec,
    pub status: ApplicationStatus,
}

impl Application {
    /// Its source, the first of several.
    pub fn source(&self) -> Option<&AppSource> {
        self.spec.source.as_ref().or(self.spec.sources.first())
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationSpec {
    pub project: Str,
    pub destination: Destination,
    pub source: Option<AppSource>,
    #[serde(deserialize_with = "nullable")]
    pub sources: Vec<AppSource>,
    pub sync_policy: Option<SyncPolicy>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Destination {
    pub namespace: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppSource {
    #[serde(rename = "repoURL")]
    pub repo_url: Str,
    pub path: Str,
    pub chart: Str,
    pub target_revision: Str,
    /// What its Helm values ask for.
    #[serde(deserialize_with = "declared::argo_helm")]
    pub helm: Vec<declared::Part>,
    /// What it puts in the place of what is in git.
    #[serde(deserialize_with = "declared::argo_kustomize")]
    pub kustomize: declared::Overrides,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SyncPolicy {
    pub automated: Option<serde::de::IgnoredAny>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationStatus {
    pub sync: SyncStatus,
    pub health: HealthStatus,
    pub operation_state: Option<OperationState>,
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
    /// Those that differ from git or are not healthy.
    #[serde(deserialize_with = "not_fine")]
    pub resources: Vec<AppResource>,
    /// The latest.
    #[serde(deserialize_with = "latest")]
    pub history: Vec<AppHistory>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SyncStatus {
    pub status: Str,
    pub revision: Str,
    #[serde(deserialize_with = "nullable")]
    pub revisions: Vec<Str>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HealthStatus {
    pub status: Str,
    pub message: Str,
    #[serde(deserialize_with = "time")]
    pub last_transition_time: Option<i64>,
}

/// A resource of an Application (`status.resources`), or its result in an operation (`syncResult.resources`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppResource {
    pub group: Str,
    pub version: Str,
    pub kind: Str,
    pub namespace: Str,
    pub name: Str,
    /// `Synced`, `OutOfSync`; of a result `Synced`, `SyncFailed`, `Pruned`.
    pub status: Str,
    pub health: Option<HealthStatus>,
    pub requires_pruning: bool,
    pub message: Str,
    /// `PreSync`, `PostSync` …; empty for what is no hook.
    pub hook_type: Str,
    /// `Running`, `Succeeded`, `Failed`, `Error`.
    pub hook_phase: Str,
}

impl AppResource {
    pub fn unhealthy(&self) -> bool {
        self.health.as_ref().is_some_and(|h| matches!(&*h.status, "Degraded" | "Missing" | "Unknown"))
    }
    fn failed(&self) -> bool {
        &*self.status == "SyncFailed" || matches!(&*self.hook_phase, "Failed" | "Error")
    }
}

fn not_fine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AppResource>, D::Error> {
    let mut all: Vec<AppResource> = nullable(deserializer)?;
    all.retain(|r| &*r.status == "OutOfSync" || r.requires_pruning || r.unhealthy());
    all.truncate(KEPT);
    Ok(all)
}

fn failed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AppResource>, D::Error> {
    let mut all: Vec<AppResource> = nullable(deserializer)?;
    all.retain(AppResource::failed);
    all.truncate(KEPT);
    Ok(all)
}

/// One deployment of an Application's history.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppHistory {
    pub id: i64,
    pub revision: Str,
    #[serde(deserialize_with = "nullable")]
    pub revisions: Vec<Str>,
    #[serde(deserialize_with = "time")]
    pub deployed_at: Option<i64>,
    pub initiated_by: Initiator,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Initiator {
    pub username: Str,
    pub automated: bool,
}

fn latest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AppHistory>, D::Error> {
    let mut all: Vec<AppHistory> = nullable(deserializer)?;
    all.drain(..all.len().saturating_sub(KEPT));
    Ok(all)
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OperationState {
    /// `Running`, `Succeeded`, `Failed`, `Error` or `Terminating`.
    pub phase: Str,
    pub message: Str,
    #[serde(deserialize_with = "time")]
    pub started_at: Option<i64>,
    #[serde(deserialize_with = "time")]
    pub finished_at: Option<i64>,
    pub retry_count: u32,
    pub sync_result: Option<SyncResult>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SyncResult {
    pub revision: Str,
    /// Those that failed.
    #[serde(deserialize_with = "failed")]
    pub resources: Vec<AppResource>,
}

/// A Flux Kustomization or HelmRelease.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FluxObject {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub kind: Str,
    pub spec: FluxSpec,
    pub status: FluxStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FluxSpec {
    pub suspend: bool,
    pub target_namespace: Str,
    pub release_name: Str,
    pub path: Str,
    #[serde(deserialize_with = "nullable")]
    pub depends_on: Vec<FluxRef>,
    pub source_ref: Option<FluxRef>,
    pub chart_ref: Option<FluxRef>,
    pub chart: Option<FluxChart>,
    /// What the values of a HelmRelease ask for.
    #[serde(deserialize_with = "declared::values")]
    pub values: declared::Asks,
    /// Images that a Kustomization puts in the place of those in git.
    #[serde(deserialize_with = "declared::flux_images")]
    pub images: Vec<(Str, Str)>,
}

/// A reference of Flux: to a source (with kind), or to what it depends on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FluxRef {
    pub kind: Str,
    pub name: Str,
    pub namespace: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FluxChart {
    pub spec: FluxChartSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FluxChartSpec {
    pub chart: Str,
    /// A version or a range of them.
    pub version: Str,
    pub source_ref: Option<FluxRef>,
}

impl FluxSpec {
    /// The source it is made from.
    pub fn source(&self) -> Option<&FluxRef> {
        let chart = self.chart.as_ref().and_then(|c| c.spec.source_ref.as_ref());
        self.source_ref.as_ref().or(self.chart_ref.as_ref()).or(chart)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FluxStatus {
    pub conditions: Conditions,
    pub last_applied_revision: Str,
    pub last_attempted_revision: Str,
    /// Of a HelmRelease the releases (the latest first), of a Kustomization the revisions it applied.
    #[serde(deserialize_with = "nullable")]
    pub history: Vec<FluxHistory>,
}

/// An entry of `status.history`; of a HelmRelease with chart and version, of a Kustomization with a digest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FluxHistory {
    pub chart_name: Str,
    pub chart_version: Str,
    pub app_version: Str,
    /// The Helm revision.
    pub version: i64,
    pub status: Str,
    #[serde(deserialize_with = "time")]
    pub last_deployed: Option<i64>,
    #[serde(deserialize_with = "time")]
    pub last_reconciled: Option<i64>,
    pub last_reconciled_status: Str,
}

/// A source of Flux: GitRepository, OCIRepository, HelmRepository, HelmChart, Bucket.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FluxSource {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub kind: Str,
    pub spec: FluxSourceSpec,
    pub status: FluxSourceStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FluxSourceSpec {
    pub url: Str,
    pub suspend: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FluxSourceStatus {
    pub conditions: Conditions,
    pub artifact: Option<FluxArtifact>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FluxArtifact {
    pub revision: Str,
}
