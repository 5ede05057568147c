//! The real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, and KWOK when a test wants
//! pods that run. RBAC is on and anonymous requests are refused, as on any cluster worth the name.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use serde_json::{Value, json};

use crate::http::{Client, Request};
use crate::keeper::{Janitor, Kept};
use crate::pki::{Authority, Identity, token_keys};
use crate::programs::{Programs, module_folder, programs};
use crate::{say, workshop};

/// What a cluster is made of.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// With nodes that are not there and pods that run on them; logs, exec and port-forward answer.
    pub kwok: bool,
    /// The controllers to run, as in `--controllers`; all of them when `None`.
    pub controllers: Option<&'static str>,
}

/// A running cluster. It ends with this value, or with the program.
pub struct RealCluster {
    name: String,
    state: PathBuf,
    port: u16,
    etcd_port: u16,
    authority: Authority,
    token: String,
    arguments: Vec<String>,
    programs: Programs,
    api: Mutex<Option<Kept>>,
    others: Vec<Kept>,
    _janitor: Option<Janitor>,
}

/// The cluster that the tests of one program share; each test takes a namespace of its own. `None`, after a line
/// that says so, when this machine cannot have one; under `CI` that is a failure.
pub fn shared(test: &str) -> Option<&'static RealCluster> {
    shared_with(test, &Options::default())
}

/// As [`shared`]; the first caller's options count.
pub fn shared_with(test: &str, options: &Options) -> Option<&'static RealCluster> {
    static SHARED: OnceLock<Result<RealCluster, String>> = OnceLock::new();
    let started = SHARED.get_or_init(|| {
        let programs = programs()?;
        let name = std::env::current_exe().ok().and_then(|p| Some(p.file_stem()?.to_string_lossy().into_owned()));
        Ok(RealCluster::launch(&name.unwrap_or_else(|| "tests".to_owned()), options, programs, &[], &[]))
    });
    match started {
        Ok(cluster) => Some(cluster),
        Err(why) => {
            skipped(test, why);
            None
        }
    }
}

/// Says that a test was skipped and why; under `CI` it fails the test instead.
pub fn skipped(test: &str, why: &str) {
    let strict = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    assert!(!strict, "{test} cannot be skipped in CI: {why}");
    say(&format!("SKIPPED {test}: {why}"));
}

impl RealCluster {
    /// Starts a cluster of a test's own.
    ///
    /// # Panics
    /// When there is no Go toolchain, or a server does not come up. See [`shared`] for the polite way.
    pub fn start(name: &str) -> RealCluster {
        RealCluster::start_with(name, &Options::default())
    }

    /// As [`RealCluster::start`], with options.
    pub fn start_with(name: &str, options: &Options) -> RealCluster {
        let programs = programs().unwrap_or_else(|why| panic!("{name}: {why}"));
        RealCluster::launch(name, options, programs, &[], &[])
    }

    /// As [`RealCluster::start_with`], with further flags of the API server, and of etcd.
    pub fn start_with_flags(name: &str, options: &Options, api: &[String], etcd: &[String]) -> RealCluster {
        let programs = programs().unwrap_or_else(|why| panic!("{name}: {why}"));
        RealCluster::launch(name, options, programs, api, etcd)
    }

    fn launch(name: &str, options: &Options, programs: Programs, api: &[String], etcd: &[String]) -> RealCluster {
        // Another program may take a port between our look and the server's bind; then all of it is done again.
        let mut failures = Vec::new();
        for _ in 0..3 {
            match RealCluster::launch_once(name, options, programs.clone(), api, etcd) {
                Ok(cluster) => return cluster,
                Err(why) => failures.push(why),
            }
        }
        panic!("the real cluster {name} does not start:\n{}", failures.join("\n"))
    }

