//! The live overview of a context: opens the collections that the server offers, derives anew when something changed,
//! and does nothing while nothing changes.

use super::snapshot::Feeds;
use super::sources::Opener;
use super::{Overview, Snapshot};
use crate::clock::Clock;
use crate::event::{Event, Listener};
use crate::resources::{Kinds, Scope};
use crate::store::{Source, Stores};
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

/// At most one derivation in this time, however much changes.
const PACE: Duration = Duration::from_millis(250);
/// While the first lists come in, so long is waited for more before the first derivation.
const SETTLE: Duration = Duration::from_millis(40);

/// A live overview; the watching ends when it is dropped.
pub struct OverviewFeed {
    latest: Arc<ArcSwap<Overview>>,
    kinds: watch::Sender<Arc<Kinds>>,
    scope: watch::Sender<Scope>,
    _task: AbortOnDropHandle<()>,
}

impl OverviewFeed {
    /// Starts watching. Must be called within a tokio runtime. `kinds` is what discovery said; when it says something
    /// else, tell [`OverviewFeed::set_kinds`].
    pub fn start(
        stores: Stores,
        source: Arc<dyn Source>,
        kinds: Arc<Kinds>,
        scope: Scope,
        clock: Clock,
        listener: Listener,
    ) -> Self {
        let context = source.context().to_owned();
        let first = Overview { context: context.as_str().into(), at: clock.now(), ..Overview::default() };
        let latest = Arc::new(ArcSwap::from_pointee(first));
        let (kinds, kinds_seen) = watch::channel(kinds);
        let (scope, scope_seen) = watch::channel(scope);
        let task = Task {
            stores,
            source,
            kinds: kinds_seen,
            scope: scope_seen,
            clock,
            listener,
            context,
            latest: latest.clone(),
        };
        Self { latest, kinds, scope, _task: AbortOnDropHandle::new(tokio::spawn(task.run())) }
    }
    /// The latest derivation.
    pub fn get(&self) -> Arc<Overview> {
        self.latest.load_full()
    }
    /// The place where derivations are kept, to share.
    pub fn latest(&self) -> Arc<ArcSwap<Overview>> {
        self.latest.clone()
    }
    /// Discovery said something new: kinds that came are opened, kinds that went are closed.
    pub fn set_kinds(&self, kinds: Arc<Kinds>) {
        self.kinds.send_replace(kinds);
    }
    /// Look at other namespaces (a user who may not list all).
    pub fn set_scope(&self, scope: Scope) {
        self.scope.send_if_modified(|s| {
            let changed = *s != scope;
            *s = scope;
            changed
        });
    }
}

struct Task {
    stores: Stores,
    source: Arc<dyn Source>,
    kinds: watch::Receiver<Arc<Kinds>>,
    scope: watch::Receiver<Scope>,
    clock: Clock,
    listener: Listener,
    context: String,
    latest: Arc<ArcSwap<Overview>>,
}

impl Task {
    async fn run(mut self) {
        let wake = Arc::new(Notify::new());
        let mut feeds = Feeds::default();
        let mut crds = 0;
        loop {
            let kinds = self.kinds.borrow_and_update().clone();
            if self.scope.has_changed().unwrap_or(false) {
                feeds = Feeds::default();
            }
            let scope = self.scope.borrow_and_update().clone();
            let opener =
                Opener { stores: &self.stores, source: self.source.clone(), kinds: &kinds, scope: &scope, wake: &wake };
            feeds.open(&opener);
            let mut seen = None;
            // Until discovery or the scope changes: derive at each change, never more often than the pace.
            loop {
                let version = feeds.version();
                if seen != Some(version) {
                    seen = Some(version);
                    self.derive(&feeds, &kinds);
                    tokio::time::sleep(if self.latest.load().loaded { PACE } else { SETTLE }).await;
                    if feeds.version() != version {
                        continue;
                    }
                }
                let moment = self.moment();
                tokio::select! {
                    () = wake.notified() => {}
                    changed = self.kinds.changed() => { if changed.is_err() { return } break }
                    changed = self.scope.changed() => {
                        if changed.is_err() { return }
                        feeds = Feeds::default();
                        break
                    }
                    () = until(moment) => seen = None,
                }
            }
            crds += 1;
            tracing::debug!(context = self.context, crds, "the overview's kinds or scope changed");
        }
    }

    fn derive(&self, feeds: &Feeds, kinds: &Arc<Kinds>) {
        let mut snapshot =
            Snapshot { context: self.context.as_str().into(), kinds: kinds.clone(), ..Snapshot::default() };
        feeds.snapshot(&mut snapshot);
        self.latest.store(Arc::new(Overview::derive(&snapshot, self.clock.now())));
        (self.listener)(Event::OverviewChanged { context: self.context.clone() });
    }

    /// When the next verdict changes by the time alone. A clock that stands still never gets there.
    fn moment(&self) -> Option<Instant> {
        let at = self.latest.load().next_moment?;
        if self.clock.is_fixed() {
            return None;
        }
        let seconds = u64::try_from(at - self.clock.now()).unwrap_or_default() + 1;
        Some(Instant::now() + Duration::from_secs(seconds))
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
