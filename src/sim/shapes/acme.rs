//! cert-manager's objects of one issuance: CertificateRequest, Order,
//! Challenge, Secret, and the Certificate's status, in the shape in which the
//! real controllers write them.

use super::x509::{self, Leaf, Signer};
use super::{names, times};
use crate::value::{at, list, name, namespace, owned_by, text, uid};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A `status.conditions[]` entry of a Certificate.
pub fn certificate_condition(kind: &str, holds: bool, reason: &str, message: &str, since: Timestamp) -> Value {
    json!({
        "type": kind, "status": if holds { "True" } else { "False" }, "reason": reason, "message": message,
        "lastTransitionTime": times::text(since), "observedGeneration": 1,
    })
}

/// A condition of a request, which has no `observedGeneration`.
fn plain_condition(kind: &str, holds: bool, reason: &str, message: &str, since: Timestamp) -> Value {
    json!({
        "type": kind, "status": if holds { "True" } else { "False" }, "reason": reason, "message": message,
        "lastTransitionTime": times::text(since),
    })
}

/// DNS names of a certificate.
pub fn dns_names(certificate: &Value) -> Vec<String> {
    list(certificate, "spec.dnsNames").iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn meta(kind: &str, object_name: &str, owner: &Value, created: Timestamp) -> Value {
    json!({
        "name": object_name, "namespace": namespace(owner), "uid": names::uid(&[kind, namespace(owner), object_name]),
        "creationTimestamp": times::text(created), "generation": 1, "ownerReferences": [owned_by(owner)],
    })
}

/// The Secret that holds the key of the issuance in progress.
pub fn key_secret(certificate: &Value, created: Timestamp) -> Value {
    let secret_name = format!("{}-{}", name(certificate), names::suffix(&["key", uid(certificate)], 5));
    let mut metadata = meta("Secret", &secret_name, certificate, created);
    metadata["generateName"] = format!("{}-", name(certificate)).into();
    metadata["labels"] = json!({"cert-manager.io/next-private-key": "true", "controller.cert-manager.io/fao": "true"});
    if let Some(map) = metadata.as_object_mut() {
        map.shift_remove("generation");
    }
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque",
           "data": {"tls.key": STANDARD.encode(x509::LEAF_KEY)}})
}

/// The approved, unanswered request of a revision.
pub fn request(certificate: &Value, revision: i64, created: Timestamp) -> Value {
    let mut metadata = meta("CertificateRequest", &format!("{}-{revision}", name(certificate)), certificate, created);
    metadata["annotations"] = json!({
        "cert-manager.io/certificate-name": name(certificate),
        "cert-manager.io/certificate-revision": revision.to_string(),
        "cert-manager.io/private-key-secret-name": format!("{}-{}", name(certificate), names::suffix(&["key", uid(certificate)], 5)),
    });
    let mut spec = json!({
        "extra": {"authentication.kubernetes.io/pod-name": ["cert-manager-6f5d9c7b8-x2vqk"]},
        "groups": ["system:serviceaccounts", "system:serviceaccounts:cert-manager", "system:authenticated"],
        "issuerRef": at(certificate, "spec.issuerRef"),
        "request": STANDARD.encode(x509::request_pem(&dns_names(certificate))),
        "username": "system:serviceaccount:cert-manager:cert-manager",
    });
    if !at(certificate, "spec.usages").is_null() {
        spec["usages"] = at(certificate, "spec.usages").clone();
    }
    let approved = plain_condition(
        "Approved",
        true,
        "cert-manager.io",
        "Certificate request has been approved by cert-manager.io",
        created,
    );
    json!({"apiVersion": "cert-manager.io/v1", "kind": "CertificateRequest", "metadata": metadata, "spec": spec,
           "status": {"conditions": [approved]}})
}

/// Sets the request's `Ready` condition.
pub fn answer_request(request: &mut Value, ready: bool, reason: &str, message: &str, at_time: Timestamp) {
    let ready_condition = plain_condition("Ready", ready, reason, message, at_time);
    if let Some(conditions) = request["status"]["conditions"].as_array_mut() {
        conditions.retain(|c| c["type"] != "Ready");
        conditions.push(ready_condition);
    }
    if reason == "Failed" {
        request["status"]["failureTime"] = times::text(at_time).into();
    }
}

/// The order of a request, not yet created at the ACME server.
pub fn order(request: &Value, hosts: &[String], created: Timestamp) -> Value {
    let number = names::number(&["order", uid(request)], 4_000_000_000) + 100_000_000;
    let mut metadata = meta("Order", &format!("{}-{number}", name(request)), request, created);
    metadata["annotations"] = at(request, "metadata.annotations").clone();
    json!({
        "apiVersion": "acme.cert-manager.io/v1", "kind": "Order", "metadata": metadata,
        "spec": {"dnsNames": hosts, "issuerRef": at(request, "spec.issuerRef"), "request": at(request, "spec.request")},
        "status": {},
    })
}