    fn launch_once(
        name: &str,
        options: &Options,
        programs: Programs,
        more_api: &[String],
        more_etcd: &[String],
    ) -> Result<RealCluster, String> {
        let state = new_folder(name).map_err(|e| format!("no folder for the cluster: {e}"))?;
        let janitor = janitor(&state)?;
        let [port, etcd, peer, manager, kubelet] = free_ports();
        let authority = Authority::new("kubernetes-ca");
        let token = format!("qd-{:x}-{}", nanoseconds(), std::process::id());
        let arguments = write_files(&state, &authority, &token).map_err(|e| format!("{}: {e}", state.display()))?;
        let mut arguments = api_arguments(arguments, port, etcd);
        arguments.extend_from_slice(more_api);
        let etcd_port = etcd;
        let mut cluster = RealCluster {
            name: name.to_owned(),
            state,
            port,
            etcd_port,
            authority,
            token,
            arguments,
            programs,
            api: Mutex::new(None),
            others: Vec::new(),
            _janitor: janitor,
        };
        let etcd = cluster.etcd(etcd, peer, more_etcd)?;
        cluster.others.push(etcd);
        cluster.try_start_api()?;
        let manager = cluster.manager(manager, options)?;
        cluster.others.push(manager);
        if options.kwok {
            let kwok = cluster.kwok(kubelet)?;
            cluster.others.push(kwok);
        }
        Ok(cluster)
    }

    /// The address of the API server.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The port of its API server.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A bare client of its etcd, whose gateway speaks JSON.
    pub fn etcd_client(&self) -> Client {
        let plain = json!({
            "clusters": [{"name": "e", "cluster": {"server": format!("http://127.0.0.1:{}", self.etcd_port)}}],
            "contexts": [{"name": "e", "context": {"cluster": "e"}}],
            "current-context": "e"
        });
        Client::from_kubeconfig(&plain.to_string()).expect("our own kubeconfig")
    }

    /// A kubeconfig for the administrator, who shows a client certificate.
    pub fn admin(&self) -> String {
        self.certificate_config("admin", &self.authority.client("kubernetes-admin", &["system:masters"]))
    }

    /// A kubeconfig for an administrator who shows a static bearer token.
    pub fn token(&self) -> String {
        self.config("token", &json!({ "token": self.token }))
    }

    /// A kubeconfig for anybody: a client certificate with this name and (at most two) groups. They may do what
    /// the test binds them to, and nothing else.
    pub fn user(&self, name: &str, groups: &[&str]) -> String {
        self.certificate_config(name, &self.authority.client(name, groups))
    }

    /// Writes a kubeconfig into a file that goes with the cluster, and gives its path.
    pub fn file(&self, name: &str, kubeconfig: &str) -> PathBuf {
        let path = self.state.join(format!("{name}.kubeconfig"));
        fs::write(&path, kubeconfig).expect("the cluster's folder is writable");
        path
    }

    /// A bare client of the administrator.
    pub fn client(&self) -> Client {
        Client::from_kubeconfig(&self.admin()).expect("our own kubeconfig")
    }

