//! What is told of a certificate.

use crate::pages::board::overview::Watched;
use crate::pages::detail::{Item, Story, Told};
use crate::state::{Cx, Place, Subject, age};
use quarterdeck_core::certificates::CertificateView;
use quarterdeck_core::resources::{Level, ObjectRef};
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, Result};

/// A certificate and its chain.
pub struct CertificateStory {
    object: ObjectRef,
    watched: Watched,
}

/// What holds of the certificate itself.
fn facts(view: &CertificateView, now: i64) -> Vec<Item> {
    let mut items = vec![Item::heading("Facts")];
    items.push(Item::new(Level::Off, "names", view.hosts.join(", "), ""));
    if !view.issuer.name.is_empty() {
        let staging = if view.staging { "staging: browsers trust nothing of it" } else { "" };
        items.push(Item::new(Level::Off, "issuer", &*view.issuer.name, staging));
    }
    if let Some(end) = view.not_after {
        let level = if end < now { Level::Bad } else { Level::Off };
        let used = view.used.map(|u| format!(", {:.0}% of its life used", u * 100.0)).unwrap_or_default();
        let date = quarterdeck_core::clock::format_time(end);
        items.push(Item::new(level, "ends", age::age(end, now), format!("{date}{used}")));
    }
    if let Some(renewal) = view.renewal_time {
        let level = if renewal < now { Level::Warn } else { Level::Off };
        items.push(Item::new(level, "renews", age::age(renewal, now), quarterdeck_core::clock::format_time(renewal)));
    }
    if view.attempts > 0 {
        let next = view.next_try.map(|at| format!("next try {}", age::age(at, now))).unwrap_or_default();
        items.push(Item::new(Level::Warn, "failed attempts", view.attempts.to_string(), next));
    }
    if let Some(leaf) = &view.leaf {
        let by = if leaf.self_signed { "self-signed".to_owned() } else { format!("by {}", leaf.issuer) };
        items.push(Item::new(Level::Off, "serial", &*leaf.serial, by));
        items.push(Item::new(Level::Off, "SHA-256", &*leaf.sha256, ""));
    }
    items
}

impl Story for CertificateStory {
    const NAME: &'static str = "certificate";
    fn crumb(&self) -> String {
        format!("certificates {}", self.object.short())
    }
    fn open(place: &Place, cx: &mut Cx<'_>) -> Result<Self> {
        let Subject::Object(object) = &place.subject else {
            return Err(Problem::usage("cannot open a certificate", "the place names none"));
        };
        Ok(Self { object: object.clone(), watched: Watched::open(cx)? })
    }
    fn tell(&mut self, cx: &mut Cx<'_>) -> Option<Option<Told>> {
        if !self.watched.refresh(cx) {
            return None;
        }
        let seen = &self.watched.seen;
        let Some(view) = seen.certificate(&self.object.namespace, &self.object.name) else { return Some(None) };
        self.object = view.object.clone();
        let mut items = Vec::new();
        if let Some(chain) = seen.chain(view) {
            for (i, link) in chain.links.iter().enumerate() {
                let mut item = Item::new(link.level, &link.title, &link.name, &link.words)
                    .object(link.object.clone())
                    .since(link.since.filter(|_| link.level >= Level::Busy));
                item.broken = chain.broken == Some(i);
                items.push(item);
            }
        } else {
            for (level, object, words) in seen.used_by(view) {
                items.push(Item::new(level, "used by", object.short(), words).object(Some(object)));
            }
        }
        items.extend(facts(view, cx.now));
        Some(Some(Told { verdict: view.verdict.clone(), since: view.since, items }))
    }
    fn object(&self) -> Option<ObjectRef> {
        Some(self.object.clone())
    }
    fn freshness(&self) -> Option<Freshness> {
        Some(self.watched.freshness())
    }
}
