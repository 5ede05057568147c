//! The live overview of a connection: learns what the server offers and which namespaces may be read, and learns of new
//! kinds by watching the CustomResourceDefinitions.

use super::feed::Offered;
use super::{Overview, OverviewFeed};
use crate::Result;
use crate::cluster::{Cluster, Request};
use crate::event::Listener;
use crate::platform::Library;
use crate::resources::Scope;
use crate::store::{Freshness, Stores, TableRequest};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// The first and the longest wait before discovery is tried again when it failed.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));
/// A new kind is served a moment after its definition came.
const NEW_KIND: Duration = Duration::from_millis(500);

/// A share in the live overview of a context; the watching ends when the last share is dropped.
#[derive(Clone, Default)]
pub struct OverviewHandle(Option<Arc<Live>>);

/// A weak share, to find an overview that is open already.
#[derive(Default)]
pub struct OverviewKey(Weak<Live>);

struct Live {
    feed: Arc<OverviewFeed>,
    _task: AbortOnDropHandle<()>,
}

impl OverviewHandle {
    /// Starts watching. Must be called within a tokio runtime.
    pub fn open(cluster: &Cluster, stores: &Stores, platforms: &Library, listener: Listener) -> Self {
        let source = Arc::new(cluster.clone());
        let feed = OverviewFeed::start(stores.clone(), source, platforms.clone(), cluster.clock().clone(), listener);
        let feed = Arc::new(feed);
        let task = learn(cluster.clone(), stores.clone(), platforms.clone(), Arc::downgrade(&feed));
        Self(Some(Arc::new(Live { feed, _task: AbortOnDropHandle::new(tokio::spawn(task)) })))
    }
    /// The latest derivation.
    pub fn get(&self) -> Arc<Overview> {
        self.0.as_ref().map(|l| l.feed.get()).unwrap_or_default()
    }
    /// Waits until all first lists are there or have failed, and no longer than this; the latest derivation then.
    pub async fn loaded(&self, at_most: Duration) -> Arc<Overview> {
        if let Some(live) = &self.0 {
            let mut changes = live.feed.subscribe();
            let _ = tokio::time::timeout(at_most, changes.wait_for(|o| o.loaded)).await;
        }
        self.get()
    }
    /// Tells each derivation; `None` for a handle that watches nothing.
    pub fn changes(&self) -> Option<tokio::sync::watch::Receiver<Arc<Overview>>> {
        self.0.as_ref().map(|live| live.feed.subscribe())
    }
    /// To find it again as long as somebody has a share.
    pub fn key(&self) -> OverviewKey {
        OverviewKey(self.0.as_ref().map(Arc::downgrade).unwrap_or_default())
    }
}

impl OverviewKey {
    pub fn handle(&self) -> Option<OverviewHandle> {
        self.0.upgrade().map(|live| OverviewHandle(Some(live)))
    }
}

async fn learn(cluster: Cluster, stores: Stores, platforms: Library, feed: Weak<OverviewFeed>) {
    let mut connection = cluster.connection();
    let mut wait = AGAIN.0;
    let kinds = loop {
        match cluster.kinds().await {
            Ok(kinds) => break kinds,
            Err(problem) => {
                let Some(feed) = feed.upgrade() else { return };
                feed.offer(Offered { problem: Some(problem), ..Offered::default() });
            }
        }
        tokio::select! {
            _ = connection.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(AGAIN.1);
    };
    let namespaces = cluster.namespaces().await;
    let scope = if namespaces.complete { Scope::All } else { Scope::of(namespaces.names.iter().map(String::as_str)) };
    let wanted = platforms
        .config_maps()
        .into_iter()
        .filter(|(namespace, _)| namespaces.names.iter().any(|n| **n == **namespace));
    let config_maps = Arc::new(there(&cluster, wanted.collect()).await);
    let definitions = kinds.get("apiextensions.k8s.io", "customresourcedefinitions").cloned();
    {
        let Some(feed) = feed.upgrade() else { return };
        feed.offer(Offered { kinds, scope: scope.clone(), config_maps: config_maps.clone(), problem: None });
    }
    let Some(definitions) = definitions else { return };
    let table = stores.table(&cluster, TableRequest::new(definitions, Scope::All));
    let mut changes = table.subscribe();
    let mut known = None;
    while changes.changed().await.is_ok() {
        if table.freshness() != Freshness::Live {
            continue;
        }
        // The first list says nothing new: discovery has just been asked.
        if known.replace(table.version()).is_none() {
            continue;
        }
        tokio::time::sleep(NEW_KIND).await;
        changes.mark_unchanged();
        let Ok(kinds) = cluster.rediscover().await else { continue };
        let Some(feed) = feed.upgrade() else { return };
        feed.offer(Offered { kinds, scope: scope.clone(), config_maps: config_maps.clone(), problem: None });
    }
}

/// Which of these ConfigMaps are there. One that may not be read is taken for missing: it only speaks for a profile.
async fn there(cluster: &Cluster, wanted: Vec<(String, String)>) -> BTreeSet<(String, String)> {
    let asks = wanted.into_iter().map(|(namespace, name)| async move {
        let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
        let found: Result<Value> = cluster.json(Request::get(path)).await;
        found.ok().map(|_| (namespace, name))
    });
    futures::future::join_all(asks).await.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use crate::event::Event;
    use crate::session::{KubeconfigFrom, Options, Session};
    use quarterdeck_sim::world::{WorldOptions, load};
    use quarterdeck_sim::{ServeOptions, SimServer};
    use std::sync::Arc;
    use std::time::Duration;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_session_sees_what_is_wrong_with_a_served_platform_and_asks_nothing_more_when_nothing_changes() {
        let store = load("ominis", &WorldOptions::default()).unwrap();
        let server = SimServer::start(store, ServeOptions::default()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            kubeconfig: KubeconfigFrom::Text(server.kubeconfig_yaml()),
            state_dir: Some(dir.path().join("state")),
            config_file: Some(dir.path().join("config.toml")),
            ..Options::default()
        };
        let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let session = Session::new(options, Arc::new(move |event| drop(tell.send(event)))).unwrap();
        let handle = session.overview("sim").unwrap();
        let settled = async {
            while let Some(event) = heard.recv().await {
                if matches!(event, Event::OverviewChanged { .. }) && handle.get().loaded {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), settled).await.expect("it loads");
        assert!(!handle.get().findings.is_empty(), "this world has certificates that cannot be issued");
        let again = session.overview("sim").unwrap();
        assert!(Arc::ptr_eq(&again.get(), &handle.get()), "one derivation for all");
        // Whatever is under way ends; then it is silent.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = session.cluster("sim").unwrap().traffic();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(session.cluster("sim").unwrap().traffic().requests, before.requests);
    }
}
