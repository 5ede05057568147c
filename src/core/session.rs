//! The front door for both faces: open a context, watch, ask, plan, run, listen.

use crate::actions::{Action, Args, Confirmation, Offer, Outcome, Plan, RunId, catalogue};
use crate::clock::Clock;
use crate::cluster::{Cluster, logs::LogRequest};
use crate::drafts::Drafts;
use crate::event::Listener;
use crate::guards::GuardState;
use crate::journal::{Entry, ExportFormat};
use crate::memory::Memory;
use crate::overview::Overview;
use crate::resources::ObjectRef;
use crate::store::{TableHandle, TableRequest};
use crate::{Problem, ProblemKind, Result};
use bytes::Bytes;
use futures::stream::BoxStream;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;

/// Where the kubeconfig comes from.
#[derive(Clone, Debug, Default)]
pub enum KubeconfigFrom {
    /// `KUBECONFIG`, else `~/.kube/config`, else the service account of the pod we run in.
    #[default]
    Default,
    /// These files, merged as kubectl merges.
    Paths(Vec<PathBuf>),
    /// The text itself (the demo).
    Text(String),
}

/// A context of the kubeconfig.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextInfo {
    pub name: String,
    pub cluster: String,
    pub server: String,
    pub user: String,
    pub namespace: String,
    pub current: bool,
}

/// How a session is opened.
#[derive(Clone, Default)]
pub struct Options {
    pub kubeconfig: KubeconfigFrom,
    /// Start read-only everywhere; cannot be unlocked.
    pub read_only: bool,
    pub impersonate_user: Option<String>,
    pub impersonate_groups: Vec<String>,
    /// Where the journal, drafts and memory are; `None`: the platform's place for state. Works without any.
    pub state_dir: Option<PathBuf>,
    /// The configuration file; `None`: `config.toml` in the platform's place for configuration.
    pub config_file: Option<PathBuf>,
    pub clock: Clock,
}

/// A platform as it is seen at the moment, derived anew when something changes.
#[derive(Clone, Default)]
pub struct OverviewHandle {
    latest: Arc<arc_swap::ArcSwap<Overview>>,
}

impl OverviewHandle {
    /// The latest derivation.
    pub fn get(&self) -> Arc<Overview> {
        self.latest.load_full()
    }
}

/// The front door. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    #[allow(dead_code)]
    listener: Listener,
    drafts: Drafts,
    memory: Memory,
}

fn missing() -> Problem {
    Problem::new(ProblemKind::Internal, "cannot reach the cluster", "this build has no client")
}

impl Session {
    /// Opens a session; makes no request. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read.
    pub fn new(options: Options, listener: Listener) -> Result<Self> {
        Ok(Self { inner: Arc::new(Inner { options, listener, drafts: Drafts::default(), memory: Memory::default() }) })
    }
    /// What was wrong while opening and stops nothing: a broken configuration file, no place for state.
    pub fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }
    /// The contexts of the kubeconfig, in its order.
    pub fn contexts(&self) -> Vec<ContextInfo> {
        Vec::new()
    }
    /// The context that the kubeconfig names; empty when it names none.
    pub fn current_context(&self) -> String {
        self.contexts().into_iter().find(|c| c.current).map(|c| c.name).unwrap_or_default()
    }
    /// The connection of a context; opened once, lazily.
    pub fn cluster(&self, _context: &str) -> Result<Cluster> {
        Err(missing())
    }
    /// A share in a watched table.
    pub fn table(&self, _context: &str, _request: TableRequest) -> Result<TableHandle> {
        Err(missing())
    }
    /// The platform of a context; watched as long as a handle lives.
    pub fn overview(&self, _context: &str) -> Result<OverviewHandle> {
        Ok(OverviewHandle::default())
    }
    /// The object as the server has it now.
    pub async fn object(&self, context: &str, object: &ObjectRef) -> Result<Value> {
        self.cluster(context)?.json(crate::cluster::Request::get(object.path(None))).await
    }
    /// Events about an object (`events.k8s.io` or core), the latest first.
    pub async fn object_events(&self, _context: &str, _object: &ObjectRef) -> Result<Vec<Value>> {
        Err(missing())
    }
    /// All actions there are.
    pub fn catalogue(&self) -> &'static [&'static dyn Action] {
        catalogue::all()
    }
    /// The actions for these objects, with what stands against each. From what is known already; what is
    /// not known is asked in the background and told by [`crate::event::Event::AccessChanged`].
    pub fn offers(&self, _context: &str, _targets: &[ObjectRef]) -> Vec<Offer> {
        Vec::new()
    }
    /// What an action would do: fetches the objects, checks identity, rights and guards, lets the server
    /// try it (dry run) and compares. Changes nothing.
    ///
    /// # Errors
    /// When there is nothing to plan: unknown action, wrong argument, the object is gone or another one.
    /// A refused dry run is no error; it stands in the plan's steps.
    pub async fn plan(&self, _context: &str, _action: &str, _targets: &[ObjectRef], _args: &Args) -> Result<Plan> {
        Err(missing())
    }
    /// Carries a plan out; progress comes as [`crate::event::Event::Run`].
    ///
    /// # Errors
    /// When the confirmation is not what the plan asks for, or a guard refuses. Nothing was changed then.
    pub fn run(&self, _plan: Plan, _confirmation: Confirmation) -> Result<RunId> {
        Err(missing())
    }
    /// Waits for the end of a run; `None` for an unknown one.
    pub async fn wait(&self, _run: RunId) -> Option<Outcome> {
        None
    }
    /// Stops a run before its next step, or stops watching its effect.
    pub fn cancel(&self, _run: RunId) {}
    /// The plan that takes a journal entry back (its identifier or a unique beginning of it; `last`).
    pub async fn undo(&self, _journal_id: &str) -> Result<Plan> {
        Err(missing())
    }
    /// What was done, the latest first.
    pub fn journal(&self) -> Vec<Entry> {
        Vec::new()
    }
    /// The journal for a hand-over.
    pub fn export_journal(&self, _format: ExportFormat) -> String {
        String::new()
    }
    /// How a context is guarded now.
    pub fn guard(&self, _context: &str) -> GuardState {
        GuardState::default()
    }
    /// Lifts read-only for some minutes.
    pub fn unlock(&self, _context: &str, _minutes: u32, _reason: &str) -> Result<GuardState> {
        Err(missing())
    }
    pub fn clock(&self) -> &Clock {
        &self.inner.options.clock
    }
    /// A container's log as it comes.
    pub async fn logs(&self, context: &str, request: &LogRequest) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.cluster(context)?.logs(request).await
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
