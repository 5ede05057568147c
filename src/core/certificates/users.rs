//! Who uses a certificate's Secret besides the routes: gateways, workloads and pods that mount or read it, Traefik's and
//! Istio's own objects, issuers that sign with it, copies, and webhooks that trust it through cert-manager's cainjector.

use super::bundles::injected;
use super::copies;
use super::tls_secrets::foreign;
use crate::overview::index::Index;
use crate::platform::objects::SecretUse;
use crate::resources::{Kind, Level, Meta, ObjectRef};
use rustc_hash::{FxHashMap, FxHashSet};

/// One who uses a Secret.
pub struct User<'a> {
    pub namespace: &'a str,
    pub secret: &'a str,
    kind: &'a Kind,
    meta: &'a Meta,
    level: Level,
    how: How<'a>,
}

enum How<'a> {
    /// In words already.
    Words(&'static str),
    /// A Gateway, with the hosts or names of its listeners.
    Serves(Vec<&'a str>),
    /// A workload, a CronJob or a pod.
    Pods(&'a SecretUse),
    /// Pods of the same owner, so many with this one.
    PodsOf(&'a SecretUse, usize),
    /// A webhook configuration or an APIService: what is wrong with what it trusts.
    Trusts(Option<String>),
}

impl User<'_> {
    /// The object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::with_meta(self.kind.clone(), self.meta)
    }
    /// Whether it can use it.
    pub fn level(&self) -> Level {
        self.level
    }
    /// What it does with it, in words.
    pub fn words(&self) -> String {
        match &self.how {
            How::Words(words) => (*words).to_owned(),
            How::Serves(hosts) if hosts.is_empty() => "serves it".to_owned(),
            How::Serves(hosts) => format!("serves it for {}", hosts.join(", ")),
            How::Pods(used) => used_words(used).to_owned(),
            How::PodsOf(used, 1) => used_words(used).to_owned(),
            How::PodsOf(used, pods) => format!("{} (as {} more of its owner)", used_words(used), pods - 1),
            How::Trusts(None) => "trusts what it signs (written by cainjector)".to_owned(),
            How::Trusts(Some(fault)) => fault.clone(),
        }
    }
}

/// What a pod does with a Secret. The environment of a running container never changes.
fn used_words(used: &SecretUse) -> &'static str {
    match (used.mounted, used.env) {
        (true, false) => "mounts it",
        (true, true) => "mounts it and reads it into its environment: restart it after a renewal",
        (false, _) => "reads it into its environment: restart it after a renewal",
    }
}

/// The Secrets that somebody besides the routes uses, by namespace and name.
pub fn secrets<'a>(index: &Index<'a>, now: i64) -> FxHashSet<(&'a str, &'a str)> {
    let mut used = FxHashSet::default();
    each(index, None, now, &mut |user| {
        used.insert((user.namespace, user.secret));
    });
    used
}

/// Who uses one Secret, besides the routes.
pub fn of<'a>(index: &Index<'a>, namespace: &str, secret: &str, now: i64) -> Vec<User<'a>> {
    let mut users = Vec::new();
    each(index, Some((namespace, secret)), now, &mut |user| users.push(user));
    users
}

type Tell<'t, 'a> = &'t mut dyn FnMut(User<'a>);

/// Tells everybody, or those of one Secret only.
fn each<'a>(index: &Index<'a>, only: Option<(&str, &str)>, now: i64, tell: Tell<'_, 'a>) {
    let mut tell = |user: User<'a>| {
        if only.is_none_or(|(namespace, secret)| user.namespace == namespace && user.secret == secret) {
            tell(user);
        }
    };
    gateways(index, &mut tell);
    traefik(index, &mut tell);
    pods(index, only.map(|(namespace, _)| namespace), &mut tell);
    mesh(index, &mut tell);
    issuers(index, &mut tell);
    copied(index, &mut tell);
    trusting(index, now, &mut tell);
}

