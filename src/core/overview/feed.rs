//! Watches what an overview is derived from, derives anew when something changed, and does nothing while nothing changes.

use super::snapshot::Feeds;
use super::sources::{Opener, SourceState, SourceWord};
use super::{Overview, Snapshot};
use crate::Problem;
use crate::clock::Clock;
use crate::event::{Event, Listener};
use crate::platform::Library;
use crate::resources::{Kinds, Scope};
use crate::store::{Source, Stores};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

/// At most one derivation in this time, however much changes.
const PACE: Duration = Duration::from_millis(250);
/// While the first lists come in, so long is waited for more before the next derivation.
const SETTLE: Duration = Duration::from_millis(50);
/// While nobody looks at what was derived, at most one derivation in this time.
const UNSEEN: Duration = Duration::from_secs(5);
/// Deriving takes at most one part in so many of the time: many changes in a large cluster must not keep a core busy.
const SHARE: u32 = 40;
/// However large the cluster is, a change shows after this.
const LONGEST: Duration = Duration::from_secs(2);

/// What the server offers and which namespaces may be read.
#[derive(Clone, Debug, Default)]
pub struct Offered {
    pub kinds: Arc<Kinds>,
    pub scope: Scope,
    /// ConfigMaps by which platforms are recognised and that are there.
    pub config_maps: Arc<BTreeSet<(String, String)>>,
    /// Why it is not known.
    pub problem: Option<Problem>,
}

/// Whether anybody looked at the latest derivation. What is on no screen is not derived four times a second.
#[derive(Default)]
struct Looks {
    seen: AtomicBool,
    woken: Notify,
}

/// A live overview; the watching ends when it is dropped.
pub struct OverviewFeed {
    looks: Arc<Looks>,
    latest: watch::Receiver<Arc<Overview>>,
    offered: watch::Sender<Offered>,
    _task: AbortOnDropHandle<()>,
}

impl OverviewFeed {
    /// Starts; watches nothing before [`OverviewFeed::offer`] said what there is. Must be called within a tokio runtime.
    pub fn start(
        stores: Stores,
        source: Arc<dyn Source>,
        platforms: Library,
        clock: Clock,
        listener: Listener,
    ) -> Self {
        let context = source.context().to_owned();
        let first = Overview { context: context.as_str().into(), at: clock.now(), ..Overview::default() };
        let (told, latest) = watch::channel(Arc::new(first));
        let (offered, seen) = watch::channel(Offered::default());
        let looks = Arc::<Looks>::default();
        let task =
            Task { looks: looks.clone(), stores, source, platforms, offered: seen, clock, listener, context, told };
        Self { looks, latest, offered, _task: AbortOnDropHandle::new(tokio::spawn(task.run())) }
    }
    /// The latest derivation.
    pub fn get(&self) -> Arc<Overview> {
        if !self.looks.seen.swap(true, Ordering::AcqRel) {
            self.looks.woken.notify_one();
        }
        self.latest.borrow().clone()
    }
    /// Tells each derivation.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Overview>> {
        let latest = self.latest.clone();
        self.looks.woken.notify_one();
        latest
    }
    /// Discovery or the namespaces say something new: kinds that came are opened, kinds that went are closed.
    pub fn offer(&self, offered: Offered) {
        self.offered.send_replace(offered);
    }
}

struct Task {
    looks: Arc<Looks>,
    stores: Stores,
    source: Arc<dyn Source>,
    platforms: Library,
    offered: watch::Receiver<Offered>,
    clock: Clock,
    listener: Listener,
    context: String,
    told: watch::Sender<Arc<Overview>>,
}

impl Task {
    async fn run(mut self) {
        let wake = Arc::new(Notify::new());
        let mut feeds = Feeds::default();
        let mut scope = Scope::All;
        loop {
            let offered = self.offered.borrow_and_update().clone();
            if offered.scope != scope {
                // Other namespaces: other collections.
                feeds = Feeds::default();
                scope = offered.scope.clone();
            }
            feeds.open(&Opener {
                stores: &self.stores,
                source: self.source.clone(),
                kinds: &offered.kinds,
                scope: &scope,
                wake: &wake,
            });
            let mut seen = None;
            // Until something else is offered: derive at each change, never more often than the pace.
            loop {
                let version = feeds.version();
                if seen != Some(version) {
                    seen = Some(version);
                    let began = Instant::now();
                    let loaded = self.derive(&feeds, &offered);
                    self.pause(loaded, began.elapsed()).await;
                    match self.offered.has_changed() {
                        Ok(false) => {}
                        Ok(true) => break,
                        Err(_) => return,
                    }
                    if feeds.version() != version {
                        continue;
                    }
                }
                let moment = self.moment();
                tokio::select! {
                    () = wake.notified() => {}
                    changed = self.offered.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return,
                    },
                    () = until(moment) => seen = None,
                }
            }
        }
    }

    fn derive(&self, feeds: &Feeds, offered: &Offered) -> bool {
        let mut snapshot = Snapshot {
            context: self.context.as_str().into(),
            kinds: offered.kinds.clone(),
            platforms: self.platforms.clone(),
            config_maps: offered.config_maps.clone(),
            ..Snapshot::default()
        };
        if offered.kinds.is_empty() {
            let state = if offered.problem.is_some() { SourceWord::Failed } else { SourceWord::Loading };
            let problems = offered.problem.clone().into_iter().collect();
            snapshot.sources.0.push(SourceState { resource: "discovery".into(), state, since: None, problems });
        }
        feeds.snapshot(&mut snapshot);
        self.looks.seen.store(false, Ordering::Release);
        let overview = Overview::derive(&snapshot, self.clock.now());
        let loaded = overview.loaded;
        self.told.send_replace(Arc::new(overview));
        (self.listener)(Event::OverviewChanged { context: self.context.clone() });
        loaded
    }

    /// Waits before the next derivation: longer in a large cluster, and while nobody looks at the last one.
    async fn pause(&self, loaded: bool, took: Duration) {
        let began = Instant::now();
        if !loaded {
            return tokio::time::sleep(SETTLE.max(took)).await;
        }
        tokio::time::sleep((took * SHARE).clamp(PACE, LONGEST)).await;
        let looked = async {
            // Who subscribed (this task's own receiver aside) sees every derivation.
            while !self.looks.seen.load(Ordering::Acquire) && self.told.receiver_count() <= 1 {
                self.looks.woken.notified().await;
            }
        };
        let mut offered = self.offered.clone();
        tokio::select! {
            () = looked => {}
            _ = offered.changed() => {}
            () = tokio::time::sleep_until(began + UNSEEN) => {}
        }
    }

    /// When the next verdict changes by the time alone. A clock that stands still never gets there.
    fn moment(&self) -> Option<Instant> {
        let at = self.told.borrow().next_moment?;
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
