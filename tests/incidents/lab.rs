//! The ground of the incidents: one real cluster with cert-manager, issuers that work and issuers that do not.
//!
//! | ClusterIssuer | What it is |
//! |---|---|
//! | `acme-dns` | Pebble, DNS-01 by RFC 2136 on BIND. A certificate takes a minute: cert-manager waits for DNS |
//! | `acme-http` | Pebble, HTTP-01; the edge answers for the solver. Seconds |
//! | `acme-blind` | a Pebble that never finds a TXT record: every validation is invalid |
//! | `acme-wrong-key` | DNS-01 with a TSIG key that BIND does not know |
//! | `acme-unreachable`, `acme-untrusted` | nobody listens at its directory; its directory's authority is unknown |
//! | `acme-no-secret`, `acme-no-class` | the TSIG key's Secret is not there; nobody serves the solver's ingress class |
//! | `root`, `ca`, `ca-missing` | self-signed; a CA under it; a CA whose Secret is not there |

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use quarterdeck_testing::acme::Acme;
use quarterdeck_testing::cert_manager::{CertManager, NAMESPACE};
use quarterdeck_testing::edge::Edge;
use quarterdeck_testing::http::{Client, Request};
use quarterdeck_testing::pty::{Terminal, TerminalOptions};
use quarterdeck_testing::real::{Options, RealCluster, skipped};
use serde_json::{Value, json};

/// All that runs. The tests of this program share one.
pub struct Lab {
    pub cluster: RealCluster,
    pub edge: Edge,
    pub acme: Acme,
    pub cert_manager: CertManager,
    home: tempfile::TempDir,
    kubeconfig: PathBuf,
    /// Who needs all of it to work reads; who breaks a shared part writes.
    calm: RwLock<()>,
}

/// The lab, or `None` after a line that says why this machine cannot have one; under `CI` that is a failure.
pub fn lab(test: &str) -> Option<&'static Lab> {
    static LAB: OnceLock<Result<Lab, String>> = OnceLock::new();
    match LAB.get_or_init(Lab::start) {
        Ok(lab) => Some(lab),
        Err(why) => {
            skipped(test, why);
            None
        }
    }
}

/// Nobody else uses the lab while this lives; in the end everything runs again as it should.
pub struct Alone {
    lab: &'static Lab,
    _guard: RwLockWriteGuard<'static, ()>,
}

impl Lab {
    fn start() -> Result<Lab, String> {
        quarterdeck_testing::programs::programs()?;
        let cluster = RealCluster::start_with("incidents", &Options { kwok: true, controllers: None });
        let edge = Edge::start(&cluster)?;
        let acme = Acme::start(edge.address(), edge.http_port())?;
        let cert_manager = CertManager::start(&cluster, &acme.nameserver(), &edge.environment())?;
        let kubeconfig = cluster.file("qd", &cluster.admin());
        let home = tempfile::tempdir().map_err(|e| e.to_string())?;
        let lab = Lab { cluster, edge, acme, cert_manager, home, kubeconfig, calm: RwLock::default() };
        lab.furnish();
        let client = lab.client();
        std::thread::spawn(move || schedule(&client));
        Ok(lab)
    }