fn gateways<'a>(index: &Index<'a>, tell: Tell<'_, 'a>) {
    let s = index.snapshot;
    for (kind, gateway) in s.gateways.iter() {
        let mut seen: FxHashMap<(&str, &str), Vec<&str>> = FxHashMap::default();
        for listener in &gateway.spec.listeners {
            for reference in listener.tls.iter().flat_map(|tls| &tls.certificate_refs) {
                let namespace = reference.namespace.as_deref().unwrap_or(&gateway.meta.namespace);
                seen.entry((namespace, &reference.name)).or_default().extend(listener.hostname.as_deref());
            }
        }
        served(seen, kind, &gateway.meta, tell);
    }
    for (kind, gateway) in s.istio_gateways.iter() {
        let mut seen: FxHashMap<(&str, &str), Vec<&str>> = FxHashMap::default();
        for server in &gateway.spec.servers {
            let Some(credential) = server.tls.as_ref().and_then(|tls| tls.credential_name.as_deref()) else { continue };
            let hosts = server.hosts.iter().map(|h| h.rsplit('/').next().unwrap_or(h));
            for namespace in index.credential_namespaces(&gateway.meta) {
                seen.entry((namespace, credential)).or_default().extend(hosts.clone());
            }
        }
        served(seen, kind, &gateway.meta, tell);
    }
}

fn served<'a>(seen: FxHashMap<(&'a str, &'a str), Vec<&'a str>>, kind: &'a Kind, meta: &'a Meta, tell: Tell<'_, 'a>) {
    for ((namespace, secret), mut hosts) in seen {
        hosts.sort_unstable();
        hosts.dedup();
        tell(User { namespace, secret, kind, meta, level: Level::Good, how: How::Serves(hosts) });
    }
}

fn traefik<'a>(index: &Index<'a>, tell: Tell<'_, 'a>) {
    for (kind, object) in index.snapshot.traefik_tls.iter() {
        for (secret, words) in object.secrets() {
            let (namespace, meta) = (&*object.meta.namespace, &object.meta);
            tell(User { namespace, secret, kind, meta, level: Level::Good, how: How::Words(words) });
        }
    }
}

/// Workloads and CronJobs by their templates, then pods that no workload here accounts for, once for each owner.
fn pods<'a>(index: &Index<'a>, namespace: Option<&str>, tell: Tell<'_, 'a>) {
    let s = index.snapshot;
    let here = |meta: &Meta| namespace.is_none_or(|n| n == &*meta.namespace);
    let mut user = |kind: &'a Kind, meta: &'a Meta, secret: &'a SecretUse, how: How<'a>| {
        tell(User { namespace: &meta.namespace, secret: &secret.name, kind, meta, level: Level::Good, how });
    };
    for (kind, workload) in s.workloads.iter().filter(|(_, w)| here(&w.head.meta)) {
        for secret in &workload.spec.template.spec.secrets {
            user(kind, &workload.head.meta, secret, How::Pods(secret));
        }
    }
    for (kind, job) in s.cron_jobs.iter().filter(|(_, j)| here(&j.meta)) {
        job.secrets.iter().for_each(|secret| user(kind, &job.meta, secret, How::Pods(secret)));
    }
    let mut owners: FxHashMap<(&str, &str), (&'a Kind, &'a Meta, &'a SecretUse, usize)> = FxHashMap::default();
    for (kind, pod) in s.pods.iter().filter(|(_, p)| here(&p.meta)) {
        if pod.secrets.is_empty() || matches!(&*pod.status.phase, "Succeeded" | "Failed") {
            continue;
        }
        let owner = pod.meta.owners.iter().find(|o| o.controller).map_or(&*pod.meta.uid, |o| &*o.uid);
        for secret in pod.secrets.iter().filter(|secret| !accounted(index, &pod.meta, secret)) {
            owners.entry((owner, &secret.name)).or_insert((kind, &pod.meta, secret, 0)).3 += 1;
        }
    }
    let mut told: Vec<_> = owners.into_values().collect();
    told.sort_by_key(|(_, meta, secret, _)| (&*meta.namespace, &*meta.name, &*secret.name));
    for (kind, meta, secret, count) in told {
        user(kind, meta, secret, How::PodsOf(secret, count));
    }
}

/// Whether a workload that selects the pod uses the Secret as well.
fn accounted(index: &Index<'_>, pod: &Meta, secret: &SecretUse) -> bool {
    let workloads = index.workloads.get(&*pod.namespace).map(Vec::as_slice).unwrap_or_default();
    workloads.iter().any(|(_, w)| {
        let selector = &w.spec.selector.match_labels;
        !selector.is_empty()
            && selector.iter().all(|(k, v)| pod.label(k) == Some(&**v))
            && w.spec.template.spec.secrets.iter().any(|u| u.name == secret.name)
    })
}

/// The Secrets from which istiod takes the authority of the mesh, mounted or not.
const MESH: [&str; 2] = ["cacerts", "istio-ca-secret"];

fn mesh<'a>(index: &Index<'a>, tell: Tell<'_, 'a>) {
    for (kind, workload) in index.snapshot.workloads.iter() {
        let meta = &workload.head.meta;
        if meta.label("app") != Some("istiod") && &*meta.name != "istiod" {
            continue;
        }
        // Where there is a `cacerts`, the other is not used.
        let held = |name: &&&str| index.secrets.get(&(&*meta.namespace, **name)).is_some_and(|(_, s)| !foreign(s));
        let there = MESH.iter().find(held);
        if let Some(secret) = there
            && !workload.spec.template.spec.secrets.iter().any(|u| &*u.name == *secret)
        {
            let how = How::Words("signs the certificates of the mesh with it");
            tell(User { namespace: &meta.namespace, secret, kind, meta, level: Level::Good, how });
        }
    }
}