    /// The path of a program that was built with the cluster, such as `kubectl`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.path(name)
    }

    /// A new namespace for a test, with its default service account, so that pods can be created in it.
    pub fn namespace(&self, test: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}-{}", test.replace('_', "-"), COUNT.fetch_add(1, Ordering::Relaxed));
        let client = self.client();
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let answer = client.send(&Request::new("POST", "/api/v1/namespaces").json(&body)).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
        let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
        self.patiently(&format!("the default service account of {name}"), || {
            client.get(&account).is_ok_and(|answer| answer.status == 200)
        });
        name
    }

    /// Waits for something that the controllers will do.
    ///
    /// # Panics
    /// After 60 s without it.
    pub fn patiently(&self, what: &str, mut done: impl FnMut() -> bool) {
        let since = Instant::now();
        while !done() {
            assert!(since.elapsed() < Duration::from_secs(60), "{}: waited in vain for {what}", self.name);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Creates or replaces an object by server-side apply. The resource's plural is needed for the path.
    pub fn apply(&self, plural: &str, object: &Value) {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let version = text("/apiVersion");
        let root = if version.contains('/') { "apis" } else { "api" };
        let scope = match text("/metadata/namespace") {
            "" => String::new(),
            namespace => format!("namespaces/{namespace}/"),
        };
        let name = text("/metadata/name");
        let path = format!("/{root}/{version}/{scope}{plural}/{name}?fieldManager=tests&force=true");
        // What JSON lets through and YAML forbids.
        let escape = |c: char| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
        let text: String = object.to_string().chars().map(escape).collect();
        let request = Request::new("PATCH", &path).body("application/apply-patch+yaml", text);
        let answer = self.client().send(&request).expect("an answer");
        assert!(answer.status == 200 || answer.status == 201, "apply {name}: {}", answer.text());
    }

    /// Registers custom resource definitions and waits until their kinds are served.
    pub fn define(&self, definitions: &[Value]) {
        for definition in definitions {
            self.apply("customresourcedefinitions", definition);
        }
        let client = self.client();
        for definition in definitions {
            let name = definition["metadata"]["name"].as_str().unwrap_or_default();
            let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
            self.patiently(name, || {
                let found = client.get(&path).map(|answer| answer.json()).unwrap_or_default();
                let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
                conditions.iter().any(|c| c["type"] == "Established" && c["status"] == "True")
            });
        }
    }

    /// Kills the API server, as a power failure would. Everything else runs on.
    pub fn kill_api(&self) {
        *self.api.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Starts the API server again on the same port, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_api(&self) {
        self.try_start_api().unwrap_or_else(|why| panic!("{}: {why}", self.name));
    }

    fn try_start_api(&self) -> Result<(), String> {
        let mut api = self.keep("kube-apiserver", &self.arguments)?;
        let client = self.client();
        api.wait_until(|| client.get("/readyz").is_ok_and(|answer| answer.status == 200))?;
        *self.api.lock().unwrap_or_else(PoisonError::into_inner) = Some(api);
        Ok(())
    }

    fn etcd(&self, port: u16, peer: u16, more: &[String]) -> Result<Kept, String> {
        let (client, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer}"));
        let mut arguments = vec![
            "--name=qd".to_owned(),
            format!("--data-dir={}", self.state.join("etcd").display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=qd={peer}"),
            // The data is thrown away; a disk that is slow today must not make a test slow.
            "--unsafe-no-fsync".to_owned(),
            "--log-level=warn".to_owned(),
            "--quota-backend-bytes=4294967296".to_owned(),
        ];
        arguments.extend_from_slice(more);
        let mut etcd = self.keep("etcd", &arguments)?;
        let plain = json!({
            "clusters": [{"name": "e", "cluster": {"server": client}}],
            "contexts": [{"name": "e", "context": {"cluster": "e"}}],
            "current-context": "e"
        });
        let health = Client::from_kubeconfig(&plain.to_string())?;
        etcd.wait_until(|| health.get("/health").is_ok_and(|answer| answer.status == 200))?;
        Ok(etcd)
    }

    fn manager(&self, port: u16, options: &Options) -> Result<Kept, String> {
        let identity = self.authority.client("system:kube-controller-manager", &[]);
        let config = self.file("kube-controller-manager", &self.certificate_config("manager", &identity));
        let file = |name: &str| self.state.join("pki").join(name).display().to_string();
        let arguments = [
            format!("--kubeconfig={}", config.display()),
            format!("--authentication-kubeconfig={}", config.display()),
            format!("--authorization-kubeconfig={}", config.display()),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            format!("--cert-dir={}", file("manager")),
            "--leader-elect=false".to_owned(),
            "--use-service-account-credentials=true".to_owned(),
            format!("--service-account-private-key-file={}", file("sa.key")),
            format!("--root-ca-file={}", file("ca.crt")),
            format!("--cluster-signing-cert-file={}", file("ca.crt")),
            format!("--cluster-signing-key-file={}", file("ca.key")),
            format!("--client-ca-file={}", file("ca.crt")),
            "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
            "--allocate-node-cidrs=false".to_owned(),
            "--kube-api-qps=500".to_owned(),
            "--kube-api-burst=1000".to_owned(),
            "--concurrent-deployment-syncs=20".to_owned(),
            "--concurrent-replicaset-syncs=20".to_owned(),
            "--profiling=false".to_owned(),
            format!("--controllers={}", options.controllers.unwrap_or("*")),
        ];
        let mut manager = self.keep("kube-controller-manager", &arguments)?;
        // It answers once its informers have synced; its own certificate is self-signed, so ask what it did instead.
        let client = self.client();
        let account = "/api/v1/namespaces/default/serviceaccounts/default";
        manager.wait_until(|| client.get(account).is_ok_and(|answer| answer.status == 200))?;
        Ok(manager)
    }

    fn kwok(&self, port: u16) -> Result<Kept, String> {
        let template = include_str!("../real/kwok.yaml");
        let here = self.state.display().to_string();
        let config = self.state.join("kwok.yaml");
        let written = template.replace("STATE", &here).replace("PORT", &port.to_string());
        let exec = self.state.join("exec");
        fs::create_dir_all(&exec)
            .and_then(|()| fs::write(self.state.join("pod.log"), POD_LOG))
            .and_then(|()| fs::write(self.state.join("page.sh"), PAGE))
            .and_then(|()| fs::write(&config, written))
            .map_err(|e| format!("{here}: {e}"))?;
        let admin = self.file("kwok", &self.admin());
        let file = |name: &str| self.state.join("pki").join(name).display().to_string();
        let mut arguments = vec![
            format!("--kubeconfig={}", admin.display()),
            format!("--config={}", config.display()),
            format!("--server-address=127.0.0.1:{port}"),
            "--node-ip=127.0.0.1".to_owned(),
            format!("--node-port={port}"),
            format!("--tls-cert-file={}", file("kubelet.crt")),
            format!("--tls-private-key-file={}", file("kubelet.key")),
        ];
        let published = module_folder("sigs.k8s.io/kwok")?.join("kustomize");
        // What pods use is told by annotations of theirs, to whoever measures it.
        let folders = [
            "stage/node/fast",
            "stage/node/heartbeat-with-lease",
            "stage/pod/fast",
            "metrics/resource",
            "metrics/usage",
        ];
        for folder in folders {
            let mut files = yaml_files(&published.join(folder));
            files.sort();
            arguments.extend(files.iter().map(|path| format!("--config={}", path.display())));
        }
        let mut kwok = self.keep("kwok", &arguments)?;
        kwok.wait_until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        Ok(kwok)
    }

    fn keep(&self, name: &str, arguments: &[String]) -> Result<Kept, String> {
        let log = self.state.join(format!("{name}.log"));
        Kept::start(name, &self.programs.path(name), arguments, &log).map_err(|e| format!("cannot start {name}: {e}"))
    }

    /// A kubeconfig for a user whose entry is given, e.g. `{"exec": {…}}`; entries of the cluster can be added.
    pub fn kubeconfig(&self, credentials: &Value, cluster: &Value) -> String {
        let mut config: Value = serde_json::from_str(&self.config("somebody", credentials)).expect("our own JSON");
        for (name, value) in cluster.as_object().into_iter().flatten() {
            config["clusters"][0]["cluster"][name] = value.clone();
        }
        format!("{config:#}\n")
    }

    /// The bearer token of [`Self::token`].
    pub fn bearer(&self) -> &str {
        &self.token
    }

    /// The authority that signs all of its certificates.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    fn certificate_config(&self, user: &str, identity: &Identity) -> String {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let (certificate, key) = (encode(&identity.certificate), encode(&identity.key));
        self.config(user, &json!({ "client-certificate-data": certificate, "client-key-data": key }))
    }

    fn config(&self, user: &str, credentials: &Value) -> String {
        let authority = base64::engine::general_purpose::STANDARD.encode(&self.authority.certificate);
        let cluster = json!({ "server": self.url(), "certificate-authority-data": authority });
        // JSON is YAML, and every reader of a kubeconfig knows both.
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "real", "cluster": cluster }],
            "users": [{ "name": user, "user": credentials }],
            "contexts": [{ "name": "real", "context": { "cluster": "real", "user": user } }],
            "current-context": "real",
        });
        format!("{config:#}\n")
    }
}

