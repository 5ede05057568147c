//! Certificates with the chain of objects that their state implies.

use super::build::Builder;
use crate::shapes::event::{Happening, event};
use crate::shapes::pod_state::{self, PodState};
use crate::shapes::{acme, bulk, names, network, times};
use crate::value::{annotation, list, name, namespace, owned_by, text};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What a certificate's hints say, with their defaults.
struct Hints<'a> {
    state: &'a str,
    /// Since when the state holds.
    since: Timestamp,
    /// First moment of the certificate that is there.
    issued: Timestamp,
    /// How long it is valid, in seconds.
    life: i64,
    revision: i64,
    attempts: i64,
    why: &'a str,
}

const DAY: i64 = 86_400;

fn failed_message(order: &str, state: &str, reason: &str) -> String {
    format!("Failed to wait for order resource \"{order}\" to become ready: order is in \"{state}\" state: {reason}")
}

impl Builder {
    /// An ingress; with the issuer annotation its certificate follows, as cert-manager's ingress-shim makes it.
    pub fn add_ingress(&mut self, mut ingress: Value, hints: &Value) {
        ingress["status"] = match hints["address"].as_str() {
            Some(address) => json!({"loadBalancer": {"ingress": [{"ip": address}]}}),
            None => json!({"loadBalancer": {}}),
        };
        let issuer = annotation(&ingress, "cert-manager.io/cluster-issuer").map(str::to_owned);
        for tls in list(&ingress, "spec.tls").to_vec() {
            let Some(issuer) = &issuer else { break };
            let mut certificate = json!({
                "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
                "metadata": {
                    "name": tls["secretName"], "namespace": namespace(&ingress), "labels": ingress["metadata"]["labels"],
                    "creationTimestamp": ingress["metadata"]["creationTimestamp"], "ownerReferences": [owned_by(&ingress)],
                },
                "spec": {
                    "dnsNames": tls["hosts"], "secretName": tls["secretName"], "usages": ["digital signature", "key encipherment"],
                    "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer},
                },
            });
            if certificate["metadata"]["labels"].is_null()
                && let Some(meta) = certificate["metadata"].as_object_mut()
            {
                meta.shift_remove("labels");
            }
            self.identify(&mut certificate, &Value::Null);
            self.add_certificate(certificate, &hints["certificate"]);
        }
        self.objects.push(ingress);
    }

    /// A certificate in the state its hints give; `ready` by default.
    pub fn add_certificate(&mut self, mut certificate: Value, hints: &Value) {
        let seconds = |key: &str| hints[key].as_str().and_then(times::seconds);
        let age = self
            .now
            .duration_since(crate::table::age::time(&certificate, "metadata.creationTimestamp").unwrap_or(self.now))
            .as_secs();
        let life = seconds("life").unwrap_or(90 * DAY);
        let phase = names::number(&[&self.seed, "issued", namespace(&certificate), name(&certificate)], 55) as i64
            * DAY
            + 3 * 3600
            + 840;
        let ago = seconds("issued").unwrap_or(phase.min(age));
        let renewals = age.saturating_sub(ago) / (life * 2 / 3).max(1);
        let h = Hints {
            state: match text(hints, "state") {
                "" => "ready",
                state => state,
            },
            since: times::shift(self.now, -seconds("since").unwrap_or(ago.min(age))),
            issued: times::shift(self.now, -ago),
            life,
            revision: hints["revision"].as_i64().unwrap_or(1 + renewals),
            attempts: hints["attempts"].as_i64().unwrap_or(1),
            why: text(hints, "why"),
        };
        let ends = times::shift(h.issued, h.life);
        match h.state {
            "ready" => self.issued(&mut certificate, &h, ends),
            "overdue" => {
                self.issued(&mut certificate, &h, ends);
                self.failing(&mut certificate, &h, true);
            }
            "expired" => {
                self.issued(&mut certificate, &h, ends);
                let message = format!("Certificate expired on {}", ends.strftime("%a, %d %b %Y %H:%M:%S UTC"));
                certificate["status"]["conditions"] =
                    json!([acme::certificate_condition("Ready", false, "Expired", &message, ends)]);
                self.failing(&mut certificate, &h, true);
            }
            "failed" => {
                self.not_there(&mut certificate, h.since);
                self.failing(&mut certificate, &h, false);
            }
            // pending, issuing, no-issuer, issuer-not-ready, secret-missing
            _ => self.under_way(&mut certificate, &h, ends),
        }
        self.objects.push(certificate);
    }

