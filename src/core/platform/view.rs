//! Apps and workloads as they are shown.

use crate::Str;
use crate::findings::Finding;
use crate::resources::{ObjectRef, Verdict};

/// The platform that was recognised, and by what.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformView {
    /// `otomi-classic`, `apl`, `ominis`, `kubernetes` or a profile of the user's own.
    pub id: String,
    pub title: String,
    /// `detection`, `--platform`, `QD_PLATFORM` or `config.toml`.
    pub chosen_by: String,
    /// What was found, e.g. `namespace flow-proxy`.
    pub evidence: Vec<String>,
    /// What a tenant is called there (`team`, `client`); empty where there are none.
    pub tenant_word: String,
}

/// What an app is on its platform; one app can be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppType {
    Core,
    Shared,
    Team,
    Optional,
}

impl AppType {
    pub fn word(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Shared => "shared",
            Self::Team => "team",
            Self::Optional => "optional",
        }
    }
}

/// What keeps something from being ready: an object and why, in words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    #[serde(skip)]
    pub object: ObjectRef,
    pub kind: String,
    pub namespace: Str,
    pub name: Str,
    /// `volume not bound`
    pub words: String,
    /// The next step; empty when none is known.
    pub next: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// How near to the root it is; higher is nearer.
    #[serde(skip)]
    pub rank: u8,
}

/// A Deployment, StatefulSet or DaemonSet.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadView {
    #[serde(skip)]
    pub object: ObjectRef,
    pub uid: Str,
    pub kind: String,
    pub namespace: Str,
    pub name: Str,
    pub ready: u32,
    pub wanted: u32,
    /// Of the first container.
    pub image: Str,
    /// Since when it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    pub verdict: Verdict,
    /// From the nearest to the root: the pod, its volume.
    pub blocks: Vec<Block>,
}

/// Where an app comes from.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppOrigin {
    #[serde(skip)]
    pub object: ObjectRef,
    /// `Argo CD`, `Flux`, `Helm`, `labels`
    pub manager: &'static str,
    pub kind: String,
    pub namespace: Str,
    pub name: Str,
    /// `Synced`, `OutOfSync`, `Applied`, `deployed` …
    pub sync: Str,
    /// `Healthy`, `Degraded` …, where the manager tells.
    pub health: Str,
    /// What it runs: git revision, chart version, Helm revision.
    pub revision: Str,
    pub suspended: bool,
}

/// An app of the platform.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppView {
    pub name: Str,
    pub title: String,
    pub types: Vec<AppType>,
    /// In the platform's catalogue, or found in the cluster.
    pub catalogued: bool,
    pub namespaces: Vec<Str>,
    pub workloads: Vec<WorkloadView>,
    /// Workloads that are ready, and all of them.
    pub ready: u32,
    pub total: u32,
    pub version: Str,
    /// The version that the release declares, where it can be told.
    pub declared: Str,
    pub origins: Vec<AppOrigin>,
    /// Of the first origin.
    pub sync: Str,
    pub health: Str,
    pub hosts: Vec<Str>,
    /// Its own address, with the path that the profile gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where its values are, relative to the platform's values repository.
    pub values: String,
    pub sign_in: String,
    /// Apps that it needs, and apps that need it.
    pub needs: Vec<Str>,
    pub needed_by: Vec<Str>,
    /// Its turn when the platform is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Str>,
    /// From the app down to the first blocking object.
    pub blocks: Vec<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
}

impl AppView {
    /// The object to act on: where it comes from, else its first workload that is not ready, else its first.
    pub fn object(&self) -> Option<&ObjectRef> {
        let broken = self.workloads.iter().find(|w| w.ready < w.wanted);
        self.origins
            .first()
            .filter(|o| o.manager != "Helm")
            .map(|o| &o.object)
            .or(broken.map(|w| &w.object))
            .or(self.workloads.first().map(|w| &w.object))
            .or(self.origins.first().map(|o| &o.object))
    }
    /// Its finding, if something is wrong.
    pub fn finding(&self) -> Option<Finding> {
        let mut finding = Finding::new(self.code?, self.object()?, self.verdict.why.clone())
            .titled(&*self.name)
            .next(self.verdict.next.clone())
            .since(self.since);
        for block in &self.blocks {
            finding =
                finding.evidence(format!("{} {}/{}", block.kind, block.namespace, block.name), block.words.clone());
        }
        finding.level = self.verdict.level;
        Some(finding)
    }
}