const ACME: &str = "https://acme-v02.api.letsencrypt.org/acme";

/// Gives the order its authorizations and the state `pending`, `valid` or `invalid`.
pub fn accept_order(order: &mut Value, state: &str) {
    let id = uid(order).to_owned();
    let hosts: Vec<String> = list(order, "spec.dnsNames").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let authorization = |host: &String| {
        let number = names::number(&["authz", &id, host], 900_000_000_000);
        let kinds: &[&str] = if host.starts_with("*.") { &["dns-01"] } else { &["dns-01", "http-01", "tls-alpn-01"] };
        let challenges: Vec<Value> = kinds
            .iter()
            .map(|kind| {
                json!({"token": names::token(&["token", &id, host], 43), "type": kind,
                       "url": format!("{ACME}/chall/1824301967/{number}/{}", names::token(&[kind, &id, host], 6))})
            })
            .collect();
        json!({"challenges": challenges, "identifier": host.trim_start_matches("*."), "initialState": "pending",
               "url": format!("{ACME}/authz/1824301967/{number}"), "wildcard": host.starts_with("*.")})
    };
    let number = names::number(&["number", &id], 400_000_000_000);
    order["status"] = json!({
        "authorizations": hosts.iter().map(authorization).collect::<Vec<_>>(),
        "finalizeURL": format!("{ACME}/finalize/1824301967/{number}"),
        "state": state, "url": format!("{ACME}/order/1824301967/{number}"),
    });
}

/// Refuses the order: `errored` with the ACME server's words.
pub fn refuse_order(order: &mut Value, reason: &str, at_time: Timestamp) {
    order["status"] = json!({"failureTime": times::text(at_time), "reason": reason, "state": "errored"});
}

/// The HTTP-01 (or, for wildcards, DNS-01) challenge of one host of an accepted order.
pub fn challenge(order: &Value, host: &str, created: Timestamp) -> Value {
    let wildcard = host.starts_with("*.");
    let kind = if wildcard { "dns-01" } else { "http-01" };
    let bare = host.trim_start_matches("*.");
    let authorization =
        list(order, "status.authorizations").iter().find(|a| a["identifier"] == bare).unwrap_or(&Value::Null);
    let offered = list(authorization, "challenges").iter().find(|c| c["type"] == kind).unwrap_or(&Value::Null);
    let token = text(offered, "token");
    let number = names::number(&["challenge", uid(order), host], 4_000_000_000) + 100_000_000;
    let mut metadata = meta("Challenge", &format!("{}-{number}", name(order)), order, created);
    metadata["finalizers"] = json!(["acme.cert-manager.io/finalizer"]);
    let thumbprint = names::token(&["account"], 43);
    let (key, solver) = if wildcard {
        (
            names::token(&["key", token], 43),
            json!({"dns01": {"cloudflare": {"apiTokenSecretRef": {"name": "external-dns", "key": "api-token"}}}}),
        )
    } else {
        (format!("{token}.{thumbprint}"), json!({"http01": {"ingress": {"class": "traefik"}}}))
    };
    json!({
        "apiVersion": "acme.cert-manager.io/v1", "kind": "Challenge", "metadata": metadata,
        "spec": {
            "authorizationURL": authorization["url"], "dnsName": bare, "issuerRef": at(order, "spec.issuerRef"),
            "key": key, "solver": solver, "token": token, "type": kind.to_uppercase(), "url": offered["url"], "wildcard": wildcard,
        },
        "status": {"presented": false, "processing": true, "state": "pending"},
    })
}

/// Marks the challenge as presented and waiting for its self check, with cert-manager's reason.
pub fn wait_for_self_check(challenge: &mut Value, why: &str, presented: Timestamp) {
    let url = format!(
        "http://{}/.well-known/acme-challenge/{}",
        text(challenge, "spec.dnsName"),
        text(challenge, "spec.token")
    );
    let reason = if challenge["spec"]["type"] == "DNS-01" {
        format!("Waiting for DNS-01 challenge propagation: {why}")
    } else {
        format!(
            "Waiting for HTTP-01 challenge propagation: failed to perform self check GET request '{url}': Get \"{url}\": {why}"
        )
    };
    challenge["status"] = json!({
        "presented": true, "presentedAt": times::text(presented), "processing": true, "reason": reason, "state": "pending",
    });
}

