//! Apps and workloads as they are shown.

use crate::Str;
use crate::findings::Finding;
use crate::resources::{Level, ObjectRef, Verdict};

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
    /// The app that is waited for, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<Str>,
}

/// Something that was done to an app: a sync, a reconcile, a Helm revision.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    /// `sync 4f2a91c`, `revision 7 traefik-33.2.1`
    pub what: String,
    /// How it ended, in words.
    pub outcome: String,
    /// Who, where that is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
    pub level: Level,
    pub manager: &'static str,
    #[serde(skip)]
    pub object: ObjectRef,
}

/// One fact as it is declared, what results, and what the cluster has.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// `version`, `replicas web`, `image web`
    pub what: String,
    /// What git or the release's source asks for.
    pub declared: String,
    /// What declares it, in words: `release flow-proxy`, `values of HelmRelease web`, `last applied`; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// What was made of it: the release, the object's specification.
    pub effective: String,
    /// What runs.
    pub observed: String,
}

impl Compared {
    /// Whether the sides that are known say the same; `v1.2` is `1.2`.
    pub fn agrees(&self) -> bool {
        let plain = |t: &str| t.trim_start_matches('v').to_owned();
        let mut known = [&self.declared, &self.effective, &self.observed].into_iter().filter(|t| !t.is_empty());
        let Some(first) = known.next() else { return true };
        known.all(|t| plain(t) == plain(first))
    }
}

/// An address of an app.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Whose instance it is; `None`: everybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Str>,
    pub url: String,
}

/// A way to an app that has no host: a port of a Service, through a port-forward.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WayIn {
    #[serde(skip)]
    pub object: ObjectRef,
    pub namespace: Str,
    pub service: Str,
    pub port: u16,
    /// `/dashboard/`
    pub path: String,
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
    /// What it asks for: a branch, a version or a range of them; empty where it does not tell.
    pub declared: Str,
    /// Repository and path, or chart.
    pub source: String,
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
    /// The version that the release declares (`appVersion` of its chart, else the chart's or the revision).
    pub declared: Str,
    /// `traefik-33.2.1`; empty without a chart.
    pub chart: String,
    pub origins: Vec<AppOrigin>,
    /// Of the first origin.
    pub sync: Str,
    pub health: Str,
    pub hosts: Vec<Str>,
    /// Its own address, with the path that the profile gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The addresses of its instances, where each tenant has one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// The way to it where it has no host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<WayIn>,
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
    /// From the app down to the first blocking object, then what the cluster said about it (an Event).
    pub blocks: Vec<Block>,
    /// The app that is the cause, when it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Str>,
    /// The latest first.
    pub operations: Vec<Operation>,
    /// Declared, effective and observed side by side: revision, chart, version. Replicas and images of its workloads are
    /// in [`crate::overview::Overview::compared_of`].
    pub compared: Vec<Compared>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
}

impl AppView {
    /// The first blocking object: the last of the chain that is no Event.
    pub fn root(&self) -> Option<&Block> {
        self.blocks.iter().rev().find(|b| b.kind != "Event")
    }
    /// Whether others have to wait for it.
    pub fn holds_up(&self) -> bool {
        self.verdict.level == Level::Bad || (self.verdict.level == Level::Warn && self.code == Some("APP_DEGRADED"))
    }
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
    /// The Application, Kustomization or HelmRelease that keeps it as git declares it.
    pub fn declared_by(&self) -> Option<&ObjectRef> {
        self.origins.iter().find(|o| matches!(o.manager, "Argo CD" | "Flux")).map(|o| &o.object)
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
