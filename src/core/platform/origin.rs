//! Where an app comes from: its Argo CD Application, Flux object or Helm release, with sync, health, what is wrong with it,
//! and its last operations.

use super::view::{AppOrigin, Operation};
use super::{Block, origin_argo, origin_flux, origin_helm};
use crate::Str;
use crate::overview::Snapshot;
use crate::resources::{Kind, ObjectRef, Verdict};

/// An operation that is under way for longer than this is not merely slow.
pub const STUCK: i64 = 600;

/// An origin, where it puts its objects, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Origin {
    pub view: AppOrigin,
    /// Where its objects are.
    pub target: Str,
    pub trouble: Option<Trouble>,
    pub since: Option<i64>,
    /// The name of the Helm release that it makes, where it says so.
    pub release: Str,
    /// Other origins that it waits for (Flux `dependsOn`): namespace and name.
    pub needs: Vec<(Str, Str)>,
    /// The latest first.
    pub operations: Vec<Operation>,
    /// The version of the software that the release says it has.
    pub version: Str,
    /// Of the chart that is installed.
    pub chart_version: Str,
}

impl Origin {
    /// The word that profiles have for it.
    pub fn source(&self) -> &'static str {
        match self.view.manager {
            "Argo CD" => "argo",
            "Flux" => "flux",
            _ => "helm",
        }
    }
}

/// What is wrong with an origin.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub verdict: Verdict,
    /// The finding's code; `None` for what may still come right by itself.
    pub code: Option<&'static str>,
    /// The origin, then what it names: a source, a hook, a resource.
    pub blocks: Vec<Block>,
}

impl Trouble {
    /// How near to the root it is.
    pub fn rank(&self) -> u8 {
        self.blocks.iter().map(|b| b.rank).max().unwrap_or_default()
    }
}

/// All origins: Argo CD, then Flux, then Helm releases.
pub fn all(snapshot: &Snapshot, now: i64) -> Vec<Origin> {
    let mut origins: Vec<Origin> =
        snapshot.applications.iter().map(|(k, a)| origin_argo::origin(snapshot, k, a, now)).collect();
    origins.extend(snapshot.flux.iter().map(|(k, f)| origin_flux::origin(snapshot, k, f, now)));
    origins.extend(origin_helm::all(snapshot, now));
    origins
}

/// A reference to an object that is only known by its kind and name. Its plural is the server's, else the usual one.
pub(super) fn named(snapshot: &Snapshot, group: &str, version: &str, kind: &str, at: (&str, &str)) -> ObjectRef {
    let api = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let known = snapshot.kinds.of_object(&api, kind).cloned();
    let kind = known.unwrap_or_else(|| {
        let lower = kind.to_lowercase();
        let plural = match lower.strip_suffix('y') {
            Some(stem) if !lower.ends_with("ey") => format!("{stem}ies"),
            _ if lower.ends_with('s') => format!("{lower}es"),
            _ => format!("{lower}s"),
        };
        Kind::of(group, version, kind, &plural, !at.0.is_empty())
    });
    ObjectRef::new(kind, at.0, at.1)
}

/// A block on an object that is only known by name.
pub(super) fn block_on(object: ObjectRef, rank: u8, words: String, next: &str, since: Option<i64>) -> Block {
    Block {
        kind: object.kind.kind.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        object,
        words,
        next: next.into(),
        since,
        rank,
        app: None,
    }
}

/// The first twelve characters of a commit, or the text as it is: `main@sha1:4f2a…` becomes `main@4f2a91c`.
pub(super) fn short_revision(revision: &str) -> String {
    let hex = |t: &str| t.len() >= 40 && t.chars().all(|c| c.is_ascii_hexdigit());
    let (before, last) = revision.rsplit_once(':').unwrap_or(("", revision));
    if !hex(last) {
        return revision.to_owned();
    }
    let short: String = last.chars().take(12).collect();
    match before.rsplit_once('@') {
        Some((name, _)) if !name.is_empty() => format!("{name}@{short}"),
        _ => short,
    }
}
