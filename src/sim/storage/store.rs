//! The front door of the storage: find, read, list, follow.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use parking_lot::RwLock;
use serde_json::Value;
use tokio::sync::{broadcast, watch};

use super::{
    kinds::{Kind, KindInfo, Registry},
    log::{Change, Log, LogRead},
    object::{Object, ObjectKey},
    select::{FieldSelector, LabelSelector},
};
use crate::{clock::Clock, status::ApiError};

/// How many changes of one resource a watch may lag behind before it gets 410.
const LOG_CAPACITY: usize = 10_000;
/// How many changes a follower of everything may lag behind.
const FEED_CAPACITY: usize = 16_384;
/// The first resourceVersion; not 0, which has a meaning of its own.
const FIRST_VERSION: u64 = 1_000;

/// All objects of one server. Clones share them.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<RwLock<Inner>>,
    pub(crate) feed: broadcast::Sender<Arc<Change>>,
    clock: Clock,
}

/// Everything behind the lock.
pub(crate) struct Inner {
    pub(crate) registry: Registry,
    pub(crate) tables: HashMap<String, Table>,
    pub(crate) version: u64,
    /// UID of an owner → who says so.
    pub(crate) dependents: HashMap<String, Vec<(String, ObjectKey)>>,
    pub(crate) clock: Clock,
    pub(crate) feed: broadcast::Sender<Arc<Change>>,
}

/// The objects of one resource.
pub(crate) struct Table {
    pub(crate) objects: BTreeMap<ObjectKey, Arc<Object>>,
    pub(crate) log: Log,
    /// The version of the last change; watches wait on it. Closed when the kind goes.
    pub(crate) changed: watch::Sender<u64>,
}

impl Table {
    pub(crate) fn new(version: u64) -> Self {
        Self { objects: BTreeMap::new(), log: Log::new(version, LOG_CAPACITY), changed: watch::Sender::new(version) }
    }
}

/// What a list asks for.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// `None` for all namespaces (and for cluster scope).
    pub namespace: Option<String>,
    /// Labels.
    pub labels: LabelSelector,
    /// Fields.
    pub fields: FieldSelector,
    /// At most this many, 0 for all.
    pub limit: usize,
    /// Go on after this key.
    pub after: Option<ObjectKey>,
}

/// A page of a list.
pub struct ListPage {
    /// The objects in order of namespace and name.
    pub items: Vec<Arc<Object>>,
    /// The state of the store that it shows.
    pub version: u64,
    /// How many more there are, when the page is not the last.
    pub remaining: usize,
}

impl Store {
    /// Empty but for the built-in kinds and the namespaces every cluster has.
    pub fn new(clock: Clock) -> Self {
        let store = Self::empty(clock);
        store.seed();
        store
    }

    /// Empty but for the built-in kinds; a world brings its own namespaces.
    pub fn empty(clock: Clock) -> Self {
        let feed = broadcast::Sender::new(FEED_CAPACITY);
        let inner = Inner {
            registry: Registry::builtin(),
            tables: HashMap::new(),
            version: FIRST_VERSION,
            dependents: HashMap::new(),
            clock: clock.clone(),
            feed: feed.clone(),
        };
        Self { inner: Arc::new(RwLock::new(inner)), feed, clock }
    }

    fn seed(&self) {
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            let namespace = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            let done = self.apply_object(namespace, "kube-apiserver");
            debug_assert!(done.is_ok(), "{done:?}");
        }
        for document in include_str!("seed.yaml").split("\n---\n") {
            let role = serde_saphyr::from_str(document).map(|role| self.apply_object(role, "kube-apiserver"));
            debug_assert!(matches!(role, Ok(Ok(_))), "{role:?}");
        }
    }

    /// The clock that its timestamps come from.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The resourceVersion of the last write.
    pub fn version(&self) -> u64 {
        self.inner.read().version
    }

    /// A served kind by group, version and plural.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<Kind> {
        self.inner.read().registry.resource(group, version, plural)
    }

    /// A served kind by apiVersion and Kind.
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<Kind> {
        self.inner.read().registry.kind(api_version, kind)
    }

    /// A served kind by group and plural, in whatever version.
    pub fn any_version(&self, group: &str, plural: &str) -> Option<Kind> {
        self.inner.read().registry.any_version(group, plural)
    }

    /// All served kinds.
    pub fn kinds(&self) -> Vec<Kind> {
        self.inner.read().registry.all().to_vec()
    }

    /// Serves metrics.k8s.io, as a cluster with metrics-server does.
    pub fn serve_metrics(&self) {
        let mut inner = self.inner.write();
        for kind in crate::verbs::measured_kinds() {
            inner.registry.add(kind);
        }
    }

    /// Changes whenever kinds come or go.
    pub fn kinds_generation(&self) -> u64 {
        self.inner.read().registry.generation
    }

    /// One object. `namespace` is ignored for kinds in cluster scope.
    pub fn get(&self, kind: &KindInfo, namespace: &str, name: &str) -> Result<Arc<Object>, ApiError> {
        self.inner.read().get(kind, namespace, name)
    }

    /// One object parsed, for those who do not care why it is not there.
    pub fn find(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let kind = self.kind(api_version, kind)?;
        self.get(&kind, namespace, name).ok().map(|o| o.value())
    }

    /// A page of objects.
    pub fn list(&self, kind: &KindInfo, query: &ListQuery) -> ListPage {
        self.inner.read().list(kind, query)
    }

    /// A page of objects as they were at `version`; `None` when that is forgotten.
    pub fn list_at(&self, kind: &KindInfo, query: &ListQuery, version: u64) -> Option<ListPage> {
        self.inner.read().list_at(kind, query, version)
    }

    /// All objects of a kind, parsed; for controllers and small worlds.
    pub fn all(&self, api_version: &str, kind: &str, namespace: Option<&str>) -> Vec<Value> {
        let Some(kind) = self.kind(api_version, kind) else { return Vec::new() };
        let query = ListQuery { namespace: namespace.map(str::to_owned), ..ListQuery::default() };
        self.list(&kind, &query).items.iter().map(|o| o.value()).collect()
    }

    /// How many objects of a kind there are.
    pub fn count(&self, kind: &KindInfo) -> usize {
        self.inner.read().tables.get(&kind.storage).map_or(0, |t| t.objects.len())
    }

    /// Every change of every kind from now on. A receiver that lags too far
    /// gets `Lagged` and has to look at the objects again.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Change>> {
        self.feed.subscribe()
    }

    /// The changes of a kind after `version`.
    pub fn changes_since(&self, kind: &KindInfo, version: u64) -> LogRead {
        let inner = self.inner.read();
        match inner.tables.get(&kind.storage) {
            Some(table) => table.log.since(version),
            None => LogRead::Changes(Vec::new()),
        }
    }

    /// Wakes whenever a kind changes; closes when the kind is no longer served.
    pub fn wake(&self, kind: &KindInfo) -> watch::Receiver<u64> {
        let mut inner = self.inner.write();
        let version = inner.version;
        let table = inner.tables.entry(kind.storage.clone()).or_insert_with(|| Table::new(version.min(FIRST_VERSION)));
        table.changed.subscribe()
    }

    /// Forgets the changes of all kinds up to now: a watch from before gets 410.
    pub fn compact(&self) {
        let mut inner = self.inner.write();
        let version = inner.version;
        for table in inner.tables.values_mut() {
            table.log.compact(version);
        }
    }

    /// The present moment as objects carry it.
    pub fn timestamp(&self) -> String {
        self.clock.rfc3339()
    }
}

