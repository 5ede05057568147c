//! One connection to one cluster as one user.

use super::access::AccessCache;
use super::credential::Credential;
use super::explain::Target;
use super::kubeconfig::{ContextInfo, Kubeconfig};
use super::transport::{Recipe, Shared};
use crate::clock::Clock;
use crate::resources::Kinds;
use crate::{Problem, ProblemKind, Result};
use arc_swap::ArcSwapOption;
use parking_lot::RwLock;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

/// How long an ordinary call may wait for the first byte, and then between two pieces of the answer.
const CALL_TIME: Duration = Duration::from_secs(30);

const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How to connect.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// Refuse every mutating call in the HTTP client itself (access reviews and dry runs excepted).
    pub read_only: bool,
    pub impersonate_user: Option<String>,
    pub impersonate_groups: Vec<String>,
    /// A credential plugin may use the terminal (command line on a terminal). Else it is run without input,
    /// and [`Cluster::sign_in`] is the way to let it ask.
    pub interactive: bool,
    /// How long an ordinary call may take; 30 s when `None`.
    pub call_time: Option<Duration>,
    /// Namespaces named by configuration, for users who may not list them.
    pub namespaces: Vec<String>,
    /// Where what was typed before is remembered; the user's state folder when `None`.
    pub state_dir: Option<PathBuf>,
    pub clock: Clock,
}

/// Whether the server answers. Changes are told through [`Cluster::connection`].
#[derive(Clone, Debug, PartialEq)]
pub enum Connection {
    Connecting,
    Live,
    /// Not reachable since this time (seconds since 1970); tried again with back-off.
    Lost {
        since: i64,
        problem: Problem,
    },
    /// The credential has expired or was refused; the user has to sign in again.
    SignIn {
        problem: Problem,
    },
}

/// The namespaces that are known, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    pub names: Vec<String>,
    /// Whether the server's own list could be read. If not, more may exist.
    pub complete: bool,
}

/// What this connection has cost the server so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    pub requests: u64,
    pub bytes_received: u64,
    pub open_watches: u64,
}

/// One connection to one cluster as one user. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub info: ContextInfo,
    /// All contexts of the kubeconfig; their namespaces and names are hints.
    pub contexts: Vec<ContextInfo>,
    pub recipe: Recipe,
    pub options: ConnectOptions,
    pub shared: Arc<Shared>,
    state: watch::Sender<Connection>,
    credential: tokio::sync::Mutex<Option<Credential>>,
    built: tokio::sync::Mutex<Option<Built>>,
    pub kinds: ArcSwapOption<Kinds>,
    pub discovering: tokio::sync::Mutex<()>,
    pub version: tokio::sync::OnceCell<String>,
    pub access: AccessCache,
    /// The pause before the next probe; whoever holds it probes.
    probing: tokio::sync::Mutex<Duration>,
}

struct Built {
    client: kube::Client,
    /// Who we are to the server in it.
    credential: Credential,
    generation: u64,
}

