//! The real cert-manager on a real cluster: its definitions, its controllers, its admission webhook, all outside the
//! cluster and on loopback. The two Venafi controllers are missing: what they need is not published.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use serde_json::{Value, json};

use crate::crds::{Project, definitions};
use crate::http::Request;
use crate::keeper::{Janitor, Service, answers};
use crate::pki::Authority;
use crate::programs::{Module, built};
use crate::real::{RealCluster, free_ports, janitor, new_folder};

/// Where ClusterIssuers look for their Secrets.
pub const NAMESPACE: &str = "cert-manager";

const CONFIGURATION: &str = "cert-manager-webhook";

/// cert-manager on one cluster.
pub struct CertManager {
    /// All controllers. Stop it to see what happens when nobody reconciles.
    pub controller: Service,
    /// The admission webhook, which the API server asks on every write. Stop it and writes fail.
    pub webhook: Service,
    /// The controllers without the one that approves every request, as where a policy engine does that. Does not run;
    /// it is started in place of `controller`.
    pub unapproving: Service,
    _state: PathBuf,
    _janitor: Option<Janitor>,
}

impl CertManager {
    /// Installs the definitions, starts webhook and controllers. Names are looked up at `nameserver` (`host:port`)
    /// only; `environment` is added to the controllers' environment.
    pub fn start(cluster: &RealCluster, nameserver: &str, environment: &[(&str, String)]) -> Result<Self, String> {
        let programs = built(Module::CertManager)?;
        cluster.define(&definitions(Project::CertManager)?);
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        cluster.apply("namespaces", &namespace);
        let state = new_folder("cert-manager").map_err(|e| e.to_string())?;
        let janitor = janitor(&state)?;
        let kubeconfig = format!("--kubeconfig={}", cluster.file("cert-manager", &cluster.admin()).display());

        let [port] = free_ports();
        let authority = Authority::new("cert-manager-webhook-ca");
        let identity = authority.server("cert-manager-webhook", None, &["127.0.0.1"]);
        let (certificate, key) = (state.join("webhook.crt"), state.join("webhook.key"));
        fs::write(&certificate, identity.certificate)
            .and_then(|()| fs::write(&key, identity.key))
            .map_err(|e| format!("{}: {e}", state.display()))?;
        let arguments = vec![
            kubeconfig.clone(),
            format!("--listen=127.0.0.1:{port}"),
            format!("--tls-cert={}", certificate.display()),
            format!("--tls-key={}", key.display()),
        ];
        let program = programs.path("cert-manager-webhook");
        let webhook = Service::new("webhook", &program, arguments, &state, move |_| answers(port));
        webhook.start()?;
        let bundle = base64::engine::general_purpose::STANDARD.encode(&authority.certificate);
        register(cluster, port, &bundle);

        let arguments = vec![
            kubeconfig,
            format!("--cluster-resource-namespace={NAMESPACE}"),
            format!("--dns01-recursive-nameservers={nameserver}"),
            "--dns01-recursive-nameservers-only".to_owned(),
            "--dns01-check-retry-period=2s".to_owned(),
            format!("--http01-nameservers={nameserver}"),
            "-v=2".to_owned(),
        ];
        let program = programs.path("cert-manager-controller");
        let ready = |said: &str| said.contains("controllers running");
        let service = |name: &str, arguments: Vec<String>| {
            let service = Service::new(name, &program, arguments, &state, ready);
            environment.iter().fold(service, |service, (name, value)| service.with(name, value))
        };
        let silent = [&arguments[..], &["--without=certificaterequests-approver".to_owned()]].concat();
        let unapproving = service("controller-unapproving", silent);
        let controller = service("controller", arguments);
        controller.start()?;
        Ok(CertManager { controller, webhook, unapproving, _state: state, _janitor: janitor })
    }

    /// Takes the webhooks' registration away, as an uninstallation that was stopped half way does; gives what
    /// [`RealCluster::apply`] brings back.
    pub fn unregister(cluster: &RealCluster) -> Vec<(&'static str, Value)> {
        let client = cluster.client();
        let plurals = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];
        let taken = plurals.iter().map(|plural| {
            let path = format!("/apis/admissionregistration.k8s.io/v1/{plural}/{CONFIGURATION}");
            let mut object = client.get(&path).expect("an answer").json();
            object["metadata"] = json!({"name": CONFIGURATION});
            client.send(&Request::new("DELETE", &path)).expect("an answer");
            (*plural, object)
        });
        taken.collect()
    }
}

/// As the chart does it, but for the address.
fn register(cluster: &RealCluster, port: u16, bundle: &str) {
    let webhook = |path: &str, rule: Value| {
        json!([{
            "name": "webhook.cert-manager.io", "rules": [rule], "admissionReviewVersions": ["v1"],
            "matchPolicy": "Equivalent", "failurePolicy": "Fail", "sideEffects": "None", "timeoutSeconds": 30,
            "clientConfig": {"url": format!("https://127.0.0.1:{port}/{path}"), "caBundle": bundle},
        }])
    };
    let groups = ["cert-manager.io", "acme.cert-manager.io"];
    let validated = json!({"apiGroups": groups, "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
        "resources": ["*/*"]});
    let mutated = json!({"apiGroups": groups[..1], "apiVersions": ["v1"], "operations": ["CREATE"],
        "resources": ["certificaterequests"]});
    for (kind, plural, path, rule) in [
        ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "validate", validated),
        ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "mutate", mutated),
    ] {
        let configuration = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
            "metadata": {"name": CONFIGURATION}, "webhooks": webhook(path, rule),
        });
        cluster.apply(plural, &configuration);
    }
}
