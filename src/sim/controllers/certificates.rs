//! cert-manager in small: a certificate that wants issuing gets a key, a
//! request, an order and challenges, and some seconds later its Secret.
//!
//! A host whose name holds `stuck` or `nxdomain`, and one named by the
//! annotation `sim.quarterdeck.dev/stuck` on the Certificate, never passes its
//! self check.

use super::cluster::{Cluster, leaving};
use crate::shapes::event::Happening;
use crate::shapes::pod_state::{self, PodState};
use crate::shapes::{acme, names, network, times};
use crate::table::age;
use crate::value::{annotation, at, condition, list, name, namespace, text};
use serde_json::{Value, json};

const API: &str = "cert-manager.io/v1";
const ACME: &str = "acme.cert-manager.io/v1";

fn find(cluster: &Cluster, ns: &str, object: &str) -> Option<Value> {
    cluster.find(API, "Certificate", ns, object).filter(|c| !leaving(c))
}

/// Why the self check of a certificate fails, if it does.
fn stuck(c: &Value) -> Option<String> {
    let host = acme::dns_names(c).into_iter().find(|h| h.contains("stuck") || h.contains("nxdomain"));
    let host = match annotation(c, "sim.quarterdeck.dev/stuck") {
        Some(_) => acme::dns_names(c).into_iter().next(),
        None => host,
    }?;
    Some(format!("dial tcp: lookup {host} on 10.96.0.10:53: no such host"))
}

/// A UID that no earlier object of the name had.
fn fresh(ns: &str, object: &str, now: jiff::Timestamp) -> Value {
    names::uid(&["again", ns, object, &times::text(now)]).into()
}

/// The issuer of the Secret is not the one that the Certificate names.
fn other_issuer(cluster: &Cluster, c: &Value) -> bool {
    let Some(secret) = cluster.find("v1", "Secret", namespace(c), text(c, "spec.secretName")) else { return false };
    let signed = annotation(&secret, "cert-manager.io/issuer-name");
    signed.is_some_and(|name| name != text(c, "spec.issuerRef.name"))
}

/// Begins an issuance when there is no Secret, when it is of another issuer, or when somebody asked for it
/// (`status.conditions[Issuing]` with the reason `ManuallyTriggered`).
pub(super) fn reconcile(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(c) = find(cluster, ns, object) else { return };
    let issuing = condition(&c, "Issuing").clone();
    let asked = issuing["status"] == "True" && issuing["reason"] == "ManuallyTriggered";
    let ready = condition(&c, "Ready")["status"] == "True";
    let gone = ready && cluster.find("v1", "Secret", ns, text(&c, "spec.secretName")).is_none();
    let other = ready && issuing["status"].is_null() && other_issuer(cluster, &c);
    let new = list(&c, "status.conditions").is_empty() || gone || other;
    // What was deleted in the middle is made again.
    let lost = issuing["status"] == "True" && open_request(cluster, &c).is_none();
    if !(asked || new || lost) || !(lost || text(&c, "status.nextPrivateKeySecretName").is_empty()) {
        return;
    }
    let now = cluster.now();
    let missing = "Issuing certificate as Secret does not exist";
    let key = acme::key_secret(&c, now);
    cluster.put(key.clone(), "cert-manager");
    cluster.change(&c, "cert-manager", |c| {
        if new {
            c["status"]["conditions"] = json!([
                acme::certificate_condition("Issuing", true, "DoesNotExist", missing, now),
                acme::certificate_condition("Ready", false, "DoesNotExist", missing, now),
            ]);
        }
        c["status"]["nextPrivateKeySecretName"] = name(&key).into();
    });
    let message = if new { missing } else { "Certificate re-issuance manually triggered" };
    cluster.say(&c, "cert-manager-certificates-trigger", "Issuing", message.into());
    cluster.say(
        &c,
        "cert-manager-certificates-key-manager",
        "Generated",
        format!("Stored new private key in temporary Secret resource \"{}\"", name(&key)),
    );
    let revision = at(&c, "status.revision").as_i64().unwrap_or(0) + 1;
    let request_name = format!("{object}-{revision}");
    if let Some(reason) = grudge(cluster, &c) {
        cluster.refusals.insert((ns.to_owned(), object.to_owned()), reason);
    }
    if let Some(old) = cluster.find(API, "CertificateRequest", ns, &request_name) {
        cluster.delete(&old, None);
    }
    let mut request = acme::request(&c, revision, now);
    // What is made again is another object.
    request["metadata"]["uid"] = fresh(ns, &request_name, now);
    let issuer = text(&c, "spec.issuerRef.name");
    let kind = match text(&c, "spec.issuerRef.kind") {
        "" => "Issuer",
        kind => kind,
    };
    let scope = if kind == "ClusterIssuer" { "" } else { ns };
    match cluster.find(API, kind, scope, issuer) {
        None => {
            let words = format!(
                "Referenced \"{kind}\" not found: {}.cert-manager.io \"{issuer}\" not found",
                kind.to_lowercase()
            );
            acme::answer_request(&mut request, false, "Pending", &words, now);
        }
        Some(i) if condition(&i, "Ready")["status"] != "True" => {
            acme::answer_request(
                &mut request,
                false,
                "Pending",
                "Referenced issuer does not have a Ready status condition",
                now,
            );
        }
        Some(_) => cluster.later(900, "certificate-ordered", ns, object),
    }
    cluster.say(
        &c,
        "cert-manager-certificates-request-manager",
        "Requested",
        format!("Created new CertificateRequest resource \"{request_name}\""),
    );
    cluster.put(request, "cert-manager");
}

