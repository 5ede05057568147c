//! A page's share in the overview.

use crate::state::Cx;
use quarterdeck_core::overview::Overview;
use quarterdeck_core::resources::{Level, ObjectRef, Scope};
use quarterdeck_core::session::OverviewHandle;
use quarterdeck_core::store::Freshness;
use quarterdeck_core::{Problem, ProblemKind, Result};
use std::sync::Arc;

/// A page's share in the overview: watched while the page is open.
pub struct Watched {
    handle: OverviewHandle,
    /// The derivation that the page shows.
    pub seen: Arc<Overview>,
    scope: Option<Scope>,
}

impl Watched {
    pub fn open(cx: &mut Cx<'_>) -> Result<Self> {
        Self::of(cx, cx.context)
    }
    /// Of any context.
    pub fn of(cx: &Cx<'_>, context: &str) -> Result<Self> {
        let handle = cx.session.overview(context)?;
        Ok(Self { seen: handle.get(), handle, scope: None })
    }
    /// Takes the latest derivation; whether it or the scope is another one.
    pub fn refresh(&mut self, cx: &Cx<'_>) -> bool {
        let latest = self.handle.get();
        let same = Arc::ptr_eq(&latest, &self.seen) && self.scope.as_ref() == Some(cx.scope);
        self.seen = latest;
        self.scope = Some(cx.scope.clone());
        !same
    }
    /// The next refresh brings all anew.
    pub fn forget(&mut self) {
        self.scope = None;
    }
    pub fn freshness(&self) -> Freshness {
        if !self.seen.loaded {
            return Freshness::Loading;
        }
        match self.seen.sources.stale_since() {
            Some(since) => {
                let mut problems = self.seen.sources.partial().flat_map(|s| s.problems.first());
                let none = || Problem::new(ProblemKind::Unreachable, "the watch is broken", "");
                Freshness::Stale { since, problem: problems.next().cloned().unwrap_or_else(none) }
            }
            None => Freshness::Live,
        }
    }
    /// Kinds that could not be read, in words.
    pub fn notes(&self) -> Vec<(Level, String)> {
        let partial: Vec<_> = self.seen.partial().collect();
        match partial.as_slice() {
            [] => Vec::new(),
            [one] => one.problems.first().map(|p| (Level::Warn, p.line())).into_iter().collect(),
            many => {
                let names: Vec<&str> = many.iter().map(|s| s.resource.as_str()).collect();
                vec![(Level::Warn, format!("not everything can be read: {}", names.join(", ")))]
            }
        }
    }
}

/// Whether an object is among the namespaces that are looked at.
pub fn within(scope: &Scope, object: &ObjectRef) -> bool {
    scope.contains(&object.namespace)
}
