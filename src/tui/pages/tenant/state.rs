//! What is told of a tenant.

use crate::pages::app::workload;
use crate::pages::board::overview::Watched;
use crate::pages::detail::{Item, Story, Told};
use crate::state::{Cx, Place, Subject};
use quarterdeck_core::overview::Overview;
use quarterdeck_core::resources::{Kind, Level, ObjectRef};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::tenants::TenantView;
use quarterdeck_core::{Problem, Result};

/// A tenant and all that belongs to it.
pub struct TenantStory {
    name: String,
    object: Option<ObjectRef>,
    watched: Watched,
}

fn items(tenant: &TenantView, seen: &Overview) -> Vec<Item> {
    let mine = |namespace: &str| tenant.namespaces.iter().any(|n| &**n == namespace);
    let mut items = Vec::new();
    let findings: Vec<_> = seen.findings.iter().filter(|f| mine(&f.namespace)).collect();
    if !findings.is_empty() {
        items.push(Item::heading("What is wrong"));
        for (i, f) in findings.iter().enumerate() {
            let mut item = Item::new(f.level, &f.kind, &f.name, &f.reason).object(f.object.clone()).since(f.since);
            item.broken = i == 0;
            items.push(item);
        }
    }
    items.push(Item::heading("Workloads"));
    items.extend(tenant.workloads.iter().map(workload));
    let certificates = seen.certificates.iter().filter(|c| mine(&c.namespace));
    let routes = seen.routes.iter().filter(|r| mine(&r.namespace));
    let parts: Vec<Item> = certificates
        .map(|c| {
            let words = format!("{} {}", c.verdict.word, c.verdict.why);
            Item::new(c.verdict.level, "Certificate", &*c.name, words.trim())
                .object(Some(c.object.clone()))
                .place(Place::object("certificate", c.object.clone()))
        })
        .chain(routes.map(|r| {
            let words = format!("{} {}", r.verdict.word, r.verdict.why);
            let place = Place::object("route", r.object.clone()).with("host", &*r.host).with("path", &*r.path);
            Item::new(r.verdict.level, &r.kind, format!("{}{}", r.host, r.path), words.trim())
                .object(Some(r.object.clone()))
                .place(place.with("extra", &*r.extra))
        }))
        .collect();
    if !parts.is_empty() {
        items.push(Item::heading("Certificates and routes"));
        items.extend(parts);
    }
    if !tenant.quota.is_empty() {
        items.push(Item::heading("Quota"));
    }
    for q in &tenant.quota {
        let level = match q.share {
            Some(share) if share >= 1.0 => Level::Bad,
            Some(share) if share >= 0.9 => Level::Warn,
            _ => Level::Good,
        };
        let share = q.share.map(|s| format!("{:.0}%", s * 100.0)).unwrap_or_default();
        items.push(Item::new(level, &q.resource, format!("{} of {}", q.used, q.hard), share));
    }
    items.push(Item::heading("Namespaces"));
    for namespace in &tenant.namespaces {
        let kind = Kind::of("", "v1", "Namespace", "namespaces", false);
        items.push(Item::new(Level::Off, "Namespace", &**namespace, "").object(Some(ObjectRef::new(kind, "", namespace))));
    }
    items
}

impl Story for TenantStory {
    const NAME: &'static str = "tenant";
    fn crumb(&self) -> String {
        format!("tenants {}", self.name)
    }
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Name(name) = &place.subject else {
            return Err(Problem::usage("cannot open a tenant", "the place names none"));
        };
        Ok(Self { name: name.clone(), object: None, watched: Watched::open(cx)? })
    }
    fn tell(&mut self, cx: &mut Cx<'_>) -> Option<Option<Told>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let Some(tenant) = self.watched.seen.tenant(&self.name) else { return Some(None) };
        self.object = Some(tenant.object.clone());
        let items = items(tenant, &self.watched.seen);
        Some(Some(Told { verdict: tenant.verdict.clone(), since: tenant.since, items }))
    }
    fn object(&self) -> Option<ObjectRef> {
        self.object.clone()
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
}
