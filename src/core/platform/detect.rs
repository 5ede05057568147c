//! Which platform is it, and by what can one tell?

use super::library::Known;
use super::pattern::star;
use super::profile::{Profile, Sign};
use super::{PlatformView, builtin};
use crate::overview::Snapshot;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How well a profile fits a cluster.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Weighed {
    pub id: String,
    pub title: String,
    /// `built in`, or its file.
    pub source: String,
    pub points: u32,
    /// Points that it asks for.
    pub enough: u32,
    pub fits: bool,
    /// What speaks for it, e.g. `namespace flow-proxy`.
    pub evidence: Vec<String>,
    /// Signs that were looked for and not seen.
    pub missing: Vec<String>,
    /// What rules it out; empty when nothing does.
    pub against: String,
}

/// The profile in force: the one that was chosen for the context, else the one that fits best; with its evidence.
pub fn detect(snapshot: &Snapshot) -> (Arc<Profile>, PlatformView) {
    if let Some((profile, by)) = snapshot.platforms.chosen(&snapshot.context) {
        let evidence = weigh(profile, snapshot).evidence;
        return (profile.clone(), view(profile, evidence, by));
    }
    let fitting = snapshot.platforms.known().iter().map(|k| (k, weigh(&k.profile, snapshot))).filter(|(_, w)| w.fits);
    // Of several with the same points the first: the user's own comes before the built-in ones.
    let best = fitting.reduce(|best, next| if next.1.points > best.1.points { next } else { best });
    match best {
        Some((Known { profile, .. }, weighed)) => (profile.clone(), view(profile, weighed.evidence, "detection")),
        None => {
            let profile = builtin::all().last().cloned().unwrap_or_default();
            let view = view(&profile, Vec::new(), "detection");
            (profile, view)
        }
    }
}

/// How well each profile fits, the best first.
pub fn all(snapshot: &Snapshot) -> Vec<Weighed> {
    let mut all: Vec<Weighed> = snapshot
        .platforms
        .known()
        .iter()
        .map(|k| Weighed { source: k.source.to_string(), ..weigh(&k.profile, snapshot) })
        .collect();
    all.sort_by_key(|w| (!w.fits, std::cmp::Reverse(w.points)));
    all
}

/// A profile without signs fits any cluster, with no points.
fn weigh(profile: &Profile, snapshot: &Snapshot) -> Weighed {
    let mut weighed = Weighed {
        id: profile.id.clone(),
        title: profile.title.clone(),
        source: String::new(),
        points: 0,
        enough: profile.enough,
        fits: false,
        evidence: Vec::new(),
        missing: Vec::new(),
        against: String::new(),
    };
    for sign in &profile.detect {
        match seen(sign, snapshot) {
            Some(found) if sign.not => weighed.against = found,
            Some(found) => {
                weighed.points += sign.points;
                weighed.evidence.push(found);
            }
            None if sign.not => {}
            None => weighed.missing.push(sign.to_string()),
        }
    }
    weighed.fits = weighed.points >= weighed.enough && weighed.against.is_empty();
    weighed
}

impl std::fmt::Display for Sign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = [
            ("namespace", &self.namespace),
            ("label", &self.label),
            ("kind", &self.resource),
            ("ConfigMap", &self.config_map),
        ];
        match all.iter().find(|(_, text)| !text.is_empty()) {
            Some((word, text)) => write!(f, "{word} {text}"),
            None => Ok(()),
        }
    }
}

fn seen(sign: &Sign, snapshot: &Snapshot) -> Option<String> {
    let mut namespaces = snapshot.namespaces.values();
    if !sign.namespace.is_empty() {
        let fits = |name: &str| star(&sign.namespace, name).is_some();
        if snapshot.namespaces.known() {
            let found = namespaces.find(|n| fits(&n.head.meta.name))?;
            return Some(format!("namespace {}", found.head.meta.name));
        }
        // Who may not list namespaces knows those of the objects that could be read.
        let of_workloads: BTreeSet<&str> = snapshot.workloads.values().map(|w| &*w.head.meta.namespace).collect();
        return of_workloads.into_iter().find(|n| fits(n)).map(|n| format!("namespace {n}"));
    }
    if !sign.label.is_empty() {
        let (key, value) = sign.label.split_once('=').map_or((sign.label.as_str(), None), |(k, v)| (k, Some(v)));
        let has = |label: Option<&str>| label.is_some_and(|l| value.is_none_or(|v| v == l));
        let n = namespaces.find(|n| has(n.head.meta.label(key)))?;
        return Some(format!("label {} on namespace {}", sign.label, n.head.meta.name));
    }
    if !sign.config_map.is_empty() {
        let (namespace, name) = sign.config_map.split_once('/')?;
        let there = snapshot.config_maps.iter().any(|(n, c)| n == namespace && c == name);
        return there.then(|| format!("ConfigMap {}", sign.config_map));
    }
    let (plural, group) = sign.resource.split_once('.')?;
    snapshot.kinds.get(group, plural).map(|_| format!("kind {}", sign.resource))
}

/// What is shown of it.
fn view(profile: &Profile, evidence: Vec<String>, by: &str) -> PlatformView {
    PlatformView {
        id: profile.id.clone(),
        title: profile.title.clone(),
        chosen_by: by.to_owned(),
        evidence,
        tenant_word: profile.tenants.word.clone(),
    }
}
