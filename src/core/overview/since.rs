//! What changed on a platform since it was looked at: a small picture of it is kept, and compared the next time.

use super::Overview;
use crate::clock::human_duration;
use crate::platform::origin;
use crate::resources::{Level, ObjectRef};
use std::collections::BTreeMap;

/// Of each sort so many are kept at most.
const MOST: usize = 2_000;

/// A small picture of a platform: revisions, verdicts, names.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Looked {
    /// Seconds since 1970.
    pub at: i64,
    /// `Application argocd/api` → revision.
    releases: BTreeMap<String, String>,
    /// `namespace/name` → since when its certificate is valid, and whether it is broken.
    certificates: BTreeMap<String, (i64, bool)>,
    tenants: Vec<String>,
}

/// Something that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When, where that is known.
    pub at: Option<i64>,
    pub level: Level,
    pub text: String,
    /// Who did it: a controller.
    pub by: String,
    pub object: Option<ObjectRef>,
}

impl Looked {
    /// Where it is kept for a context.
    pub fn key(context: &str) -> String {
        format!("looked/{context}")
    }
    /// The picture of this moment (seconds since 1970).
    pub fn of(overview: &Overview, now: i64) -> Self {
        let origins = origin::all(&overview.snapshot, overview.at).into_iter().take(MOST);
        let certificates = overview.certificates.iter().filter(|c| c.managed).take(MOST);
        Self {
            at: now,
            releases: origins.map(|o| (name(&o.view), o.view.revision.to_string())).collect(),
            certificates: certificates
                .map(|c| (c.object.short(), (c.not_before.unwrap_or(0), c.verdict.level == Level::Bad)))
                .collect(),
            tenants: overview.tenants.iter().take(MOST).map(|t| t.name.to_string()).collect(),
        }
    }
    /// What is other than in this picture, the latest first.
    pub fn changes(&self, overview: &Overview) -> Vec<Change> {
        let mut changes = Vec::new();
        for o in origin::all(&overview.snapshot, overview.at) {
            let (view, before) = (&o.view, self.releases.get(&name(&o.view)));
            // Helm's own revision is a number; git's is cut as git cuts it.
            let text = match before {
                Some(before) if **before == *view.revision => continue,
                Some(_) => format!("{} is at {}", view.name, short(&view.revision)),
                None if self.releases.is_empty() || self.releases.len() >= MOST => continue,
                None => format!("{} {} is new, at {}", view.kind, view.name, short(&view.revision)),
            };
            let level = if o.trouble.is_some() { Level::Warn } else { Level::Good };
            let at = o.since.filter(|at| *at >= self.at);
            changes.push(Change { at, level, text, by: view.manager.into(), object: Some(view.object.clone()) });
        }
        for c in overview.certificates.iter().filter(|c| c.managed) {
            let (bad, valid) = (c.verdict.level == Level::Bad, c.not_before.unwrap_or(0));
            let name = c.object.short();
            let (level, at, text) = match self.certificates.get(&name) {
                Some((before, _)) if valid > *before => {
                    let left = c.not_after.map(|t| format!(", valid for {}", human_duration(t - overview.at)));
                    let word = if *before == 0 { "issued" } else { "renewed" };
                    (Level::Good, c.not_before, format!("certificate {name} {word}{}", left.unwrap_or_default()))
                }
                Some((_, false)) if bad => {
                    (Level::Bad, c.since, format!("certificate {name} failed: {}", c.verdict.why))
                }
                Some((_, true)) if !bad => (Level::Good, c.since, format!("certificate {name} is well again")),
                None if bad && !self.certificates.is_empty() => {
                    (Level::Bad, c.since, format!("certificate {name} is new and failed: {}", c.verdict.why))
                }
                _ => continue,
            };
            let at = at.filter(|at| *at >= self.at);
            changes.push(Change { at, level, text, by: "cert-manager".into(), object: Some(c.object.clone()) });
        }
        for t in overview.tenants.iter().filter(|t| !self.tenants.contains(&t.name.to_string())) {
            let words = format!("tenant {} created", t.name);
            let object = Some(t.object.clone());
            changes.push(Change { at: t.created, level: t.verdict.level, text: words, by: String::new(), object });
        }
        for name in self.tenants.iter().filter(|n| overview.tenant(n).is_none()) {
            let text = format!("tenant {name} is gone");
            changes.push(Change { at: None, level: Level::Warn, text, by: String::new(), object: None });
        }
        changes.sort_by_key(|c| std::cmp::Reverse(c.at));
        changes
    }
}

fn name(origin: &crate::platform::view::AppOrigin) -> String {
    format!("{} {}/{}", origin.kind, origin.namespace, origin.name)
}

/// A git revision as git cuts it: `main@sha1:4f2a91c`, `4f2a91c`.
fn short(revision: &str) -> String {
    let (place, hash) = revision.rsplit_once(':').map_or(("", revision), |(place, hash)| (place, hash));
    let is_hash = hash.len() >= 10 && hash.chars().all(|c| c.is_ascii_hexdigit());
    match (is_hash, place.split('@').next().unwrap_or_default()) {
        (true, "") => hash[..7].into(),
        (true, branch) => format!("{branch}@{}", &hash[..7]),
        _ => revision.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overview::testing::world;

    #[test]
    fn what_came_went_and_changed_is_told_and_nothing_else() {
        let now = 1_795_143_600;
        let overview = Overview::derive(&world("ominis", now), now);
        let looked = Looked::of(&overview, now - 3600);
        assert_eq!(looked.changes(&overview), [], "nothing changed");
        let mut before = looked.clone();
        let tenant = before.tenants.remove(0);
        before.tenants.push("gone".into());
        let renewed = before.certificates.iter().find(|(_, (valid, bad))| *valid > 0 && !bad).unwrap().0.clone();
        before.certificates.get_mut(&renewed).unwrap().0 -= 86_400;
        let failed = before.certificates.iter().find(|(_, (_, bad))| *bad).unwrap().0.clone();
        before.certificates.get_mut(&failed).unwrap().1 = false;
        let texts: Vec<String> = before.changes(&overview).into_iter().map(|c| c.text).collect();
        for part in [
            format!("tenant {tenant} created"),
            "tenant gone is gone".into(),
            format!("certificate {renewed} renewed"),
            format!("certificate {failed} failed: "),
        ] {
            assert!(texts.iter().any(|t| t.starts_with(&part)), "{part}: {texts:?}");
        }
        assert_eq!(texts.len(), 4, "{texts:?}");
        let kept: Looked = serde_json::from_str(&serde_json::to_string(&before).unwrap()).unwrap();
        assert_eq!(kept, before);
        assert_eq!(short("main@sha1:4f2a91c0d1e2f3"), "main@4f2a91c");
    }
}
