//! Apps that no catalogue names: from Argo CD Applications, Flux objects, Helm releases and `app.kubernetes.io` labels,
//! merged into one list without duplicates.

use super::objects::Workload;
use super::origin::Origin;
use crate::Str;
use crate::overview::index::Index;
use crate::resources::Kind;
use std::collections::BTreeMap;

/// An app that was found: its origins and workloads.
pub struct Found<'a> {
    pub name: Str,
    pub namespaces: Vec<Str>,
    pub origins: Vec<Origin>,
    pub workloads: Vec<(&'a Kind, &'a Workload)>,
}

/// Namespaces of the cluster itself; what runs there is an app only when something says so.
fn of_the_cluster(namespace: &str) -> bool {
    namespace.starts_with("kube-") || namespace == "default"
}

/// Which app a workload belongs to, by what the tools of its installation wrote on it.
fn app_of(w: &Workload) -> Option<(Str, Str)> {
    let meta = &w.head.meta;
    // Argo CD's tracking annotation: `APP:GROUP/KIND:NAMESPACE/NAME`.
    if let Some(id) = w.head.annotation("argocd.argoproj.io/tracking-id") {
        return id.split(':').next().map(|app| (meta.namespace.clone(), app.rsplit('_').next().unwrap_or(app).into()));
    }
    for label in ["argocd.argoproj.io/instance", "helm.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/name"] {
        if let Some(name) = meta.label(label) {
            return Some((meta.namespace.clone(), name.into()));
        }
    }
    if let Some(release) = w.head.annotation("meta.helm.sh/release-name") {
        let namespace = w.head.annotation("meta.helm.sh/release-namespace").unwrap_or(&meta.namespace);
        return Some((namespace.into(), release.into()));
    }
    if of_the_cluster(&meta.namespace) {
        return None;
    }
    for label in ["app.kubernetes.io/part-of", "app.kubernetes.io/instance", "app.kubernetes.io/name", "app", "k8s-app"]
    {
        if let Some(name) = meta.label(label).filter(|n| !n.is_empty()) {
            return Some((meta.namespace.clone(), name.into()));
        }
    }
    Some((meta.namespace.clone(), meta.name.clone()))
}

/// `NAMESPACE-NAME`, as Otomi names its Applications, is NAME in its namespace.
fn short(namespace: &str, name: &Str) -> Str {
    let rest = name.strip_prefix(namespace).and_then(|r| r.strip_prefix('-')).filter(|r| !r.is_empty());
    rest.map_or_else(|| name.clone(), Str::from)
}

/// All apps outside the given namespaces and origins.
pub fn all<'a>(
    index: &Index<'a>,
    origins: Vec<Origin>,
    taken: &dyn Fn(&str, &str) -> bool,
    tenant: &dyn Fn(&str) -> bool,
) -> Vec<Found<'a>> {
    let mut apps: BTreeMap<(Str, Str), Found<'a>> = BTreeMap::new();
    let empty = |name: &Str, namespace: &Str| Found {
        name: name.clone(),
        namespaces: vec![namespace.clone()],
        origins: Vec::new(),
        workloads: Vec::new(),
    };
    for origin in origins {
        let target = if origin.target.is_empty() { origin.view.namespace.clone() } else { origin.target.clone() };
        if tenant(&target) {
            continue;
        }
        // A Helm release that Flux or Argo CD made is the same app: Flux calls it as it is told, else TARGET-NAME.
        let release = if origin.release.is_empty() { &origin.view.name } else { &origin.release };
        let name = short(&target, release);
        let key = (target.clone(), name.clone());
        apps.entry(key).or_insert_with(|| empty(&name, &target)).origins.push(origin);
    }
    for workloads in index.workloads.values() {
        for (kind, w) in workloads {
            let meta = &w.head.meta;
            if taken(&meta.namespace, &meta.uid) || tenant(&meta.namespace) {
                continue;
            }
            let Some((namespace, name)) = app_of(w) else { continue };
            let name = short(&namespace, &name);
            // An Application puts its objects anywhere: the workload joins it by name.
            let key = (namespace.clone(), name.clone());
            let joined = if apps.contains_key(&key) {
                key
            } else {
                let theirs = |f: &Found<'_>| f.origins.iter().any(|o| o.view.manager != "Helm" && o.view.name == name);
                let by_name = apps.iter().find(|((_, n), f)| {
                    theirs(f) || (*n == name && f.origins.first().is_some_and(|o| o.view.manager != "Helm"))
                });
                by_name.map(|(k, _)| k.clone()).unwrap_or(key)
            };
            let found = apps.entry(joined).or_insert_with(|| empty(&name, &namespace));
            if !found.namespaces.contains(&meta.namespace) {
                found.namespaces.push(meta.namespace.clone());
            }
            found.workloads.push((kind, w));
        }
    }
    apps.into_values().collect()
}
