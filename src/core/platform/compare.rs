//! What is declared, what results, and what the cluster has: version, chart, revision, replicas, image.

use super::declared::{Asks, Named, Overrides, Part, Wanted, base};
use super::objects::{Pod, Workload};
use super::origin::Origin;
use super::view::{AppView, Compared};
use crate::Str;
use crate::overview::Snapshot;
use crate::resources::{Kind, Meta};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

fn row(what: impl Into<String>, declared: &str, effective: &str, observed: &str) -> Compared {
    Compared {
        what: what.into(),
        declared: declared.to_owned(),
        effective: effective.to_owned(),
        observed: observed.to_owned(),
        by: String::new(),
    }
}

/// All rows about an app; `observed` is the version that runs.
pub fn all(origins: &[Origin], workloads: &[(&Kind, &Workload)], observed: &str) -> Vec<Compared> {
    let mut rows = Vec::new();
    for o in origins.iter().filter(|o| o.view.manager != "Helm" && o.view.kind != "HelmRelease") {
        if !(o.view.declared.is_empty() && o.view.revision.is_empty()) {
            rows.push(row("revision", &o.view.declared, &o.view.revision, ""));
        }
    }
    let release = origins.iter().find(|o| o.view.manager == "Helm");
    let flux = origins.iter().find(|o| &*o.view.kind == "HelmRelease");
    let chart = release.or(flux).map(|o| o.chart_version.clone()).unwrap_or_default();
    let labelled = chart_label(workloads);
    if !chart.is_empty() && (flux.is_some() || !labelled.is_empty()) {
        let declared = flux.map(|o| o.view.declared.clone()).unwrap_or_default();
        rows.push(row("chart version", &declared, &chart, &labelled));
    }
    let version = declared(origins);
    if !version.is_empty() || !observed.is_empty() {
        rows.push(row("version", "", &version, observed));
    }
    rows
}

/// Replicas and images of an app's workloads: as they are declared, as their specifications have them, and as the running
/// pods have them.
pub fn workloads(app: &AppView, snapshot: &Snapshot) -> Vec<Compared> {
    let sources = Sources::of(app, snapshot);
    // Pages ask for this at each change: only what is in the app's namespaces is looked through.
    let places: BTreeSet<&str> = app.workloads.iter().map(|w| &*w.namespace).collect();
    let all = snapshot.workloads.iter().filter(|(_, w)| places.contains(&*w.head.meta.namespace));
    let all: FxHashMap<&str, (&Kind, &Workload)> = all.map(|(k, w)| (&*w.head.meta.uid, (k, &**w))).collect();
    let pods = snapshot.pods.values().filter(|p| places.contains(&*p.meta.namespace) && alive(p));
    let pods: Vec<&Pod> = pods.map(|p| &**p).collect();
    let mut rows = Vec::new();
    for view in &app.workloads {
        let Some((kind, w)) = all.get(&*view.uid).copied() else { continue };
        let (wanted, by) = sources.wanted(app, kind, w);
        if kind.kind != "DaemonSet" {
            let declared = wanted.replicas.map(|n| n.to_string()).unwrap_or_default();
            let mut row =
                row(format!("replicas {}", view.name), &declared, &view.wanted.to_string(), &view.ready.to_string());
            row.by.clone_from(&by);
            rows.push(row);
        }
        let pods: Vec<&Pod> = pods.iter().copied().filter(|p| selects(w, p)).collect();
        let containers = &w.spec.template.spec.containers;
        for (i, container) in containers.iter().enumerate() {
            let declared = wanted.images.iter().find(|(name, _)| *name == container.name);
            let declared = declared.map(|(_, image)| &**image).unwrap_or_default();
            let of = if i == 0 { view.name.to_string() } else { format!("{}/{}", view.name, container.name) };
            let mut row = row(format!("image {of}"), declared, &container.image, &observed(&pods, &container.name));
            row.by.clone_from(&by);
            rows.push(row);
        }
    }
    rows
}

/// Whether a pod is one that runs or will run.
fn alive(pod: &Pod) -> bool {
    pod.meta.deleting.is_none() && matches!(&*pod.status.phase, "Running" | "Pending")
}

/// Whether a pod is one of a workload's.
pub(crate) fn selects(w: &Workload, pod: &Pod) -> bool {
    let selector = &w.spec.selector.match_labels;
    let here = w.head.meta.namespace == pod.meta.namespace;
    here && !selector.is_empty() && selector.iter().all(|(k, v)| pod.meta.label(k) == Some(&**v))
}

/// The image of a container over all pods: one, or several with how many pods have each.
fn observed(pods: &[&Pod], container: &str) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let named = pods.iter().flat_map(|p| p.images.iter()).filter(|(name, _)| **name == *container);
    for (_, image) in named {
        match counts.iter_mut().find(|(known, _)| *known == &**image) {
            Some((_, n)) => *n += 1,
            None => counts.push((image, 1)),
        }
    }
    match counts.as_slice() {
        [(image, _)] => (*image).to_owned(),
        all => all.iter().map(|(image, n)| format!("{image} ({n})")).collect::<Vec<_>>().join(", "),
    }
}

/// What declares an app's workloads, the nearest to git first.
struct Sources<'a> {
    /// Values and overrides, and whose they are.
    asks: Vec<(Asks, String)>,
    /// Manifests of Helm releases, and which.
    manifests: Vec<(&'a [Named], String)>,
}

