//! The overview as it is shown.

use super::index::Index;
use super::sources::{SourceState, SourceWord};
use super::{Snapshot, Sources};
use crate::certificates::diagnose::Trail;
use crate::certificates::truths::{Looks, Truth, truths};
use crate::certificates::view::IssuerView;
use crate::certificates::{Budget, CertificateView, Chain, chain, coverage, users};
use crate::findings::{Finding, Group};
use crate::platform::detect::{self, Weighed};
use crate::platform::{AppView, PlatformView, Profile, Stage, stages};
use crate::resources::{Level, ObjectRef};
use crate::routes::RouteView;
use crate::tenants::TenantView;
use std::sync::Arc;

/// So many of so many are well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    pub good: u32,
    /// Switched off on purpose (suspended).
    pub off: u32,
    /// On the way, or not known.
    pub busy: u32,
    pub warn: u32,
    pub bad: u32,
    pub total: u32,
}

impl Count {
    pub fn of(levels: impl Iterator<Item = Level>) -> Self {
        let mut count = Self::default();
        for level in levels {
            count.total += 1;
            match level {
                Level::Good => count.good += 1,
                Level::Off => count.off += 1,
                Level::Unknown | Level::Busy => count.busy += 1,
                Level::Warn => count.warn += 1,
                Level::Bad => count.bad += 1,
            }
        }
        count
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub apps: Count,
    pub tenants: Count,
    pub certificates: Count,
    pub issuers: Count,
    pub routes: Count,
    pub findings: u32,
}

/// A platform at one moment. Derived from a [`Snapshot`] by [`Overview::derive`].
#[derive(Clone, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    pub context: Arc<str>,
    pub platform: PlatformView,
    /// The profile that is in force.
    #[serde(skip)]
    pub profile: Arc<Profile>,
    /// When it was derived, seconds since 1970.
    pub at: i64,
    /// Whether all first lists are there; before that, what is missing may only not have come yet.
    pub loaded: bool,
    pub apps: Vec<AppView>,
    /// The order in which the platform comes up, with what holds it up.
    pub stages: Vec<Stage>,
    pub tenants: Vec<TenantView>,
    pub certificates: Vec<CertificateView>,
    pub issuers: Vec<IssuerView>,
    pub routes: Vec<RouteView>,
    /// What this cluster's orders of the last week use of Let's Encrypt's limits, by registered domain.
    pub budgets: Vec<Budget>,
    /// All findings, the worst first.
    pub findings: Vec<Finding>,
    /// The same, grouped for the home page.
    pub groups: Vec<Group>,
    pub counts: Counts,
    /// How fresh each kind is; kinds that the server does not offer are not named, denied ones are.
    pub sources: Sources,
    /// The next moment at which a verdict may change by the time alone.
    #[serde(skip)]
    pub next_moment: Option<i64>,
    #[serde(skip)]
    pub(super) snapshot: Snapshot,
}

impl Overview {
    /// How well each profile fits the cluster, the best first.
    pub fn profiles(&self) -> Vec<Weighed> {
        detect::all(&self.snapshot)
    }
}

impl std::fmt::Debug for Overview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overview")
            .field("context", &self.context)
            .field("at", &self.at)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Overview {
    /// A certificate by namespace and name.
    pub fn certificate(&self, namespace: &str, name: &str) -> Option<&CertificateView> {
        self.certificates.iter().find(|c| &*c.namespace == namespace && &*c.name == name)
    }
    pub fn app(&self, name: &str) -> Option<&AppView> {
        self.apps.iter().find(|a| &*a.name == name)
    }
    /// Apps as they are listed: what is broken first, so that it never lies below the edge of a small screen, then in
    /// the order of their stages.
    pub fn apps_listed(&self) -> Vec<&AppView> {
        let mut apps: Vec<&AppView> = self.apps.iter().collect();
        apps.sort_by_key(|a| std::cmp::Reverse(Some(a.verdict.level).filter(|l| *l >= Level::Warn)));
        apps
    }
    /// In words, when the platform does not come up: `stage 3 of 7 waits for cert-manager: …`.
    pub fn stuck(&self) -> Option<String> {
        stages::stuck(&self.stages)
    }
    pub fn tenant(&self, name: &str) -> Option<&TenantView> {
        self.tenants.iter().find(|t| &*t.name == name || t.namespaces.iter().any(|n| &**n == name))
    }
    /// The chain of a certificate; `None` when cert-manager does not manage it or it is gone. Made anew for each call.
    pub fn chain(&self, certificate: &CertificateView) -> Option<Chain> {
        let s = &self.snapshot;
        let (kind, object) = s.certificates.iter().find(|(_, c)| c.meta().uid == certificate.uid)?;
        let index = Index::new(s);
        let trail = Trail::of(kind, object, &index);
        Some(chain::chain(&trail, &index, &self.users(&index, certificate), self.at))
    }
    /// What is wanted, said, held and served; `looks`: `None` while they are under way.
    pub fn truths(&self, certificate: &CertificateView, looks: Option<&Looks>) -> Vec<Truth> {
        let mut all = self.snapshot.certificates.values();
        let object = all.find(|c| c.meta().uid == certificate.uid).filter(|_| certificate.managed);
        truths(certificate, object.map(|o| &**o), looks, self.at)
    }
    /// Who uses a certificate's Secret, with the state of each in words: routes, then all others.
    pub fn used_by(&self, certificate: &CertificateView) -> Vec<(Level, ObjectRef, String)> {
        self.users(&Index::new(&self.snapshot), certificate)
    }
    fn users(&self, index: &Index<'_>, certificate: &CertificateView) -> Vec<(Level, ObjectRef, String)> {
        let mut users: Vec<(Level, ObjectRef, String)> = Vec::new();
        for route in self.routes.iter().filter(|r| r.tls.is_of(certificate)) {
            if users.iter().any(|(_, o, _)| *o == route.object) {
                continue;
            }
            let hosts = self.routes.iter().filter(|r| r.object == route.object && r.tls.is_of(certificate));
            let mut names: Vec<&str> = hosts.map(|r| &*r.host).collect();
            names.sort_unstable();
            names.dedup();
            let served = route.tls.found != Some(false);
            let what = if served && route.tls.mode == "default" {
                format!("{} by default", names.join(", "))
            } else if served {
                names.join(", ")
            } else {
                format!("{} without TLS: the default certificate is served", names.join(", "))
            };
            users.push((if served { Level::Good } else { Level::Warn }, route.object.clone(), what));
        }
        let others = users::of(index, &certificate.namespace, &certificate.secret, self.at);
        users.extend(others.iter().map(|u| (u.level(), u.object(), u.words())));
        users
    }
    /// Hosts without a certificate, and certificates that nobody uses. Made anew for each call.
    pub fn coverage(&self) -> coverage::Coverage {
        coverage::of(&Index::new(&self.snapshot), &self.certificates, &self.routes, self.at)
    }
    /// Whether certificates could be read, or the server knows none of cert-manager.
    pub fn certificates_known(&self) -> bool {
        let certificates =
            |s: &&SourceState| s.resource.starts_with("certificates.") || s.resource.starts_with("secrets (TLS)");
        let failed = |s: &SourceState| matches!(s.state, SourceWord::Denied | SourceWord::Failed | SourceWord::Loading);
        let discovered = !self.sources.0.iter().any(|s| s.resource == "discovery");
        discovered && self.loaded && !self.sources.0.iter().filter(certificates).any(failed)
    }
    /// Kinds that could not be read, whole or in part.
    pub fn partial(&self) -> impl Iterator<Item = &SourceState> {
        self.sources.partial()
    }
}
