//! The apps of a platform: its catalogue and what else is found in the cluster.

use super::discover::{self, Found};
use super::health::{judge, operations};
use super::objects::Workload;
use super::origin::{self, Origin};
use super::pattern::matches;
use super::profile::{AppEntry, Profile};
use super::{AppView, WorkloadView, compare, needs, place, workload};
use crate::Str;
use crate::overview::index::Index;
use crate::resources::Kind;
use crate::routes::RouteView;
use rustc_hash::{FxHashMap, FxHashSet};

/// All apps: the catalogue's in its order of installation, then the others by name. Apps of the catalogue that are not
/// installed are left out.
pub fn all(
    index: &Index<'_>,
    profile: &Profile,
    routes: &[RouteView],
    tenant: &dyn Fn(&str) -> bool,
    now: i64,
) -> Vec<AppView> {
    let mut origins = origin::all(index.snapshot, now);
    let waits: Vec<Waits> = origins
        .iter()
        .flat_map(|o| o.needs.iter().map(|n| ((o.view.namespace.clone(), o.view.name.clone()), n.clone())))
        .collect();
    let mut taken: FxHashSet<Str> = FxHashSet::default();
    let mut own: FxHashSet<&str> = FxHashSet::default();
    let mut apps: Vec<AppView> = Vec::new();
    // Entries that name their workloads choose first from a namespace that is shared.
    let mut entries: Vec<&AppEntry> = profile.apps.iter().collect();
    entries.sort_by_key(|e| e.workloads.is_empty());
    for entry in entries {
        let mine = workloads(index, entry, &taken);
        let (mut hers, rest): (Vec<Origin>, Vec<Origin>) = origins.into_iter().partition(|o| owns(entry, o));
        origins = rest;
        // The one that bears its name is the one to act on; a Helm release only where there is nothing else.
        hers.sort_by_key(|o| (o.source() == "helm", !o.view.name.ends_with(&entry.name)));
        let there = index.snapshot.namespaces.values().any(|n| *n.head.meta.name == entry.namespaces[0]);
        let installed = !mine.is_empty() || !hers.is_empty();
        if !installed && (!there || !entry.workloads.is_empty()) {
            continue;
        }
        taken.extend(mine.iter().map(|(_, w)| w.head.meta.uid.clone()));
        if entry.workloads.is_empty() {
            own.extend(entry.namespaces.iter().map(String::as_str));
        }
        let views = mine.iter().map(|(k, w)| workload::view(index, k, w, now)).collect();
        let mut app = build(entry.name.as_str().into(), hers, views, installed, &mine, &|source| entry.trusts(source));
        app.title = Profile::title_of(entry).to_owned();
        app.types = entry.types.clone();
        app.catalogued = true;
        app.namespaces = entry.namespaces.iter().map(|n| n.as_str().into()).collect();
        app.needs = entry.needs.iter().map(|n| n.as_str().into()).collect();
        app.values = entry.values.clone();
        app.sign_in = entry.sign_in.clone();
        app.stage = entry.stage;
        place::tell(index, &mut app, routes, Some(entry));
        apps.push(app);
    }
    if profile.discover {
        let is_taken = |namespace: &str, uid: &str| taken.contains(uid) || own.contains(namespace);
        for found in discover::all(index, origins, &is_taken, tenant) {
            apps.push(discovered(index, found, routes, now));
        }
    }
    single(&mut apps);
    depends(&mut apps, &waits);
    needs::tell(&mut apps);
    apps.sort_by(|a, b| {
        (!a.catalogued, a.stage.unwrap_or(u32::MAX), &a.name).cmp(&(
            !b.catalogued,
            b.stage.unwrap_or(u32::MAX),
            &b.name,
        ))
    });
    apps
}

/// An origin, as namespace and name, and another one that it waits for.
type Waits = ((Str, Str), (Str, Str));

/// What Flux objects depend on becomes what their apps need.
fn depends(apps: &mut [AppView], waits: &[Waits]) {
    let mut by_origin: FxHashMap<(Str, Str), Str> = FxHashMap::default();
    for app in apps.iter() {
        for o in app.origins.iter().filter(|o| o.manager == "Flux") {
            by_origin.insert((o.namespace.clone(), o.name.clone()), app.name.clone());
        }
    }
    for (from, to) in waits {
        let (Some(app), Some(need)) = (by_origin.get(from), by_origin.get(to)) else { continue };
        if app != need
            && let Some(app) = apps.iter_mut().find(|a| a.name == *app)
            && !app.needs.contains(need)
        {
            app.needs.push(need.clone());
        }
    }
}

/// Apps of the same name in several namespaces get the namespace before it: a name is an identity.
fn single(apps: &mut [AppView]) {
    let mut seen: FxHashMap<Str, u32> = FxHashMap::default();
    for app in apps.iter() {
        *seen.entry(app.name.clone()).or_default() += 1;
    }
    for app in apps.iter_mut().filter(|a| !a.catalogued) {
        if seen.get(&app.name).is_some_and(|n| *n > 1)
            && let Some(namespace) = app.namespaces.first()
        {
            app.name = format!("{namespace}/{}", app.name).as_str().into();
        }
    }
}