    fn issued(&mut self, certificate: &mut Value, h: &Hints<'_>, ends: Timestamp) {
        certificate["status"] = acme::issued_status(h.issued, ends, h.revision, h.issued);
        let born = crate::table::age::time(certificate, "metadata.creationTimestamp").unwrap_or(h.issued);
        let secret = acme::tls_secret(certificate, h.issued, ends, born.min(h.issued));
        let mut request = acme::request(certificate, h.revision, h.issued);
        let is_acme = text(certificate, "spec.issuerRef.name").starts_with("letsencrypt");
        acme::answer_request(&mut request, true, "Issued", "Certificate fetched from issuer successfully", h.issued);
        request["status"]["certificate"] = secret["data"]["tls.crt"].clone();
        if is_acme {
            let mut order = acme::order(&request, &acme::dns_names(certificate), h.issued);
            acme::accept_order(&mut order, "valid");
            order["status"]["certificate"] = secret["data"]["tls.crt"].clone();
            self.objects.push(order);
        }
        self.objects.extend([secret, request]);
    }

    /// The `Ready` condition of a certificate whose Secret is not there.
    fn not_there(&self, certificate: &mut Value, since: Timestamp) {
        let missing = acme::certificate_condition(
            "Ready",
            false,
            "DoesNotExist",
            "Issuing certificate as Secret does not exist",
            since,
        );
        certificate["status"]["conditions"] = json!([missing]);
    }

    /// The last attempt failed; `renewal` if there is a certificate already.
    fn failing(&mut self, certificate: &mut Value, h: &Hints<'_>, renewal: bool) {
        let revision = if renewal { h.revision + 1 } else { h.revision };
        let mut request = acme::request(certificate, revision, h.since);
        let mut order = acme::order(&request, &acme::dns_names(certificate), h.since);
        let at_end = h.why.starts_with("acme:");
        let message = if at_end {
            acme::accept_order(&mut order, "invalid");
            order["status"]["failureTime"] = times::text(h.since).into();
            for host in acme::dns_names(certificate) {
                let mut challenge = acme::challenge(&order, &host, h.since);
                challenge["status"] = json!({"presented": false, "processing": false, "state": "invalid",
                    "reason": format!("Error accepting authorization: {}", h.why), "presentedAt": times::text(h.since)});
                if let Some(meta) = challenge["metadata"].as_object_mut() {
                    meta.shift_remove("finalizers");
                }
                self.objects.push(challenge);
            }
            failed_message(name(&order), "invalid", "")
        } else {
            let reason = format!("Failed to create Order: {}", h.why);
            acme::refuse_order(&mut order, &reason, h.since);
            failed_message(name(&order), "errored", &reason)
        };
        acme::answer_request(&mut request, false, "Failed", &message, h.since);
        let words = format!("The certificate request has failed to complete and will be retried: {message}");
        let issuing = acme::certificate_condition("Issuing", false, "Failed", &words, h.since);
        if let Some(conditions) = certificate["status"]["conditions"].as_array_mut() {
            conditions.push(issuing);
        }
        certificate["status"]["failedIssuanceAttempts"] = h.attempts.into();
        certificate["status"]["lastFailureTime"] = times::text(h.since).into();
        if self.now.duration_since(h.since).as_secs() < 3600 {
            self.say(certificate, "Warning", "Failed", "issuing", &words, h.since);
            self.say(&request, "Warning", "OrderFailed", "certificaterequests-issuer-acme", &message, h.since);
        }
        self.objects.extend([request, order]);
    }

