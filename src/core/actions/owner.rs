//! Who else keeps an object as it is declared somewhere: Argo CD, Flux or Helm. A change by hand is one that they may
//! take back; a plan says so before, names the owner, and says what to do instead.

use super::action::Target;
use super::argocd::application;
use crate::cluster::{Cluster, Request};
use crate::findings::cause::line;
use crate::resources::Kind;
use serde_json::Value;
use std::collections::HashMap;

/// Argo CD's annotation on what it has made: `APPLICATION:GROUP/KIND:NAMESPACE/NAME`.
const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
/// Argo CD's label of old, which Helm charts set as well.
const INSTANCE: &str = "app.kubernetes.io/instance";

/// What is looked up for the objects of one plan, each owner once.
pub(crate) struct Owners<'a> {
    cluster: &'a Cluster,
    seen: HashMap<(String, String), Option<Value>>,
}

impl<'a> Owners<'a> {
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        Self { cluster, seen: HashMap::new() }
    }

    /// The warning about an object that somebody else keeps; `None` when nobody is known to.
    pub(crate) async fn warning(&mut self, target: &Target) -> Option<String> {
        let meta = &target.object["metadata"];
        let text = |part: &str, key: &str| meta[part][key].as_str().filter(|t| !t.is_empty()).map(|t| line(t, 100));
        let object = &target.reference;
        if let Some(id) = text("annotations", TRACKING_ID) {
            let tracked = id.split(':').next().unwrap_or_default().to_owned();
            // Applications outside Argo CD's own namespace are written NAMESPACE_NAME.
            let (namespace, name) = tracked.split_once('_').unwrap_or(("", &tracked));
            let found = self.application(namespace, name).await;
            return Some(argo(&object.to_string(), name, found.as_ref()));
        }
        for (group, plural, kind, prefix) in [
            ("kustomize.toolkit.fluxcd.io", "kustomizations", "Kustomization", "kustomize.toolkit.fluxcd.io"),
            ("helm.toolkit.fluxcd.io", "helmreleases", "HelmRelease", "helm.toolkit.fluxcd.io"),
        ] {
            if let Some(name) = text("labels", &format!("{prefix}/name")) {
                if text("annotations", &format!("{prefix}/reconcile")).as_deref() == Some("disabled") {
                    return None;
                }
                let namespace = text("labels", &format!("{prefix}/namespace")).unwrap_or_default();
                let found = self.one(group, plural, &namespace, &name).await;
                return flux(&object.to_string(), kind, &namespace, &name, found.as_ref());
            }
        }
        if let Some(name) = text("labels", INSTANCE)
            && let Some(found) = self.application("", &name).await
            && holds(&found, target)
        {
            return Some(argo(&object.to_string(), &name, Some(&found)));
        }
        (text("labels", "app.kubernetes.io/managed-by").as_deref() == Some("Helm")).then(|| {
            let release = text("annotations", "meta.helm.sh/release-name").or_else(|| text("labels", INSTANCE));
            let release = release.map(|name| format!(" release {name}")).unwrap_or_default();
            format!("Helm{release} has made {object}: its next upgrade may take this back")
        })
    }

    /// The Application of this name; looked for everywhere when its namespace is not known.
    async fn application(&mut self, namespace: &str, name: &str) -> Option<Value> {
        if !namespace.is_empty() {
            return self.one("argoproj.io", "applications", namespace, name).await;
        }
        let key = ("applications".to_owned(), name.to_owned());
        if let Some(known) = self.seen.get(&key) {
            return known.clone();
        }
        let kind = self.kind("argoproj.io", "applications").await?;
        let request = Request::list(&kind, None).query("fieldSelector", format!("metadata.name={name}"));
        let list: Option<Value> = self.cluster.json(request).await.ok();
        let found = list.and_then(|mut l| l["items"].as_array_mut().and_then(Vec::pop));
        let found = match found {
            Some(found) => Some(found),
            // Whoever may not list them everywhere may see those where Argo CD mostly is.
            None => self.cluster.json(Request::get(kind.path(Some("argocd"), Some(name), None))).await.ok(),
        };
        self.seen.insert(key, found.clone());
        found
    }

    async fn one(&mut self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let key = (format!("{plural}.{group}"), format!("{namespace}/{name}"));
        if let Some(known) = self.seen.get(&key) {
            return known.clone();
        }
        let kind = self.kind(group, plural).await?;
        let found = self.cluster.json(Request::get(kind.path(Some(namespace), Some(name), None))).await.ok();
        self.seen.insert(key, found.clone());
        found
    }

    async fn kind(&self, group: &str, plural: &str) -> Option<Kind> {
        self.cluster.kinds().await.ok()?.find(&format!("{plural}.{group}")).cloned()
    }
}

/// Whether an Application counts this object as its own.
fn holds(application: &Value, target: &Target) -> bool {
    let object = &target.reference;
    application["status"]["resources"].as_array().into_iter().flatten().any(|r| {
        let is = |field: &str, text: &str| r[field].as_str().unwrap_or_default() == text;
        is("kind", &object.kind.kind)
            && is("group", &object.kind.group)
            && is("name", &object.name)
            && is("namespace", &object.namespace)
    })
}

fn argo(object: &str, name: &str, application: Option<&Value>) -> String {
    let Some(found) = application else {
        return format!(
            "Argo CD Application {name} keeps {object} as git declares it and may take this back: change git instead"
        );
    };
    let namespace = line(found["metadata"]["namespace"].as_str().unwrap_or_default(), 60);
    let owner = format!("Argo CD Application {namespace}/{name} keeps {object} as git declares it");
    let automatic = application::auto_sync(found);
    match (automatic, application::self_heal(found)) {
        (_, true) => format!(
            "{owner}: it takes this back within seconds (self-heal on). Change git, or suspend its auto-sync first (argocd-suspend)"
        ),
        (true, _) => format!(
            "{owner}: its next automatic sync takes this back (self-heal off). Change git, or suspend its auto-sync first (argocd-suspend)"
        ),
        _ => format!(
            "{owner}: it may be out of sync after this, and the next sync takes it back (auto-sync off). Change git as well"
        ),
    }
}

fn flux(object: &str, kind: &str, namespace: &str, name: &str, found: Option<&Value>) -> Option<String> {
    let owner = format!("Flux {kind} {namespace}/{name}");
    let Some(found) = found else {
        return Some(format!("{owner} keeps {object} as it is declared and may take this back: change git instead"));
    };
    let spec = &found["spec"];
    if spec["suspend"] == true {
        return Some(format!("{owner} has made {object} and is suspended: it takes this back when it is resumed"));
    }
    let every = spec["interval"].as_str().map(|i| format!(" (every {})", line(i, 20))).unwrap_or_default();
    if kind == "HelmRelease" && spec["driftDetection"]["mode"] != "enabled" {
        return Some(format!(
            "{owner} has made {object}: its next upgrade takes this back (drift detection is off). Change its values instead"
        ));
    }
    Some(format!(
        "{owner} keeps {object} as it is declared: its next run{every} takes this back. Change git, or suspend it first (flux-suspend)"
    ))
}
