//! Ways through a snapshot by name and by owner, built once for a derivation.

use super::Snapshot;
use crate::certificates::objects::{Certificate, CertificateRequest, Challenge, Issuer, IssuerRef, Order};
use crate::certificates::secret::TlsSecret;
use crate::platform::objects::{Pod, VolumeClaim, WarningEvent, Workload};
use crate::resources::{Kind, Meta};
use crate::routes::objects::{Middleware, Service};
use rustc_hash::FxHashMap;

type ByName<'a, T> = FxHashMap<(&'a str, &'a str), T>;
type ByOwner<'a, T> = FxHashMap<&'a str, Vec<T>>;

/// Ways through a snapshot.
pub struct Index<'a> {
    pub snapshot: &'a Snapshot,
    pub services: ByName<'a, &'a Service>,
    /// Ready and all endpoints of a service.
    pub endpoints: ByName<'a, (u32, u32)>,
    pub secrets: ByName<'a, (&'a Kind, &'a TlsSecret)>,
    /// Certificates by the Secret they write.
    pub by_secret: ByName<'a, Vec<(&'a Kind, &'a Certificate)>>,
    /// Requests by the UID of their Certificate.
    pub requests: ByOwner<'a, (&'a Kind, &'a CertificateRequest)>,
    pub orders: ByOwner<'a, (&'a Kind, &'a Order)>,
    pub challenges: ByOwner<'a, (&'a Kind, &'a Challenge)>,
    /// By namespace (empty: cluster issuer) and name.
    pub issuers: ByName<'a, (&'a Kind, &'a Issuer)>,
    pub middlewares: ByName<'a, &'a Middleware>,
    pub workloads: ByOwner<'a, (&'a Kind, &'a Workload)>,
    /// Pods by namespace.
    pub pods: ByOwner<'a, (&'a Kind, &'a Pod)>,
    pub claims: ByName<'a, (&'a Kind, &'a VolumeClaim)>,
    /// Warnings by the UID of the object they are about.
    pub warnings: ByOwner<'a, &'a WarningEvent>,
    /// The namespaces of the pods that serve Istio's Gateways, by the Gateway's namespace and name.
    gateway_pods: ByName<'a, Vec<&'a str>>,
    /// The Secret of Traefik's default certificate, by namespace and name.
    pub traefik_default: Option<(&'a str, &'a str)>,
    /// cert-manager's own workloads, by what they do (`controller`, `webhook`, `cainjector`).
    pub cert_manager: FxHashMap<&'a str, (&'a Kind, &'a Workload)>,
}

fn key(meta: &Meta) -> (&str, &str) {
    (&meta.namespace, &meta.name)
}

fn owner(meta: &Meta) -> Option<&str> {
    meta.owners.iter().find(|o| o.controller).or(meta.owners.first()).map(|o| &*o.uid)
}

/// Traefik takes the TLSStore `default` of whichever namespace.
fn traefik_default(s: &Snapshot) -> Option<(&str, &str)> {
    let mut stores = s.traefik_tls.values().filter(|t| &*t.meta.name == "default");
    stores.find_map(|t| Some((&*t.meta.namespace, &*t.spec.default_certificate.as_ref()?.secret_name)))
}

/// A Gateway's selector is part of what the workload of its pods selects.
fn gateway_pods(s: &Snapshot) -> ByName<'_, Vec<&str>> {
    let mut found: ByName<'_, Vec<&str>> = FxHashMap::default();
    for gateway in s.istio_gateways.values().filter(|g| !g.spec.selector.is_empty()) {
        let serves = |w: &&std::sync::Arc<Workload>| {
            let labels = &w.spec.selector.match_labels;
            gateway.spec.selector.iter().all(|(k, v)| labels.get(k) == Some(v))
        };
        let mut places: Vec<&str> = s.workloads.values().filter(serves).map(|w| &*w.head.meta.namespace).collect();
        places.sort_unstable();
        places.dedup();
        found.insert(key(&gateway.meta), places);
    }
    found
}

