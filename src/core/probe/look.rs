//! Probes on behalf of a session: with its DNS configuration, its clock, and what its clusters tell.

use super::{
    CheckRequest, CheckStep, Dns, DnsConfig, Method, Ports, Roots, Served, TlsFault, TlsTarget, probe, self_check,
};
use crate::certificates::CertificateView;
use crate::certificates::diagnose::Role;
use crate::certificates::truths::{Look, Looks};
use crate::cluster::{ForwardRequest, ForwardTarget, Method as Verb, Request};
use crate::overview::Overview;
use crate::resources::{Level, ObjectRef};
use crate::routes::RouteView;
use crate::session::Session;
use crate::{Problem, ProblemKind, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;

/// The port on which cert-manager's HTTP-01 solver listens (`acmeSolverListenPort`).
const SOLVER_PORT: u16 = 8089;

/// The table of `config.toml` that is ours.
#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    dns: DnsConfig,
    #[serde(default)]
    probe: ProbeConfig,
}

/// When hosts are looked at.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct ProbeConfig {
    /// When the page of a certificate is opened.
    on_open: bool,
    /// When a run ends at routes: whether they answer.
    on_run: bool,
    /// Where the hosts of routes serve TLS, seen from here.
    https_port: u16,
    /// Where they serve plain HTTP.
    http_port: u16,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self { on_open: true, on_run: true, https_port: 443, http_port: 80 }
    }
}

fn read(config: Option<&std::path::Path>) -> Result<File> {
    let text = config.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    toml::from_str::<File>(&text).map_err(|e| {
        Problem::config("cannot read [dns] and [probe] of the configuration", e.message().to_owned())
            .next("[dns] servers = [\"address:port\"], authoritative-port = 53; [probe] https-port = 443")
    })
}

/// A Secret without its key: nothing but the authority is decoded.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OfAuthority {
    data: AuthorityData,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AuthorityData {
    #[serde(rename = "ca.crt")]
    ca: Option<String>,
}

/// Hosts of a certificate that are looked at.
const HOSTS: usize = 3;

/// Looks at a host in place of the network.
pub type Script = Arc<dyn Fn(&TlsTarget) -> std::result::Result<Served, TlsFault> + Send + Sync>;

