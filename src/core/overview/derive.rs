//! From a snapshot to an overview: pure, and quick enough to be done at every change.

use super::index::Index;
use super::view::Count;
use super::{Counts, Overview, Snapshot};
use crate::certificates::diagnose::Role;
use crate::certificates::view as certificates;
use crate::certificates::{budget, bundles, controller, issuer, signing};
use crate::findings::group::{group, rank};
use crate::findings::{Finding, Topic};
use crate::platform::{AppView, apps, detect, stages};
use crate::resources::Level;
use crate::routes::{RouteView, view as routes};
use crate::tenants::{self, Tenancy, TenantView};

impl Overview {
    /// What follows from the objects at this moment (seconds since 1970).
    pub fn derive(snapshot: &Snapshot, now: i64) -> Self {
        let index = Index::new(snapshot);
        let mut certs = certificates::all(&index, now);
        let mut routes = routes::all(&index, &mut certs);
        let issuers = certificates::issuers(&index, &certs, now);
        let (profile, platform) = detect::detect(snapshot);
        let tenancy = Tenancy::of(&profile, snapshot);
        certs.iter_mut().for_each(|c| c.tenant = tenancy.tenant(&c.namespace).cloned());
        routes.iter_mut().for_each(|r| r.tenant = tenancy.tenant(&r.namespace).cloned());
        let apps = apps::all(&index, &profile, &routes, &|namespace| tenancy.tenant(namespace).is_some(), now);
        let tenants = tenants::derive::all(&index, &tenancy, &certs, &routes, now);
        let mut overview = Self {
            platform,
            profile,
            stages: stages::all(&apps),
            apps,
            tenants,
            context: snapshot.context.clone(),
            at: now,
            loaded: snapshot.sources.loaded(),
            sources: snapshot.sources.clone(),
            next_moment: certs.iter().filter_map(|c| c.until).filter(|t| *t > now).min(),
            certificates: certs,
            routes,
            issuers,
            snapshot: snapshot.clone(),
            budgets: budget::all(&index, now),
            ..Self::default()
        };
        let mut machinery = controller::findings(&index);
        machinery.extend(issuer::findings(&index, now));
        machinery.extend(bundles::findings(&index, now));
        machinery.extend(signing::findings(&index, now));
        overview.find(machinery);
        overview
    }

    /// Takes in what is found beside the views, and what the views find.
    fn find(&mut self, mut findings: Vec<Finding>) {
        findings.extend(self.certificates.iter().filter_map(certificates::CertificateView::finding));
        findings.extend(
            self.issuers.iter().filter(|i| &*i.verdict.word == "Not ready").map(|i| {
                Finding::new("ISSUER_NOT_READY", &i.object, i.verdict.why.clone()).next(i.verdict.next.clone())
            }),
        );
        findings.extend(route_findings(&self.routes, &findings));
        findings.extend(self.apps.iter().filter_map(AppView::finding));
        findings.extend(self.tenants.iter().filter_map(TenantView::finding));
        self.tell_once(&mut findings);
        rank(&mut findings);
        for tenant in &mut self.tenants {
            let namespaces = tenant.namespaces.clone();
            let mine = |f: &&Finding| {
                let one = |n: &crate::Str| **n == f.namespace || (f.kind == "Namespace" && **n == f.name);
                namespaces.iter().any(one)
            };
            let about = findings.iter().filter(mine);
            tenant.take_in(about);
        }
        tenants::derive::rank(&mut self.tenants);
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

    /// Takes out what another finding tells already: a route without endpoints is the trouble of the app or tenant
    /// whose pods are not ready, an issuer that is not ready is that of its certificates.
    fn tell_once(&self, findings: &mut Vec<Finding>) {
        let broken = |namespace: &str| {
            let app = self.apps.iter().any(|a| {
                a.code.is_some() && a.workloads.iter().any(|w| &*w.namespace == namespace && w.ready < w.wanted)
            });
            app || self.tenants.iter().any(|t| t.code.is_some() && t.namespaces.iter().any(|n| &**n == namespace))
        };
        let issuers: Vec<&str> = self
            .certificates
            .iter()
            .filter(|c| c.broken == Some(Role::Issuer) && c.verdict.level == Level::Bad)
            .map(|c| &*c.issuer.name)
            .collect();
        findings.retain(|f| match f.code {
            "ROUTE_NO_ENDPOINTS" => {
                let route = self.routes.iter().find(|r| &*r.uid == f.uid.as_str() && r.code == Some(f.code));
                !route.is_some_and(|r| r.backends.iter().any(|b| broken(&b.namespace)))
            }
            "ISSUER_NOT_READY" => !issuers.contains(&f.name.as_str()),
            _ => true,
        });
    }
}

/// Findings of routes, each once: a host claimed twice is one finding (the winner's), and a route without TLS because
/// its certificate cannot be issued is the certificate's finding.
fn route_findings(routes: &[RouteView], certificates: &[Finding]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for route in routes {
        let Some(finding) = route.finding() else { continue };
        let explained = matches!(finding.code, "ROUTE_TLS_MISSING" | "ROUTE_CERT_MISMATCH")
            && (route.tls.under_way
                || certificates.iter().any(|c| {
                    matches!(
                        c.topic(),
                        Topic::CertificateNotIssued | Topic::CertificateExpired | Topic::CertificateMismatch
                    ) && route.tls.certificate.as_deref() == Some(c.uid.as_str())
                }));
        let told = found.iter().any(|f| f.code == finding.code && f.title == finding.title);
        if !explained && !told {
            found.push(finding);
        }
    }
    found
}
