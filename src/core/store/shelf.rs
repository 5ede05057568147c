//! The items of a store: one writer a feed, many readers. A change costs no more than its own items.

use super::Freshness;
use crate::event::{Event, Listener};
use crate::resources::{Level, Meta};
use crate::{Problem, Str};
use parking_lot::{RwLock, RwLockReadGuard};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// What a store holds: a table's row or a projection.
pub(crate) trait Item: Send + Sync + 'static {
    fn meta(&self) -> &Meta;
    fn level(&self) -> Level {
        Level::Good
    }
}

/// How one of a store's feeds is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FeedState {
    Loading,
    Live,
    /// Cannot be watched and is listed again every so many seconds.
    Polled(u64),
    Stale {
        since: i64,
        problem: Problem,
    },
    Failed(Problem),
}

struct FeedStatus {
    state: FeedState,
    /// Grows with every list; items of an older one are gone when the list is complete.
    generation: u32,
    /// Objects that could not be read, and the last reason.
    unreadable: (u64, String),
}

struct Slot<T> {
    item: Arc<T>,
    feed: u16,
    generation: u32,
}

/// The items, in places that stay the same as long as an item lives.
pub(crate) struct Items<T> {
    slots: Vec<Option<Slot<T>>>,
    free: Vec<u32>,
    by_uid: FxHashMap<Str, u32>,
    /// The places that changed lately, the latest last.
    log: VecDeque<u32>,
    /// How many entries were dropped from the log's front.
    log_start: u64,
    feeds: Vec<FeedStatus>,
    levels: [usize; Level::COUNT],
}

/// A store's items with everyone who wants to know when they change.
pub(crate) struct Shelf<T> {
    items: RwLock<Items<T>>,
    version: watch::Sender<u64>,
    listener: Option<Listener>,
    /// An event is under way that nobody has looked after yet.
    told: AtomicBool,
    /// Wakes feeds that wait before they try again.
    pub(crate) again: tokio::sync::Notify,
}

