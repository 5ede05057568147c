//! What the server offers: in one request for `/api` and one for `/apis` where it can aggregate
//! (Kubernetes 1.26 and later), else a request for every group version.

use super::{Accept, Cluster, Request};
use crate::resources::{Kind, KindInfo, Kinds};
use crate::{Problem, ProblemKind, Result};
use futures::StreamExt;
use std::sync::Arc;

impl Cluster {
    /// The kinds that the server offers, from the last discovery; asks when there was none.
    pub async fn kinds(&self) -> Result<Arc<Kinds>> {
        if let Some(kinds) = self.inner.kinds.load_full() {
            return Ok(kinds);
        }
        let _one = self.inner.discovering.lock().await;
        match self.inner.kinds.load_full() {
            Some(kinds) => Ok(kinds),
            None => self.discover().await,
        }
    }
    /// The kinds of the last discovery without asking; empty before the first.
    pub fn known_kinds(&self) -> Arc<Kinds> {
        self.inner.kinds.load_full().unwrap_or_default()
    }
    /// Asks the server again what it offers.
    pub async fn rediscover(&self) -> Result<Arc<Kinds>> {
        let _one = self.inner.discovering.lock().await;
        self.discover().await
    }

    async fn discover(&self) -> Result<Arc<Kinds>> {
        let (core, groups) = tokio::join!(self.root("/api"), self.root("/apis"));
        let mut all = core?;
        all.extend(groups?);
        let kinds = Arc::new(Kinds::new(all));
        self.inner.kinds.store(Some(kinds.clone()));
        Ok(kinds)
    }

    async fn root(&self, path: &str) -> Result<Vec<Kind>> {
        let answer: Root = match self.json(Request::get(path).accept(Accept::Discovery)).await {
            // Some servers have no core group of their own.
            Err(p) if p.kind == ProblemKind::NotFound => return Ok(Vec::new()),
            answer => answer?,
        };
        match answer.kind.as_str() {
            "APIGroupDiscoveryList" => Ok(answer.items.into_iter().flat_map(Group::kinds).collect()),
            "APIVersions" => {
                let versions = answer.versions.into_iter().map(|v| (String::new(), v)).collect();
                self.one_by_one(versions).await
            }
            "APIGroupList" => {
                let versions = answer.groups.into_iter().flat_map(LegacyGroup::versions).collect();
                self.one_by_one(versions).await
            }
            other => Err(Problem::new(
                ProblemKind::Server,
                "cannot learn what the server offers",
                format!("{path} answered with the kind \"{}\"", crate::text::clean_line(other)),
            )
            .next("check that the kubeconfig's server is an API server")),
        }
    }

    /// The way of older servers. A group version whose own server is down is left out.
    async fn one_by_one(&self, versions: Vec<(String, String)>) -> Result<Vec<Kind>> {
        let asked = versions.into_iter().map(|(group, version)| async move {
            let path = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
            let list: Result<LegacyList> = self.json(Request::get(path)).await;
            list.map(|l| l.kinds(&group, &version))
        });
        let answers: Vec<Result<Vec<Kind>>> = futures::stream::iter(asked).buffered(8).collect().await;
        let (mut all, mut failed) = (Vec::new(), None);
        for answer in answers {
            match answer {
                Ok(kinds) => all.extend(kinds),
                Err(problem) => failed = Some(problem),
            }
        }
        match failed {
            Some(problem) if all.is_empty() => Err(problem),
            _ => Ok(all),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Root {
    kind: String,
    items: Vec<Group>,
    versions: Vec<String>,
    groups: Vec<LegacyGroup>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Group {
    metadata: GroupMeta,
    versions: Vec<GroupVersion>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct GroupMeta {
    name: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct GroupVersion {
    version: String,
    resources: Vec<Resource>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resource {
    resource: String,
    response_kind: Option<ResponseKind>,
    scope: String,
    singular_resource: String,
    verbs: Vec<String>,
    short_names: Vec<String>,
    categories: Vec<String>,
    subresources: Vec<Subresource>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Subresource {
    subresource: String,
}

impl Group {
    /// The server lists the preferred version first. A stale group (its server is down) has no resources.
    fn kinds(self) -> Vec<Kind> {
        let group = self.metadata.name;
        let of_version = |v: GroupVersion| {
            let (group, version) = (group.clone(), v.version);
            v.resources.into_iter().filter(|r| !r.verbs.is_empty()).map(move |r| {
                let kind = r.response_kind.map(|k| k.kind).unwrap_or_default();
                Kind::new(KindInfo {
                    group: group.clone(),
                    version: version.clone(),
                    singular: if r.singular_resource.is_empty() { kind.to_lowercase() } else { r.singular_resource },
                    kind,
                    plural: r.resource,
                    short_names: r.short_names,
                    categories: r.categories,
                    namespaced: r.scope == "Namespaced",
                    verbs: r.verbs,
                    subresources: r.subresources.into_iter().map(|s| s.subresource).collect(),
                })
            })
        };
        self.versions.into_iter().flat_map(of_version).collect()
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LegacyGroup {
    name: String,
    versions: Vec<LegacyVersion>,
    preferred_version: LegacyVersion,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct LegacyVersion {
    version: String,
}

impl LegacyGroup {
    fn versions(self) -> Vec<(String, String)> {
        let preferred = self.preferred_version.version;
        let mut all: Vec<String> = self.versions.into_iter().map(|v| v.version).collect();
        all.sort_by_key(|v| *v != preferred);
        all.into_iter().map(|v| (self.name.clone(), v)).collect()
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct LegacyList {
    resources: Vec<LegacyResource>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LegacyResource {
    name: String,
    singular_name: String,
    namespaced: bool,
    kind: String,
    verbs: Vec<String>,
    short_names: Vec<String>,
    categories: Vec<String>,
}

impl LegacyList {
    fn kinds(self, group: &str, version: &str) -> Vec<Kind> {
        let subresources: Vec<(String, String)> =
            self.resources.iter().filter_map(|r| r.name.split_once('/')).map(|(p, s)| (p.into(), s.into())).collect();
        self.resources
            .into_iter()
            .filter(|r| !r.name.contains('/'))
            .map(|r| {
                Kind::new(KindInfo {
                    group: group.into(),
                    version: version.into(),
                    singular: if r.singular_name.is_empty() { r.kind.to_lowercase() } else { r.singular_name },
                    kind: r.kind,
                    subresources: subresources.iter().filter(|(p, _)| *p == r.name).map(|(_, s)| s.clone()).collect(),
                    plural: r.name,
                    short_names: r.short_names,
                    categories: r.categories,
                    namespaced: r.namespaced,
                    verbs: r.verbs,
                })
            })
            .collect()
    }
}
