//! Opening: a session, its contexts, and what is watched and asked through them.

use crate::actions::EditText;
use crate::actions::pipeline::fetch;
use crate::actions::runs::Runs;
use crate::clock::{Clock, parse_time};
use crate::cluster::{Cluster, ConnectOptions, Forward, ForwardRequest, Kubeconfig, LogRequest, Request, Right};
use crate::drafts::Drafts;
use crate::event::{Event, Listener};
use crate::forwards::Forwards;
use crate::guards::{GuardConfig, Guards};
use crate::journal::Journal;
use crate::logs::{LogFollower, LogOptions, LogTarget};
use crate::memory::Memory;
use crate::overview::OverviewKey;
use crate::platform::{Library, WayIn};
use crate::resources::ObjectRef;
use crate::resources::describe::{Description, describe};
use crate::store::{Stores, TableHandle, TableRequest};
use crate::{Problem, ProblemKind, Result};
use bytes::Bytes;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use crate::cluster::ContextInfo;
pub use crate::forwards::OpenForward;
pub use crate::overview::OverviewHandle;

/// Set to anything but `0`, `false` or nothing: read-only everywhere.
pub const READ_ONLY_VARIABLE: &str = "QD_READ_ONLY";
/// A right whose answer could not be had is asked again after this.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(30);

/// Where the kubeconfig comes from.
#[derive(Clone, Debug, Default)]
pub enum KubeconfigFrom {
    /// `KUBECONFIG`, else `~/.kube/config`, else the service account of the pod we run in.
    #[default]
    Default,
    /// These files, merged as kubectl merges; each has to exist.
    Paths(Vec<PathBuf>),
    /// The text itself (the demo).
    Text(String),
}

/// How a session is opened.
#[derive(Clone, Default)]
pub struct Options {
    pub kubeconfig: KubeconfigFrom,
    /// Start read-only everywhere; cannot be unlocked.
    pub read_only: bool,
    pub impersonate_user: Option<String>,
    pub impersonate_groups: Vec<String>,
    /// A credential plugin may use the terminal (command line on a terminal, no screen).
    pub interactive: bool,
    /// Where the journal, drafts and memory are; `None`: the platform's place for state. Works without any.
    pub state_dir: Option<PathBuf>,
    /// The configuration file; `None`: `config.toml` in the platform's place for configuration.
    pub config_file: Option<PathBuf>,
    /// The platform profile to use instead of the one that is recognised: its id, or a file.
    pub platform: Option<String>,
    /// How hosts are looked at.
    pub probing: crate::probe::Probing,
    pub clock: Clock,
}

/// The front door. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) options: Options,
    pub(super) kubeconfig: Kubeconfig,
    pub(super) problems: Vec<Problem>,
    pub(super) platforms: Library,
    pub(super) listener: Listener,
    pub(super) runtime: tokio::runtime::Handle,
    pub(super) stores: Stores,
    pub(super) guards: Arc<Guards>,
    pub(super) journal: Arc<Journal>,
    pub(super) drafts: Drafts,
    pub(super) memory: Memory,
    pub(super) forwards: Forwards,
    pub(super) clusters: Mutex<HashMap<String, Cluster>>,
    pub(super) overviews: Mutex<HashMap<String, OverviewKey>>,
    /// When a right was asked for in the background.
    pub(super) asked: Mutex<HashMap<(String, Right), Instant>>,
    pub(super) runs: Runs,
}

