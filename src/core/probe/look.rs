//! Probes on behalf of a session: with its DNS configuration, its clock, and what its clusters tell.

use super::{CheckRequest, CheckStep, Dns, DnsConfig, Method, Roots, Served, TlsFault, TlsTarget, probe, self_check};
use crate::certificates::CertificateView;
use crate::certificates::diagnose::Role;
use crate::cluster::{ForwardRequest, ForwardTarget, Method as Verb, Request};
use crate::overview::Overview;
use crate::resources::Level;
use crate::session::Session;
use crate::{Problem, ProblemKind, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::IpAddr;

/// The port on which cert-manager's HTTP-01 solver listens (`acmeSolverListenPort`).
const SOLVER_PORT: u16 = 8089;

/// The table of `config.toml` that is ours.
#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    dns: DnsConfig,
}

impl Session {
    /// Who is asked about names: `[dns]` of the configuration, else the system's resolvers.
    ///
    /// # Errors
    /// When the configuration is wrong or there is no resolver.
    pub fn dns(&self) -> Result<Dns> {
        let text = self.config_file().and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let config = toml::from_str::<File>(&text).map_err(|e| {
            Problem::config("cannot read [dns] of the configuration", e.message().to_owned())
                .next("servers = [\"address:port\"], authoritative-port = 53")
        })?;
        Dns::new(&config.dns).map_err(|e| Problem::config("cannot ask DNS", e.words()).next("set [dns] servers"))
    }
    /// What is served at a host, judged with the system's roots and those of `ca` (PEM).
    ///
    /// # Errors
    /// When DNS cannot be asked at all. That nothing is served is an answer.
    pub async fn probe(&self, target: &TlsTarget, ca: Option<&[u8]>) -> Result<Result<Served, TlsFault>> {
        let roots = ca.map_or_else(Roots::system, |pem| Roots::system().and_pem(pem));
        Ok(probe(&self.dns()?, target, &roots, self.clock().now()).await)
    }
    /// Makes the checks for a certificate that its authority would make, from here; each is told when it is done.
    /// Reads the open challenges; changes nothing.
    ///
    /// # Errors
    /// When DNS cannot be asked at all.
    pub async fn check_certificate(
        &self,
        context: &str,
        seen: &Overview,
        certificate: &CertificateView,
        mut tell: impl FnMut(CheckStep),
    ) -> Result<()> {
        let dns = self.dns()?;
        let (mut request, ca, forward) = self.what_to_check(context, seen, certificate).await;
        // Held until the checks are done; its port closes with it.
        let _inside = match forward {
            Some(forward) => self.forward(context, forward).await.ok(),
            None => None,
        };
        request.inside = _inside.as_ref().map(crate::cluster::Forward::local);
        let roots = Roots::system().and_pem(&ca);
        self_check(&dns, &roots, &request, self.clock().now(), &mut tell).await;
        if certificate.managed {
            tell(self.webhook(context, &certificate.namespace).await);
        }
        Ok(())
    }

