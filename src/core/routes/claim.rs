//! What an object says about a host: the same for all dialects.

use crate::Str;
use crate::resources::ObjectRef;

/// The API in which a route is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    Ingress,
    Traefik,
    GatewayApi,
    Istio,
    Knative,
}

impl Dialect {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Traefik => "Traefik",
            Self::GatewayApi => "Gateway API",
            Self::Istio => "Istio",
            Self::Knative => "Knative",
        }
    }
}

/// How a path matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PathKind {
    Exact,
    #[default]
    Prefix,
    Regex,
}

/// Another object by name, and whether it is there (`None`: its kind is not served or may not be read).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    pub kind: &'static str,
    pub namespace: Str,
    pub name: Str,
    pub found: Option<bool>,
}

/// Where a claim sends its requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backend {
    /// `Service` or what else is named (`TraefikService`, `ServiceEntry`, `Revision`).
    pub kind: Str,
    pub namespace: Str,
    pub name: Str,
    /// Number or name.
    pub port: Str,
    pub weight: Option<u32>,
    /// Ready addresses and all of them; `None` when they cannot be told.
    pub endpoints: Option<(u32, u32)>,
    /// Whether the service is there.
    pub found: Option<bool>,
    /// Whether the service has the port.
    pub port_found: Option<bool>,
    /// Works without endpoints: `ExternalName`, a controller's own services.
    pub external: bool,
}

/// What a claim says of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TlsClaim {
    /// Plain HTTP only.
    #[default]
    None,
    /// TLS with whatever the controller has (default certificate, resolver).
    Default,
    /// A Secret by namespace and name.
    Secret(Str, Str),
    /// Passed through to the backend.
    Passthrough,
}

/// One host and path that an object claims.
#[derive(Clone, Debug)]
pub struct Claim {
    pub object: ObjectRef,
    pub created: Option<i64>,
    pub dialect: Dialect,
    /// Lower case; empty for any host; may begin with `*.`.
    pub host: Str,
    pub path: Str,
    pub path_kind: PathKind,
    /// Conditions besides host and path (headers, methods), as text; two claims with different ones do not collide.
    pub extra: Str,
    /// Ingress class, entry points or gateways, as they are shown.
    pub entry: Str,
    /// Whether something serves that entry; `None` when it cannot be told.
    pub entry_found: Option<bool>,
    /// What serves it (the controller's name), to tell which claims meet: `traefik`, `nginx`, a gateway.
    pub served_by: Str,
    pub middlewares: Vec<Reference>,
    pub backends: Vec<Backend>,
    pub tls: TlsClaim,
    /// Explicit priority, where the dialect has one.
    pub priority: Option<i64>,
    /// What the controller said when it did not accept the route.
    pub refused: Option<String>,
    /// A route of the machinery (ACME solvers) that is not shown.
    pub hidden: bool,
}

impl Claim {
    pub fn new(object: ObjectRef, created: Option<i64>, dialect: Dialect) -> Self {
        Self {
            object,
            created,
            dialect,
            host: "".into(),
            path: "/".into(),
            path_kind: PathKind::Prefix,
            extra: "".into(),
            entry: "".into(),
            entry_found: None,
            served_by: "".into(),
            middlewares: Vec::new(),
            backends: Vec::new(),
            tls: TlsClaim::None,
            priority: None,
            refused: None,
            hidden: false,
        }
    }
}