    /// Node, Secrets, issuers; the pods of cert-manager as an installation shows them, played by KWOK.
    fn furnish(&self) {
        let annotations = json!({"kwok.x-k8s.io/node": "fake"});
        let node = json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": NODE, "annotations": annotations}});
        self.cluster.apply("nodes", &node);
        let class = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": {"name": "traefik"}, "spec": {"controller": "traefik.io/ingress-controller"}});
        self.cluster.apply("ingressclasses", &class);
        for part in ["cert-manager", "cert-manager-webhook", "cert-manager-cainjector"] {
            self.deployment(part, 1);
        }
        self.tsig("tsig", self.acme.tsig());
        self.tsig("tsig-wrong", "bm90IHRoZSBrZXkgdGhhdCBCSU5EIGtub3dzLCBzb3JyeQ==");
        let acme = &self.acme;
        let good = acme.directory();
        let http = json!({"http01": {"ingress": {"ingressClassName": "traefik"}}});
        self.issuer("root", json!({"selfSigned": {}}));
        self.issuer("ca", json!({"ca": {"secretName": "lab-root"}}));
        self.issuer("ca-missing", json!({"ca": {"secretName": "not-there"}}));
        self.issuer("acme-dns", acme.issuer(&good, "acme-dns-account", acme.dns01("tsig")));
        self.issuer("acme-http", acme.issuer(&good, "acme-http-account", http.clone()));
        self.issuer("acme-blind", acme.issuer(&acme.blind_directory(), "acme-blind-account", acme.dns01("tsig")));
        self.issuer("acme-wrong-key", acme.issuer(&good, "acme-wrong-key-account", acme.dns01("tsig-wrong")));
        self.issuer("acme-no-secret", acme.issuer(&good, "acme-dns-account", acme.dns01("tsig-missing")));
        let class = json!({"http01": {"ingress": {"ingressClassName": "nobody"}}});
        self.issuer("acme-no-class", acme.issuer(&good, "acme-http-account", class));
        let nobody = "https://127.0.0.1:9/dir";
        self.issuer("acme-unreachable", acme.issuer(nobody, "acme-unreachable-account", http.clone()));
        let mut untrusted = acme.issuer(&good, "acme-untrusted-account", http);
        untrusted["acme"].as_object_mut().expect("an issuer").remove("caBundle");
        self.issuer("acme-untrusted", untrusted);
        let root = json!({"isCA": true, "commonName": "Lab Root CA", "secretName": "lab-root", "duration": "87600h",
            "privateKey": {"algorithm": "ECDSA", "size": 256}, "issuerRef": {"name": "root", "kind": "ClusterIssuer"}});
        self.certificate(NAMESPACE, "lab-root", root);
        for name in ["ca", "acme-dns", "acme-http", "acme-blind", "acme-wrong-key"] {
            self.wait(&format!("{ISSUERS}/{name}"), "is ready", |issuer| condition(issuer, "Ready") == Some("True"));
        }
    }

