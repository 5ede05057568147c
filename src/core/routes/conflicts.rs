//! Two objects that claim the same host and path: who wins, and why.

use super::claim::{Claim, Dialect, PathKind};
use rustc_hash::FxHashMap;

/// What became of a claim that another one meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Index of the claim that wins.
    pub winner: usize,
    /// Why it wins, in words.
    pub why: String,
}

/// For each claim that meets another object's claim on the same host, path and entry: who wins. Claims of one object
/// do not meet (its own rules are ordered by their author).
pub fn find(claims: &[Claim]) -> FxHashMap<usize, Conflict> {
    type Place<'a> = (&'a str, &'a str, PathKind, &'a str, &'a str);
    let mut places: FxHashMap<Place<'_>, Vec<usize>> = FxHashMap::default();
    for (i, c) in claims.iter().enumerate() {
        if c.hidden || c.host.is_empty() {
            continue;
        }
        places.entry((&c.host, &c.path, c.path_kind, &c.extra, &c.served_by)).or_default().push(i);
    }
    let mut found = FxHashMap::default();
    for group in places.into_values() {
        let first = &claims[group[0]].object;
        if group.len() < 2 || group.iter().all(|i| same(&claims[*i], first)) {
            continue;
        }
        let Some((&winner, rest)) = rank(claims, &group).split_first().map(|(w, r)| (w, r.to_vec())) else { continue };
        for loser in rest {
            if same(&claims[loser], &claims[winner].object) {
                continue;
            }
            let why = reason(&claims[winner], &claims[loser]);
            found.entry(loser).or_insert_with(|| Conflict { winner, why: why.clone() });
            found.entry(winner).or_insert(Conflict { winner, why });
        }
    }
    found
}

fn same(claim: &Claim, object: &crate::resources::ObjectRef) -> bool {
    claim.object.kind == object.kind && claim.object.namespace == object.namespace && claim.object.name == object.name
}

fn rank<'a>(claims: &[Claim], group: &'a [usize]) -> std::borrow::Cow<'a, [usize]> {
    let mut order = group.to_vec();
    order.sort_by(|a, b| {
        let (a, b) = (&claims[*a], &claims[*b]);
        effective(b)
            .cmp(&effective(a))
            .then_with(|| tie(a, b))
            .then_with(|| (&a.object.namespace, &a.object.name).cmp(&(&b.object.namespace, &b.object.name)))
    });
    order.into()
}

/// Traefik's priority: an explicit one, else the length of the rule. An Ingress becomes
/// ``Host(`h`) && PathPrefix(`/`)``, which is longer than an IngressRoute's ``Host(`h`)``.
fn effective(claim: &Claim) -> i64 {
    if let Some(priority) = claim.priority {
        return priority;
    }
    match claim.dialect {
        Dialect::Ingress if &*claim.served_by == "traefik" => {
            "Host(``) && PathPrefix(``)".len() as i64 + (claim.host.len() + claim.path.len()) as i64
        }
        Dialect::Traefik => {
            let path = if &*claim.path == "/" { 0 } else { " && PathPrefix(``)".len() + claim.path.len() };
            ("Host(``)".len() + claim.host.len() + path + claim.extra.len()) as i64
        }
        _ => 0,
    }
}

/// The Gateway API and ingress-nginx let the older object win.
fn tie(a: &Claim, b: &Claim) -> std::cmp::Ordering {
    a.created.unwrap_or(i64::MAX).cmp(&b.created.unwrap_or(i64::MAX))
}

fn reason(winner: &Claim, loser: &Claim) -> String {
    if winner.priority != loser.priority && (winner.priority.is_some() || loser.priority.is_some()) {
        return "higher priority".into();
    }
    if effective(winner) != effective(loser) {
        return "longer rule".into();
    }
    if winner.created < loser.created { "older object".into() } else { "first by name".into() }
}

/// `Ingress docs/web`
pub fn name(claim: &Claim) -> String {
    format!("{} {}", claim.object.kind.kind, claim.object.short())
}
