//! The embedded cluster behind `qd demo`: a world, served on loopback for as long as it is held.

use quarterdeck_core::{Problem, Result};
use quarterdeck_sim::stories::{self, StoryHandle};
use quarterdeck_sim::world::{self, WorldOptions};
use quarterdeck_sim::{Clock, Faults, ServeOptions, SimServer, World};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which demo is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub world: String,
    pub story: String,
    /// Further pods.
    pub pods: usize,
    /// Further certificates.
    pub certs: usize,
    pub faults: Vec<String>,
    /// A free port of loopback when `None`.
    pub address: Option<SocketAddr>,
}

/// A running embedded cluster. Ends when dropped.
pub struct Demo {
    server: SimServer,
    state: Folder,
    /// Its controllers, and what happens over time.
    _story: StoryHandle,
}

impl Demo {
    /// Loads the world and serves it.
    pub async fn start(wanted: &Wanted) -> Result<Self> {
        let faults = Faults::default();
        for fault in &wanted.faults {
            faults.parse(fault).map_err(|why| {
                Problem::usage("cannot use --fault", why)
                    .next("for example --fault latency=200ms or --fault 503,times=3")
            })?;
        }
        let clock = Clock::system();
        let options = WorldOptions { pods: wanted.pods, certs: wanted.certs, clock: clock.clone() };
        let name = wanted.world.clone();
        let load = tokio::task::spawn_blocking(move || world::load(&name, &options)).await;
        let store = load
            .map_err(|e| Problem::new(quarterdeck_core::ProblemKind::Internal, "cannot load the world", e.to_string()))?
            .map_err(|e| Problem::usage("cannot load the world", e.to_string()).on(wanted.world.clone()))?;
        let story = if wanted.story.is_empty() { "quiet" } else { &wanted.story };
        let told =
            stories::start(story, &store, clock).map_err(|e| Problem::usage("cannot tell the story", e.to_string()))?;
        let extension = Some(Arc::new(World { faults }) as Arc<_>);
        let serve = ServeOptions { addr: wanted.address, extension, ..ServeOptions::default() };
        let server = SimServer::start(store, serve).await.map_err(|e| {
            let address = wanted.address.map(|a| a.to_string()).unwrap_or_default();
            Problem::io("cannot serve the cluster", &e).on(address).next("choose another port, or 0 for any free one")
        })?;
        Ok(Self { server, state: Folder::new()?, _story: told })
    }
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }
    /// A kubeconfig with one context for its administrator.
    pub fn kubeconfig(&self) -> String {
        self.server.kubeconfig_for("demo", "admin", self.server.admin_token())
    }
    /// A folder for what a session remembers; goes with the demo.
    pub fn state_dir(&self) -> &Path {
        &self.state.0
    }
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let name = format!("quarterdeck-demo-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&path)
            .map_err(|e| Problem::io("cannot create a folder for the demo", &e).on(path.display().to_string()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