impl<'a> Index<'a> {
    pub fn new(s: &'a Snapshot) -> Self {
        let mut endpoints: ByName<'a, (u32, u32)> = FxHashMap::default();
        for slice in s.endpoint_slices.values() {
            if let Some(service) = slice.meta.label("kubernetes.io/service-name") {
                let count = endpoints.entry((&slice.meta.namespace, service)).or_default();
                *count = (count.0 + slice.ready, count.1 + slice.total);
            }
        }
        let mut by_secret: ByName<'a, Vec<_>> = FxHashMap::default();
        for (kind, c) in s.certificates.iter() {
            by_secret.entry((&c.meta().namespace, &c.spec.secret_name)).or_default().push((kind, &**c));
        }
        let mut requests: ByOwner<'a, _> = FxHashMap::default();
        for (kind, r) in s.requests.iter() {
            if let Some(uid) = owner(r.meta()) {
                requests.entry(uid).or_default().push((kind, &**r));
            }
        }
        let mut orders: ByOwner<'a, _> = FxHashMap::default();
        for (kind, o) in s.orders.iter() {
            if let Some(uid) = owner(&o.meta) {
                orders.entry(uid).or_default().push((kind, &**o));
            }
        }
        let mut challenges: ByOwner<'a, _> = FxHashMap::default();
        for (kind, c) in s.challenges.iter() {
            if let Some(uid) = owner(&c.meta) {
                challenges.entry(uid).or_default().push((kind, &**c));
            }
        }
        let mut workloads: ByOwner<'a, _> = FxHashMap::default();
        let mut cert_manager: FxHashMap<&'a str, _> = FxHashMap::default();
        for (kind, w) in s.workloads.iter() {
            if let Some(part) = crate::certificates::controller::part(&w.head.meta) {
                cert_manager.insert(part, (kind, &**w));
            }
            workloads.entry(&*w.head.meta.namespace).or_default().push((kind, &**w));
        }
        let mut pods: ByOwner<'a, _> = FxHashMap::default();
        for (kind, p) in s.pods.iter() {
            pods.entry(&*p.meta.namespace).or_default().push((kind, &**p));
        }
        let mut warnings: ByOwner<'a, _> = FxHashMap::default();
        for w in s.warnings.values() {
            warnings.entry(&*w.involved_object.uid).or_default().push(&**w);
        }
        Self {
            snapshot: s,
            services: s.services.values().map(|x| (key(&x.meta), &**x)).collect(),
            endpoints,
            secrets: s
                .tls_secrets
                .iter()
                .chain(s.mesh_roots.iter())
                .chain(s.mesh_authorities.iter())
                .chain(s.odd_secrets.iter().filter(|(_, x)| !crate::certificates::tls_secrets::temporary(x)))
                .map(|(k, x)| (key(&x.head.meta), (k, &**x)))
                .collect(),
            by_secret,
            requests,
            orders,
            challenges,
            issuers: s.issuers.iter().map(|(k, x)| (key(&x.meta), (k, &**x))).collect(),
            middlewares: s.middlewares.values().map(|x| (key(&x.meta), &**x)).collect(),
            workloads,
            pods,
            claims: s.claims.iter().map(|(k, x)| (key(&x.meta), (k, &**x))).collect(),
            warnings,
            gateway_pods: gateway_pods(s),
            traefik_default: traefik_default(s),
            cert_manager,
        }
    }
    /// Where Istio looks for the credentials of a Gateway: in the namespaces of the pods that serve it; in the Gateway's
    /// own, as is the custom, where they are not known.
    pub fn credential_namespaces(&self, gateway: &'a Meta) -> Vec<&'a str> {
        let found = self.gateway_pods.get(&key(gateway)).filter(|found| !found.is_empty());
        found.cloned().unwrap_or_else(|| vec![&*gateway.namespace])
    }
    /// The issuer that is meant from a namespace.
    pub fn issuer(&self, reference: &IssuerRef, namespace: &str) -> Option<(&'a Kind, &'a Issuer)> {
        let namespace = if reference.is_cluster() { "" } else { namespace };
        self.issuers.get(&(namespace, &*reference.name)).copied()
    }
}
