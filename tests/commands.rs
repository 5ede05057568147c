//! The command line as a script sees it: the real program, its output, its exit code.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// `qd demo --serve`, and a home of its own.
struct Served {
    child: Child,
    /// Held open: a program whose reader has gone ends.
    _output: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Served {
    fn start(extra: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let kubeconfig = folder.path().join("kubeconfig");
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command.args(["demo", "--serve", "127.0.0.1:0", "--write-kubeconfig"]).arg(&kubeconfig).args(extra);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("qd starts");
        // The first line comes when it listens and the kubeconfig is written.
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("a line");
        assert!(line.starts_with("serving the world"), "{line}");
        Self { child, _output: output, folder }
    }
    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }
    fn qd(&self, line: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command.args(line.split(' ')).env("KUBECONFIG", self.kubeconfig()).env("HOME", self.folder.path());
        command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
        command.output().expect("qd runs")
    }
    fn text(&self, line: &str) -> String {
        let output = self.qd(line);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}: {errors}");
        String::from_utf8(output.stdout).expect("text")
    }
    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.text(line)).expect("JSON")
    }
    /// Exit code and what stands on standard error.
    fn fails(&self, line: &str) -> (i32, String) {
        let output = self.qd(line);
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn reading_commands_answer_as_tables_names_and_json() {
    let served = Served::start(&[]);
    let pods = served.text("get pods -n client-demo-client");
    assert!(pods.starts_with("NAME  ") && pods.contains("READY   STATUS"), "{pods}");
    assert!(!pods.contains('\u{1b}'), "no colours into a pipe");
    let names = served.text("get pods -n client-demo-client,client-acme -o name");
    let objects = served.json("get pods -n client-demo-client,client-acme -o json");
    assert_eq!(names.lines().count(), objects["items"].as_array().map_or(0, Vec::len));
    let filtered = served.text("get pods -A --filter name:postgres -o name");
    assert!(!filtered.is_empty() && filtered.lines().all(|l| l.contains("postgres")), "{filtered}");
    let secrets = served.text("get secrets -A -o json");
    assert!(!secrets.contains("LS0tLS1CRUdJTi"), "no key leaves in the open");
    assert!(served.text("describe deploy/api -n client-demo-client").starts_with("Deployment client-demo-client/api"));
    assert_eq!(served.text("logs postgres-0 -n client-demo-client --tail 2").lines().count(), 2);
    assert!(served.text("events -n client-acme").starts_with("NAMESPACE"));
    assert_eq!(served.json("contexts -o json")["items"][0]["current"], true);
    let certificates = served.json("certs -o json");
    assert_eq!(certificates["kind"], "CertificateList");
    assert!(certificates["items"].as_array().is_some_and(|i| i.iter().any(|c| c["verdict"]["level"] == "bad")));
    let timeline = served.json("certs timeline -o json");
    assert_eq!(timeline["buckets"].as_array().map(Vec::len), Some(13), "90 days by week");
    let renewals = |t: &Value| t["items"].as_array().map_or(0, |i| i.iter().filter(|m| m["what"] == "renews").count());
    let counted: u64 =
        timeline["buckets"].as_array().expect("buckets").iter().filter_map(|b| b["renews"].as_u64()).sum();
    assert_eq!(counted as usize, renewals(&timeline));
    let coverage = served.qd("certs coverage -o json");
    assert_eq!(coverage.status.code(), Some(1), "hosts are not covered");
    let coverage: Value = serde_json::from_slice(&coverage.stdout).expect("JSON");
    assert!(coverage["uncovered"].as_array().is_some_and(|u| u.iter().all(|h| h["verdict"]["next"] != "")));
    // As a monitor sees it: exit codes of Nagios, one line with performance data.
    let critical = served.qd("check certs");
    let words = String::from_utf8_lossy(&critical.stdout).into_owned();
    assert_eq!((critical.status.code(), words.lines().count()), (Some(2), 1), "{words}");
    assert!(words.starts_with("CRITICAL - ") && words.contains(" | certificates="), "{words}");
    let well = served.qd("check certs -n client-zoo");
    let words = String::from_utf8_lossy(&well.stdout).into_owned();
    assert!(well.status.code() == Some(0) && words.starts_with("OK - "), "{words}");
    let nobody = served.qd("check certs --context demo --context elsewhere -n client-zoo");
    let words = String::from_utf8_lossy(&nobody.stdout).into_owned();
    assert!(nobody.status.code() == Some(3) && words.starts_with("UNKNOWN - "), "{words}");
    let metrics = String::from_utf8_lossy(&served.qd("check certs -o metrics").stdout).into_owned();
    assert!(
        metrics.contains("# TYPE qd_certificate_used_ratio gauge\nqd_certificate_used_ratio{context=\"demo\""),
        "{metrics}"
    );
    let why = served.qd("cert why client-acme/api-tls -o json");
    assert_eq!(why.status.code(), Some(1), "what is broken ends with 1");
    let why: Value = serde_json::from_slice(&why.stdout).expect("JSON");
    let broken = why["chain"]["broken"].as_u64().expect("a broken link") as usize;
    assert_eq!(why["chain"]["links"][broken]["role"], "challenge");
    let roles: Vec<&str> = why["facts"].as_array().expect("facts").iter().filter_map(|f| f["role"].as_str()).collect();
    assert_eq!(roles, ["certificate", "issuer", "request", "order", "challenge"], "no Secret yet");
    let well = served.text("cert why client-zoo/zoo-api-tls");
    for fact in
        ["key usage: Digital Signature", "extended key usage: Server Authentication", "serial number: ", "DNS names: "]
    {
        assert!(well.contains(fact), "{fact} in {well}");
    }
    assert!(!well.contains("PRIVATE KEY"));
    let (code, words) = served.fails("cert why client-zoo/zoo-api-tsl");
    assert!(code == 1 && words.contains("did you mean client-zoo/zoo-api-tls?"), "{code} {words}");
    let (code, _) = served.fails("check");
    assert_eq!(code, 1, "this world has findings");
    assert!(served.json("doctor --json")["items"].as_array().is_some_and(|i| i.len() > 10));
}

#[test]
fn exit_codes_tell_usage_absence_reach_and_rights_apart() {
    let served = Served::start(&[]);
    let (code, words) = served.fails("get nonsense");
    assert!(code == 2 && words.contains("did you mean") || words.contains("lists them"), "{code} {words}");
    assert_eq!(served.fails("get pods --no-such-flag").0, 2);
    let (code, words) = served.fails("get pods --context elsewhere");
    assert!(code == 2 && words.contains("demo"), "{code} {words}");
    assert_eq!(served.fails("get pod nobody -n default").0, 1);
    let (code, words) = served.fails("get pods --as nobody");
    assert!(code == 4 && words.contains("may not list pods in default"), "{code} {words}");
    let (code, words) = served.fails("do delete pod/postgres-0 -n client-demo-client --yes --read-only");
    assert!(code == 4 && words.contains("read-only"), "{code} {words}");
    let (code, words) = served.fails("do scale deploy/api -n client-demo-client --replicas 3");
    assert!(code == 2 && words.contains("--yes"), "nobody is there to confirm: {code} {words}");
    let gone = served.folder.path().join("gone");
    let text = std::fs::read_to_string(served.kubeconfig()).expect("a kubeconfig");
    let dead = text.lines().map(|l| if l.contains("server:") { "    server: https://127.0.0.1:1" } else { l });
    std::fs::write(&gone, dead.collect::<Vec<_>>().join("\n")).expect("written");
    let (code, words) = served.fails(&format!("get pods --kubeconfig {}", gone.display()));
    assert!(code == 3 && words.contains("127.0.0.1:1 refuses the connection"), "{code} {words}");
}

#[test]
fn an_action_is_planned_done_journaled_and_undone() {
    let served = Served::start(&[]);
    let scale = "do scale deploy/api -n client-demo-client --replicas 3";
    let replicas = || served.json("get deploy api -n client-demo-client -o json")["spec"]["replicas"].clone();
    let plan = served.json(&format!("{scale} --dry-run --json"));
    assert_eq!((&plan["plan"]["action"], &plan["outcome"]), (&"scale".into(), &Value::Null));
    assert_eq!(replicas(), 2, "a dry run changes nothing");
    let done = served.json(&format!("{scale} --yes --json"));
    assert_eq!(done["outcome"]["ok"], true, "{done}");
    assert_eq!(replicas(), 3);
    assert_eq!(served.json("journal -o json")["items"][0]["action"], "scale");
    served.text("undo --yes");
    assert_eq!(replicas(), 2);
}

#[test]
fn a_platform_is_kept_in_step_with_git_and_its_own_tasks_are_set_going() {
    let served = Served::start(&["--world", "apl"]);
    let application = "application/argocd/rabbitmq-rabbitmq";
    let (code, words) = served.fails(&format!("do argocd-sync {application} --yes --as vera"));
    let told = words.contains("you may not patch applications.argoproj.io in argocd");
    assert!(code == 4 && told, "{code} {words}");
    assert!(words.contains("kind: Role\n") && words.contains("verbs: [\"patch\"]"), "a ready Role: {words}");
    assert_eq!(served.json("apps rabbitmq -o json")["items"][0]["sync"], "OutOfSync", "nothing was changed");

    for line in [
        format!("do argocd-sync {application}"),
        "do argocd-suspend application/argocd/team-alpha-shop".into(),
        "do argocd-rollback application/argocd/team-alpha-shop".into(),
        "do flux-reconcile kustomization/flux-system/status-page".into(),
        "do flux-reconcile-source kustomization/flux-system/status-page".into(),
        "do flux-reconcile helmrelease/flux-system/podinfo".into(),
    ] {
        let done = served.json(&format!("{line} --yes -o json"));
        assert_eq!(done["outcome"]["ok"], true, "{line}: {done:#}");
    }

    let done = served.json("do PLATFORM-RECONCILE keycloak --yes -o json");
    assert_eq!(done["outcome"]["ok"], true, "{done:#}");
    let title = "Reconcile: realm, roles and users (Restart Deployment apl-keycloak-operator/apl-keycloak-operator)";
    assert_eq!(done["plan"]["title"], title);
    assert!(done["plan"]["command"].as_str().is_some_and(|c| c.ends_with("do platform-reconcile keycloak")));
    let (code, words) = served.fails("do platform-reconcile nothing --dry-run");
    assert!(code == 2 && words.contains("copy-secrets"), "{code} {words}");

    let output = served.qd("platform state -o json");
    assert_eq!(output.status.code(), Some(1), "its last reconcile failed");
    let state: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let last = &state["items"][0];
    assert_eq!((&last["verdict"]["word"], &last["verdict"]["level"]), (&"failed".into(), &"bad".into()), "{state:#}");
    assert!(last["verdict"]["why"].as_str().is_some_and(|w| w.contains("release harbor")), "{state:#}");
    assert_eq!(state["items"].as_array().map_or(0, Vec::len), 3);
}

/// A TLS server with a certificate for these names, signed by an authority of its own (PEM).
fn tls_server(names: &[&str]) -> (u16, String) {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("parameters");
    params.distinguished_name.push(rcgen::DnType::CommonName, "lab root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let leaf = CertificateParams::new(names).expect("parameters").signed_by(&key, &root).expect("a leaf");
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("a configuration");
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), Ok(mut tls)) = (stream, rustls::ServerConnection::new(config.clone())) else { return };
            while tls.is_handshaking() && tls.complete_io(&mut stream).is_ok() {}
        }
    });
    (port, root.as_ref().pem())
}