    /// For an incident that needs everything to work but what it breaks for itself.
    pub fn calm(&self) -> RwLockReadGuard<'_, ()> {
        self.calm.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For an incident that stops or changes what others use. All is mended when the value goes.
    pub fn alone(&'static self) -> Alone {
        Alone { lab: self, _guard: self.calm.write().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Replaces the TSIG key that a Secret of cert-manager's namespace holds.
    pub fn tsig(&self, secret: &str, key: &str) {
        let object = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"key": key},
            "metadata": {"name": secret, "namespace": NAMESPACE}});
        self.cluster.apply("secrets", &object);
    }

    /// A ClusterIssuer.
    pub fn issuer(&self, name: &str, spec: Value) {
        let object = json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": name},
            "spec": spec});
        self.cluster.apply("clusterissuers", &object);
    }

    /// A Certificate with this whole `spec`.
    pub fn certificate(&self, namespace: &str, name: &str, spec: Value) {
        let object = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": name, "namespace": namespace}, "spec": spec});
        self.cluster.apply("certificates", &object);
    }

    /// A Certificate for one host from a ClusterIssuer, into the Secret `NAME-tls`.
    pub fn order(&self, namespace: &str, name: &str, host: &str, issuer: &str) {
        let issuer = json!({"name": issuer, "kind": "ClusterIssuer"});
        let spec = json!({"secretName": format!("{name}-tls"), "dnsNames": [host], "issuerRef": issuer});
        self.certificate(namespace, name, spec);
    }

    /// An Ingress of the class that nobody serves but the edge.
    pub fn ingress(&self, namespace: &str, name: &str, host: &str, secret: &str) {
        let backend = json!({"service": {"name": name, "port": {"number": 80}}});
        let paths = json!([{"path": "/", "pathType": "Prefix", "backend": backend}]);
        let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"ingressClassName": "traefik", "rules": [{"host": host, "http": {"paths": paths}}],
                "tls": [{"hosts": [host], "secretName": secret}]}});
        self.cluster.apply("ingresses", &object);
        // A service with an endpoint, so that nothing but its certificate may be wrong with the route.
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
            "spec": {"ports": [{"name": "http", "port": 80, "targetPort": 8080}]}});
        self.cluster.apply("services", &service);
        let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": name, "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
            "endpoints": [{"addresses": ["10.0.0.7"], "conditions": {"ready": true}}],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]});
        self.cluster.apply("endpointslices", &slice);
    }

    /// One of cert-manager's Deployments, with so many pods.
    pub fn deployment(&self, name: &str, replicas: u32) {
        let part = name.strip_prefix("cert-manager-").unwrap_or("controller");
        let labels = json!({"app.kubernetes.io/name": name, "app.kubernetes.io/component": part,
            "app.kubernetes.io/instance": "cert-manager", "app.kubernetes.io/version": "v1.21.2"});
        let image = "quay.io/jetstack/cert-manager-controller:v1.21.2";
        let pod = json!({"metadata": {"labels": labels},
            "spec": {"nodeName": NODE, "containers": [{"name": name, "image": image}]}});
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}});
        self.cluster.apply("deployments", &object);
    }

    /// Deletes an object by its path.
    pub fn delete(&self, path: &str) {
        let answer = self.client().send(&Request::new("DELETE", path)).expect("an answer");
        assert!(answer.status < 300, "{path}: {}", answer.text());
    }

    /// A bare client of the administrator.
    pub fn client(&self) -> Client {
        self.cluster.client()
    }

    /// Waits until an object (by its path) is as wanted; cert-manager may take more than a minute over DNS-01.
    pub fn wait(&self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let client = self.client();
        let since = Instant::now();
        loop {
            let found = client.get(path).map(|answer| answer.json()).unwrap_or_default();
            if wanted(&found) {
                return found;
            }
            let late = since.elapsed() > Duration::from_secs(240);
            assert!(!late, "waited in vain until {path} {what}; it is {:#}", found["status"]);
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until a Certificate is ready.
    pub fn issued(&self, namespace: &str, name: &str) -> Value {
        self.wait(&certificate_path(namespace, name), "is ready", |found| condition(found, "Ready") == Some("True"))
    }

    /// Waits until one of a namespace's objects (`orders`, `challenges`, `certificaterequests`) is as wanted.
    pub fn wait_for_any(&self, plural: &str, namespace: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let group = if plural.starts_with("certificate") { "cert-manager.io" } else { "acme.cert-manager.io" };
        let path = format!("/apis/{group}/v1/namespaces/{namespace}/{plural}");
        let one = |list: &Value| list["items"].as_array().and_then(|all| all.iter().find(|o| wanted(o)).cloned());
        let list = self.wait(&path, what, |list| one(list).is_some());
        one(&list).unwrap_or_default()
    }

    /// Where the administrator's kubeconfig lies.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs `qd` against the lab.
    pub fn qd(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig).env("HOME", self.home.path());
        command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
        command.output().expect("qd runs")
    }

    /// What `qd` prints as JSON, whatever its exit code.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.qd(arguments);
        let told = || format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{}: {e}", told()))
    }

    /// Sends a merge patch.
    pub fn patch(&self, path: &str, patch: &Value) {
        let request = Request::new("PATCH", path).body("application/merge-patch+json", patch.to_string());
        let answer = self.client().send(&request).expect("an answer");
        assert!(answer.status < 300, "{path}: {}", answer.text());
    }

    /// Stops cert-manager's controllers and has its Deployment say so.
    pub fn stop_controller(&self) {
        self.cert_manager.controller.stop();
        self.scale("cert-manager", 0);
    }

    /// Scales one of cert-manager's Deployments and waits until its status says so.
    pub fn scale(&self, deployment: &str, replicas: u32) {
        self.deployment(deployment, replicas);
        let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{deployment}");
        self.wait(&path, "has its pods", |found| {
            found["status"]["readyReplicas"].as_u64().unwrap_or_default() == u64::from(replicas)
                && found["status"]["observedGeneration"] == found["metadata"]["generation"]
        });
    }

    /// Waits until `qd certs` gives every incident of a namespace its code, then looks at `qd cert why` of each: the
    /// first broken link and the next step. All that is wrong is told at once.
    pub fn expect(&self, namespace: &str, incidents: &[Incident]) {
        let since = Instant::now();
        let code_of = |list: &Value, name: &str| {
            let all = list["items"].as_array().cloned().unwrap_or_default();
            all.into_iter().find(|c| c["name"] == name).map(|c| c["code"].as_str().unwrap_or_default().to_owned())
        };
        loop {
            let list = self.json(&["certs", "-n", namespace, "-o", "json"]);
            let settled = incidents.iter().all(|i| code_of(&list, i.name).as_deref() == Some(i.code));
            if settled || since.elapsed() > Duration::from_secs(100) {
                break;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        let wrong: Vec<String> = incidents.iter().filter_map(|i| self.differs(namespace, i)).collect();
        assert!(wrong.is_empty(), "{} of {} incidents:\n{}", wrong.len(), incidents.len(), wrong.join("\n"));
    }

    fn differs(&self, namespace: &str, incident: &Incident) -> Option<String> {
        let story = self.json(&["cert", "why", &format!("{namespace}/{}", incident.name), "--brief", "-o", "json"]);
        let found = &story["certificate"];
        let link = story["chain"]["broken"].as_u64().and_then(|i| usize::try_from(i).ok());
        let link = link.map(|i| &story["chain"]["links"][i]["role"]);
        let says = |field: &str, part: &str| found["verdict"][field].as_str().is_some_and(|t| t.contains(part));
        let right = found["code"] == incident.code
            && found["broken"] == incident.broken
            && link.is_none_or(|role| role == incident.broken)
            && says("why", incident.why)
            && says("next", incident.next);
        let told = [&found["code"], &found["broken"], &found["verdict"]];
        (!right).then(|| format!("{}: wanted {incident:?}\n  found {told:?}, link {link:?}", incident.name))
    }

    /// Looks at the page of a certificate: the reason and the next step stand there.
    pub fn on_screen(&self, namespace: &str, incident: &Incident) {
        let (home, kubeconfig) = (self.home.path().display().to_string(), self.kubeconfig.display().to_string());
        let options = TerminalOptions::size(160, 40).env("HOME", &home);
        let program = Path::new(env!("CARGO_BIN_EXE_qd"));
        let terminal = Terminal::start(program, &["--kubeconfig", &kubeconfig, "-n", namespace], &options);
        let patience = Duration::from_secs(30);
        terminal.wait_for("a live connection", patience, |s| s.lines().next().is_some_and(|l| l.contains("live")));
        terminal.keys(":certificates<enter>");
        terminal.wait_text(incident.name);
        terminal.keys(&format!("/{}<enter>", incident.name));
        terminal.wait_for("that row only", patience, |s| s.contains(incident.name) && !s.contains("unreachable"));
        terminal.keys("<enter>");
        let plain = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        terminal.wait_for(&format!("{incident:?}"), patience, |s| {
            let text = plain(s);
            text.contains("Next step:") && text.contains(incident.why) && text.contains(incident.next)
        });
    }

    /// What `qd certs` says of one Certificate.
    pub fn verdict(&self, namespace: &str, name: &str) -> Value {
        let list = self.json(&["certs", "-n", namespace, "-o", "json"]);
        let found = list["items"].as_array().and_then(|all| all.iter().find(|c| c["name"] == name).cloned());
        found.unwrap_or_else(|| panic!("{namespace}/{name} is not in {list:#}"))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let lab = self.lab;
        lab.cert_manager.unapproving.stop();
        lab.edge.resume_http();
        lab.edge.resume_tls();
        lab.tsig("tsig", lab.acme.tsig());
        let parts = [&lab.acme.bind, &lab.acme.pebble, &lab.cert_manager.webhook, &lab.cert_manager.controller];
        for part in parts {
            part.start().unwrap_or_else(|why| eprintln!("the lab is not mended: {why}"));
        }
        for part in ["cert-manager", "cert-manager-webhook", "cert-manager-cainjector"] {
            lab.deployment(part, 1);
        }
    }
}

/// What has to be told of a broken certificate.
#[derive(Debug)]
pub struct Incident {
    /// Of its Certificate.
    pub name: &'static str,
    pub code: &'static str,
    /// The first broken link.
    pub broken: &'static str,
    /// A part of the reason.
    pub why: &'static str,
    /// A part of the next step.
    pub next: &'static str,
}

/// There is no scheduler here: gives every pod a node, but for those of namespaces named `unscheduled-…`.
fn schedule(client: &Client) {
    let pods = "/api/v1/pods?fieldSelector=spec.nodeName%3D";
    while let Ok(answer) = client.get(pods) {
        for pod in answer.json()["items"].as_array().into_iter().flatten() {
            let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default();
            let (namespace, name) = (text("namespace"), text("name"));
            if !namespace.starts_with("unscheduled") {
                let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/binding");
                let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
                    "target": {"apiVersion": "v1", "kind": "Node", "name": NODE}});
                let _ = client.send(&Request::new("POST", &path).json(&binding));
            }
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// The path of the ClusterIssuers.
pub const ISSUERS: &str = "/apis/cert-manager.io/v1/clusterissuers";

/// There is no scheduler; pods are told where to go.
const NODE: &str = "lab-1";

/// The path of a Certificate.
pub fn certificate_path(namespace: &str, name: &str) -> String {
    format!("/apis/cert-manager.io/v1/namespaces/{namespace}/certificates/{name}")
}

/// The status of one of an object's conditions.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|c| c["type"] == kind)?["status"].as_str()
}
