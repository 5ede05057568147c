//! A share in the overview of a context: several pages and commands look at one derivation.

use super::{Overview, OverviewFeed};
use crate::clock::Clock;
use crate::cluster::{Access, Cluster, Right};
use crate::event::Listener;
use crate::resources::Scope;
use crate::store::Stores;
use arc_swap::ArcSwap;
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

/// A platform as it is seen at the moment, derived anew when something changes. Watched as long as a clone lives.
#[derive(Clone, Default)]
pub struct OverviewHandle {
    latest: Arc<ArcSwap<Overview>>,
    watched: Option<Arc<Watched>>,
}

/// What keeps an overview going.
pub(crate) struct Watched {
    feed: Arc<OverviewFeed>,
    _start: AbortOnDropHandle<()>,
}

impl OverviewHandle {
    /// Starts watching; what the server offers, and to whom, is asked in the background and again after a
    /// lost connection. Must be called within a tokio runtime.
    pub(crate) fn start(cluster: Cluster, stores: Stores, clock: Clock, listener: Listener) -> Self {
        let kinds = cluster.known_kinds();
        let source = Arc::new(cluster.clone());
        let feed = Arc::new(OverviewFeed::start(stores, source, kinds, Scope::All, clock, listener));
        let latest = feed.latest();
        let start = tokio::spawn(begin(cluster, feed.clone()));
        Self { latest, watched: Some(Arc::new(Watched { feed, _start: AbortOnDropHandle::new(start) })) }
    }
    /// The latest derivation.
    pub fn get(&self) -> Arc<Overview> {
        self.latest.load_full()
    }
    /// Looks at other namespaces.
    pub fn set_scope(&self, scope: Scope) {
        if let Some(watched) = &self.watched {
            watched.feed.set_scope(scope);
        }
    }
    pub(crate) fn share(&self) -> Option<std::sync::Weak<Watched>> {
        self.watched.as_ref().map(Arc::downgrade)
    }
    pub(crate) fn of(watched: Arc<Watched>) -> Self {
        Self { latest: watched.feed.latest(), watched: Some(watched) }
    }
}

/// Learns what there is to look at: the kinds, and the namespaces of a user who may not look at all of them.
async fn begin(cluster: Cluster, feed: Arc<OverviewFeed>) {
    let mut pause = std::time::Duration::from_secs(1);
    loop {
        match cluster.kinds().await {
            Ok(kinds) => {
                // One list over all namespaces stands for the others; without it each is looked at by itself.
                if cluster.may(&Right::new("list", "", "pods", "")).await == Access::Denied {
                    let names = cluster.namespaces().await.names;
                    feed.set_scope(Scope::of(names.iter().map(String::as_str)));
                }
                feed.set_kinds(kinds);
                return;
            }
            Err(_) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(std::time::Duration::from_secs(60));
                cluster.reconnected().await;
            }
        }
    }
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
