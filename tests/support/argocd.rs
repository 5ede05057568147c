//! The real Argo CD on a real cluster, outside it and on loopback: Redis, the repository server, the application
//! controller and the API server. It looks at a repository only when it is told to: no refresh comes by itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::crds::{Project, definitions};
use crate::debian::redis;
use crate::keeper::{Janitor, Service, answers};
use crate::programs::{Module, built};
use crate::real::{RealCluster, free_ports, janitor, new_folder};

/// Where Argo CD and its Applications live.
pub const NAMESPACE: &str = "argocd";

/// Argo CD on one cluster.
pub struct ArgoCd {
    /// Redis.
    pub cache: Service,
    /// Clones repositories and renders them. Stop it and comparisons fail.
    pub repositories: Service,
    /// Compares and applies. Stop it and nothing happens.
    pub controller: Service,
    /// The API server, which no action of ours needs.
    pub server: Service,
    port: u16,
    _state: PathBuf,
    _janitor: Option<Janitor>,
}

impl ArgoCd {
    /// Installs the definitions, the usual ConfigMaps and the project `default`, and starts all of it.
    pub fn start(cluster: &RealCluster) -> Result<ArgoCd, String> {
        let programs = built(Module::ArgoCd)?;
        let redis = redis()?;
        let module = Module::ArgoCd.dependency("github.com/argoproj/argo-cd/v3")?;
        cluster.define(&definitions(Project::ArgoCd)?);
        let kubeconfig = cluster.file("argocd", &cluster.admin());
        install(cluster, &module, &kubeconfig)?;
        let state = new_folder("argocd").map_err(|e| e.to_string())?;
        let janitor = janitor(&state)?;
        let told = |e: std::io::Error| format!("{}: {e}", state.display());
        for folder in ["tls", "ssh", "gpg/source", "gpg/keys", "tmp", "home", "bin"] {
            fs::create_dir_all(state.join(folder)).map_err(told)?;
        }
        // The repository server looks for it on the PATH; in the module cache nothing is executable.
        let wrapper = state.join("bin/git-verify-wrapper.sh");
        fs::copy(module.join("hack/git-verify-wrapper.sh"), &wrapper)
            .and_then(|_| fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)))
            .map_err(told)?;

        let [cache, repositories, repository_metrics, metrics, server, server_metrics] = free_ports();
        let port = |flag: &str, port: u16| [format!("--{flag}"), port.to_string()];
        let here = |flag: &str| [format!("--{flag}"), "127.0.0.1".to_owned()];
        let text = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let store = ["--redis".to_owned(), format!("127.0.0.1:{cache}")];
        let of_cluster = [
            vec!["--kubeconfig".to_owned(), kubeconfig.display().to_string()],
            text("-n argocd --repo-server-plaintext --repo-server"),
            vec![format!("127.0.0.1:{repositories}")],
            store.to_vec(),
        ]
        .concat();
        let role = |name: &str, arguments: Vec<String>, ready: u16| {
            let program = programs.path("argocd");
            let path = format!("{}:{}", state.join("bin").display(), std::env::var("PATH").unwrap_or_default());
            let folder = |name: &str| state.join(name).display().to_string();
            Service::new(name, &program, arguments, &state, move |_| answers(ready))
                .with("ARGOCD_BINARY_NAME", format!("argocd-{name}"))
                .with("ARGOCD_FAKE_IN_CLUSTER", "true")
                .with("ARGOCD_GPG_ENABLED", "false")
                .with("KUBECONFIG", kubeconfig.display().to_string())
                .with("PATH", path)
                .with("HOME", folder("home"))
                .with("TMPDIR", folder("tmp"))
                .with("ARGOCD_TLS_DATA_PATH", folder("tls"))
                .with("ARGOCD_SSH_DATA_PATH", folder("ssh"))
                .with("ARGOCD_GNUPGHOME", folder("gpg/keys"))
                .with("ARGOCD_GPG_DATA_PATH", folder("gpg/source"))
        };
        let mut arguments = [port("port", cache), here("bind")].concat();
        arguments.extend(["--save", "", "--appendonly", "no"].map(str::to_owned));
        let argocd = ArgoCd {
            cache: Service::new("redis", &redis.program, arguments, &state, move |_| answers(cache))
                .with("LD_LIBRARY_PATH", &redis.libraries),
            repositories: role(
                "repo-server",
                [
                    &port("port", repositories)[..],
                    &here("address"),
                    &port("metrics-port", repository_metrics),
                    &here("metrics-address"),
                    &store,
                    &["--disable-tls", "--client-ca-path", ""].map(str::to_owned),
                ]
                .concat(),
                repositories,
            ),
            controller: role(
                "application-controller",
                [&of_cluster[..], &port("metrics-port", metrics), &text("--app-resync 86400 --app-resync-jitter 0")]
                    .concat(),
                metrics,
            ),
            server: role(
                "server",
                [
                    &of_cluster[..],
                    &here("address"),
                    &port("port", server),
                    &here("metrics-address"),
                    &port("metrics-port", server_metrics),
                    &text("--insecure --dex-server http://127.0.0.1:1"),
                ]
                .concat(),
                server,
            ),
            port: server,
            _state: state.clone(),
            _janitor: janitor,
        };
        for part in [&argocd.cache, &argocd.repositories, &argocd.controller, &argocd.server] {
            part.start()?;
        }
        Ok(argocd)
    }

    /// The address of the API server and the UI.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// An Application of the project `default` that brings a folder of a repository into a namespace, by hand.
    pub fn application(name: &str, repository: &str, path: &str, namespace: &str) -> Value {
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {
                "project": "default",
                "source": {"repoURL": repository, "path": path, "targetRevision": "main"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            },
        })
    }
}

fn install(cluster: &RealCluster, module: &std::path::Path, kubeconfig: &std::path::Path) -> Result<(), String> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    cluster.apply("namespaces", &namespace);
    let output = Command::new(cluster.program("kubectl"))
        .args(["apply", "--server-side", "-n", NAMESPACE, "-k"])
        .arg(module.join("manifests/base/config"))
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .output()
        .map_err(|e| format!("kubectl: {e}"))?;
    if !output.status.success() {
        return Err(format!("kubectl apply -k: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let everything = json!([{"group": "*", "kind": "*"}]);
    let project = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
        "metadata": {"name": "default", "namespace": NAMESPACE},
        "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": everything},
    });
    cluster.apply("appprojects", &project);
    Ok(())
}