impl Inner {
    /// The kind whose form is stored: that of the core group for events.
    pub(crate) fn stored_kind(&self, kind: &KindInfo) -> Option<Kind> {
        let event = kind.group == "events.k8s.io" && kind.plural == "events";
        event.then(|| self.registry.resource("", "v1", "events")).flatten()
    }

    pub(crate) fn key(kind: &KindInfo, namespace: &str, name: &str) -> ObjectKey {
        (if kind.namespaced { namespace.to_owned() } else { String::new() }, name.to_owned())
    }

    pub(crate) fn find(&self, kind: &KindInfo, key: &ObjectKey) -> Option<Arc<Object>> {
        self.tables.get(&kind.storage)?.objects.get(key).cloned()
    }

    pub(crate) fn get(&self, kind: &KindInfo, namespace: &str, name: &str) -> Result<Arc<Object>, ApiError> {
        let key = Self::key(kind, namespace, name);
        self.find(kind, &key).ok_or_else(|| ApiError::not_found(&kind.group, &kind.plural, name))
    }

    pub(crate) fn table(&mut self, kind: &KindInfo) -> &mut Table {
        self.tables.entry(kind.storage.clone()).or_insert_with(|| Table::new(FIRST_VERSION))
    }

    pub(crate) fn list(&self, kind: &KindInfo, query: &ListQuery) -> ListPage {
        let empty = BTreeMap::new();
        let objects = self.tables.get(&kind.storage).map_or(&empty, |t| &t.objects);
        page(objects, kind, query, self.version)
    }

    /// Undoes the changes since `version`, as far as the log remembers them.
    pub(crate) fn list_at(&self, kind: &KindInfo, query: &ListQuery, version: u64) -> Option<ListPage> {
        let Some(table) = self.tables.get(&kind.storage) else { return Some(self.list(kind, query)) };
        let LogRead::Changes(changes) = table.log.since(version) else { return None };
        if changes.is_empty() {
            return Some(page(&table.objects, kind, query, version));
        }
        let mut objects = table.objects.clone();
        for change in changes.iter().rev() {
            match &change.previous {
                Some(previous) => objects.insert(previous.key(), previous.clone()),
                None => objects.remove(&change.object.key()),
            };
        }
        Some(page(&objects, kind, query, version))
    }
}

/// The part of `objects` that `query` asks for.
fn page(objects: &BTreeMap<ObjectKey, Arc<Object>>, kind: &KindInfo, query: &ListQuery, version: u64) -> ListPage {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let mut page = ListPage { items: Vec::new(), version, remaining: 0 };
    let from = match (&query.after, &query.namespace) {
        (Some(after), _) => Excluded(after.clone()),
        (None, Some(namespace)) if kind.namespaced => Included((namespace.clone(), String::new())),
        _ => Unbounded,
    };
    let plain = query.labels.is_empty() && query.fields.is_empty();
    for (key, object) in objects.range((from, Unbounded)) {
        if kind.namespaced && query.namespace.as_ref().is_some_and(|n| *n != key.0) {
            break;
        }
        let wanted = plain || (query.labels.matches(object) && query.fields.matches(object));
        if !wanted {
            continue;
        }
        if query.limit > 0 && page.items.len() >= query.limit {
            page.remaining += 1;
        } else {
            page.items.push(object.clone());
        }
    }
    page
}