impl<'a> Sources<'a> {
    fn of(app: &AppView, snapshot: &'a Snapshot) -> Self {
        let mut sources = Self { asks: Vec::new(), manifests: Vec::new() };
        for o in &app.origins {
            let is = |meta: &Meta| meta.namespace == o.namespace && meta.name == o.object.name;
            match o.manager {
                "Argo CD" => {
                    let found = snapshot.applications.values().find(|a| is(&a.meta));
                    for source in found.iter().flat_map(|a| a.spec.source.iter().chain(&a.spec.sources)) {
                        let Overrides { images, counts } = source.kustomize.clone();
                        let asks = Asks { parts: source.helm.clone(), images, counts };
                        sources.asks.push((asks, format!("Application {}", o.name)));
                    }
                }
                "Flux" => {
                    let found = snapshot.flux.values().find(|f| *f.kind == *o.kind && is(&f.meta));
                    if let Some(f) = found {
                        let asks = Asks { images: f.spec.images.clone(), ..f.spec.values.clone() };
                        sources.asks.push((asks, format!("{} {}", o.kind, o.name)));
                    }
                }
                _ => {
                    if let Some(r) = snapshot.helm_releases.values().find(|r| is(&r.meta)) {
                        sources.manifests.push((&r.workloads, format!("release {}", o.name)));
                    }
                }
            }
        }
        sources
    }

    /// What is declared of a workload, and by what.
    fn wanted(&self, app: &AppView, kind: &Kind, w: &Workload) -> (Wanted, String) {
        let (mut wanted, mut by) = self.rendered(kind, w);
        for (asks, whose) in &self.asks {
            if overrides(asks, app, w, &mut wanted) {
                by.clone_from(whose);
            }
        }
        (wanted, by)
    }

    /// As a release's manifest has it, else as it was last applied.
    fn rendered(&self, kind: &Kind, w: &Workload) -> (Wanted, String) {
        for (named, which) in &self.manifests {
            if let Some(n) = named.iter().find(|n| *n.kind == *kind.kind && n.name == w.head.meta.name) {
                return (n.wanted.clone(), which.clone());
            }
        }
        match &w.applied {
            Some(applied) => ((**applied).clone(), "last applied".into()),
            None => (Wanted::default(), String::new()),
        }
    }
}

/// Puts what values and overrides ask for over what is known; whether they ask for anything of this workload.
fn overrides(asks: &Asks, app: &AppView, w: &Workload, wanted: &mut Wanted) -> bool {
    let name = &*w.head.meta.name;
    let before = wanted.clone();
    if let Some((_, count)) = asks.counts.iter().find(|(n, _)| **n == *name) {
        wanted.replicas = Some(*count);
    }
    let containers = &w.spec.template.spec.containers;
    let mut set = |i: usize, image: String| {
        let Some(container) = containers.get(i) else { return };
        wanted.images.retain(|(n, _)| *n != container.name);
        wanted.images.push((container.name.clone(), image.as_str().into()));
    };
    for (i, container) in containers.iter().enumerate() {
        let effective = base(&container.image);
        let stands = |(old, new): &&(Str, Str)| **old == *effective || base(new) == effective;
        if let Some((_, new)) = asks.images.iter().find(stands) {
            set(i, stood_in(&container.image, new));
        }
    }
    // `server` is the part of `authentik-server`; the whole is asked for of the workload that bears the app's name.
    let part =
        asks.parts.iter().find(|p| !p.name.is_empty() && (*p.name == *name || name.ends_with(&format!("-{}", p.name))));
    let main = app.workloads.len() == 1 || name == &*app.name || app.origins.iter().any(|o| &*o.name == name);
    let whole = asks.parts.iter().find(|p| p.name.is_empty()).filter(|_| main && part.is_none());
    if let Some(part) = part.or(whole) {
        if let Some(container) = containers.first().filter(|_| !(part.tag.is_empty() && part.repository.is_empty())) {
            set(0, asked_image(&container.image, part));
        }
        wanted.replicas = part.replicas.or(wanted.replicas);
    }
    *wanted != before
}

/// The image that values ask for. What they leave out (a registry, a tag) is as it is now.
fn asked_image(effective: &str, part: &Part) -> String {
    let now = base(effective);
    let repository = match &*part.repository {
        "" => now.to_owned(),
        // `traefik` is `docker.io/traefik` where that is what was made of it.
        asked if now == asked || now.ends_with(&format!("/{asked}")) => now.to_owned(),
        asked => asked.to_owned(),
    };
    let rest = effective.get(now.len()..).unwrap_or_default();
    // A digest pins the tag that is asked for; it is not another image.
    let pinned = rest.strip_prefix(':').and_then(|r| r.strip_prefix(&*part.tag)).is_some_and(|r| r.starts_with('@'));
    if part.tag.is_empty() || pinned { format!("{repository}{rest}") } else { format!("{repository}:{}", part.tag) }
}

/// The image that Kustomize puts in the place of one: without a tag and digest of its own it keeps those.
fn stood_in(effective: &str, new: &str) -> String {
    let rest = effective.get(base(effective).len()..).unwrap_or_default();
    if base(new) == new { format!("{new}{rest}") } else { new.to_owned() }
}

/// The version of the software that a release says it has; empty when none tells.
pub fn declared(origins: &[Origin]) -> Str {
    origins.iter().rev().map(|o| &o.version).find(|v| !v.is_empty()).cloned().unwrap_or_default()
}

/// The chart version in `helm.sh/chart` (`NAME-VERSION`) of the workloads.
fn chart_label(workloads: &[(&Kind, &Workload)]) -> String {
    let label = workloads.iter().find_map(|(_, w)| w.head.meta.label("helm.sh/chart")).unwrap_or_default();
    let at = label.match_indices('-').map(|(i, _)| i).find(|i| {
        let rest = label[i + 1..].trim_start_matches('v');
        rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains('.')
    });
    at.map(|i| label[i + 1..].to_owned()).unwrap_or_default()
}