#[test]
fn certificates_are_probed_inspected_and_checked() {
    let served = Served::start(&[]);
    let (port, root) = tls_server(&["shop.lab.test"]);
    let folder = served.folder.path();
    std::fs::write(folder.join("root.pem"), &root).expect("written");
    let probe = format!("cert probe shop.lab.test:{port} --address 127.0.0.1");
    let untrusted = served.qd(&format!("{probe} -o json"));
    let value: Value = serde_json::from_slice(&untrusted.stdout).expect("JSON");
    assert_eq!(untrusted.status.code(), Some(1), "{value}");
    assert_eq!(value["served"]["chain"][0]["names"][0], "shop.lab.test");
    let well = served.text(&format!("{probe} --ca {}", folder.join("root.pem").display()));
    assert!(well.contains("served, and clients take it") && well.contains("SHA-256"), "{well}");
    let other = served.qd(&format!("cert probe other.lab.test:{port} --address 127.0.0.1"));
    let words = String::from_utf8_lossy(&other.stdout).into_owned();
    assert!(other.status.code() == Some(1) && words.contains("it is for shop.lab.test"), "{words}");
    let refused = served.qd("cert probe 127.0.0.1:1");
    assert!(String::from_utf8_lossy(&refused.stdout).contains("connection refused"));

    let pem = served.qd(&format!("cert inspect {} -o json", folder.join("root.pem").display()));
    let value: Value = serde_json::from_slice(&pem.stdout).expect("JSON");
    assert_eq!(value["items"][0]["subject"]["commonName"], "lab root");
    let text: String = root.lines().filter(|l| !l.starts_with("-----")).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).expect("base64");
    std::fs::write(folder.join("root.der"), der).expect("written");
    let der = served.qd(&format!("cert inspect {} -o name", folder.join("root.der").display()));
    assert_eq!(String::from_utf8_lossy(&der.stdout).trim(), value["items"][0]["sha256"].as_str().unwrap_or("?"));
    std::fs::write(folder.join("garbage"), b"hello\x00\xff").expect("written");
    let (code, words) = served.fails(&format!("cert inspect {}", folder.join("garbage").display()));
    assert!(code == 1 && words.contains("cannot read a certificate"), "{code} {words}");
    let secret = served.qd("cert inspect secret/client-zoo/zoo-api-tls");
    let words = String::from_utf8_lossy(&secret.stdout).into_owned();
    assert!(words.contains("certificate 1 of") && !words.contains("PRIVATE KEY"), "{words}");

    // Nobody answers questions about names here, so that nothing leaves this machine.
    let config = folder.join(".config/quarterdeck");
    std::fs::create_dir_all(&config).expect("a folder");
    std::fs::write(config.join("config.toml"), "[dns]\nservers = [\"127.0.0.1:9\"]\n").expect("written");
    let check = served.qd("cert check client-acme/api-tls -o json");
    let value: Value = serde_json::from_slice(&check.stdout).expect("JSON");
    assert!(check.status.code() == Some(1) && value["ok"] == false, "{value}");
    let made: Vec<&str> =
        value["steps"].as_array().expect("steps").iter().filter_map(|s| s["check"].as_str()).collect();
    assert!(made.contains(&"dns") && made.last() == Some(&"webhook"), "{made:?}");
}