/// How hosts are looked at.
#[derive(Clone, Default)]
pub enum Probing {
    #[default]
    Network,
    /// Not at all, and why: hosts of a demo are somebody else's.
    Off(&'static str),
    /// As this says; for tests.
    Script(Script),
}

/// Who is asked about names: `[dns]` of a configuration file, else the system's resolvers.
pub(crate) fn dns_of(config: Option<&std::path::Path>) -> Result<Dns> {
    Dns::new(&read(config)?.dns).map_err(|e| Problem::config("cannot ask DNS", e.words()).next("set [dns] servers"))
}

/// Where the hosts of routes serve TLS, seen from here: 443 unless `[probe]` of a configuration file says otherwise.
pub(crate) fn https_port(config: Option<&std::path::Path>) -> u16 {
    read(config).unwrap_or_default().probe.https_port
}

/// Where the routes are asked at the end of a run; `None` when the configuration does not want that.
pub(crate) fn of_routes(config: Option<&std::path::Path>) -> Option<Ports> {
    let config = read(config).unwrap_or_default().probe;
    config.on_run.then_some(Ports { http: config.http_port, https: config.https_port })
}

impl Session {
    /// Who is asked about names: `[dns]` of the configuration, else the system's resolvers.
    ///
    /// # Errors
    /// When the configuration is wrong or there is no resolver.
    pub fn dns(&self) -> Result<Dns> {
        dns_of(self.config_file())
    }
    /// What is served at a host, judged with the system's roots and those of `ca` (PEM).
    ///
    /// # Errors
    /// When DNS cannot be asked at all. That nothing is served is an answer.
    pub async fn probe(&self, target: &TlsTarget, ca: Option<&[u8]>) -> Result<Result<Served, TlsFault>> {
        let roots = ca.map_or_else(Roots::system, |pem| Roots::system().and_pem(pem));
        match self.probing() {
            Probing::Network => Ok(probe(&self.dns()?, target, &roots, self.clock().now()).await),
            Probing::Script(script) => Ok(script(target)),
            Probing::Off(why) => Err(off(why)),
        }
    }
    /// What is served at the hosts of the routes that use a certificate: at the address of the route and, where the
    /// public name leads elsewhere, there too. `wanted`: somebody has asked for it, so that what the configuration says
    /// of opening a page does not count.
    pub async fn looks(&self, context: &str, seen: &Overview, certificate: &CertificateView, wanted: bool) -> Looks {
        self.looks_within(context, seen, certificate, None, wanted).await
    }
    /// The same at one of its hosts only.
    pub(crate) async fn looks_within(
        &self,
        context: &str,
        seen: &Overview,
        certificate: &CertificateView,
        only: Option<&str>,
        wanted: bool,
    ) -> Looks {
        let mut looks = Looks { at: self.clock().now(), ..Looks::default() };
        if let Probing::Off(why) = self.probing() {
            looks.none = (*why).to_owned();
            return looks;
        }
        if !wanted && !self.probe_config().on_open {
            looks.none = "[probe] on-open is false: hosts are looked at when somebody asks (refresh)".into();
            return looks;
        }
        let uses = |r: &&RouteView| r.tls.is_of(certificate) && only.is_none_or(|host| *r.host == *host);
        let mut hosts: Vec<(String, Vec<ObjectRef>)> = Vec::new();
        for route in seen.routes.iter().filter(uses) {
            let host = route.host.to_string();
            if host.starts_with(['*', '~']) || !host.contains('.') {
                continue;
            }
            match hosts.iter().position(|(h, _)| *h == host) {
                Some(at) if !hosts[at].1.contains(&route.object) => hosts[at].1.push(route.object.clone()),
                None if hosts.len() < HOSTS => hosts.push((host, vec![route.object.clone()])),
                _ => {}
            }
        }
        if hosts.is_empty() {
            looks.none = "no route with a host uses it".into();
            return looks;
        }
        let ca = self.own_authority(context, certificate).await;
        let asked = hosts.into_iter().map(|(host, objects)| self.look_at(context, host, objects, &ca));
        let found = futures::future::join_all(asked).await;
        for one in found {
            match one {
                Ok(found) => looks.looks.extend(found),
                Err(problem) => looks.none = problem.line(),
            }
        }
        looks
    }
    /// The authority that issued a certificate, as its Secret names it (`ca.crt`): a private one is no fault of what is
    /// served. Empty where there is none (ACME) or the Secret may not be read.
    async fn own_authority(&self, context: &str, certificate: &CertificateView) -> Vec<u8> {
        let (namespace, name) = (&certificate.namespace, &certificate.secret);
        let request = Request::get(format!("/api/v1/namespaces/{namespace}/secrets/{name}"));
        let Ok(cluster) = self.cluster(context) else { return Vec::new() };
        let secret = cluster.json::<OfAuthority>(request).await.unwrap_or_default();
        let text = secret.data.ca.unwrap_or_default();
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap_or_default()
    }
    async fn look_at(&self, context: &str, host: String, routes: Vec<ObjectRef>, ca: &[u8]) -> Result<Vec<Look>> {
        let mut objects = Vec::new();
        for route in routes.iter().take(4) {
            objects.extend(self.object(context, route).await.ok());
        }
        let route = addresses(&objects).into_iter().next();
        let look = |address| {
            let target = TlsTarget { host: host.clone(), address, port: self.probe_config().https_port };
            async move {
                let found = self.probe(&target, Some(ca)).await?;
                Ok::<_, Problem>(Look { by_route: target.address.is_some(), target, found })
            }
        };
        let mut looks = Vec::new();
        if route.is_some() {
            looks.push(look(route).await?);
        }
        if let (Some(route), Probing::Network) = (route, self.probing()) {
            let there = self.dns()?.addresses(&host).await.map(|a| a.addresses()).unwrap_or_default();
            if there.is_empty() || there.contains(&route) {
                return Ok(looks);
            }
        } else if route.is_some() {
            return Ok(looks);
        }
        looks.push(look(None).await?);
        Ok(looks)
    }
    fn probe_config(&self) -> ProbeConfig {
        read(self.config_file()).unwrap_or_default().probe
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
        if let Probing::Off(why) = self.probing() {
            return Err(off(why));
        }
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

fn off(why: &str) -> Problem {
    Problem::new(ProblemKind::Cancelled, "cannot look at hosts", why)
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
pub(crate) fn addresses(objects: &[Value]) -> Vec<IpAddr> {
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