/// A challenge became valid: its certificate is issued soon.
pub(super) fn challenge(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(x) = cluster.find(ACME, "Challenge", ns, object).filter(|x| text(x, "status.state") == "valid") else {
        return;
    };
    let order = list(&x, "metadata.ownerReferences").first().map_or("", |o| text(o, "name"));
    let Some(order) = cluster.find(ACME, "Order", ns, order) else { return };
    if let Some(certificate) = annotation(&order, "cert-manager.io/certificate-name") {
        cluster.later(1500, "certificate-issued", ns, certificate);
    }
}

/// Why the last order for the certificate was refused, if it was: the ACME
/// server will say the same again.
fn grudge(cluster: &Cluster, c: &Value) -> Option<String> {
    let mut orders = cluster.store.all(ACME, "Order", Some(namespace(c)));
    orders.retain(|o| annotation(o, "cert-manager.io/certificate-name") == Some(name(c)));
    orders.sort_by_key(|o| text(o, "metadata.creationTimestamp").to_owned());
    orders.last().filter(|o| text(o, "status.state") == "errored").map(|o| text(o, "status.reason").to_owned())
}

/// The order is refused: request and certificate say so, and when it is tried again.
fn refused(cluster: &mut Cluster, c: &Value, request: &Value, reason: &str) {
    let now = cluster.now();
    let mut order = acme::order(request, &acme::dns_names(c), now);
    acme::refuse_order(&mut order, reason, now);
    let message = format!(
        "Failed to wait for order resource \"{}\" to become ready: order is in \"errored\" state: {reason}",
        name(&order)
    );
    cluster.put(order, "cert-manager");
    cluster.change(request, "cert-manager", |r| acme::answer_request(r, false, "Failed", &message, now));
    let words = format!("The certificate request has failed to complete and will be retried: {message}");
    cluster.change(c, "cert-manager", |c| {
        let issuing = acme::certificate_condition("Issuing", false, "Failed", &words, now);
        if let Some(conditions) = c["status"]["conditions"].as_array_mut() {
            conditions.retain(|x| x["type"] != "Issuing");
            conditions.push(issuing);
        }
        c["status"]["failedIssuanceAttempts"] =
            (c["status"]["failedIssuanceAttempts"].as_i64().unwrap_or(0) + 1).into();
        c["status"]["lastFailureTime"] = times::text(now).into();
        if let Some(status) = c["status"].as_object_mut() {
            status.shift_remove("nextPrivateKeySecretName");
        }
    });
    cluster.record(
        c,
        &Happening {
            warning: true,
            reason: "Failed",
            message: words,
            source: "cert-manager-certificates-issuing",
            count: 1,
            ..Happening::default()
        },
    );
}

fn open_request(cluster: &Cluster, c: &Value) -> Option<Value> {
    cluster
        .owned(API, "CertificateRequest", c)
        .into_iter()
        .find(|r| condition(r, "Ready")["status"] != "True" && condition(r, "Ready")["reason"] != "Failed")
}