impl Drop for RealCluster {
    fn drop(&mut self) {
        // The API server first and etcd last, so that no log fills with complaints about a lost neighbour.
        self.kill_api();
        while let Some(server) = self.others.pop() {
            drop(server);
        }
    }
}

/// What every container of a KWOK pod has said, in the format of the container runtime.
const POD_LOG: &str = "2026-01-01T00:00:00.000000000Z stdout F starting\n\
    2026-01-01T00:00:01.000000000Z stdout F listening on :8080\n\
    2026-01-01T00:00:02.000000000Z stderr F warning: nobody is calling\n";

/// What answers behind the ports of KWOK pods: HTTP on standard input and output, one request a connection.
const PAGE: &str = r#"while read -r line; do
  line=$(printf %s "$line" | tr -d '\r')
  [ -z "$line" ] && break
done
printf 'HTTP/1.1 200 OK\r\nContent-Length: 14\r\nConnection: close\r\n\r\nreached by qd\n'
"#;

fn api_arguments(mut files: Vec<String>, port: u16, etcd: u16) -> Vec<String> {
    files.extend([
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        "--advertise-address=127.0.0.1".to_owned(),
        // Endpoints on loopback are invalid, so the server must not try to publish its own.
        "--endpoint-reconciler-type=none".to_owned(),
        "--anonymous-auth=false".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
        "--requestheader-allowed-names=front-proxy-client".to_owned(),
        "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
        "--requestheader-group-headers=X-Remote-Group".to_owned(),
        "--requestheader-username-headers=X-Remote-User".to_owned(),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        "--profiling=false".to_owned(),
    ]);
    files
}

