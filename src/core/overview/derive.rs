//! From a snapshot to an overview: pure, and quick enough to be done at every change.

use super::index::Index;
use super::view::Count;
use super::{Counts, Overview, Snapshot};
use crate::certificates::view as certificates;
use crate::findings::group::{group, rank};
use crate::findings::{Finding, Topic};
use crate::resources::Level;
use crate::routes::{RouteView, view as routes};

impl Overview {
    /// What follows from the objects at this moment (seconds since 1970).
    pub fn derive(snapshot: &Snapshot, now: i64) -> Self {
        let index = Index::new(snapshot);
        let mut certs = certificates::all(&index, now);
        let routes = routes::all(&index, &mut certs);
        let issuers = certificates::issuers(&index, &certs);
        let mut overview = Self {
            context: snapshot.context.clone(),
            at: now,
            loaded: snapshot.sources.loaded(),
            sources: snapshot.sources.clone(),
            next_moment: certs.iter().filter_map(|c| c.until).filter(|t| *t > now).min(),
            certificates: certs,
            routes,
            issuers,
            snapshot: snapshot.clone(),
            ..Self::default()
        };
        overview.find();
        overview
    }

    fn find(&mut self) {
        let mut findings: Vec<Finding> = Vec::new();
        findings.extend(self.certificates.iter().filter_map(certificates::CertificateView::finding));
        findings.extend(
            self.issuers.iter().filter(|i| i.verdict.level == Level::Bad).map(|i| {
                Finding::new("ISSUER_NOT_READY", &i.object, i.verdict.why.clone()).next(i.verdict.next.clone())
            }),
        );
        findings.extend(route_findings(&self.routes, &findings));
        rank(&mut findings);
        self.counts = Counts {
            apps: Count::of(self.apps.iter().map(|a| a.verdict.level)),
            tenants: Count::of(self.tenants.iter().map(|t| t.verdict.level)),
            certificates: Count::of(self.certificates.iter().map(|c| c.verdict.level)),
            issuers: Count::of(self.issuers.iter().map(|i| i.verdict.level)),
            routes: Count::of(self.routes.iter().map(|r| r.verdict.level)),
            findings: u32::try_from(findings.len()).unwrap_or(u32::MAX),
        };
        self.groups = group(&findings);
        self.findings = findings;
    }
}

/// Findings of routes, each once: a host claimed twice is one finding (the winner's), and a route without TLS because
/// its certificate cannot be issued is the certificate's finding.
fn route_findings(routes: &[RouteView], certificates: &[Finding]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for route in routes {
        let Some(finding) = route.finding() else { continue };
        let explained = matches!(finding.code, "ROUTE_TLS_MISSING" | "ROUTE_CERT_MISMATCH")
            && certificates.iter().any(|c| {
                matches!(
                    c.topic(),
                    Topic::CertificateNotIssued | Topic::CertificateExpired | Topic::CertificateMismatch
                ) && route.tls.certificate.as_deref() == Some(c.uid.as_str())
            });
        let told = found.iter().any(|f| f.code == finding.code && f.title == finding.title);
        if !explained && !told {
            found.push(finding);
        }
    }
    found
}