fn workloads<'a>(index: &Index<'a>, entry: &AppEntry, taken: &FxHashSet<Str>) -> Vec<(&'a Kind, &'a Workload)> {
    let mut mine = Vec::new();
    for namespace in &entry.namespaces {
        for (kind, w) in index.workloads.get(namespace.as_str()).into_iter().flatten() {
            let wanted = entry.workloads.is_empty() || entry.workloads.iter().any(|p| matches(p, &w.head.meta.name));
            if wanted && !taken.contains(&w.head.meta.uid) {
                mine.push((*kind, *w));
            }
        }
    }
    mine.sort_by(|a, b| {
        (&a.1.head.meta.namespace, &a.1.head.meta.name).cmp(&(&b.1.head.meta.namespace, &b.1.head.meta.name))
    });
    mine
}

/// Whether an origin is an app's: by the release that the profile names, else by the app's own namespace and name.
fn owns(entry: &AppEntry, o: &Origin) -> bool {
    let here = entry.namespaces.iter().any(|n| **n == *o.target);
    // Otomi names its Applications NAMESPACE-RELEASE.
    let name = &*o.view.name;
    let short = name.strip_prefix(&*o.target).and_then(|n| n.strip_prefix('-')).unwrap_or(name);
    if !entry.releases.is_empty() {
        return (here || o.target.is_empty()) && entry.releases.iter().any(|r| matches(r, name) || matches(r, short));
    }
    here && (entry.workloads.is_empty() || short == entry.name || entry.workloads.iter().any(|p| matches(p, short)))
}

fn discovered(index: &Index<'_>, found: Found<'_>, routes: &[RouteView], now: i64) -> AppView {
    let views: Vec<WorkloadView> = found.workloads.iter().map(|(k, w)| workload::view(index, k, w, now)).collect();
    let mut app = build(found.name.clone(), found.origins, views, true, &found.workloads, &|_| true);
    app.title = found.name.to_string();
    app.namespaces = found.namespaces;
    place::tell(index, &mut app, routes, None);
    app
}

fn build(
    name: Str,
    origins: Vec<Origin>,
    workloads: Vec<WorkloadView>,
    installed: bool,
    objects: &[(&Kind, &Workload)],
    trusts: &dyn Fn(&str) -> bool,
) -> AppView {
    let trusted: Vec<Origin> = origins.iter().filter(|o| trusts(o.source())).cloned().collect();
    let judged = judge(&trusted, if trusts("workloads") { &workloads } else { &[] }, installed);
    let first = origins.first().map(|o| &o.view);
    let version = version(&name, objects);
    let declared = compare::declared(&origins);
    let chart = origins.iter().rev().find(|o| o.view.manager == "Helm").map(|o| o.view.source.clone());
    let running = |w: &&WorkloadView| w.ready >= w.wanted;
    AppView {
        ready: workloads.iter().filter(running).count() as u32,
        total: workloads.len() as u32,
        compared: compare::all(&origins, objects, &version),
        operations: operations(&origins),
        declared: if declared.is_empty() { first.map(|o| o.revision.clone()).unwrap_or_default() } else { declared },
        chart: chart.unwrap_or_default(),
        // A release that brings no workload still has a version.
        version: if version.is_empty() { compare::declared(&origins) } else { version },
        sync: first.map(|o| o.sync.clone()).unwrap_or_default(),
        health: first.map(|o| o.health.clone()).unwrap_or_default(),
        name,
        title: String::new(),
        types: Vec::new(),
        catalogued: false,
        namespaces: Vec::new(),
        workloads,
        origins: origins.into_iter().map(|o| o.view).collect(),
        hosts: Vec::new(),
        url: None,
        addresses: Vec::new(),
        entry: None,
        cause: None,
        values: String::new(),
        sign_in: String::new(),
        needs: Vec::new(),
        needed_by: Vec::new(),
        stage: None,
        tenant: None,
        blocks: judged.blocks,
        since: judged.since,
        verdict: judged.verdict,
        code: judged.code,
    }
}

/// What its label says, else the tag of its first image; of the workload that bears its name before those of its
/// database.
fn version(name: &str, objects: &[(&Kind, &Workload)]) -> Str {
    let main = objects.iter().min_by_key(|(_, w)| {
        let workload = &*w.head.meta.name;
        let helper = ["postgres", "redis", "database", "mysql", "mongo"].iter().any(|h| workload.contains(h));
        (helper, workload != name, !workload.starts_with(name), workload.len())
    });
    let Some((_, main)) = main else { return "".into() };
    if let Some(version) = main.head.meta.label("app.kubernetes.io/version") {
        return version.into();
    }
    let image = main.spec.template.spec.containers.first().map(|c| c.image.clone()).unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    let last = last.split('@').next().unwrap_or_default();
    last.split_once(':').map(|(_, tag)| tag).unwrap_or_default().into()
}