impl Cluster {
    /// Prepares a connection; nothing is asked of the server before the first call. `context` is the
    /// kubeconfig's current one when `None`.
    pub fn connect(kubeconfig: &Kubeconfig, context: Option<&str>, options: &ConnectOptions) -> Result<Self> {
        // The one TLS provider of the process; an error means that it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let info = kubeconfig.context(context)?;
        let shared = Arc::new(Shared::default());
        shared.read_only.store(options.read_only, Ordering::Relaxed);
        shared.interactive.store(options.interactive, Ordering::Relaxed);
        let recipe = Recipe {
            kubeconfig: RwLock::new(kubeconfig.clone()),
            context: info.name.clone(),
            impersonate_user: options.impersonate_user.clone(),
            impersonate_groups: options.impersonate_groups.clone(),
        };
        let inner = Inner {
            info,
            contexts: kubeconfig.contexts(),
            recipe,
            options: options.clone(),
            shared,
            state: watch::channel(Connection::Connecting).0,
            credential: tokio::sync::Mutex::default(),
            built: tokio::sync::Mutex::new(None),
            kinds: ArcSwapOption::empty(),
            discovering: tokio::sync::Mutex::new(()),
            version: tokio::sync::OnceCell::new(),
            access: AccessCache::default(),
            probing: tokio::sync::Mutex::new(FIRST_PAUSE),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The context's name in the kubeconfig.
    pub fn context(&self) -> &str {
        &self.inner.info.name
    }
    /// The context, its cluster and its user as the kubeconfig names them.
    pub fn info(&self) -> &ContextInfo {
        &self.inner.info
    }
    /// Whom the server takes us for: the impersonated user, else the kubeconfig's.
    pub fn acting_user(&self) -> &str {
        self.inner.options.impersonate_user.as_deref().unwrap_or(&self.inner.info.user)
    }
    /// The server's URL.
    pub fn server(&self) -> &str {
        &self.inner.info.server
    }
    /// The namespace that the context names, `default` if none.
    pub fn default_namespace(&self) -> &str {
        if self.inner.info.namespace.is_empty() { "default" } else { &self.inner.info.namespace }
    }
    pub fn clock(&self) -> &Clock {
        &self.inner.options.clock
    }
    /// The state of the connection and its changes.
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.inner.state.subscribe()
    }
    pub fn traffic(&self) -> Traffic {
        let shared = &self.inner.shared;
        Traffic {
            requests: shared.requests.load(Ordering::Relaxed),
            bytes_received: shared.bytes.load(Ordering::Relaxed),
            open_watches: shared.watches.load(Ordering::Relaxed),
        }
    }
    pub fn read_only(&self) -> bool {
        self.inner.shared.read_only.load(Ordering::Relaxed)
    }
    /// Switches the client's refusal of mutating calls on or off.
    pub fn set_read_only(&self, on: bool) {
        self.inner.shared.read_only.store(on, Ordering::Relaxed);
    }

    /// The server's version, e.g. `v1.36.3`.
    pub async fn version(&self) -> Result<String> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            git_version: String,
        }
        let ask = || async {
            let version: Version = self.json(super::Request::get("/version")).await?;
            Ok(crate::text::clean_line(&version.git_version).into_owned())
        };
        self.inner.version.get_or_try_init(ask).await.cloned()
    }

    /// The command line of the credential plugin, when this context signs in with one.
    pub async fn sign_in_command(&self) -> Option<String> {
        self.credential().await.ok()?.plugin()
    }

    /// Signs in anew. A credential plugin gets the terminal (standard input and error), so a screen has to
    /// be suspended first. Without a plugin the kubeconfig and the credential's files are read again: another tool may
    /// have signed in meanwhile.
    pub async fn sign_in(&self) -> Result<()> {
        if self.sign_in_command().await.is_none() {
            self.inner.recipe.reread()?;
            *self.inner.credential.lock().await = None;
            // However what follows ends, nothing goes on with the old one.
            self.forget_client().await;
        }
        let credential = self.credential().await?;
        credential.sign_in(self.clock().now()).await?;
        self.forget_client().await;
        self.invalidate_access();
        self.inner.state.send_if_modified(|state| {
            let waits = matches!(state, Connection::SignIn { .. });
            if waits {
                *state = Connection::Connecting;
            }
            waits
        });
        self.probe(CALL_TIME).await
    }

    /// Waits until the server answers again: at once if the connection is not lost, else it is probed with
    /// a jittered back-off of at most 3 s. However many wait, one probes. Waits on while signing in is needed.
    pub async fn reconnected(&self) {
        let mut state = self.connection();
        loop {
            let sign_in = match &*state.borrow_and_update() {
                Connection::Live | Connection::Connecting => return,
                Connection::Lost { .. } => false,
                Connection::SignIn { .. } => true,
            };
            tokio::select! {
                changed = state.changed() => if changed.is_err() { return },
                mut pause = self.inner.probing.lock(), if !sign_in => {
                    // The wait belongs to whoever holds the lock, so that one probes and the others listen.
                    tokio::select! {
                        changed = state.changed() => if changed.is_err() { return },
                        () = tokio::time::sleep(jittered(*pause)) => {
                            let back = self.probe(Duration::from_secs(3)).await.is_ok();
                            *pause = if back { FIRST_PAUSE } else { (*pause * 2).min(Duration::from_secs(3)) };
                        }
                    }
                }
            }
        }
    }

    /// Asks whether the server is there. Any answer but a failure of the server counts, a refusal too.
    async fn probe(&self, limit: Duration) -> Result<()> {
        let request = super::Request::get("/readyz");
        let target = Target { verb: "get".into(), ..Target::default() };
        match tokio::time::timeout(limit, self.send(&request, &target, false)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err(target.problem(ProblemKind::Unreachable, "the server does not answer")),
        }
    }

    pub(super) fn call_time(&self) -> Duration {
        self.inner.options.call_time.unwrap_or(CALL_TIME)
    }

    pub(super) async fn credential(&self) -> Result<Credential> {
        let mut slot = self.inner.credential.lock().await;
        if let Some(credential) = &*slot {
            return Ok(credential.clone());
        }
        let credential = self.inner.recipe.credential().await?.1;
        Ok(slot.insert(credential).clone())
    }

    /// The HTTP stack; built on first use, and again when a plugin gave a new certificate or the credential is another.
    pub(super) async fn client(&self) -> Result<kube::Client> {
        let credential = self.credential().await?;
        // Before anything else, so that a plugin that takes its time is not mistaken for a silent server; and it may
        // give a certificate, which has to be there before the first handshake.
        let may_ask = self.inner.shared.interactive.load(Ordering::Relaxed);
        credential.header(self.clock().now(), may_ask).await?;
        let mut slot = self.inner.built.lock().await;
        if let Some(built) = &*slot
            && built.credential.same(&credential)
            && built.generation == credential.certificate().await.0
        {
            return Ok(built.client.clone());
        }
        let (config, _, through) = self.inner.recipe.credential().await?;
        self.inner.shared.set_proxy(through);
        let (generation, certificate) = credential.certificate().await;
        let (shared, clock) = (self.inner.shared.clone(), self.clock().clone());
        let own = credential.clone();
        let build = move || super::transport::build(config, certificate, own, shared, clock);
        let built = tokio::task::spawn_blocking(build).await;
        let client =
            built.map_err(|e| Problem::new(ProblemKind::Internal, "cannot build the HTTP client", e.to_string()))??;
        *slot = Some(Built { client: client.clone(), credential, generation });
        Ok(client)
    }

    /// The next call builds the stack anew and so reads certificate files again.
    pub(super) async fn forget_client(&self) {
        *self.inner.built.lock().await = None;
    }

    /// Takes note of how a call ended.
    pub(super) fn note(&self, outcome: Result<u16, &Problem>) {
        let now = self.clock().now();
        self.inner.state.send_if_modified(|state| {
            let next = match outcome {
                Ok(status) if status < 500 => Connection::Live,
                Err(p) if p.kind == ProblemKind::Unauthenticated => Connection::SignIn { problem: p.clone() },
                Err(p) if p.kind == ProblemKind::Unreachable => match state {
                    Connection::Lost { since, .. } => Connection::Lost { since: *since, problem: p.clone() },
                    _ => Connection::Lost { since: now, problem: p.clone() },
                },
                _ => return false,
            };
            let changed = *state != next;
            *state = next;
            changed
        });
    }
}

/// Between half and all of it, so that many clients do not come at once.
pub(super) fn jittered(pause: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(pause) % 1000;
    pause / 2 + pause.mul_f64(f64::from(u32::try_from(random).unwrap_or(0)) / 2000.0)
}
