//! What is kept of Services, EndpointSlices, Ingresses and Traefik's kinds.

use crate::Str;
use crate::findings::condition::nullable;
use crate::resources::{Head, Meta};
use serde::Deserialize;

/// A port by number or name.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum PortRef {
    Number(i64),
    Name(Str),
}

impl PortRef {
    pub fn text(&self) -> Str {
        match self {
            Self::Number(n) => n.to_string().as_str().into(),
            Self::Name(n) => n.clone(),
        }
    }
}

/// A Service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: ServiceSpec,
    pub status: ServiceStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceSpec {
    #[serde(rename = "type")]
    pub kind: Str,
    #[serde(deserialize_with = "nullable")]
    pub ports: Vec<ServicePort>,
    pub external_name: Str,
    #[serde(deserialize_with = "nullable")]
    pub selector: std::collections::BTreeMap<Str, Str>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ServicePort {
    pub name: Str,
    pub port: i64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceStatus {
    pub load_balancer: LoadBalancer,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LoadBalancer {
    #[serde(deserialize_with = "nullable")]
    pub ingress: Vec<Address>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Address {
    pub ip: Str,
    pub hostname: Str,
}

impl LoadBalancer {
    /// The first address.
    pub fn address(&self) -> Option<&str> {
        self.ingress.iter().flat_map(|a| [&*a.ip, &*a.hostname]).find(|a| !a.is_empty())
    }
}

/// An EndpointSlice of discovery.k8s.io; of its endpoints only the numbers are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "RawSlice")]
pub struct EndpointSlice {
    pub meta: Meta,
    pub ready: u32,
    pub total: u32,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawSlice {
    metadata: Meta,
    #[serde(deserialize_with = "nullable")]
    endpoints: Vec<RawEndpoint>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawEndpoint {
    conditions: RawReady,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawReady {
    ready: Option<bool>,
}

impl From<RawSlice> for EndpointSlice {
    fn from(raw: RawSlice) -> Self {
        // The API: a missing `ready` is to be read as true.
        let ready = raw.endpoints.iter().filter(|e| e.conditions.ready.unwrap_or(true)).count();
        Self { meta: raw.metadata, ready: ready as u32, total: raw.endpoints.len() as u32 }
    }
}

/// An Ingress of networking.k8s.io.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ingress {
    #[serde(rename = "metadata")]
    pub head: Head,
    pub spec: IngressSpec,
    pub status: ServiceStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressSpec {
    pub ingress_class_name: Option<Str>,
    #[serde(deserialize_with = "nullable")]
    pub tls: Vec<IngressTls>,
    #[serde(deserialize_with = "nullable")]
    pub rules: Vec<IngressRule>,
    pub default_backend: Option<IngressBackend>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressTls {
    #[serde(deserialize_with = "nullable")]
    pub hosts: Vec<Str>,
    pub secret_name: Option<Str>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IngressRule {
    pub host: Option<Str>,
    pub http: Option<IngressHttp>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IngressHttp {
    #[serde(deserialize_with = "nullable")]
    pub paths: Vec<IngressPath>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressPath {
    pub path: Option<Str>,
    pub path_type: Str,
    pub backend: IngressBackend,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IngressBackend {
    pub service: Option<IngressService>,
    pub resource: Option<Named>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IngressService {
    pub name: Str,
    pub port: IngressPort,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IngressPort {
    pub number: Option<i64>,
    pub name: Str,
}

/// A reference by kind, namespace and name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    pub kind: Str,
    pub namespace: Option<Str>,
    pub name: Str,
}

/// An IngressClass.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IngressClass {
    #[serde(rename = "metadata")]
    pub head: Head,
    pub spec: IngressClassSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IngressClassSpec {
    pub controller: Str,
}

impl IngressClass {
    pub fn is_default(&self) -> bool {
        self.head.annotation("ingressclass.kubernetes.io/is-default-class") == Some("true")
    }
}

/// An IngressRoute of traefik.io or traefik.containo.us.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IngressRoute {
    #[serde(rename = "metadata")]
    pub head: Head,
    #[serde(rename = "apiVersion")]
    pub api_version: Str,
    pub spec: IngressRouteSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressRouteSpec {
    #[serde(deserialize_with = "nullable")]
    pub entry_points: Vec<Str>,
    #[serde(deserialize_with = "nullable")]
    pub routes: Vec<TraefikRoute>,
    pub tls: Option<TraefikTls>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TraefikRoute {
    #[serde(rename = "match")]
    pub rule: Str,
    pub priority: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    pub services: Vec<TraefikServiceRef>,
    #[serde(deserialize_with = "nullable")]
    pub middlewares: Vec<Named>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TraefikServiceRef {
    pub kind: Str,
    pub namespace: Option<Str>,
    pub name: Str,
    pub port: Option<PortRef>,
    pub weight: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TraefikTls {
    pub secret_name: Option<Str>,
    pub passthrough: bool,
}

/// A Middleware of traefik.io or traefik.containo.us: that it is there, and what sort it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Middleware {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    #[serde(rename = "apiVersion")]
    pub api_version: Str,
    /// Its one key is the sort: `headers`, `rateLimit`, `compress`, `forwardAuth`.
    pub spec: std::collections::BTreeMap<Str, serde::de::IgnoredAny>,
}
