//! `stuck-certificate`: a new host is asked for before its DNS record exists;
//! half a minute later the record is there and the certificate is issued.

use super::start::Stage;
use crate::storage::DeleteOptions;
use crate::value::{at, name, text};
use serde_json::json;

const NAME: &str = "launch-tls";

fn place(stage: &Stage) -> Option<(String, String, String)> {
    let issuers = stage.store.all("cert-manager.io/v1", "ClusterIssuer", None);
    let issuer = issuers.iter().find(|i| at(i, "spec.acme").is_object()).map(|i| name(i).to_owned())?;
    let spaces = [("client-demo-client", "launch.app.ominis.ai"), ("team-alpha", "launch-alpha.demo.otomi.cloud")];
    let (ns, host) = spaces.into_iter().find(|(ns, _)| stage.store.find("v1", "Namespace", "", ns).is_some())?;
    Some((ns.to_owned(), host.to_owned(), issuer))
}

/// Asks, waits, recovers, cleans up, and tells it again after two minutes.
pub(super) async fn tell(stage: Stage) {
    let Some((ns, host, issuer)) = place(&stage) else { return };
    loop {
        stage.wait(2.0).await;
        let asked = json!({
            "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": NAME, "namespace": ns, "annotations": {"sim.quarterdeck.dev/stuck": "dns"}},
            "spec": {"dnsNames": [host], "secretName": NAME, "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer}},
        });
        if stage.store.apply_object(asked, "kubectl").is_err() {
            return;
        }
        stage.wait(30.0).await;
        let waiting = stage.store.all("acme.cert-manager.io/v1", "Challenge", Some(&ns));
        for challenge in waiting.iter().filter(|c| text(c, "spec.dnsName") == host) {
            stage.change(challenge, "cert-manager", |c| {
                c["status"]["state"] = "valid".into();
                c["status"]["processing"] = false.into();
                c["status"]["reason"] = "Successfully authorized domain".into();
            });
        }
        stage.wait(120.0).await;
        for (api, kind) in [("cert-manager.io/v1", "Certificate"), ("v1", "Secret")] {
            let Some(object) = stage.store.find(api, kind, &ns, NAME) else { continue };
            if let Some(kind) = stage.store.kind(text(&object, "apiVersion"), text(&object, "kind")) {
                // Somebody else may have removed it.
                let _ = stage.store.delete(&kind, &ns, NAME, &DeleteOptions::default());
            }
        }
    }
}