/// The order is placed and its challenges are presented.
pub(super) fn ordered(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(c) = find(cluster, ns, object) else { return };
    let Some(request) = open_request(cluster, &c) else { return };
    let now = cluster.now();
    let issuer_is_acme = ["ClusterIssuer", "Issuer"].iter().any(|kind| {
        let scope = if *kind == "ClusterIssuer" { "" } else { ns };
        cluster.find(API, kind, scope, text(&c, "spec.issuerRef.name")).is_some_and(|i| at(&i, "spec.acme").is_object())
    });
    if let Some(reason) = cluster.refusals.remove(&(ns.to_owned(), object.to_owned())) {
        refused(cluster, &c, &request, &reason);
        return;
    }
    if issuer_is_acme {
        let mut order = acme::order(&request, &acme::dns_names(&c), now);
        acme::accept_order(&mut order, "pending");
        let words = format!("Waiting on certificate issuance from order {ns}/{}: \"pending\"", name(&order));
        cluster.change(&request, "cert-manager", |r| acme::answer_request(r, false, "Pending", &words, now));
        cluster.say(
            &request,
            "cert-manager-certificaterequests-issuer-acme",
            "OrderCreated",
            format!("Created Order resource {ns}/{}", name(&order)),
        );
        for host in acme::dns_names(&c) {
            let mut challenge = acme::challenge(&order, &host, now);
            match stuck(&c) {
                Some(why) => acme::wait_for_self_check(&mut challenge, &why, now),
                None => challenge["status"]["presented"] = true.into(),
            }
            cluster.say(
                &order,
                "cert-manager-orders",
                "Created",
                format!("Created Challenge resource \"{}\" for domain \"{host}\"", name(&challenge)),
            );
            solve(cluster, &challenge);
            cluster.put(challenge, "cert-manager");
        }
        cluster.put(order, "cert-manager");
    }
    if stuck(&c).is_none() || !issuer_is_acme {
        cluster.later(3200, "certificate-issued", ns, object);
    }
}

fn solve(cluster: &mut Cluster, challenge: &Value) {
    if challenge["spec"]["type"] != "HTTP-01" {
        return;
    }
    let now = cluster.now();
    let nodes = super::cluster::nodes(&cluster.store);
    let (node, node_ip) = nodes.first().cloned().unwrap_or(("node-1".into(), "192.0.2.11".into()));
    let [mut pod, mut service, ingress] = acme::solver(challenge, &node, now);
    pod_state::apply(&mut pod, &PodState::default(), now, now, &node_ip, "10.43.250.7");
    network::default_service(&mut service);
    for part in [pod, service, ingress] {
        cluster.put(part, "cert-manager");
    }
}

/// Everything is validated: Secret, request and status are completed, the challenges go.
pub(super) fn issued(cluster: &mut Cluster, ns: &str, object: &str) {
    let Some(c) = find(cluster, ns, object) else { return };
    let Some(request) = open_request(cluster, &c) else { return };
    let now = cluster.now();
    let not_after = times::shift(now, 90 * 86_400);
    let old = cluster.find("v1", "Secret", ns, text(&c, "spec.secretName"));
    let mut secret = acme::tls_secret(&c, now, not_after, now);
    secret["metadata"]["uid"] = fresh(ns, name(&secret), now);
    if let Some(old) = &old {
        secret["metadata"]["uid"] = old["metadata"]["uid"].clone();
        secret["metadata"]["creationTimestamp"] = old["metadata"]["creationTimestamp"].clone();
    }
    let chain = secret["data"]["tls.crt"].clone();
    cluster.put(secret, "cert-manager");
    for order in cluster.owned(ACME, "Order", &request) {
        for challenge in cluster.owned(ACME, "Challenge", &order) {
            cluster.change(&challenge, "cert-manager", |c| c["metadata"]["finalizers"] = json!([]));
            cluster.delete(&challenge, None);
        }
        cluster.change(&order, "cert-manager", |o| {
            o["status"]["state"] = "valid".into();
            o["status"]["certificate"] = chain.clone();
        });
        cluster.say(&order, "cert-manager-orders", "Complete", "Order completed successfully".into());
    }
    cluster.change(&request, "cert-manager", |r| {
        acme::answer_request(r, true, "Issued", "Certificate fetched from issuer successfully", now);
        r["status"]["certificate"] = chain.clone();
    });
    let key_name = text(&c, "status.nextPrivateKeySecretName").to_owned();
    if let Some(key) = cluster.find("v1", "Secret", namespace(&c), &key_name) {
        cluster.delete(&key, None);
    }
    let revision = at(&c, "status.revision").as_i64().unwrap_or(0) + 1;
    let since = match condition(&c, "Ready")["status"].as_str() {
        Some("True") => age::time(condition(&c, "Ready"), "lastTransitionTime").unwrap_or(now),
        _ => now,
    };
    let mut status = acme::issued_status(now, not_after, revision, since);
    status["conditions"][0]["observedGeneration"] = at(&c, "metadata.generation").clone();
    cluster.set_status(&c, "cert-manager", status);
    cluster.say(
        &c,
        "cert-manager-certificates-issuing",
        "Issuing",
        "The certificate has been successfully issued".into(),
    );
}