    /// An issuance that has begun and not ended.
    fn under_way(&mut self, certificate: &mut Value, h: &Hints<'_>, ends: Timestamp) {
        let again = h.state == "secret-missing";
        let revision = if again { h.revision + 1 } else { h.revision };
        self.not_there(certificate, h.since);
        let issuing = acme::certificate_condition(
            "Issuing",
            true,
            "DoesNotExist",
            "Issuing certificate as Secret does not exist",
            h.since,
        );
        if let Some(conditions) = certificate["status"]["conditions"].as_array_mut() {
            conditions.insert(0, issuing);
        }
        if again {
            certificate["status"]["revision"] = h.revision.into();
            certificate["status"]["notBefore"] = times::text(h.issued).into();
            certificate["status"]["notAfter"] = times::text(ends).into();
            certificate["status"]["renewalTime"] = times::text(acme::renewal(h.issued, ends)).into();
        }
        let key = acme::key_secret(certificate, h.since);
        certificate["status"]["nextPrivateKeySecretName"] = name(&key).into();
        let mut request = acme::request(certificate, revision, h.since);
        let fresh = self.now.duration_since(h.since).as_secs() < 3600;
        if fresh {
            self.say(
                certificate,
                "Normal",
                "Issuing",
                "trigger",
                "Issuing certificate as Secret does not exist",
                h.since,
            );
            let stored = format!("Stored new private key in temporary Secret resource \"{}\"", name(&key));
            self.say(certificate, "Normal", "Generated", "key-manager", &stored, h.since);
            let requested = format!("Created new CertificateRequest resource \"{}\"", name(&request));
            self.say(certificate, "Normal", "Requested", "request-manager", &requested, h.since);
        }
        let issuer = text(certificate, "spec.issuerRef.name").to_owned();
        match h.state {
            "no-issuer" => {
                let kind = text(certificate, "spec.issuerRef.kind");
                let words = format!(
                    "Referenced \"{kind}\" not found: {}.cert-manager.io \"{issuer}\" not found",
                    kind.to_lowercase()
                );
                acme::answer_request(&mut request, false, "Pending", &words, h.since);
            }
            "issuer-not-ready" | "secret-missing" if !h.why.is_empty() => {
                acme::answer_request(&mut request, false, "Pending", h.why, h.since);
            }
            _ => {
                let mut order = acme::order(&request, &acme::dns_names(certificate), h.since);
                acme::accept_order(&mut order, "pending");
                let words = format!(
                    "Waiting on certificate issuance from order {}/{}: \"pending\"",
                    namespace(&order),
                    name(&order)
                );
                acme::answer_request(&mut request, false, "Pending", &words, h.since);
                for host in acme::dns_names(certificate) {
                    let mut challenge = acme::challenge(&order, &host, h.since);
                    if h.state != "issuing" {
                        acme::wait_for_self_check(&mut challenge, h.why, times::shift(h.since, 1));
                    }
                    if fresh {
                        let made = format!("Created Challenge resource \"{}\" for domain \"{host}\"", name(&challenge));
                        self.say(&order, "Normal", "Created", "orders", &made, h.since);
                        self.say(
                            &challenge,
                            "Normal",
                            "Started",
                            "challenges",
                            "Challenge scheduled for processing",
                            h.since,
                        );
                        self.say(
                            &challenge,
                            "Normal",
                            "Presented",
                            "challenges",
                            "Presented challenge using HTTP-01 challenge mechanism",
                            h.since,
                        );
                    }
                    self.solver(&challenge, h.since);
                    self.objects.push(challenge);
                }
                self.objects.push(order);
            }
        }
        self.objects.extend([key, request]);
    }

    fn solver(&mut self, challenge: &Value, since: Timestamp) {
        if challenge["spec"]["type"] != "HTTP-01" {
            return;
        }
        let (index, node, node_ip) = self.node(None);
        let [mut pod, mut service, mut ingress] = acme::solver(challenge, &node, since);
        let ip = self.pod_ip(index);
        pod_state::apply(&mut pod, &PodState::default(), times::shift(since, 2).min(self.now), self.now, &node_ip, &ip);
        network::default_service(&mut service);
        ingress["status"] = json!({"loadBalancer": {}});
        self.objects.extend([pod, service, ingress]);
    }

    fn say(&mut self, about: &Value, kind: &str, reason: &str, controller: &str, message: &str, at: Timestamp) {
        let source = format!(
            "cert-manager-{}{controller}",
            if matches!(controller, "orders" | "challenges") || controller.starts_with("certificaterequests") {
                ""
            } else {
                "certificates-"
            }
        );
        let what = Happening {
            warning: kind == "Warning",
            reason,
            message: message.to_owned(),
            source: &source,
            count: 1,
            ..Happening::default()
        };
        self.objects.push(event(about, &what, at, at));
    }

    /// `n` certificates of one host each; every fortieth is stuck.
    pub fn bulk_certificates(&mut self, n: usize) {
        if n == 0 || !self.objects.iter().any(|o| o["kind"] == "ClusterIssuer") {
            return;
        }
        for i in 0..n {
            let (ns, object_name) = (bulk::namespace(i), format!("host-{i:05}-tls"));
            let host = format!("host-{i:05}.app.ominis.ai");
            let mut certificate = json!({
                "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
                "metadata": {"name": object_name, "namespace": ns, "generation": 1},
                "spec": {"dnsNames": [host], "secretName": object_name,
                         "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "letsencrypt-prod"}},
            });
            let age = (20 + names::number(&["bulk-cert", &i.to_string()], 40) as i64) * DAY;
            self.identify(&mut certificate, &json!({"age": format!("{age}s")}));
            let issued = times::shift(self.now, -age);
            if i % 40 == 7 {
                let since = times::shift(self.now, -2400);
                self.not_there(&mut certificate, since);
                certificate["status"]["conditions"].as_array_mut().into_iter().for_each(|c| {
                    c.insert(
                        0,
                        acme::certificate_condition(
                            "Issuing",
                            true,
                            "DoesNotExist",
                            "Issuing certificate as Secret does not exist",
                            since,
                        ),
                    );
                });
            } else {
                certificate["status"] = acme::issued_status(issued, times::shift(issued, 90 * DAY), 1, issued);
            }
            self.objects.push(certificate);
        }
    }
}
