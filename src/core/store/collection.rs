//! A watched collection of typed projections: what the rooms of the platform (certificates, routes,
//! apps, tenants) derive their views from.

use super::Freshness;
use super::registry::Share;
use super::shelf::{Item, Shelf};
use crate::resources::{Kind, Meta, Scope};
use crate::{Problem, Str};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::watch;

/// What is kept of a full object. Usually a struct with `metadata: Meta` (or
/// [`crate::resources::Head`] for annotations), `spec` and `status`, each with only the fields in
/// use, that derives `Deserialize`; serde skips the rest without keeping it.
pub trait Projection: Sized + Send + Sync + 'static {
    /// Reads one object. Usually `serde_json::from_slice(object)`. Text that is shown has to pass
    /// [`crate::intern::bounded`] or [`crate::intern::intern`]; [`Meta`] does so by itself.
    ///
    /// # Errors
    /// When it is none of this kind; it is left out then and counted in [`CollectionHandle::partial`].
    fn decode(kind: &Kind, object: &[u8]) -> Result<Self, serde_json::Error>;
    fn meta(&self) -> &Meta;
}

pub(crate) struct Kept<P>(pub(crate) Arc<P>);

impl<P: Projection> Item for Kept<P> {
    fn meta(&self) -> &Meta {
        self.0.meta()
    }
}

/// A sorted snapshot and the version it was made at.
type Latest<P> = (u64, Arc<Vec<Arc<P>>>);

pub(crate) struct Collected<P: Projection> {
    pub(crate) shelf: Arc<Shelf<Kept<P>>>,
    latest: Mutex<Option<Latest<P>>>,
}

impl<P: Projection> Collected<P> {
    pub(crate) fn new(feeds: usize) -> Self {
        Self { shelf: Arc::new(Shelf::new(feeds, None)), latest: Mutex::new(None) }
    }
}

/// A share in a collection. The collection lingers for a minute after the last share is dropped.
pub struct CollectionHandle<P: Projection> {
    pub(crate) collected: Arc<Collected<P>>,
    pub(crate) kind: Kind,
    pub(crate) scope: Scope,
    pub(crate) share: Arc<Share>,
}

impl<P: Projection> Clone for CollectionHandle<P> {
    fn clone(&self) -> Self {
        Self {
            collected: self.collected.clone(),
            kind: self.kind.clone(),
            scope: self.scope.clone(),
            share: self.share.clone(),
        }
    }
}

impl<P: Projection> CollectionHandle<P> {
    pub fn kind(&self) -> &Kind {
        &self.kind
    }
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
    /// All objects, by namespace and name. Cheap when nothing changed since the last call.
    pub fn snapshot(&self) -> Arc<Vec<Arc<P>>> {
        let version = self.version();
        let mut latest = self.collected.latest.lock();
        if let Some((at, all)) = &*latest
            && *at == version
        {
            return all.clone();
        }
        let mut all: Vec<Arc<P>> = self.collected.shelf.read().iter().map(|k| k.0.clone()).collect();
        let key = |p: &Arc<P>| -> (Str, Str) { (p.meta().namespace.clone(), p.meta().name.clone()) };
        all.sort_by_cached_key(key);
        let all = Arc::new(all);
        *latest = Some((version, all.clone()));
        all
    }
    /// The object of this UID.
    pub fn get(&self, uid: &str) -> Option<Arc<P>> {
        let items = self.collected.shelf.read();
        items.at(items.place_of(uid)?).map(|k| k.0.clone())
    }
    pub fn len(&self) -> usize {
        self.collected.shelf.read().len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Grows with every change of the objects or the freshness.
    pub fn version(&self) -> u64 {
        self.collected.shelf.version()
    }
    /// Tells the version as it grows: `changed().await` waits for the next change.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.collected.shelf.subscribe()
    }
    pub fn freshness(&self) -> Freshness {
        self.collected.shelf.freshness()
    }
    /// Namespaces of the scope that could not be read, each with its reason.
    pub fn partial(&self) -> Vec<Problem> {
        self.collected.shelf.partial()
    }
    /// How often it is listed again, in seconds, where it cannot be watched.
    pub fn polled(&self) -> Option<u64> {
        self.collected.shelf.polled()
    }
    /// Feeds that wait after a failure try again at once.
    pub fn retry(&self) {
        self.collected.shelf.again.notify_waiters();
    }
    /// Waits until the first list is complete or has failed.
    pub async fn loaded(&self) -> Freshness {
        let mut changes = self.subscribe();
        loop {
            changes.mark_unchanged();
            let freshness = self.freshness();
            if freshness != Freshness::Loading || changes.changed().await.is_err() {
                return freshness;
            }
        }
    }
}