#[test]
fn links_alerts_and_notes_hand_over() {
    let served = Served::start(&[]);
    let link = "qd://demo/certificates.v1.cert-manager.io/client-acme/api-tls?view=chain";
    assert_eq!(served.text(&format!("open {link} --print")).trim(), link);
    let (code, words) = served.fails("open https://example.com --print");
    assert!(code == 2 && words.contains("does not begin with qd://"), "{code} {words}");
    let folder = served.folder.path();
    let alert = folder.join("alert.json");
    let text = r#"{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"CertManagerCertNotReady","name":"api-tls",
        "exported_namespace":"client-acme","namespace":"cert-manager","pod":"cert-manager-1"}}]}"#;
    std::fs::write(&alert, text).expect("written");
    let found = served.json(&format!("open --alert {} -o json", alert.display()));
    assert_eq!(found["link"], link);
    assert_eq!(found["candidates"].as_array().map(|c| c.len() > 1), Some(true), "the others are told: {found}");
    std::fs::write(&alert, r#"{"alertname":"Watchdog"}"#).expect("written");
    let (code, words) = served.fails(&format!("open --alert {} --print", alert.display()));
    assert!(code == 1 && words.contains("its labels are alertname"), "{code} {words}");

    let note = folder.join("note.md");
    let write = format!("cert note client-acme/api-tls --no-probe -o {}", note.display());
    served.text(&write);
    let text = std::fs::read_to_string(&note).expect("a note");
    for part in ["# Incident: Certificate client-acme/api-tls", "## Chain", "## Timeline", "## Evidence", link] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("answer (key)") && !text.contains("- token:"), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&note).expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let (code, words) = served.fails(&write);
    assert!(code == 5 && words.contains("nothing is overwritten"), "{code} {words}");
    let app = served.text("app note homer");
    assert!(app.starts_with("# Incident: App homer") && app.contains("volume not bound"), "{app}");
    let route = served.text("route note docs.app.ominis.ai --no-probe");
    assert!(route.starts_with("# Incident: Route docs.app.ominis.ai") && route.contains("wins over"), "{route}");
    let (code, why) = served.fails("route note dogs.app.ominis.ai --no-probe");
    assert!(code == 1 && why.contains("did you mean docs.app.ominis.ai"), "{code}: {why}");
}
