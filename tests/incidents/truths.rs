//! The fourth truth: what a host serves, looked at over real TLS, against the Secret that the real cert-manager wrote.

use crate::lab::{Lab, lab};
use quarterdeck_testing::cert_manager::NAMESPACE;
use quarterdeck_testing::edge::Serves;
use quarterdeck_testing::pki::{Identity, expired};
use quarterdeck_testing::pty::{Terminal, TerminalOptions};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Somebody with a home and a configuration of their own, who asks the lab's name server and looks at the edge's port.
struct Looker {
    lab: &'static Lab,
    namespace: String,
    home: tempfile::TempDir,
    kubeconfig: PathBuf,
}

impl Looker {
    fn new(lab: &'static Lab, namespace: &str) -> Self {
        let home = tempfile::tempdir().expect("a home");
        let folder = home.path().join(".config/quarterdeck");
        std::fs::create_dir_all(&folder).expect("a folder");
        let (server, port) = (lab.acme.nameserver(), lab.edge.https_port());
        let config = format!("[dns]\nservers = [\"{server}\"]\n\n[probe]\nhttps-port = {port}\n");
        std::fs::write(folder.join("config.toml"), config).expect("a configuration");
        let namespace = lab.cluster.namespace(namespace);
        let kubeconfig = lab.cluster.file(&format!("looker-{namespace}"), &lab.cluster.admin());
        Self { lab, namespace, home, kubeconfig }
    }

    /// A certificate of this issuer for a host, its Ingress, and the edge that serves the Secret.
    fn host(&self, name: &str, host: &str, issuer: &str) {
        self.lab.order(&self.namespace, name, host, issuer);
        self.lab.ingress(&self.namespace, name, host, &format!("{name}-tls"));
        self.lab.issued(&self.namespace, name);
        self.lab.edge.serve(host, Serves::Secret(self.namespace.clone(), format!("{name}-tls")));
    }

    /// Exit code and answer of `qd cert why --probe`.
    fn why(&self, name: &str) -> (Option<i32>, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        let place = format!("{}/{name}", self.namespace);
        command.args(["cert", "why", &place, "--brief", "--probe", "-o", "json"]).stdin(Stdio::null());
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", self.home.path());
        command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME");
        let output = command.output().expect("qd runs");
        let told = || String::from_utf8_lossy(&output.stderr).into_owned();
        let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{place}: {e}: {}", told()));
        (output.status.code(), value)
    }

    /// What is served is what the Secret holds, and nobody complains.
    fn well(&self, name: &str) {
        let (code, told) = self.why(name);
        assert_eq!(told["servedFindings"], json!([]), "{told:#}");
        let served = truth(&told, "served");
        assert_eq!(served["level"], "good", "{served:#}");
        assert!(served["words"].as_str().is_some_and(|w| w.starts_with("the Secret's certificate")), "{served:#}");
        assert_eq!(code, Some(0), "{told:#}");
    }

    /// A finding about what is served has this code, and says this; a program that asks is told by the exit code.
    fn wrong(&self, name: &str, code: &str, parts: &[&str]) {
        let (exit, told) = self.why(name);
        let all = || format!("{name}: wanted {code} {parts:?}, found {:#}", told["servedFindings"]);
        let mut findings = told["servedFindings"].as_array().into_iter().flatten();
        let says = |f: &&Value| {
            let words = format!("{} {}", f["reason"], f["next"]);
            f["code"] == code && parts.iter().all(|part| words.contains(part))
        };
        assert!(findings.any(|f| says(&f)), "{}", all());
        let served = truth(&told, "served");
        assert!(served["level"] == "bad" || served["level"] == "warn", "{served:#}");
        assert_eq!(exit, Some(1), "{}", all());
        // The objects themselves are well: only a look at the host finds it.
        assert_eq!(told["certificate"]["verdict"]["level"], "good", "{:#}", told["certificate"]);
    }

    /// What a Secret holds now.
    fn held(&self, secret: &str) -> Identity {
        let path = format!("/api/v1/namespaces/{}/secrets/{secret}", self.namespace);
        let found = self.lab.client().get(&path).expect("an answer").json();
        let text = |key: &str| {
            let data = found["data"][key].as_str().unwrap_or_default();
            let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data).expect("base64");
            String::from_utf8(bytes).expect("PEM")
        };
        Identity { certificate: text("tls.crt"), key: text("tls.key") }
    }
}

