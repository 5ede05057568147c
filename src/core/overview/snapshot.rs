//! All objects that an overview is derived from, as they were at one moment.

use super::sources::{self, Sources};
use crate::certificates::bundles::{ApiService, WebhookConfiguration};
use crate::certificates::objects::{Certificate, CertificateRequest, Challenge, Issuer, Order};
use crate::certificates::secret::TlsSecret;
use crate::certificates::signing::SigningRequest;
use crate::platform::Library;
use crate::platform::objects::{
    Application, CronJob, FluxObject, FluxSource, HelmRelease, Namespace, Pod, Quota, VolumeClaim, WarningEvent,
    Workload,
};
use crate::resources::{Kind, Kinds, Meta, ObjectRef};
use crate::routes::objects::{EndpointSlice, Ingress, IngressClass, IngressRoute, Middleware, Service};
use crate::routes::objects_mesh::{Gateway, HttpRoute, IstioGateway, KnativeService, VirtualService};
use crate::routes::objects_traefik::TraefikTls;
use crate::store::Projection;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The objects of one sort: one part for each kind they come from.
pub struct Set<P> {
    parts: Vec<(Kind, Arc<Vec<Arc<P>>>)>,
}

impl<P> Default for Set<P> {
    fn default() -> Self {
        Self { parts: Vec::new() }
    }
}

impl<P> Clone for Set<P> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone() }
    }
}