/// Pod, Service and Ingress by which cert-manager answers an HTTP-01 challenge.
/// The pod is bare: its state is the caller's to set.
pub fn solver(challenge: &Value, node: &str, created: Timestamp) -> [Value; 3] {
    let id = uid(challenge);
    let labels = json!({
        "acme.cert-manager.io/http-domain": names::number(&["domain", text(challenge, "spec.dnsName")], 4_000_000_000).to_string(),
        "acme.cert-manager.io/http-token": names::number(&["token", text(challenge, "spec.token")], 4_000_000_000).to_string(),
        "acme.cert-manager.io/http01-solver": "true",
    });
    let named = |part: &str| format!("cm-acme-http-solver-{}", names::suffix(&[part, id], 5));
    let template = json!({
        "metadata": {"labels": labels, "annotations": {"sidecar.istio.io/inject": "false"}},
        "spec": {
            "automountServiceAccountToken": false, "restartPolicy": "OnFailure",
            "containers": [{
                "name": "acmesolver", "image": "quay.io/jetstack/cert-manager-acmesolver:v1.16.2",
                "args": ["--listen-port=8089", format!("--domain={}", text(challenge, "spec.dnsName"))],
                "ports": [{"name": "http", "containerPort": 8089}],
                "resources": {"limits": {"cpu": "100m", "memory": "64Mi"}, "requests": {"cpu": "10m", "memory": "64Mi"}},
            }],
        },
    });
    let pod_name = named("pod");
    let identity = super::pod::Identity {
        uid: names::uid(&["Pod", namespace(challenge), &pod_name]),
        name: pod_name,
        created,
        node: Some(node),
        labels: Vec::new(),
        generate_name: Some("cm-acme-http-solver-".into()),
    };
    let pod = super::pod::pod(challenge, &template, &identity);
    let with_labels = |kind: &str, object_name: &str| {
        let mut metadata = meta(kind, object_name, challenge, created);
        metadata["labels"] = labels.clone();
        metadata["generateName"] = "cm-acme-http-solver-".into();
        metadata
    };
    let service_name = named("service");
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": with_labels("Service", &service_name),
        "spec": {"type": "NodePort", "selector": labels, "ports": [{"name": "http", "port": 8089, "targetPort": 8089}]},
    });
    let path = format!("/.well-known/acme-challenge/{}", text(challenge, "spec.token"));
    let mut ingress_meta = with_labels("Ingress", &named("ingress"));
    ingress_meta["annotations"] = json!({
        "kubernetes.io/ingress.class": "traefik", "nginx.ingress.kubernetes.io/whitelist-source-range": "0.0.0.0/0,::/0",
    });
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": ingress_meta,
        "spec": {"rules": [{"host": text(challenge, "spec.dnsName"), "http": {"paths": [
            {"path": path, "pathType": "ImplementationSpecific", "backend": {"service": {"name": service_name, "port": {"number": 8089}}}}]}}]},
    });
    [pod, service, ingress]
}

/// Which authority stands behind an issuer.
pub fn signer_of(issuer: &str) -> Signer {
    match issuer {
        i if i.contains("staging") => Signer::Staging,
        i if i.contains("letsencrypt") => Signer::LetsEncrypt,
        i if i.contains("selfsigned") => Signer::Itself,
        _ => Signer::CustomCa,
    }
}

/// The `kubernetes.io/tls` Secret of an issued certificate.
pub fn tls_secret(certificate: &Value, not_before: Timestamp, not_after: Timestamp, created: Timestamp) -> Value {
    let hosts = dns_names(certificate);
    let issuer = at(certificate, "spec.issuerRef");
    let signer = signer_of(text(issuer, "name"));
    let chain = x509::chain_pem(&Leaf { names: &hosts, not_before, not_after, signer });
    let secret_name = text(certificate, "spec.secretName");
    let mut data = json!({"tls.crt": STANDARD.encode(chain), "tls.key": STANDARD.encode(x509::LEAF_KEY)});
    if signer == Signer::CustomCa {
        data["ca.crt"] = STANDARD.encode(x509::ca_pem(signer)).into();
    }
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": secret_name, "namespace": namespace(certificate),
            "uid": names::uid(&["Secret", namespace(certificate), secret_name]), "creationTimestamp": times::text(created),
            "labels": {"controller.cert-manager.io/fao": "true"},
            "annotations": {
                "cert-manager.io/alt-names": hosts.join(","), "cert-manager.io/certificate-name": name(certificate),
                "cert-manager.io/common-name": hosts.first().cloned().unwrap_or_default(), "cert-manager.io/ip-sans": "",
                "cert-manager.io/issuer-group": "cert-manager.io", "cert-manager.io/issuer-kind": text(issuer, "kind"),
                "cert-manager.io/issuer-name": text(issuer, "name"), "cert-manager.io/uri-sans": "",
            },
        },
        "type": "kubernetes.io/tls", "data": data,
    })
}

/// The status of a certificate that is in order.
pub fn issued_status(not_before: Timestamp, not_after: Timestamp, revision: i64, since: Timestamp) -> Value {
    json!({
        "conditions": [certificate_condition("Ready", true, "Ready", "Certificate is up to date and has not expired", since)],
        "notAfter": times::text(not_after), "notBefore": times::text(not_before),
        "renewalTime": times::text(renewal(not_before, not_after)), "revision": revision,
    })
}

/// When cert-manager renews by default: after two thirds of the life time.
pub fn renewal(not_before: Timestamp, not_after: Timestamp) -> Timestamp {
    let life = not_after.duration_since(not_before).as_secs();
    times::shift(not_after, -(life / 3))
}
