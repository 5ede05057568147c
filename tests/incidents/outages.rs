//! A part that everybody needs is gone. Each test has the lab for itself.

use crate::lab::{Incident, Lab, certificate_path, condition, lab};
use quarterdeck_testing::edge::Serves;
use serde_json::{Value, json};

fn gone(
    name: &'static str,
    code: &'static str,
    broken: &'static str,
    why: &'static str,
    next: &'static str,
) -> Incident {
    Incident { name, code, broken, why, next }
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_name_server_or_a_web_server_that_is_gone_is_not_taken_for_the_other() {
    let Some(lab) = lab("a_name_server_or_a_web_server_that_is_gone_is_not_taken_for_the_other") else { return };
    let namespace = lab.cluster.namespace("silence");
    let alone = lab.alone();
    lab.edge.refuse_http();
    lab.order(&namespace, "refused", "refused.lab.test", "acme-http");
    let refused = gone("refused", "CERT_HTTP_UNREACHABLE", "challenge", "refuses connections", "nothing listens there");
    lab.expect(&namespace, &[refused]);
    lab.acme.bind.stop();
    lab.order(&namespace, "by-dns", "no-dns.lab.test", "acme-dns");
    lab.order(&namespace, "by-http", "no-dns-http.lab.test", "acme-http");
    lab.expect(
        &namespace,
        &[
            gone("by-dns", "CERT_DNS_BROKEN", "challenge", "the name server", "whether the name server runs"),
            gone("by-http", "CERT_DNS_BROKEN", "challenge", "cannot be looked up", "whether the name server runs"),
        ],
    );
    drop(alone);
    let _calm = lab.calm();
    lab.issued(&namespace, "refused");
    lab.issued(&namespace, "by-http");
    lab.issued(&namespace, "by-dns");
}

/// The leaf that a host serves now.
fn leaf(lab: &Lab, host: &str) -> Vec<u8> {
    lab.edge.served(host).expect("a chain").remove(0)
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn while_cert_manager_is_down_every_certificate_says_so_and_heals_after() {
    let Some(lab) = lab("while_cert_manager_is_down_every_certificate_says_so_and_heals_after") else { return };
    let namespace = lab.cluster.namespace("down");
    let alone = lab.alone();
    let names = ["deleted", "foreign-key", "expired"];
    for name in names {
        lab.order(&namespace, name, &format!("{name}.lab.test"), "ca");
    }
    for name in names {
        lab.issued(&namespace, name);
        lab.edge.serve(&format!("{name}.lab.test"), Serves::Secret(namespace.clone(), format!("{name}-tls")));
    }
    let before = leaf(lab, "foreign-key.lab.test");
    lab.stop_controller();
    lab.order(&namespace, "new", "new.lab.test", "ca");
    let secret = |name: &str| format!("/api/v1/namespaces/{namespace}/secrets/{name}-tls");
    lab.delete(&secret("deleted"));
    let other = lab.client().get(&secret("expired")).expect("an answer").json();
    lab.patch(&secret("foreign-key"), &json!({"data": {"tls.key": other["data"]["tls.key"]}}));
    let old = quarterdeck_testing::pki::expired("expired.lab.test");
    lab.patch(&secret("expired"), &json!({"stringData": {"tls.crt": old.certificate, "tls.key": old.key}}));
    lab.expect(
        &namespace,
        &[
            gone("new", "CERT_MANAGER_DOWN", "certificate", "is scaled to none", "scale it up again"),
            gone("deleted", "CERT_SECRET_MISSING", "secret", "is gone; cert-manager does not run", "scale it up again"),
            gone(
                "foreign-key",
                "CERT_KEY_MISMATCH",
                "secret",
                "does not belong to its certificate",
                "who writes the Secret",
            ),
            gone("expired", "CERT_EXPIRED", "certificate", "expired", "scale it up again"),
        ],
    );
    let check = lab.json(&["check", "-o", "json"]).to_string();
    assert!(check.contains("CERT_MANAGER_DOWN"), "{check}");
    drop(alone);
    let _calm = lab.calm();
    lab.issued(&namespace, "new");
    for name in names {
        let path = certificate_path(&namespace, name);
        lab.wait(&path, "is issued again", |c| {
            condition(c, "Ready") == Some("True")
                && (name == "expired" || c["status"]["revision"] == 2)
                && lab.verdict(&namespace, name)["verdict"]["level"] == "good"
        });
    }
    assert_ne!(leaf(lab, "foreign-key.lab.test"), before, "the served leaf is the new one");
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn without_the_webhook_nothing_is_written_and_that_is_told() {
    let Some(lab) = lab("without_the_webhook_nothing_is_written_and_that_is_told") else { return };
    let namespace = lab.cluster.namespace("no-webhook");
    let alone = lab.alone();
    lab.order(&namespace, "shop", "no-webhook.lab.test", "ca");
    lab.issued(&namespace, "shop");
    lab.cert_manager.webhook.stop();
    lab.scale("cert-manager-webhook", 0);
    lab.delete(&format!("/api/v1/namespaces/{namespace}/secrets/shop-tls"));
    let why = "is gone; cert-manager's webhook does not run";
    lab.expect(&namespace, &[gone("shop", "CERT_SECRET_MISSING", "secret", why, "see its pods and their log")]);
    let check = lab.json(&["check", "-o", "json"]).to_string();
    assert!(check.contains("CERT_MANAGER_WEBHOOK"), "{check}");
    drop(alone);
    let _calm = lab.calm();
    lab.wait(&certificate_path(&namespace, "shop"), "is issued again", |c| c["status"]["revision"] == 2);
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_request_that_nobody_approves_waits_and_one_that_is_denied_says_why() {
    let Some(lab) = lab("a_request_that_nobody_approves_waits_and_one_that_is_denied_says_why") else { return };
    let namespace = lab.cluster.namespace("approval");
    let alone = lab.alone();
    lab.cert_manager.controller.stop();
    lab.cert_manager.unapproving.start().expect("it starts");
    lab.order(&namespace, "waits", "waits.lab.test", "ca");
    lab.order(&namespace, "denied", "denied.lab.test", "ca");
    let request = lab.wait_for_any("certificaterequests", &namespace, "is there", |r| {
        r["metadata"]["annotations"]["cert-manager.io/certificate-name"] == "denied"
    });
    decide(lab, &namespace, &request, "Denied", "no hosts of the lab here");
    lab.expect(
        &namespace,
        &[
            gone("waits", "CERT_NOT_APPROVED", "request", "waits for approval", "approve or deny it"),
            gone("denied", "CERT_REQUEST_DENIED", "request", "no hosts of the lab here", "ask who approves"),
        ],
    );
    drop(alone);
    let _calm = lab.calm();
    lab.issued(&namespace, "waits");
}

/// Approves or denies a request, as a policy engine does.
fn decide(lab: &Lab, namespace: &str, request: &Value, kind: &str, message: &str) {
    let name = request["metadata"]["name"].as_str().unwrap_or_default();
    let path = format!("/apis/cert-manager.io/v1/namespaces/{namespace}/certificaterequests/{name}/status");
    let condition = json!({"type": kind, "status": "True", "reason": "policy.lab.test", "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z"});
    lab.patch(&path, &json!({"status": {"conditions": [condition]}}));
}
