//! The collections behind a snapshot: which are open, how fresh they are, and which could not be read.

use super::Set;
use crate::resources::{Kind, Kinds, Scope};
use crate::store::{CollectionHandle, Freshness, Projection, Source, Stores, TableRequest};
use crate::{Problem, ProblemKind};
use std::sync::Arc;

/// How fresh one kind's objects are.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceState {
    /// `certificates.cert-manager.io`
    pub resource: String,
    pub state: SourceWord,
    /// Since when the watch is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// What is wrong, whole or in part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceWord {
    Live,
    Loading,
    Stale,
    /// The user may not list it.
    Denied,
    Failed,
}

/// How fresh all kinds are. Kinds that the server does not offer are not named.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[serde(transparent)]
pub struct Sources(pub Vec<SourceState>);

impl Sources {
    /// Whether the first lists are all there. Before discovery there is not even anything to wait for.
    pub fn loaded(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|s| s.state != SourceWord::Loading)
    }
    /// Whether the first list of a kind, e.g. `certificates.cert-manager.io`, is still under way.
    pub fn loading(&self, resource: &str) -> bool {
        self.0.iter().any(|s| s.state == SourceWord::Loading && s.resource == resource)
    }
    /// What could not be read, whole or in part.
    pub fn partial(&self) -> impl Iterator<Item = &SourceState> {
        self.0.iter().filter(|s| !s.problems.is_empty())
    }
    /// The oldest moment since which a watch is broken.
    pub fn stale_since(&self) -> Option<i64> {
        self.0.iter().filter_map(|s| s.since).min()
    }
}

/// One kind that is watched, or why it is not.
pub struct Feed<P: Projection> {
    kind: Kind,
    labels: &'static str,
    fields: &'static str,
    handle: CollectionHandle<P>,
}

impl<P: Projection> Feed<P> {
    pub fn version(&self) -> u64 {
        self.handle.version()
    }
}

/// Opens collections.
pub struct Opener<'a> {
    pub stores: &'a Stores,
    pub source: Arc<dyn Source>,
    pub kinds: &'a Kinds,
    pub scope: &'a Scope,
    /// Woken by every change of an open collection.
    pub wake: &'a Arc<tokio::sync::Notify>,
}

impl Opener<'_> {
    /// Opens a kind if the server offers it and it is not open yet; how many were opened.
    pub fn open<P: Projection>(
        &self,
        feeds: &mut Vec<Feed<P>>,
        group: &str,
        plural: &str,
        labels: &'static str,
        fields: &'static str,
    ) -> usize {
        // A kind that vanished (its CRD was deleted) is closed.
        feeds.retain(|f| self.kinds.get(&f.kind.group, &f.kind.plural).is_some());
        let Some(kind) = self.kinds.get(group, plural).filter(|k| k.can("list")) else { return 0 };
        if feeds.iter().any(|f| f.kind == *kind && f.labels == labels && f.fields == fields) {
            return 0;
        }
        feeds.retain(|f| f.kind.group != group || f.kind.plural != plural);
        let scope = if kind.namespaced { self.scope.clone() } else { Scope::All };
        let request = TableRequest { kind: kind.clone(), scope, labels: labels.into(), fields: fields.into() };
        let handle: CollectionHandle<P> = self.stores.collection_of(self.source.clone(), request);
        let (mut changes, wake) = (handle.subscribe(), Arc::downgrade(self.wake));
        tokio::spawn(async move {
            // Ends with the collection (the sender is dropped) or with the overview (nobody to wake).
            while changes.changed().await.is_ok() {
                let Some(wake) = wake.upgrade() else { break };
                wake.notify_one();
            }
        });
        feeds.push(Feed { kind: kind.clone(), labels, fields, handle });
        1
    }
}

/// All objects of one sort, with the state of each kind noted.
pub fn gather<P: Projection>(feeds: &[Feed<P>], sources: &mut Sources) -> Set<P> {
    let mut set = Set::default();
    for feed in feeds {
        let mut problems = feed.handle.partial();
        let (state, since) = match feed.handle.freshness() {
            Freshness::Loading => (SourceWord::Loading, None),
            Freshness::Live => (SourceWord::Live, None),
            Freshness::Stale { since, problem } => {
                problems.insert(0, problem);
                (SourceWord::Stale, Some(since))
            }
            Freshness::Failed(problem) => {
                let denied = problem.kind == ProblemKind::Forbidden;
                problems.insert(0, problem);
                (if denied { SourceWord::Denied } else { SourceWord::Failed }, None)
            }
        };
        sources.0.push(SourceState { resource: name(feed), state, since, problems });
        if matches!(state, SourceWord::Live | SourceWord::Stale) {
            set.push(feed.kind.clone(), feed.handle.snapshot());
        }
    }
    set
}

fn name<P: Projection>(feed: &Feed<P>) -> String {
    let part = match (feed.labels, feed.fields) {
        ("", "") => "",
        ("owner=helm", _) => " (Helm releases)",
        (_, "type=Warning") => " (warnings)",
        (_, "type!=kubernetes.io/tls") => " (of cert-manager, no TLS)",
        (_, "type=istio.io/ca-root" | "metadata.name=cacerts") => " (of Istio)",
        _ => " (TLS)",
    };
    format!("{}{part}", feed.kind.resource())
}

/// Whether an object given by hand is one that the selectors of a kind mean. Only Secrets and Events have any.
pub fn wanted(labels: &str, fields: &str, object: &[u8]) -> bool {
    if labels.is_empty() && fields.is_empty() {
        return true;
    }
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(object) else { return false };
    let label = labels.split_once('=').is_none_or(|(k, v)| value["metadata"]["labels"][k] == v);
    let at = |key: &str| key.split('.').fold(&value, |v, part| &v[part]);
    let field = match fields.split_once("!=") {
        Some((k, v)) => at(k) != v,
        None => fields.split_once('=').is_none_or(|(k, v)| at(k) == v),
    };
    label && field
}
