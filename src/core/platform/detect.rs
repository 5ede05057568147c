//! Which platform is it, and by what can one tell?

use super::pattern::star;
use super::profile::{Profile, Sign};
use super::{PlatformView, builtin};
use crate::overview::Snapshot;
use std::sync::Arc;

/// The built-in profile that fits best, with its evidence.
pub fn detect(snapshot: &Snapshot) -> (Arc<Profile>, Vec<String>) {
    best(builtin::all(), snapshot).unwrap_or_else(|| (builtin::all().last().cloned().unwrap_or_default(), Vec::new()))
}

/// The profile with the most points among those that reach what they ask for.
pub fn best(profiles: &[Arc<Profile>], snapshot: &Snapshot) -> Option<(Arc<Profile>, Vec<String>)> {
    let mut best: Option<(u32, &Arc<Profile>, Vec<String>)> = None;
    for profile in profiles {
        let Some((points, evidence)) = weigh(profile, snapshot) else { continue };
        if points >= profile.enough && best.as_ref().is_none_or(|(most, _, _)| points > *most) {
            best = Some((points, profile, evidence));
        }
    }
    best.map(|(_, profile, evidence)| (profile.clone(), evidence))
}

/// Points and evidence; `None` when something speaks against it. A profile without signs fits any cluster, with no points.
fn weigh(profile: &Profile, snapshot: &Snapshot) -> Option<(u32, Vec<String>)> {
    let (mut points, mut evidence) = (0, Vec::new());
    for sign in &profile.detect {
        let Some(found) = seen(sign, snapshot) else { continue };
        if sign.not {
            return None;
        }
        points += sign.points;
        evidence.push(found);
    }
    Some((points, evidence))
}

fn seen(sign: &Sign, snapshot: &Snapshot) -> Option<String> {
    let mut namespaces = snapshot.namespaces.values();
    if !sign.namespace.is_empty() {
        let name = namespaces.find(|n| star(&sign.namespace, &n.head.meta.name).is_some())?;
        return Some(format!("namespace {}", name.head.meta.name));
    }
    if !sign.label.is_empty() {
        let (key, value) = sign.label.split_once('=').map_or((sign.label.as_str(), None), |(k, v)| (k, Some(v)));
        let has = |label: Option<&str>| label.is_some_and(|l| value.is_none_or(|v| v == l));
        let n = namespaces.find(|n| has(n.head.meta.label(key)))?;
        return Some(format!("label {} on namespace {}", sign.label, n.head.meta.name));
    }
    let (plural, group) = sign.resource.split_once('.')?;
    snapshot.kinds.get(group, plural).map(|_| format!("kind {}", sign.resource))
}

/// What is shown of it.
pub fn view(profile: &Profile, evidence: Vec<String>) -> PlatformView {
    PlatformView {
        id: profile.id.clone(),
        title: profile.title.clone(),
        evidence,
        tenant_word: profile.tenants.word.clone(),
    }
}