/// Writes keys and certificates, and gives the API server's flags that name them.
fn write_files(state: &Path, authority: &Authority, token: &str) -> std::io::Result<Vec<String>> {
    let folder = state.join("pki");
    fs::create_dir_all(&folder)?;
    let mut flags = Vec::new();
    let mut write = |file: &str, flag: &str, text: &str| -> std::io::Result<()> {
        let path = folder.join(file);
        fs::write(&path, text)?;
        if !flag.is_empty() {
            flags.push(format!("--{flag}={}", path.display()));
        }
        Ok(())
    };
    write("ca.crt", "client-ca-file", &authority.certificate)?;
    write("ca.key", "", &authority.key)?;
    let names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "127.0.0.1", "10.96.0.1"];
    let server = authority.server("kube-apiserver", None, &names);
    write("apiserver.crt", "tls-cert-file", &server.certificate)?;
    write("apiserver.key", "tls-private-key-file", &server.key)?;
    let (private, public) = token_keys();
    write("sa.key", "service-account-signing-key-file", &private)?;
    write("sa.pub", "service-account-key-file", &public)?;
    write("tokens.csv", "token-auth-file", &format!("{token},static-admin,uid-static-admin,\"system:masters\"\n"))?;
    let front = Authority::new("front-proxy-ca");
    let proxy = front.client("front-proxy-client", &[]);
    write("front-ca.crt", "requestheader-client-ca-file", &front.certificate)?;
    write("front.crt", "proxy-client-cert-file", &proxy.certificate)?;
    write("front.key", "proxy-client-key-file", &proxy.key)?;
    let caller = authority.client("kube-apiserver-kubelet-client", &["system:masters"]);
    write("kubelet-client.crt", "kubelet-client-certificate", &caller.certificate)?;
    write("kubelet-client.key", "kubelet-client-key", &caller.key)?;
    write("kubelet-ca.crt", "kubelet-certificate-authority", &authority.certificate)?;
    let kubelet = authority.server("kwok", Some("system:nodes"), &["localhost", "127.0.0.1"]);
    write("kubelet.crt", "", &kubelet.certificate)?;
    write("kubelet.key", "", &kubelet.key)?;
    Ok(flags)
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().map(|e| e.path()).collect());
    let mut found: Vec<PathBuf> = entries.unwrap_or_default();
    found.retain(|path| path.extension().is_some_and(|e| e == "yaml") && !path.ends_with("kustomization.yaml"));
    found
}

/// A new folder under `target/real/clusters`; those of programs that are gone are swept out first.
pub(crate) fn new_folder(name: &str) -> std::io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let all = workshop().join("clusters");
    fs::create_dir_all(&all)?;
    for old in fs::read_dir(&all)?.flatten() {
        let owner = old.file_name().to_string_lossy().rsplit('.').nth(1).map(str::to_owned);
        if owner.is_some_and(|pid| Path::new("/proc").is_dir() && !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(old.path());
        }
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = all.join(format!("{name}.{}.{count}", std::process::id()));
    fs::create_dir_all(folder.join("etcd"))?;
    Ok(folder)
}

/// What removes the folder in the end, unless `QD_REAL_KEEP` is set. Logs of a failed test stay.
pub(crate) fn janitor(folder: &Path) -> Result<Option<Janitor>, String> {
    crate::keeper::keep_logs_of(folder);
    match std::env::var_os("QD_REAL_KEEP") {
        Some(_) => Ok(None),
        None => Janitor::for_folder(folder).map(Some).map_err(|e| e.to_string()),
    }
}

fn nanoseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_nanos()).unwrap_or_default()
}

/// Ports that are free now, below the range from which clients get theirs: the API server's has to be free again
/// when a test starts it a second time.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let mut seed = nanoseconds() as u64 ^ (u64::from(std::process::id()) << 32);
    let mut held: Vec<TcpListener> = Vec::new();
    let ports = std::array::from_fn(|_| {
        loop {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let port = 20_000 + ((seed >> 40) % 10_000) as u16;
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
                held.push(listener);
                return port;
            }
        }
    });
    drop(held);
    ports
}