fn issuers<'a>(index: &Index<'a>, tell: Tell<'_, 'a>) {
    // A ClusterIssuer's Secret is in cert-manager's own namespace, whichever that is.
    let manager = index.cert_manager.values().map(|(_, w)| &*w.head.meta.namespace).next();
    for (kind, issuer) in index.snapshot.issuers.iter() {
        let Some(ca) = &issuer.spec.ca else { continue };
        let own = Some(&*issuer.meta.namespace).filter(|n| !n.is_empty());
        let (namespace, meta) = (own.or(manager).unwrap_or("cert-manager"), &issuer.meta);
        let how = How::Words("signs with it");
        tell(User { namespace, secret: &ca.secret_name, kind, meta, level: Level::Good, how });
    }
}

fn copied<'a>(index: &Index<'a>, tell: Tell<'_, 'a>) {
    for (kind, copy) in index.snapshot.tls_secrets.iter() {
        let Some(source) = copies::source(copy, index) else { continue };
        let (namespace, secret) = (&*source.head.meta.namespace, &*source.head.meta.name);
        let old = copies::is_old(copy, source);
        let level = if old { Level::Warn } else { Level::Good };
        let how = How::Words(if old { "is an older copy of it" } else { "is a copy of it" });
        tell(User { namespace, secret, kind, meta: &copy.head.meta, level, how });
    }
}

fn trusting<'a>(index: &Index<'a>, now: i64, tell: Tell<'_, 'a>) {
    let s = index.snapshot;
    let certificates: FxHashMap<(&str, &str), &str> =
        s.certificates.values().map(|c| ((&*c.meta().namespace, &*c.meta().name), &*c.spec.secret_name)).collect();
    let mut user = |kind: &'a Kind, head: &'a crate::resources::Head, fault: Option<(Level, String)>| {
        let Some((namespace, name, certificate)) = injected(head) else { return };
        let named = if certificate { certificates.get(&(namespace, name)).copied() } else { Some(name) };
        let Some(secret) = named else { return };
        let level = fault.as_ref().map_or(Level::Good, |(level, _)| *level);
        let how = How::Trusts(fault.map(|(_, words)| words));
        tell(User { namespace, secret, kind, meta: &head.meta, level, how });
    };
    let unwritten = || Some((Level::Warn, "has no caBundle yet: see cert-manager's cainjector".to_owned()));
    for (kind, hook) in s.webhooks.iter() {
        let fault = hook.fault(now).map(|(_, level, words)| (level, words));
        user(kind, &hook.head, fault.or_else(|| unwritten().filter(|_| !hook.written())));
    }
    for (kind, service) in s.api_services.iter() {
        let fault = service.fault(now);
        user(kind, &service.head, fault.or_else(|| unwritten().filter(|_| service.spec.ca_bundle.is_empty())));
    }
}