impl<T: Item> Shelf<T> {
    pub(crate) fn new(feeds: usize, listener: Option<Listener>) -> Self {
        let status = || FeedStatus { state: FeedState::Loading, generation: 0, unreadable: (0, String::new()) };
        Self {
            items: RwLock::new(Items {
                slots: Vec::new(),
                free: Vec::new(),
                by_uid: FxHashMap::default(),
                log: VecDeque::new(),
                log_start: 0,
                feeds: (0..feeds).map(|_| status()).collect(),
                levels: [0; Level::COUNT],
            }),
            version: watch::Sender::new(0),
            listener,
            told: AtomicBool::new(false),
            again: tokio::sync::Notify::new(),
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Items<T>> {
        self.items.read()
    }
    /// The present version; from now on the next change is told again.
    pub(crate) fn version(&self) -> u64 {
        self.told.store(false, Ordering::Release);
        *self.version.borrow()
    }
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn tell(&self) {
        self.version.send_modify(|v| *v += 1);
        if let Some(listener) = &self.listener
            && !self.told.swap(true, Ordering::AcqRel)
        {
            listener(Event::TableChanged);
        }
    }

    /// A list begins: what it does not name is gone when it ends.
    pub(crate) fn begin(&self, feed: usize) {
        self.items.write().feeds[feed].generation += 1;
    }
    /// The list is complete: what it did not name goes.
    pub(crate) fn end(&self, feed: usize) {
        let changed = {
            let mut items = self.items.write();
            let generation = items.feeds[feed].generation;
            let old = |s: &Slot<T>| usize::from(s.feed) == feed && s.generation != generation;
            let gone: Vec<u32> = (0u32..)
                .zip(&items.slots)
                .filter_map(|(i, slot)| slot.as_ref().is_some_and(old).then_some(i))
                .collect();
            for &place in &gone {
                items.take(place);
            }
            !gone.is_empty()
        };
        if changed {
            self.tell();
        }
    }
    /// Takes items over. `listing`: what comes is newer whatever its resource version says, because a
    /// restored server counts from the past.
    pub(crate) fn put(&self, feed: usize, batch: Vec<T>, listing: bool) {
        let mut changed = false;
        {
            let mut items = self.items.write();
            for item in batch {
                changed |= items.put(feed, item, listing);
            }
            items.trim_log();
        }
        if changed {
            self.tell();
        }
    }
    pub(crate) fn remove(&self, feed: usize, uid: &str) {
        let changed = {
            let mut items = self.items.write();
            match items.by_uid.get(uid).copied() {
                Some(place) if items.slots[place as usize].as_ref().is_some_and(|s| usize::from(s.feed) == feed) => {
                    items.take(place);
                    items.trim_log();
                    true
                }
                _ => false,
            }
        };
        if changed {
            self.tell();
        }
    }
    pub(crate) fn set_state(&self, feed: usize, state: FeedState) {
        {
            let mut items = self.items.write();
            if items.feeds[feed].state == state {
                return;
            }
            items.feeds[feed].state = state;
        }
        self.tell();
    }
    /// The state of a feed that was complete and broke; an earlier break keeps its time.
    pub(crate) fn stale(&self, feed: usize, since: i64, problem: Problem) -> FeedState {
        let since = match self.items.read().feeds[feed].state {
            FeedState::Stale { since: earlier, .. } => earlier,
            _ => since,
        };
        FeedState::Stale { since, problem }
    }
    pub(crate) fn unreadable(&self, feed: usize, count: u64, why: String) {
        let mut items = self.items.write();
        items.feeds[feed].unreadable = (items.feeds[feed].unreadable.0 + count, why);
    }

    /// The worst of the feeds that are not simply denied; failed only when every one is.
    pub(crate) fn freshness(&self) -> Freshness {
        let items = self.items.read();
        let mut best: Option<Freshness> = None;
        for feed in &items.feeds {
            let this = match &feed.state {
                FeedState::Loading => Freshness::Loading,
                FeedState::Live | FeedState::Polled(_) => Freshness::Live,
                FeedState::Stale { since, problem } => Freshness::Stale { since: *since, problem: problem.clone() },
                FeedState::Failed(problem) => Freshness::Failed(problem.clone()),
            };
            let rank = |f: &Freshness| match f {
                Freshness::Failed(_) => 0,
                Freshness::Live => 1,
                Freshness::Stale { .. } => 2,
                Freshness::Loading => 3,
            };
            if best.as_ref().is_none_or(|b| rank(&this) > rank(b)) {
                best = Some(this);
            }
        }
        best.unwrap_or_default()
    }
    /// What is missing although the store as a whole can be used.
    pub(crate) fn partial(&self) -> Vec<Problem> {
        let items = self.items.read();
        let all_failed = items.feeds.iter().all(|f| matches!(f.state, FeedState::Failed(_)));
        let mut problems = Vec::new();
        for feed in &items.feeds {
            if let (false, FeedState::Failed(problem)) = (all_failed, &feed.state) {
                problems.push(problem.clone());
            }
            if feed.unreadable.0 > 0 {
                let what = format!("cannot read {} objects of the server's answer", feed.unreadable.0);
                problems.push(Problem::new(crate::ProblemKind::Server, what, feed.unreadable.1.clone()));
            }
        }
        problems
    }
    /// How often it is listed again, in seconds, where it cannot be watched.
    pub(crate) fn polled(&self) -> Option<u64> {
        self.items.read().feeds.iter().find_map(|f| match f.state {
            FeedState::Polled(seconds) => Some(seconds),
            _ => None,
        })
    }
}

impl<T: Item> Items<T> {
    fn put(&mut self, feed: usize, item: T, listing: bool) -> bool {
        let generation = self.feeds[feed].generation;
        let feed = feed as u16;
        let meta = item.meta();
        if let Some(&place) = self.by_uid.get(&meta.uid) {
            let Some(slot) = self.slots[place as usize].as_mut() else { return false };
            (slot.feed, slot.generation) = (feed, generation);
            let (old, new) = (&slot.item.meta().resource_version, &meta.resource_version);
            if !new.is_empty() && (old == new || (!listing && is_older(new, old))) {
                return false;
            }
            self.levels[slot.item.level() as usize] -= 1;
            self.levels[item.level() as usize] += 1;
            slot.item = Arc::new(item);
            self.log.push_back(place);
            return true;
        }
        let uid = meta.uid.clone();
        self.levels[item.level() as usize] += 1;
        let slot = Some(Slot { item: Arc::new(item), feed, generation });
        let place = match self.free.pop() {
            Some(place) => {
                self.slots[place as usize] = slot;
                place
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        self.by_uid.insert(uid, place);
        self.log.push_back(place);
        true
    }
    fn take(&mut self, place: u32) {
        if let Some(slot) = self.slots[place as usize].take() {
            self.by_uid.remove(&slot.item.meta().uid);
            self.levels[slot.item.level() as usize] -= 1;
            self.free.push(place);
            self.log.push_back(place);
        }
    }
    /// A reader that is further behind than this builds anew, which is cheaper by then.
    fn trim_log(&mut self) {
        let keep = 1024 + self.slots.len() / 4;
        while self.log.len() > keep {
            self.log.pop_front();
            self.log_start += 1;
        }
    }
    pub(crate) fn len(&self) -> usize {
        self.by_uid.len()
    }
    /// How many places there are, empty ones included.
    pub(crate) fn places(&self) -> usize {
        self.slots.len()
    }
    pub(crate) fn at(&self, place: u32) -> Option<&Arc<T>> {
        self.slots.get(place as usize)?.as_ref().map(|s| &s.item)
    }
    pub(crate) fn place_of(&self, uid: &str) -> Option<u32> {
        self.by_uid.get(uid).copied()
    }
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.slots.iter().flatten().map(|s| &s.item)
    }
    pub(crate) fn count(&self, level: Level) -> usize {
        self.levels[level as usize]
    }
    /// Where the log stands now.
    pub(crate) fn log_end(&self) -> u64 {
        self.log_start + self.log.len() as u64
    }
    /// The places that changed since; `None` when that is not known any more.
    pub(crate) fn changed_since(&self, position: u64) -> Option<impl Iterator<Item = u32>> {
        let skip = position.checked_sub(self.log_start)? as usize;
        Some(self.log.range(skip.min(self.log.len())..).copied())
    }
}

/// Whether a resource version is older than another. They are numbers that grow (guaranteed by the
/// Kubernetes API conventions since 1.35, true before); what is no number cannot be told.
fn is_older(new: &str, old: &str) -> bool {
    matches!((new.parse::<u64>(), old.parse::<u64>()), (Ok(new), Ok(old)) if new < old)
}
