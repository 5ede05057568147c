//! The embedded cluster, run beside a test that knows nothing of async: on a thread and a runtime of its own, over
//! a real socket, so that any client can talk to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quarterdeck_sim::world::WorldOptions;
use quarterdeck_sim::{Clock, ServeOptions, SimServer, Store, World};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::http::Client;
use crate::workshop;

/// A running embedded cluster. It ends with this value.
pub struct SimCluster {
    server: Option<SimServer>,
    runtime: Option<Runtime>,
    state: PathBuf,
}

impl SimCluster {
    /// Starts a cluster that has what every new cluster has, and nothing else.
    pub fn start(name: &str) -> SimCluster {
        SimCluster::serve(name, Store::new(Clock::system()), options())
    }

    /// Starts a cluster with a world in it, such as `ominis`.
    pub fn world(name: &str) -> SimCluster {
        let store = quarterdeck_sim::world::load(name, &WorldOptions::default()).expect("a world of that name");
        SimCluster::serve(name, store, options())
    }

    /// Serves these objects with these options.
    pub fn serve(name: &str, store: Store, options: ServeOptions) -> SimCluster {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime for the embedded cluster");
        let server = runtime.block_on(SimServer::start(store, options)).expect("a loopback port");
        let state = workshop().join("sims").join(format!("{name}.{}", server.address().port()));
        std::fs::create_dir_all(&state).expect("a folder for the embedded cluster");
        SimCluster { server: Some(server), runtime: Some(runtime), state }
    }

    /// The server itself.
    pub fn server(&self) -> &SimServer {
        self.server.as_ref().expect("it runs until it is dropped")
    }

    /// A kubeconfig for the administrator.
    pub fn admin(&self) -> String {
        self.server().kubeconfig_yaml()
    }

    /// A bare client of the administrator.
    pub fn client(&self) -> Client {
        Client::from_kubeconfig(&self.admin()).expect("the embedded cluster's kubeconfig")
    }

    /// Writes a kubeconfig into a file that goes with the cluster, and gives its path.
    pub fn file(&self, name: &str, kubeconfig: &str) -> PathBuf {
        let path = self.state.join(format!("{name}.kubeconfig"));
        std::fs::write(&path, kubeconfig).expect("the cluster's folder is writable");
        path
    }

    /// The folder that goes with the cluster.
    pub fn folder(&self) -> &Path {
        &self.state
    }
}

impl Drop for SimCluster {
    fn drop(&mut self) {
        if let (Some(server), Some(runtime)) = (self.server.take(), self.runtime.take()) {
            runtime.block_on(server.stop());
            runtime.shutdown_background();
        }
        let _ = std::fs::remove_dir_all(&self.state);
    }
}

/// An embedded cluster that several tests of one program share.
pub fn shared() -> Arc<SimCluster> {
    use std::sync::{Mutex, PoisonError, Weak};
    static SHARED: Mutex<Weak<SimCluster>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let cluster = Arc::new(SimCluster::start("shared"));
        *shared = Arc::downgrade(&cluster);
        cluster
    })
}

/// Objects of these kinds of a world, as one would apply them: without what a server adds, and without the cluster's
/// own. Namespaces come first.
pub fn manifests(world: &str, kinds: &[&str]) -> Vec<Value> {
    let mut all = quarterdeck_sim::world::build(world, jiff::Timestamp::now(), 0, 0).expect("a world");
    all.retain(|o| kinds.iter().any(|k| o["kind"] == *k));
    let of_the_cluster = |name: &Value| name.as_str().is_some_and(|n| n.starts_with("kube-") || n == "default");
    all.retain(|o| !of_the_cluster(&o["metadata"]["namespace"]) && !of_the_cluster(&o["metadata"]["name"]));
    for object in &mut all {
        let meta = &object["metadata"];
        let mut bare = json!({"name": meta["name"]});
        for field in ["namespace", "labels", "annotations"] {
            if !meta[field].is_null() {
                bare[field] = meta[field].clone();
            }
        }
        let mut applied = json!({"apiVersion": object["apiVersion"], "kind": object["kind"], "metadata": bare});
        if !object["spec"].is_null() {
            applied["spec"] = object["spec"].clone();
        }
        *object = applied;
    }
    all.sort_by_key(|o| o["kind"] != "Namespace");
    all
}

/// With rights, tables and containers, as the demo serves it.
fn options() -> ServeOptions {
    ServeOptions { extension: Some(Arc::new(World::default())), ..ServeOptions::default() }
}