    async fn what_to_check(
        &self,
        context: &str,
        seen: &Overview,
        certificate: &CertificateView,
    ) -> (CheckRequest, Vec<u8>, Option<ForwardRequest>) {
        let links = seen.chain(certificate).map(|c| c.links).unwrap_or_default();
        let of = |role: Role| links.iter().filter(move |l| l.role == role).filter_map(|l| l.object.clone());
        let (mut http, mut txt, mut forward, mut dns) = (Vec::new(), Vec::new(), None, false);
        for object in of(Role::Challenge) {
            let Ok(challenge) = self.object(context, &object).await else { continue };
            let text = |name: &str| challenge["spec"][name].as_str().unwrap_or_default().to_owned();
            if challenge["status"]["state"] == "valid" {
                continue;
            }
            if challenge["spec"]["type"] == "DNS-01" {
                dns = true;
                txt.push((text("dnsName"), text("key")));
            } else {
                let labels = solver_labels(&text("dnsName"), &text("token"));
                let target = ForwardTarget::Selector { namespace: object.namespace.clone(), labels };
                forward = Some(ForwardRequest { target, port: SOLVER_PORT, local_port: 0 });
                http.push((text("dnsName"), text("token"), text("key")));
            }
        }
        let issuer = match of(Role::Issuer).next() {
            Some(object) => self.object(context, &object).await.unwrap_or_default(),
            None => Value::Null,
        };
        let acme = &issuer["spec"]["acme"];
        let bundle = acme["caBundle"].as_str().unwrap_or_default();
        let ca = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, bundle).unwrap_or_default();
        let wildcard = certificate.hosts.iter().any(|h| h.starts_with("*."));
        let solvers = acme["solvers"].as_array().cloned().unwrap_or_default();
        dns |= wildcard || (!solvers.is_empty() && solvers.iter().all(|s| s["dns01"].is_object()));
        let method = match (acme.is_object(), dns) {
            (false, _) => Method::None,
            (true, true) => Method::Dns01(txt),
            (true, false) => Method::Http01(http),
        };
        let hosts: Vec<String> = certificate.hosts.iter().map(ToString::to_string).collect();
        let server = acme["server"].as_str().unwrap_or_default().to_owned();
        let expected = if dns { Vec::new() } else { addresses(&self.route_objects(context, seen, certificate).await) };
        (CheckRequest { hosts, method, expected, inside: None, server }, ca, forward)
    }
    /// The objects of the routes that use a certificate.
    async fn route_objects(&self, context: &str, seen: &Overview, certificate: &CertificateView) -> Vec<Value> {
        let mut objects = Vec::new();
        for route in seen.routes.iter().filter(|r| certificate.hosts.contains(&r.host)).take(8) {
            objects.extend(self.object(context, &route.object).await.ok());
        }
        objects
    }
    /// Whether cert-manager's webhook answers: the server tries a Certificate and keeps nothing.
    async fn webhook(&self, context: &str, namespace: &str) -> CheckStep {
        let body = json!({
            "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": { "generateName": "qd-self-check-", "namespace": namespace },
            "spec": { "secretName": "qd-self-check", "dnsNames": ["self-check.invalid"], "issuerRef": { "name": "none" } },
        });
        let path = format!("/apis/cert-manager.io/v1/namespaces/{namespace}/certificates");
        let request = Request::write(Verb::Post, path, body.to_string()).query("dryRun", "All");
        let answer = match self.cluster(context) {
            Ok(cluster) => cluster.json::<Value>(request).await,
            Err(problem) => Err(problem),
        };
        let step = |level, words: String| CheckStep::new("webhook", "cert-manager", level, words);
        match answer {
            Ok(_) => step(Level::Good, "the admission webhook and the CRDs answer a dry run".into()),
            Err(problem) if problem.kind == ProblemKind::Forbidden => {
                step(Level::Unknown, "not tried: you may not create Certificates here".into())
            }
            Err(problem) if problem.kind == ProblemKind::NotFound => {
                step(Level::Bad, problem.why).next("install cert-manager's CRDs")
            }
            Err(problem) => {
                step(Level::Bad, problem.why).next("look at the pods of cert-manager-webhook and its caBundle")
            }
        }
    }
}

/// The labels that cert-manager gives the solver of a challenge: checksums of name and token.
fn solver_labels(host: &str, token: &str) -> String {
    let (host, token) = (adler32(host), adler32(token));
    let group = "acme.cert-manager.io";
    format!("{group}/http01-solver=true,{group}/http-domain={host},{group}/http-token={token}")
}

/// RFC 1950 §8.2.
fn adler32(text: &str) -> u32 {
    let (a, b) = text.bytes().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    (b << 16) | a
}

/// Addresses in the status of Ingresses and Gateways.
fn addresses(objects: &[Value]) -> Vec<IpAddr> {
    let listed = objects.iter().flat_map(|o| {
        let ingress = o["status"]["loadBalancer"]["ingress"].as_array().into_iter().flatten().map(|i| &i["ip"]);
        let gateway = o["status"]["addresses"].as_array().into_iter().flatten().map(|a| &a["value"]);
        ingress.chain(gateway).filter_map(|v| v.as_str()?.parse().ok()).collect::<Vec<IpAddr>>()
    });
    let mut all: Vec<IpAddr> = listed.collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solver_is_found_by_the_checksums_that_cert_manager_takes() {
        assert_eq!(adler32("Wikipedia"), 0x11E6_0398);
        assert!(solver_labels("a.lab.test", "t").contains("http-token=7667829"));
    }

    #[test]
    fn addresses_of_ingress_and_gateway_are_read() {
        let objects = [
            json!({"status": {"loadBalancer": {"ingress": [{"ip": "51.77.12.9"}, {"hostname": "lb.example"}]}}}),
            json!({"status": {"addresses": [{"type": "IPAddress", "value": "51.77.12.9"}]}}),
        ];
        assert_eq!(addresses(&objects), ["51.77.12.9".parse::<IpAddr>().unwrap()]);
    }
}