fn truth<'a>(told: &'a Value, which: &str) -> &'a Value {
    let all = told["truths"].as_array().expect("truths");
    all.iter().find(|t| t["truth"] == which).unwrap_or_else(|| panic!("no truth {which} in {told:#}"))
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn the_old_leaf_is_told_as_long_as_it_is_served_and_a_private_authority_is_no_fault() {
    let Some(lab) = lab("the_old_leaf_is_told_as_long_as_it_is_served_and_a_private_authority_is_no_fault") else {
        return;
    };
    let _calm = lab.calm();
    let looker = Looker::new(lab, "truths");
    let host = "truths.lab.test";
    looker.host("shop", host, "ca");
    // Nobody but the Secret's own ca.crt knows the lab's authority.
    looker.well("shop");

    lab.edge.pin(host, &looker.namespace, "shop-tls").expect("it is issued");
    let secret = format!("/api/v1/namespaces/{}/secrets/shop-tls", looker.namespace);
    let before = looker.held("shop-tls").certificate;
    lab.delete(&secret);
    lab.wait(&secret, "is issued again", |s| s["data"]["tls.crt"].is_string());
    lab.issued(&looker.namespace, "shop");
    assert_ne!(looker.held("shop-tls").certificate, before, "a real new leaf");
    looker.wrong("shop", "CERT_SERVED_OLD", &[host, "still serves the certificate before", "restart it"]);

    // On the screen it stands where the verdict stands, without a key pressed.
    let (home, kubeconfig) = (looker.home.path().display().to_string(), looker.kubeconfig.display().to_string());
    let options = TerminalOptions::size(160, 40).env("HOME", &home);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_qd"));
    let terminal = Terminal::start(program, &["--kubeconfig", &kubeconfig, "-n", &looker.namespace], &options);
    let patience = Duration::from_secs(30);
    terminal.wait_for("a live connection", patience, |s| s.lines().next().is_some_and(|l| l.contains("live")));
    terminal.keys(":certificates<enter>");
    terminal.wait_text("shop");
    terminal.keys("<enter>");
    terminal.wait_for("the finding", patience, |s| {
        s.contains("SERVED WRONG") && s.contains("still serves the certificate before")
    });

    lab.edge.serve(host, Serves::Secret(looker.namespace.clone(), "shop-tls".into()));
    looker.well("shop");
    terminal.keys("<c-r>");
    terminal.wait_for("that all is well", patience, |s| {
        !s.contains("SERVED WRONG") && s.contains("the Secret's certificate")
    });
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn pair() -> KeyPair {
    KeyPair::generate().expect("a key pair")
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_chain_that_is_cut_or_mixed_up_is_told_though_the_secret_is_well() {
    let Some(lab) = lab("a_chain_that_is_cut_or_mixed_up_is_told_though_the_secret_is_well") else { return };
    let _calm = lab.calm();
    let root = CertifiedIssuer::self_signed(authority("Truths Root"), pair()).expect("a root");
    let middle = CertifiedIssuer::signed_by(authority("Truths Middle"), pair(), &root).expect("an intermediate");
    let stranger = CertifiedIssuer::signed_by(authority("Somebody's Middle"), pair(), &root).expect("another one");
    let held = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": "truths-middle", "namespace": NAMESPACE},
        "stringData": {"tls.crt": middle.pem() + &root.pem(), "tls.key": middle.key().serialize_pem()}});
    lab.cluster.apply("secrets", &held);
    lab.issuer("truths-middle", json!({"ca": {"secretName": "truths-middle"}}));
    let looker = Looker::new(lab, "chains");
    let host = "chains.lab.test";
    looker.host("shop", host, "truths-middle");
    let whole = looker.held("shop-tls");
    let leaf = whole.certificate.split_inclusive("-----END CERTIFICATE-----\n").next().expect("a leaf").to_owned();
    assert_ne!(leaf, whole.certificate, "cert-manager writes the intermediate behind the leaf");
    looker.well("shop");

    let serve = |certificate: String| {
        lab.edge.serve(host, Serves::Pinned(Identity { certificate, key: whole.key.clone() }));
    };
    serve(leaf.clone());
    looker.wrong("shop", "CERT_SERVED_TROUBLE", &[host, "without an intermediate", "the whole chain into tls.crt"]);
    serve(leaf + &stranger.pem());
    looker.wrong("shop", "CERT_SERVED_TROUBLE", &[host, "an intermediate of it is missing or wrong"]);
    serve(whole.certificate.clone());
    looker.well("shop");
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_default_a_foreign_and_an_expired_certificate_are_each_called_what_they_are() {
    let Some(lab) = lab("a_default_a_foreign_and_an_expired_certificate_are_each_called_what_they_are") else { return };
    let _calm = lab.calm();
    let looker = Looker::new(lab, "strangers");
    let host = "strangers.lab.test";
    looker.host("shop", host, "ca");
    looker.host("other", "other.lab.test", "ca");

    // As Traefik makes it up where it has no certificate for a host.
    let mut params = CertificateParams::new(vec!["0a1b2c.3d4e5f.traefik.default".to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, "TRAEFIK DEFAULT CERT");
    let key = pair();
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    lab.edge.serve(host, Serves::Pinned(Identity { certificate, key: key.serialize_pem() }));
    looker.wrong("shop", "CERT_SERVED_DEFAULT", &[host, "Traefik's default certificate", "TLS Secret is missing"]);

    lab.edge.serve(host, Serves::Secret(looker.namespace.clone(), "other-tls".into()));
    let name = "it is for other.lab.test, not for strangers.lab.test";
    looker.wrong("shop", "CERT_SERVED_TROUBLE", &[host, name, "serve the certificate of this host"]);
    let other = "serves another certificate than Secret shop-tls: other.lab.test";
    looker.wrong("shop", "CERT_SERVED_OTHER", &[host, other, "which route"]);

    lab.edge.serve(host, Serves::Pinned(expired(host)));
    looker.wrong("shop", "CERT_SERVED_TROUBLE", &[host, "expired 2020-04-01", "restart what serves it"]);
    looker.wrong("shop", "CERT_SERVED_OLD", &[host, "still serves the certificate before", "2020-04-01"]);
    looker.well("other");
}
