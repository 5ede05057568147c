//! A tenant as it is shown.

use crate::Str;
use crate::findings::Finding;
use crate::platform::WorkloadView;
use crate::resources::{Level, ObjectRef, Verdict};

/// How much of a quota is used.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaUse {
    pub namespace: Str,
    /// `requests.cpu`, `pods` …
    pub resource: Str,
    pub used: Str,
    pub hard: Str,
    /// 0 to 1 and more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantView {
    /// Without the pattern's prefix: `acme` of `client-acme`.
    pub name: Str,
    /// Its first namespace, to act on.
    #[serde(skip)]
    pub object: ObjectRef,
    pub uid: Str,
    pub namespaces: Vec<Str>,
    pub workloads: Vec<WorkloadView>,
    pub ready: u32,
    pub total: u32,
    pub hosts: Vec<Str>,
    /// Certificates that are well, and all of them.
    pub certificates_ready: u32,
    pub certificates: u32,
    pub quota: Vec<QuotaUse>,
    /// The quota that is fullest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fullest: Option<f64>,
    /// How many findings are about it.
    pub findings: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
}

impl TenantView {
    /// Counts the findings about it. A tenant whose workloads run is not ready all the same while something else of
    /// its own is broken, a certificate that cannot be issued for one; that has its own finding already.
    pub(crate) fn take_in<'a>(&mut self, findings: impl Iterator<Item = &'a Finding>) {
        let mut worst: Option<&Finding> = None;
        for finding in findings {
            self.findings += 1;
            // Findings come the worst first.
            worst = worst.or(Some(finding));
        }
        let Some(worst) =
            worst.filter(|f| f.level == Level::Bad && matches!(self.verdict.level, Level::Good | Level::Busy))
        else {
            return;
        };
        let why = format!("{} {}: {}", worst.kind, worst.name, worst.reason);
        self.verdict = Verdict::new(Level::Warn, "Degraded").why(why).next(worst.next.clone());
        self.since = worst.since;
    }
    /// Its finding, if something is wrong.
    pub fn finding(&self) -> Option<Finding> {
        let mut finding = Finding::new(self.code?, &self.object, self.verdict.why.clone())
            .titled(&*self.name)
            .next(self.verdict.next.clone())
            .since(self.since);
        finding.level = self.verdict.level;
        Some(finding)
    }
}