impl<P: Projection> Set<P> {
    /// Adds all objects of a kind.
    pub fn push(&mut self, kind: Kind, objects: Arc<Vec<Arc<P>>>) {
        self.parts.push((kind, objects));
    }
    /// Adds one object.
    pub fn add(&mut self, kind: &Kind, object: P) {
        match self.parts.iter_mut().find(|(k, _)| k == kind) {
            Some((_, objects)) => Arc::make_mut(objects).push(Arc::new(object)),
            None => self.parts.push((kind.clone(), Arc::new(vec![Arc::new(object)]))),
        }
    }
    /// Every object with its kind.
    pub fn iter(&self) -> impl Iterator<Item = (&Kind, &Arc<P>)> {
        self.parts.iter().flat_map(|(kind, objects)| objects.iter().map(move |o| (kind, o)))
    }
    pub fn values(&self) -> impl Iterator<Item = &Arc<P>> {
        self.parts.iter().flat_map(|(_, objects)| objects.iter())
    }
    /// Whether the objects could be read at all: only then is a missing one missing.
    pub fn known(&self) -> bool {
        !self.parts.is_empty()
    }
    pub fn len(&self) -> usize {
        self.parts.iter().map(|(_, o)| o.len()).sum()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

macro_rules! snapshot {
    ($($field:ident: $type:ty = [$($group:literal $kind:literal $plural:literal $labels:literal $fields:literal),+];)*) => {
        /// All objects that an overview is derived from, as they were at one moment. Cheap to clone.
        #[derive(Clone, Default)]
        pub struct Snapshot {
            pub context: Arc<str>,
            /// What the server offers.
            pub kinds: Arc<Kinds>,
            /// The profiles that there are, and what was chosen.
            pub platforms: Library,
            /// Of the ConfigMaps by which platforms are recognised those that are there, as namespace and name.
            pub config_maps: Arc<BTreeSet<(String, String)>>,
            /// How fresh each kind is, and which could not be read.
            pub sources: Sources,
            $(pub $field: Set<$type>,)*
        }

        impl Snapshot {
            /// Takes in one object as the server writes it; whether its kind is one that counts.
            ///
            /// # Errors
            /// When it cannot be read.
            pub fn insert(&mut self, kind: &Kind, object: &[u8]) -> serde_json::Result<bool> {
                match (kind.group.as_str(), kind.kind.as_str()) {
                    $($(($group, $kind) if sources::wanted($labels, $fields, object) => {
                        let object = <$type as Projection>::decode(kind, object)?;
                        self.$field.add(kind, object);
                        Ok(true)
                    })+)*
                    _ => Ok(false),
                }
            }
        }

        /// The open collections behind a snapshot.
        #[derive(Default)]
        pub(super) struct Feeds {
            $(pub $field: Vec<sources::Feed<$type>>,)*
        }

        impl Feeds {
            /// Opens the collections of all kinds that are served and not open yet; how many were opened.
            pub fn open(&mut self, opener: &sources::Opener<'_>) -> usize {
                let mut opened = 0;
                $($(opened += opener.open(&mut self.$field, $group, $plural, $labels, $fields);)+)*
                opened
            }
            /// All that is there now.
            pub fn snapshot(&self, into: &mut Snapshot) {
                $(into.$field = sources::gather(&self.$field, &mut into.sources);)*
            }
            /// A number that changes with any of the collections.
            pub fn version(&self) -> u64 {
                let mut sum = 0u64;
                $(sum = self.$field.iter().fold(sum, |s, f| s.wrapping_add(f.version()));)*
                sum
            }
        }
    };
}

snapshot! {
    certificates: Certificate = ["cert-manager.io" "Certificate" "certificates" "" ""];
    requests: CertificateRequest = ["cert-manager.io" "CertificateRequest" "certificaterequests" "" ""];
    orders: Order = ["acme.cert-manager.io" "Order" "orders" "" ""];
    challenges: Challenge = ["acme.cert-manager.io" "Challenge" "challenges" "" ""];
    issuers: Issuer = ["cert-manager.io" "Issuer" "issuers" "" "", "cert-manager.io" "ClusterIssuer" "clusterissuers" "" ""];
    tls_secrets: TlsSecret = ["" "Secret" "secrets" "" "type=kubernetes.io/tls"];
    odd_secrets: TlsSecret = ["" "Secret" "secrets" "controller.cert-manager.io/fao=true" "type!=kubernetes.io/tls"];
    mesh_roots: TlsSecret = ["" "Secret" "secrets" "" "type=istio.io/ca-root"];
    mesh_authorities: TlsSecret = ["" "Secret" "secrets" "" "metadata.name=cacerts"];
    webhooks: WebhookConfiguration = ["admissionregistration.k8s.io" "ValidatingWebhookConfiguration" "validatingwebhookconfigurations" "" "", "admissionregistration.k8s.io" "MutatingWebhookConfiguration" "mutatingwebhookconfigurations" "" ""];
    api_services: ApiService = ["apiregistration.k8s.io" "APIService" "apiservices" "" ""];
    signing_requests: SigningRequest = ["certificates.k8s.io" "CertificateSigningRequest" "certificatesigningrequests" "" ""];
    namespaces: Namespace = ["" "Namespace" "namespaces" "" ""];
    services: Service = ["" "Service" "services" "" ""];
    endpoint_slices: EndpointSlice = ["discovery.k8s.io" "EndpointSlice" "endpointslices" "" ""];
    ingresses: Ingress = ["networking.k8s.io" "Ingress" "ingresses" "" ""];
    ingress_classes: IngressClass = ["networking.k8s.io" "IngressClass" "ingressclasses" "" ""];
    ingress_routes: IngressRoute = ["traefik.io" "IngressRoute" "ingressroutes" "" "", "traefik.containo.us" "IngressRoute" "ingressroutes" "" ""];
    middlewares: Middleware = ["traefik.io" "Middleware" "middlewares" "" "", "traefik.containo.us" "Middleware" "middlewares" "" ""];
    traefik_tls: TraefikTls = ["traefik.io" "TLSStore" "tlsstores" "" "", "traefik.io" "TLSOption" "tlsoptions" "" "", "traefik.io" "IngressRouteTCP" "ingressroutetcps" "" "", "traefik.io" "ServersTransport" "serverstransports" "" "", "traefik.containo.us" "TLSStore" "tlsstores" "" "", "traefik.containo.us" "TLSOption" "tlsoptions" "" "", "traefik.containo.us" "IngressRouteTCP" "ingressroutetcps" "" "", "traefik.containo.us" "ServersTransport" "serverstransports" "" ""];
    http_routes: HttpRoute = ["gateway.networking.k8s.io" "HTTPRoute" "httproutes" "" ""];
    gateways: Gateway = ["gateway.networking.k8s.io" "Gateway" "gateways" "" ""];
    virtual_services: VirtualService = ["networking.istio.io" "VirtualService" "virtualservices" "" ""];
    istio_gateways: IstioGateway = ["networking.istio.io" "Gateway" "gateways" "" ""];
    knative_services: KnativeService = ["serving.knative.dev" "Service" "services" "" ""];
    workloads: Workload = ["apps" "Deployment" "deployments" "" "", "apps" "StatefulSet" "statefulsets" "" "", "apps" "DaemonSet" "daemonsets" "" ""];
    pods: Pod = ["" "Pod" "pods" "" ""];
    cron_jobs: CronJob = ["batch" "CronJob" "cronjobs" "" ""];
    claims: VolumeClaim = ["" "PersistentVolumeClaim" "persistentvolumeclaims" "" ""];
    quotas: Quota = ["" "ResourceQuota" "resourcequotas" "" ""];
    applications: Application = ["argoproj.io" "Application" "applications" "" ""];
    flux: FluxObject = ["kustomize.toolkit.fluxcd.io" "Kustomization" "kustomizations" "" "", "helm.toolkit.fluxcd.io" "HelmRelease" "helmreleases" "" ""];
    flux_sources: FluxSource = ["source.toolkit.fluxcd.io" "GitRepository" "gitrepositories" "" "", "source.toolkit.fluxcd.io" "OCIRepository" "ocirepositories" "" "", "source.toolkit.fluxcd.io" "HelmRepository" "helmrepositories" "" "", "source.toolkit.fluxcd.io" "HelmChart" "helmcharts" "" "", "source.toolkit.fluxcd.io" "Bucket" "buckets" "" ""];
    helm_releases: HelmRelease = ["" "Secret" "secrets" "owner=helm" ""];
    warnings: WarningEvent = ["" "Event" "events" "" "type=Warning"];
}

impl Snapshot {
    /// The kind as the server offers it, else as it is known here.
    pub fn kind(&self, group: &str, version: &str, kind: &str, plural: &str, namespaced: bool) -> Kind {
        self.kinds.get(group, plural).cloned().unwrap_or_else(|| Kind::of(group, version, kind, plural, namespaced))
    }
    /// A reference to an object of a set.
    pub fn reference(kind: &Kind, meta: &Meta) -> ObjectRef {
        ObjectRef::with_meta(kind.clone(), meta)
    }
}
