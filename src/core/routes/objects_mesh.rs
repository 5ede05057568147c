//! What is kept of the Gateway API's, Istio's and Knative's kinds.

use super::objects::{Named, PortRef};
use crate::Str;
use crate::findings::Conditions;
use crate::findings::condition::nullable;
use crate::resources::{Head, Meta};
use serde::Deserialize;

/// An HTTPRoute of gateway.networking.k8s.io.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HttpRoute {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: HttpRouteSpec,
    pub status: HttpRouteStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRouteSpec {
    #[serde(deserialize_with = "nullable")]
    pub parent_refs: Vec<ParentRef>,
    #[serde(deserialize_with = "nullable")]
    pub hostnames: Vec<Str>,
    #[serde(deserialize_with = "nullable")]
    pub rules: Vec<HttpRule>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParentRef {
    pub kind: Option<Str>,
    pub namespace: Option<Str>,
    pub name: Str,
    pub section_name: Option<Str>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRule {
    #[serde(deserialize_with = "nullable")]
    pub matches: Vec<HttpMatch>,
    #[serde(deserialize_with = "nullable")]
    pub backend_refs: Vec<BackendRef>,
    #[serde(deserialize_with = "nullable")]
    pub filters: Vec<Filter>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    #[serde(rename = "type")]
    pub kind: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HttpMatch {
    pub path: Option<HttpPath>,
    pub method: Option<Str>,
    #[serde(deserialize_with = "nullable")]
    pub headers: Vec<Named>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HttpPath {
    #[serde(rename = "type")]
    pub kind: Str,
    pub value: Str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct BackendRef {
    pub kind: Option<Str>,
    pub namespace: Option<Str>,
    pub name: Str,
    pub port: Option<i64>,
    pub weight: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HttpRouteStatus {
    #[serde(deserialize_with = "nullable")]
    pub parents: Vec<ParentStatus>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParentStatus {
    pub conditions: Conditions,
    pub controller_name: Str,
}

/// A Gateway of gateway.networking.k8s.io.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Gateway {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: GatewaySpec,
    pub status: GatewayStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewaySpec {
    pub gateway_class_name: Str,
    #[serde(deserialize_with = "nullable")]
    pub listeners: Vec<Listener>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Listener {
    pub name: Str,
    pub hostname: Option<Str>,
    pub port: i64,
    pub protocol: Str,
    pub tls: Option<ListenerTls>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListenerTls {
    pub mode: Option<Str>,
    #[serde(deserialize_with = "nullable")]
    pub certificate_refs: Vec<Named>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GatewayStatus {
    pub conditions: Conditions,
}

/// A VirtualService of networking.istio.io.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VirtualService {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: VirtualServiceSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VirtualServiceSpec {
    #[serde(deserialize_with = "nullable")]
    pub hosts: Vec<Str>,
    #[serde(deserialize_with = "nullable")]
    pub gateways: Vec<Str>,
    #[serde(deserialize_with = "nullable")]
    pub http: Vec<IstioHttp>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IstioHttp {
    #[serde(rename = "match", deserialize_with = "nullable")]
    pub matches: Vec<IstioMatch>,
    #[serde(deserialize_with = "nullable")]
    pub route: Vec<IstioDestination>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IstioMatch {
    pub uri: Option<IstioUri>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IstioUri {
    pub exact: Option<Str>,
    pub prefix: Option<Str>,
    pub regex: Option<Str>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IstioDestination {
    pub destination: IstioTarget,
    pub weight: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IstioTarget {
    pub host: Str,
    pub port: Option<IstioPort>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IstioPort {
    pub number: Option<PortRef>,
}

/// A Gateway of networking.istio.io.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IstioGateway {
    #[serde(rename = "metadata")]
    pub meta: Meta,
    pub spec: IstioGatewaySpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IstioGatewaySpec {
    /// Labels of the pods that serve it.
    #[serde(deserialize_with = "nullable")]
    pub selector: std::collections::BTreeMap<Str, Str>,
    #[serde(deserialize_with = "nullable")]
    pub servers: Vec<IstioServer>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IstioServer {
    #[serde(deserialize_with = "nullable")]
    pub hosts: Vec<Str>,
    pub tls: Option<IstioTls>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IstioTls {
    pub mode: Option<Str>,
    pub credential_name: Option<Str>,
    pub https_redirect: bool,
}

/// A Service of serving.knative.dev.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct KnativeService {
    #[serde(rename = "metadata")]
    pub head: Head,
    pub status: KnativeStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KnativeStatus {
    pub url: Str,
    pub conditions: Conditions,
    pub latest_ready_revision_name: Str,
}