impl Session {
    /// Opens a session; makes no request. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the kubeconfig, or the platform profile that was asked for, cannot be read.
    pub fn new(mut options: Options, listener: Listener) -> Result<Self> {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|e| Problem::new(ProblemKind::Internal, "cannot open a session", e.to_string()))?;
        let kubeconfig = read_kubeconfig(&options.kubeconfig)?;
        let own = directories::ProjectDirs::from("", "", "quarterdeck");
        if options.state_dir.is_none() {
            options.state_dir = own.as_ref().map(|d| d.state_dir().unwrap_or_else(|| d.data_local_dir()).to_path_buf());
        }
        let config_file = options.config_file.clone().or_else(|| own.map(|d| d.config_dir().join("config.toml")));
        let (platforms, told) = Library::open(config_file.as_deref(), options.platform.as_deref())?;
        options.config_file.clone_from(&config_file);
        let (config, problem) = config_file.map_or_else(Default::default, |file| GuardConfig::load(&file));
        let dir = options.state_dir.as_deref();
        let inner = Inner {
            guards: Arc::new(Guards::new(config, forced_read_only(&options)).shared_in(dir)),
            journal: Arc::new(Journal::open(dir)),
            drafts: Drafts::open(dir),
            memory: Memory::open(dir),
            forwards: Forwards::default(),
            kubeconfig,
            stores: Stores::new(options.clock.clone(), Some(listener.clone())),
            problems: problem.into_iter().chain(told).collect(),
            platforms,
            listener,
            runtime,
            clusters: Mutex::default(),
            overviews: Mutex::default(),
            asked: Mutex::default(),
            runs: Runs::default(),
            options,
        };
        Ok(Self { inner: Arc::new(inner) })
    }
    /// What was wrong while opening and stops nothing: a broken configuration file, a platform profile of the user's.
    pub fn problems(&self) -> Vec<Problem> {
        self.inner.problems.clone()
    }
    /// The platform profiles that there are.
    pub fn platforms(&self) -> &Library {
        &self.inner.platforms
    }
    /// The contexts of the kubeconfig, in its order.
    pub fn contexts(&self) -> Vec<ContextInfo> {
        self.inner.kubeconfig.contexts()
    }
    /// The context that the kubeconfig names; empty when it names none.
    pub fn current_context(&self) -> String {
        self.inner.kubeconfig.context(None).map(|c| c.name).unwrap_or_default()
    }
    /// The connection of a context; opened once, lazily, without a request.
    ///
    /// # Errors
    /// When there is no such context, or what it says makes no sense.
    pub fn cluster(&self, context: &str) -> Result<Cluster> {
        let inner = &self.inner;
        let mut clusters = inner.clusters.lock();
        if let Some(cluster) = clusters.get(context) {
            return Ok(cluster.clone());
        }
        let options = ConnectOptions {
            read_only: self.guard(context).read_only.is_some(),
            impersonate_user: inner.options.impersonate_user.clone(),
            impersonate_groups: inner.options.impersonate_groups.clone(),
            interactive: inner.options.interactive,
            namespaces: inner.memory.namespaces(context),
            state_dir: inner.options.state_dir.clone(),
            clock: inner.options.clock.clone(),
            ..ConnectOptions::default()
        };
        let cluster = Cluster::connect(&inner.kubeconfig, Some(context), &options)?;
        let (mut state, listener, name) = (cluster.connection(), inner.listener.clone(), context.to_owned());
        inner.runtime.spawn(async move {
            while state.changed().await.is_ok() {
                listener(Event::ConnectionChanged { context: name.clone() });
            }
        });
        clusters.insert(context.into(), cluster.clone());
        Ok(cluster)
    }
    /// Lets the user sign in anew; a credential plugin gets the terminal, so a screen has to be suspended.
    pub async fn sign_in(&self, context: &str) -> Result<()> {
        self.cluster(context)?.sign_in().await
    }
    /// A share in a watched table.
    pub fn table(&self, context: &str, request: TableRequest) -> Result<TableHandle> {
        Ok(self.inner.stores.table(&self.cluster(context)?, request))
    }
    /// All stores that are open.
    pub fn stores(&self) -> &Stores {
        &self.inner.stores
    }
    /// The platform of a context; watched as long as a handle lives.
    pub fn overview(&self, context: &str) -> Result<OverviewHandle> {
        let cluster = self.cluster(context)?;
        let inner = &self.inner;
        let mut open = inner.overviews.lock();
        if let Some(handle) = open.get(context).and_then(OverviewKey::handle) {
            return Ok(handle);
        }
        let _runtime = inner.runtime.enter();
        let handle = OverviewHandle::open(&cluster, &inner.stores, &inner.platforms, inner.listener.clone());
        open.insert(context.to_owned(), handle.key());
        Ok(handle)
    }
    /// The object as the server has it now. One of another UID under its name is not it.
    pub async fn object(&self, context: &str, object: &ObjectRef) -> Result<Value> {
        Ok(fetch(&self.cluster(context)?, object.clone()).await?.object)
    }
    /// Events about an object, the latest first.
    pub async fn object_events(&self, context: &str, object: &ObjectRef) -> Result<Vec<Value>> {
        // Events of cluster-scoped objects are kept in this namespace.
        let namespace = object.namespace().unwrap_or("default");
        let selector = format!("involvedObject.name={},involvedObject.kind={}", object.name, object.kind.kind);
        let request = Request::get(format!("/api/v1/namespaces/{namespace}/events")).query("fieldSelector", selector);
        let mut list: Value = self.cluster(context)?.json(request).await?;
        let Value::Array(mut events) = list["items"].take() else { return Ok(Vec::new()) };
        // The kubelet writes a node's name for its UID.
        let same = |e: &Value| e["involvedObject"]["uid"].as_str().is_none_or(|uid| uid == &*object.uid);
        events.retain(|e| object.uid.is_empty() || object.kind.kind == "Node" || same(e));
        let when = |e: &Value| {
            let times = [
                &e["series"]["lastObservedTime"],
                &e["lastTimestamp"],
                &e["eventTime"],
                &e["metadata"]["creationTimestamp"],
            ];
            times.into_iter().find_map(|t| t.as_str().and_then(parse_time))
        };
        events.sort_by_key(|e| std::cmp::Reverse(when(e)));
        Ok(events)
    }
    /// An object in words, with its events; those are left out when they may not be read.
    pub async fn describe(&self, context: &str, object: &ObjectRef) -> Result<Description> {
        let (value, events) = futures::join!(self.object(context, object), self.object_events(context, object));
        Ok(describe(&value?, &events.unwrap_or_default(), self.clock().now()))
    }
    /// An object as text to edit. Of a Secret this shows its values, so it stands in the journal.
    pub async fn edit_text(&self, context: &str, object: &ObjectRef) -> Result<EditText> {
        let text = EditText::of(object, &self.object(context, object).await?);
        if text.secret {
            self.note(context, "reveal", format!("Reveal {object} for an edit"), vec![object.to_string()], "", "shown");
        }
        Ok(text)
    }

    /// The configuration file, whether it is there or not; rooms read their own tables out of it.
    pub fn config_file(&self) -> Option<&std::path::Path> {
        self.inner.options.config_file.as_deref()
    }
    /// How hosts are looked at.
    pub fn probing(&self) -> &crate::probe::Probing {
        &self.inner.options.probing
    }
    pub fn clock(&self) -> &Clock {
        &self.inner.options.clock
    }
    /// A container's log as it comes. Several containers, resumed after a cut: [`crate::logs`].
    pub async fn logs(&self, context: &str, request: &LogRequest) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.cluster(context)?.logs(request).await
    }
    /// Opens a local port that leads to a pod or a Service; closed when dropped.
    pub async fn forward(&self, context: &str, request: ForwardRequest) -> Result<Forward> {
        self.cluster(context)?.forward(request).await
    }
    /// Opens a local port that leads to an app's page; it stays open until it is closed.
    ///
    /// # Errors
    /// When the Service or its pods cannot be found, or no port can be opened.
    pub async fn open_forward(
        &self,
        context: &str,
        label: &str,
        entry: &WayIn,
        local_port: u16,
    ) -> Result<OpenForward> {
        let cluster = self.cluster(context)?;
        self.inner.forwards.open(&cluster, label, entry, local_port, self.inner.listener.clone()).await
    }
    /// Local ports that are open.
    pub fn forwards(&self) -> Vec<OpenForward> {
        self.inner.forwards.all()
    }
    /// How a local port is doing, as it changes; `None` for one that is closed.
    pub fn forward_state(&self, id: u64) -> Option<tokio::sync::watch::Receiver<crate::cluster::ForwardState>> {
        self.inner.forwards.state(id)
    }
    /// Closes a local port; whether it was open.
    pub fn close_forward(&self, id: u64) -> bool {
        let closed = self.inner.forwards.close(id);
        (self.inner.listener)(Event::TableChanged);
        closed
    }
    /// Reads logs of containers into one buffer; news of it come as [`Event::TableChanged`].
    pub fn follow_logs(&self, context: &str, targets: Vec<LogTarget>, options: &LogOptions) -> Result<LogFollower> {
        let listener = self.inner.listener.clone();
        Ok(LogFollower::start(&self.cluster(context)?, targets, options, move || listener(Event::TableChanged)))
    }
    /// Drafts of earlier and present edits.
    pub fn drafts(&self) -> &Drafts {
        &self.inner.drafts
    }
    /// Where the user was.
    pub fn memory(&self) -> &Memory {
        &self.inner.memory
    }
}

fn read_kubeconfig(from: &KubeconfigFrom) -> Result<Kubeconfig> {
    match from {
        KubeconfigFrom::Default => Kubeconfig::load(None),
        KubeconfigFrom::Text(text) => Kubeconfig::parse(text, "the given kubeconfig"),
        KubeconfigFrom::Paths(paths) => {
            let mut all = Kubeconfig::default();
            for path in paths {
                all = all.merge(Kubeconfig::load(Some(path))?)?;
            }
            Ok(all)
        }
    }
}

fn forced_read_only(options: &Options) -> Option<String> {
    if options.read_only {
        return Some("read-only by --read-only".into());
    }
    let set = std::env::var(READ_ONLY_VARIABLE).is_ok_and(|v| !matches!(v.as_str(), "" | "0" | "false"));
    set.then(|| format!("read-only by {READ_ONLY_VARIABLE}"))
}
