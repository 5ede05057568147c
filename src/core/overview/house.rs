//! The platform itself, as its profile describes it and as the cluster has it: gateways, ingress classes, the catalogue.

use super::Overview;
use crate::platform::profile::{AppEntry, GatewayEntry};
use crate::platform::{AppView, Profile};
use crate::resources::{Level, ObjectRef, Verdict};
use serde::Serialize;

/// A gateway of the profile and how it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayView {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    /// What comes in through it: `public`.
    pub title: String,
    pub verdict: Verdict,
    /// `None` where it is not there.
    #[serde(skip)]
    pub object: Option<ObjectRef>,
}

/// An app of the catalogue and whether it is here.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogueView {
    pub name: String,
    pub title: String,
    /// Something of it is in the cluster.
    pub here: bool,
    pub verdict: Verdict,
    /// In which versions of the platform it exists, in words.
    pub eras: String,
}

impl Overview {
    /// What the profile says that requests come in through, in its order.
    pub fn gateways(&self) -> Vec<GatewayView> {
        self.profile.gateways.iter().map(|g| self.gateway(g)).collect()
    }

    fn gateway(&self, entry: &GatewayEntry) -> GatewayView {
        let found = match entry.kind.as_str() {
            "Deployment" | "StatefulSet" | "DaemonSet" => self.proxy(entry),
            _ => self.door(entry),
        };
        let (object, verdict) = match found {
            Some((object, verdict)) => (Some(object), verdict),
            None => (None, Verdict::new(Level::Off, "Not there")),
        };
        GatewayView {
            kind: entry.kind.clone(),
            namespace: entry.namespace.clone(),
            name: entry.name.clone(),
            title: entry.title.clone(),
            verdict,
            object,
        }
    }

    /// A proxy that is a workload.
    fn proxy(&self, entry: &GatewayEntry) -> Option<(ObjectRef, Verdict)> {
        let same =
            |w: &ObjectRef| w.kind.kind == entry.kind && *w.namespace == *entry.namespace && *w.name == *entry.name;
        let known = self.apps.iter().flat_map(|a| &a.workloads).find(|w| same(&w.object));
        if let Some(w) = known {
            let mut verdict = w.verdict.clone();
            if verdict.why.is_empty() {
                verdict.why = format!("{}/{} ready", w.ready, w.wanted);
            }
            return Some((w.object.clone(), verdict));
        }
        let mut all = self.snapshot.workloads.iter().map(|(k, w)| ObjectRef::with_meta(k.clone(), &w.head.meta));
        all.find(same).map(|object| (object, Verdict::new(Level::Unknown, "There")))
    }

    /// A Gateway of the Gateway API or of Istio.
    fn door(&self, entry: &GatewayEntry) -> Option<(ObjectRef, Verdict)> {
        let here = |meta: &crate::resources::Meta| *meta.namespace == *entry.namespace && *meta.name == *entry.name;
        if let Some((kind, gateway)) = self.snapshot.gateways.iter().find(|(_, g)| here(&g.meta)) {
            let verdict = match gateway.status.conditions.get("Programmed") {
                Some(c) if &*c.status == "True" => Verdict::new(Level::Good, "Programmed"),
                Some(c) => Verdict::new(Level::Bad, "Not programmed").why(c.message.to_string()),
                None => Verdict::new(Level::Unknown, "No controller").why("nobody has taken it up"),
            };
            return Some((ObjectRef::with_meta(kind.clone(), &gateway.meta), verdict));
        }
        // Istio's Gateways have no status: a proxy picks them up by its labels.
        let (kind, gateway) = self.snapshot.istio_gateways.iter().find(|(_, g)| here(&g.meta))?;
        let hosts = gateway.spec.servers.iter().map(|s| s.hosts.len()).sum::<usize>();
        let verdict = Verdict::new(Level::Good, "There").why(format!("{hosts} hosts"));
        Some((ObjectRef::with_meta(kind.clone(), &gateway.meta), verdict))
    }

    /// Ingress classes of the profile, each with its object where it is there.
    pub fn ingress_classes(&self) -> Vec<(String, Option<ObjectRef>)> {
        let class = |name: &String| {
            let found = self.snapshot.ingress_classes.iter().find(|(_, c)| *c.head.meta.name == **name);
            (name.clone(), found.map(|(k, c)| ObjectRef::with_meta(k.clone(), &c.head.meta)))
        };
        self.profile.ingress_classes.iter().map(class).collect()
    }

    /// The app that people sign in with, where the profile names one that is here.
    pub fn identity(&self) -> Option<&AppView> {
        self.app(&self.profile.identity).filter(|_| !self.profile.identity.is_empty())
    }

    /// The issuer that the profile names.
    pub fn platform_issuer(&self) -> Option<ObjectRef> {
        let name = self.profile.certificates.issuer.as_str();
        let all = self.issuers.iter().map(|i| &i.object);
        all.filter(|o| *o.name == *name).min_by_key(|o| o.kind.kind != "ClusterIssuer").cloned()
    }

    /// All apps of the catalogue in its order of installation: those that are here, then those that are not.
    pub fn catalogue(&self) -> Vec<CatalogueView> {
        let mut entries: Vec<&AppEntry> = self.profile.apps.iter().collect();
        entries.sort_by_key(|e| e.stage.unwrap_or(u32::MAX));
        let mut all: Vec<CatalogueView> = entries.into_iter().map(|e| self.entry(e)).collect();
        all.sort_by_key(|c| !c.here);
        all
    }

    fn entry(&self, entry: &AppEntry) -> CatalogueView {
        let app = self.app(&entry.name).filter(|a| a.catalogued);
        // Only its namespace is there: nothing of the app.
        let here = app.is_some_and(|a| a.total > 0 || !a.origins.is_empty());
        CatalogueView {
            name: entry.name.clone(),
            title: Profile::title_of(entry).to_owned(),
            here,
            verdict: match app.filter(|_| here) {
                Some(app) => app.verdict.clone(),
                None => Verdict::new(Level::Off, "Not here"),
            },
            eras: entry.eras.clone(),
        }
    }
}

/// The rule by which namespaces belong to tenants, in words; empty where there is none.
pub fn tenants_in_words(profile: &Profile) -> String {
    let t = &profile.tenants;
    let mut ways = Vec::new();
    if !t.label.is_empty() {
        ways.push(format!("the label {}", t.label));
    }
    if !t.namespaces.is_empty() {
        ways.push(format!("namespaces {}", t.namespaces));
    }
    if ways.is_empty() {
        return String::new();
    }
    let but = if t.except.is_empty() { String::new() } else { format!(", but {}", t.except.join(", ")) };
    let word = if t.word.is_empty() { "tenant" } else { &t.word };
    format!("a {word} each: {}{but}", ways.join(", else "))
}
