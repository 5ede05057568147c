//! Flux's real kustomize-controller on a real cluster. The source-controller cannot be built from what is published;
//! its part is played here: the artifact is served on loopback, and the GitRepository's status names it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::crds::{Project, definitions};
use crate::http::Request;
use crate::keeper::{Janitor, Service, answers};
use crate::programs::{Module, built};
use crate::real::{RealCluster, free_ports, janitor, new_folder};

/// Where Flux's objects live.
pub const NAMESPACE: &str = "flux-system";

/// kustomize-controller on one cluster, and the artifacts that it fetches.
pub struct KustomizeController {
    /// The controller. Stop it and nothing is reconciled.
    pub controller: Service,
    artifacts: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    port: u16,
    state: PathBuf,
    _janitor: Option<Janitor>,
}

impl KustomizeController {
    /// Installs the definitions and starts the controller and the server of artifacts.
    pub fn start(cluster: &RealCluster) -> Result<KustomizeController, String> {
        let programs = built(Module::KustomizeController)?;
        cluster.define(&definitions(Project::Flux)?);
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        cluster.apply("namespaces", &namespace);
        let state = new_folder("flux").map_err(|e| e.to_string())?;
        let janitor = janitor(&state)?;
        let kubeconfig = cluster.file("flux", &cluster.admin()).display().to_string();
        let [metrics, health] = free_ports();
        let arguments = vec![
            format!("--metrics-addr=127.0.0.1:{metrics}"),
            format!("--health-addr=127.0.0.1:{health}"),
            "--watch-all-namespaces".to_owned(),
            "--log-level=info".to_owned(),
        ];
        let program = programs.path("kustomize-controller");
        let controller = Service::new("kustomize-controller", &program, arguments, &state, move |_| answers(health))
            .with("RUNTIME_NAMESPACE", NAMESPACE)
            .with("KUBECONFIG", kubeconfig)
            .with("TMPDIR", state.display().to_string());
        controller.start()?;
        let artifacts = Arc::new(Mutex::new(HashMap::new()));
        let port = serve(Arc::clone(&artifacts)).map_err(|e| e.to_string())?;
        Ok(KustomizeController { controller, artifacts, port, state, _janitor: janitor })
    }

    /// Plays the source-controller: a GitRepository whose revision holds these files. Gives the revision.
    pub fn revision(&self, cluster: &RealCluster, name: &str, commit: &str, files: &[(&str, &str)]) -> String {
        let folder = self.state.join(format!("{name}-{commit}"));
        for (path, content) in files {
            let file = folder.join(path);
            let parent = file.parent().expect("a folder");
            std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&file, content)).expect("the file is written");
        }
        let output = Command::new("tar").arg("-C").arg(&folder).args(["-czf", "-", "."]).output().expect("tar runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let digest: String = Sha256::digest(&output.stdout).iter().map(|byte| format!("{byte:02x}")).collect();
        let (size, path) = (output.stdout.len(), format!("/{name}/{commit}.tar.gz"));
        self.artifacts.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), output.stdout);

        let repository = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"url": "https://git.lab.test/ops/platform.git", "interval": "1h", "ref": {"branch": "main"}},
        });
        cluster.apply("gitrepositories", &repository);
        let revision = format!("main@sha1:{commit}");
        let now = "2026-11-20T12:00:00Z";
        let status = json!({"status": {
            "observedGeneration": 1,
            "artifact": {
                "path": path.trim_start_matches('/'), "url": format!("http://127.0.0.1:{}{path}", self.port),
                "revision": revision, "digest": format!("sha256:{digest}"), "lastUpdateTime": now, "size": size,
            },
            "conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded", "observedGeneration": 1,
                "lastTransitionTime": now, "message": format!("stored artifact for revision '{revision}'")}],
        }});
        let path = format!("{SOURCES}/namespaces/{NAMESPACE}/gitrepositories/{name}/status");
        let request = Request::new("PATCH", &path).body("application/merge-patch+json", status.to_string());
        let answer = cluster.client().send(&request).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        revision
    }

    /// A Kustomization that brings a folder of a GitRepository into a namespace.
    pub fn kustomization(name: &str, repository: &str, path: &str, namespace: &str) -> Value {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {
                "interval": "1h", "retryInterval": "1h", "timeout": "1m", "prune": true, "path": path,
                "targetNamespace": namespace, "sourceRef": {"kind": "GitRepository", "name": repository},
            },
        })
    }
}

const SOURCES: &str = "/apis/source.toolkit.fluxcd.io/v1";

fn serve(artifacts: Arc<Mutex<HashMap<String, Vec<u8>>>>) -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(&stream);
            let _ = reader.read_line(&mut line);
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            // The rest of the head, so that the connection ends in good order.
            let mut rest = String::new();
            while reader.read_line(&mut rest).is_ok_and(|read| read > 2) {
                rest.clear();
            }
            let found = artifacts.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
            let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
            let body = found.unwrap_or_default();
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(&body);
        }
    });
    Ok(port)
}
