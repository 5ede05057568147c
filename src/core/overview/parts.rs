//! What belongs to an app and is looked for when someone opens it: pods, routes, certificates.

use super::Overview;
use super::index::Index;
use crate::Str;
use crate::certificates::CertificateView;
use crate::platform::{AppView, Compared, WorkloadView, blocking, compare};
use crate::resources::{Level, ObjectRef};
use crate::routes::{Hop, RouteView, way};
use std::cell::LazyCell;

/// A pod of a workload, in words.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodView {
    #[serde(skip)]
    pub object: ObjectRef,
    pub name: Str,
    pub level: Level,
    /// `ready`, or why it is not.
    pub words: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

impl Overview {
    /// All pods, slim.
    pub(crate) fn pods(&self) -> impl Iterator<Item = &std::sync::Arc<crate::platform::objects::Pod>> {
        self.snapshot.pods.values()
    }
    /// The pods that a workload selects, those that are not ready first.
    pub fn pods_of(&self, w: &WorkloadView) -> Vec<PodView> {
        self.pods_of_each(std::slice::from_ref(w)).pop().unwrap_or_default()
    }
    /// The same of several workloads, in their order.
    pub fn pods_of_each(&self, workloads: &[WorkloadView]) -> Vec<Vec<PodView>> {
        // What is around pods is looked for only where one of them is not fine: pages ask for this at each change.
        let index = LazyCell::new(|| Index::new(&self.snapshot));
        workloads.iter().map(|w| self.selected(w, &index)).collect()
    }

    fn selected<'a>(
        &'a self,
        w: &WorkloadView,
        index: &LazyCell<Index<'a>, impl FnOnce() -> Index<'a>>,
    ) -> Vec<PodView> {
        let Some((_, workload)) = self.snapshot.workloads.iter().find(|(_, o)| o.head.meta.uid == w.uid) else {
            return Vec::new();
        };
        let mine = self.snapshot.pods.iter().filter(|(_, p)| compare::selects(workload, p));
        let mut pods: Vec<PodView> = mine
            .map(|(kind, p)| {
                let fine = p.status.conditions.is("Ready") || &*p.status.phase == "Succeeded";
                let block = if fine { None } else { blocking::pod(index, kind, p).into_iter().next() };
                let ready = p.status.conditions.get("Ready");
                let (level, words) = match (&block, p.meta.deleting) {
                    (_, Some(_)) => (Level::Off, "is going".to_owned()),
                    (Some(b), _) => (if b.rank > 20 { Level::Bad } else { Level::Busy }, b.words.clone()),
                    (None, _) if &*p.status.phase == "Succeeded" => (Level::Off, "has ended".to_owned()),
                    (None, _) => (Level::Good, "ready".to_owned()),
                };
                let since = ready.and_then(|r| r.since).or(p.meta.created);
                PodView {
                    object: ObjectRef::with_meta(kind.clone(), &p.meta),
                    name: p.meta.name.clone(),
                    level,
                    words,
                    since,
                }
            })
            .collect();
        pods.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.name.cmp(&b.name)));
        pods
    }
    /// What is declared of an app, what results and what the cluster has, side by side: revision, chart and version, then
    /// replicas and images of its workloads. Made anew for each call.
    pub fn compared_of(&self, app: &AppView) -> Vec<Compared> {
        let mut rows = app.compared.clone();
        rows.extend(compare::workloads(app, &self.snapshot));
        rows
    }
    /// The way of a request over a route, from its TLS to the endpoints.
    pub fn way(&self, route: &RouteView) -> Vec<Hop> {
        let certificate = route.tls.certificate.as_ref();
        way::way(route, self.certificates.iter().find(|c| Some(&c.uid) == certificate))
    }
    /// The routes that lead to an app.
    pub fn routes_of(&self, app: &AppView) -> Vec<&RouteView> {
        self.routes.iter().filter(|r| app.hosts.contains(&r.host)).collect()
    }
    /// The certificates that serve an app's hosts.
    pub fn certificates_of(&self, app: &AppView) -> Vec<&CertificateView> {
        let wanted: Vec<&Str> = self.routes_of(app).iter().filter_map(|r| r.tls.certificate.as_ref()).collect();
        self.certificates.iter().filter(|c| wanted.contains(&&c.uid)).collect()
    }
}
