//! All stores that are open, shared by equal requests.

use super::collection::{Collected, CollectionHandle, Kept, Projection};
use super::decode::{Decode, Objects};
use super::feed::{Feed, Learned};
use super::shelf::Shelf;
use super::sink::Filler;
use super::table::{TableData, TableRows};
use super::{Source, TableHandle, TableRequest};
use crate::clock::Clock;
use crate::cluster::{Cluster, Request};
use crate::event::Listener;
use crate::resources::{Kind, Scope};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::any::{Any, TypeId};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

/// How long a store stays after its last share was dropped, so that going back is instant.
pub const LINGER: Duration = Duration::from_secs(60);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    context: String,
    /// What the objects are decoded into.
    form: TypeId,
    request: TableRequest,
}

struct Entry {
    data: Arc<dyn Any + Send + Sync>,
    share: Weak<Share>,
    /// Dropping them ends the feeds.
    _feeds: Vec<AbortOnDropHandle<()>>,
}

struct Inner {
    open: Mutex<FxHashMap<Key, Entry>>,
    learned: Mutex<FxHashMap<String, Arc<Learned>>>,
    listener: Option<Listener>,
    clock: Clock,
    runtime: Handle,
}

/// Keeps a store alive; the store's clock starts to run when the last clone is dropped.
pub(crate) struct Share {
    key: Key,
    stores: Weak<Inner>,
}

#[cfg(test)]
impl Share {
    /// A share in nothing, for tests of what is shared.
    pub(crate) fn none() -> Self {
        let request = TableRequest::new(Kind::of("", "v1", "Pod", "pods", true), Scope::All);
        let key = Key { context: String::new(), form: TypeId::of::<()>(), request };
        Self { key, stores: Weak::new() }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some(stores) = self.stores.upgrade() else { return };
        let (key, stores, runtime) = (self.key.clone(), self.stores.clone(), stores.runtime.clone());
        runtime.spawn(async move {
            tokio::time::sleep(LINGER).await;
            if let Some(stores) = stores.upgrade() {
                let mut open = stores.open.lock();
                // A share that was taken meanwhile starts its own minute when it goes. If one came and
                // went, this is early by less than a minute, which nobody can see.
                if open.get(&key).is_some_and(|e| e.share.strong_count() == 0) {
                    open.remove(&key);
                }
            }
        });
    }
}

/// All stores that are open. Cheap to clone.
#[derive(Clone)]
pub struct Stores(Arc<Inner>);

impl Stores {
    /// No stores yet. Must be called within a tokio runtime. The listener hears
    /// [`crate::event::Event::TableChanged`].
    pub fn new(clock: Clock, listener: Option<Listener>) -> Self {
        Self(Arc::new(Inner {
            open: Mutex::default(),
            learned: Mutex::default(),
            listener,
            clock,
            runtime: Handle::current(),
        }))
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    /// How many stores are open, lingering ones included.
    pub fn open(&self) -> usize {
        self.0.open.lock().len()
    }
    /// Closes all stores of a context at once (the context was left); shares keep what they have.
    pub fn close(&self, context: &str) {
        self.0.open.lock().retain(|key, _| key.context != context);
        self.0.learned.lock().remove(context);
    }
    /// A share in a watched table.
    pub fn table(&self, cluster: &Cluster, request: TableRequest) -> TableHandle {
        self.table_of(Arc::new(cluster.clone()), request)
    }
    /// A share in a watched table of any source.
    pub fn table_of(&self, source: Arc<dyn Source>, request: TableRequest) -> TableHandle {
        let feeds = Request::namespaces_of(&request.kind, &request.scope).len();
        let new = || TableData::new(request.clone(), feeds, self.0.listener.clone(), self.0.clock.clone());
        let decoder = |data: &TableData| TableRows::new(data.columns.clone(), &request.kind, &self.0.clock);
        let (data, share) = self.open_or_share(source, &request, new, |d| d.shelf.clone(), decoder);
        TableHandle { data, share }
    }
    /// A share in a collection of projections.
    pub fn collection<P: Projection>(&self, cluster: &Cluster, kind: &Kind, scope: &Scope) -> CollectionHandle<P> {
        self.collection_of(Arc::new(cluster.clone()), TableRequest::new(kind.clone(), scope.clone()))
    }
    /// A share in a collection of any source, with selectors.
    pub fn collection_of<P: Projection>(&self, source: Arc<dyn Source>, request: TableRequest) -> CollectionHandle<P> {
        let feeds = Request::namespaces_of(&request.kind, &request.scope).len();
        let read = |kind: &Kind, object: &[u8]| P::decode(kind, object).map(|p| Kept(Arc::new(p)));
        let decoder = |_: &Collected<P>| Objects { kind: request.kind.clone(), read };
        let (collected, share) =
            self.open_or_share(source, &request, || Collected::<P>::new(feeds), |c| c.shelf.clone(), decoder);
        CollectionHandle { collected, kind: request.kind, scope: request.scope, share }
    }

    fn open_or_share<S: Send + Sync + 'static, D: Decode>(
        &self,
        source: Arc<dyn Source>,
        request: &TableRequest,
        new: impl FnOnce() -> S,
        shelf: impl Fn(&S) -> Arc<Shelf<D::Item>>,
        decoder: impl Fn(&S) -> D,
    ) -> (Arc<S>, Arc<Share>) {
        let inner = &self.0;
        let key = Key { context: source.context().into(), form: TypeId::of::<S>(), request: request.clone() };
        let mut open = inner.open.lock();
        if let Some(entry) = open.get_mut(&key)
            && let Ok(data) = entry.data.clone().downcast::<S>()
        {
            if let Some(share) = entry.share.upgrade() {
                return (data, share);
            }
            let share = Arc::new(Share { key, stores: Arc::downgrade(inner) });
            entry.share = Arc::downgrade(&share);
            return (data, share);
        }
        let learned = inner.learned.lock().entry(key.context.clone()).or_default().clone();
        let data = Arc::new(new());
        let namespaces = Request::namespaces_of(&request.kind, &request.scope);
        let feeds = namespaces.into_iter().enumerate().map(|(index, namespace)| {
            let feed = Feed {
                source: source.clone(),
                kind: request.kind.clone(),
                namespace,
                labels: request.labels.clone(),
                fields: request.fields.clone(),
                sink: Box::new(Filler::new(decoder(&data), shelf(&data), index)),
                learned: learned.clone(),
                clock: inner.clock.clone(),
            };
            AbortOnDropHandle::new(inner.runtime.spawn(feed.run()))
        });
        let feeds = feeds.collect();
        let share = Arc::new(Share { key: key.clone(), stores: Arc::downgrade(inner) });
        open.insert(key, Entry { data: data.clone(), share: Arc::downgrade(&share), _feeds: feeds });
        (data, share)
    }
}
