//! The tenants of a platform at one moment.

use super::{QuotaUse, Tenancy, TenantView};
use crate::Str;
use crate::certificates::CertificateView;
use crate::overview::index::Index;
use crate::platform::{WorkloadView, workload};
use crate::resources::quantity::parse_quantity;
use crate::resources::{Level, ObjectRef, Verdict};
use crate::routes::RouteView;

/// The label or annotation with which a tenant is suspended on purpose.
const SUSPENDED: &str = "quarterdeck.dev/suspended";

/// All tenants, the worst first, then by name.
pub fn all(
    index: &Index<'_>,
    tenancy: &Tenancy,
    certificates: &[CertificateView],
    routes: &[RouteView],
    now: i64,
) -> Vec<TenantView> {
    let mut views: Vec<TenantView> = tenancy
        .all()
        .into_iter()
        .map(|(name, namespaces)| one(index, name, namespaces, certificates, routes, now))
        .collect();
    rank(&mut views);
    views
}

/// The worst first, then by name.
pub fn rank(views: &mut [TenantView]) {
    views.sort_by(|a, b| (b.verdict.level, &a.name).cmp(&(a.verdict.level, &b.name)));
}

fn one(
    index: &Index<'_>,
    name: Str,
    namespaces: Vec<Str>,
    certificates: &[CertificateView],
    routes: &[RouteView],
    now: i64,
) -> TenantView {
    let s = index.snapshot;
    let mine = |namespace: &Str| namespaces.contains(namespace);
    let objects: Vec<_> = s.namespaces.iter().filter(|(_, n)| mine(&n.head.meta.name)).collect();
    let object = objects.first().map_or_else(
        || ObjectRef::new(s.kind("", "v1", "Namespace", "namespaces", false), "", &namespaces[0]),
        |(kind, n)| ObjectRef::with_meta((*kind).clone(), &n.head.meta),
    );
    let mut workloads: Vec<WorkloadView> = namespaces
        .iter()
        .flat_map(|n| index.workloads.get(&**n).into_iter().flatten())
        .map(|(kind, w)| workload::view(index, kind, w, now))
        .collect();
    workloads.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    let mut hosts: Vec<Str> =
        routes.iter().filter(|r| mine(&r.namespace) && !r.host.is_empty()).map(|r| r.host.clone()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let certs = certificates.iter().filter(|c| mine(&c.namespace));
    let (well, all) = certs.fold((0, 0), |(well, all), c| (well + u32::from(c.verdict.level <= Level::Busy), all + 1));
    let quota: Vec<QuotaUse> = s.quotas.values().filter(|q| mine(&q.meta.namespace)).flat_map(|q| uses(q)).collect();
    let fullest =
        quota.iter().filter_map(|q| q.share).fold(None, |max: Option<f64>, s| Some(max.map_or(s, |m| m.max(s))));
    let deleting = objects.iter().find_map(|(_, n)| n.head.meta.deleting);
    let suspended = objects
        .iter()
        .any(|(_, n)| n.head.annotation(SUSPENDED) == Some("true") || n.head.meta.label(SUSPENDED) == Some("true"));
    let (verdict, code, since) = judge(&workloads, &quota, deleting, suspended);
    TenantView {
        uid: object.uid.clone(),
        object,
        created: objects.iter().filter_map(|(_, n)| n.head.meta.created).min(),
        ready: workloads.iter().filter(|w| w.ready >= w.wanted).count() as u32,
        total: workloads.len() as u32,
        name,
        namespaces,
        workloads,
        hosts,
        certificates_ready: well,
        certificates: all,
        quota,
        fullest,
        findings: 0,
        since,
        verdict,
        code,
    }
}

fn uses(quota: &crate::platform::objects::Quota) -> Vec<QuotaUse> {
    let used = |resource: &Str| quota.status.used.get(resource).cloned().unwrap_or_else(|| "0".into());
    quota
        .status
        .hard
        .iter()
        .map(|(resource, hard)| {
            let used = used(resource);
            let share = match (parse_quantity(&used), parse_quantity(hard)) {
                (Some(u), Some(h)) if h > 0.0 => Some(u / h),
                _ => None,
            };
            QuotaUse {
                namespace: quota.meta.namespace.clone(),
                resource: resource.clone(),
                used,
                hard: hard.clone(),
                share,
            }
        })
        .collect()
}

fn judge(
    workloads: &[WorkloadView],
    quota: &[QuotaUse],
    deleting: Option<i64>,
    suspended: bool,
) -> (Verdict, Option<&'static str>, Option<i64>) {
    if let Some(since) = deleting {
        let verdict = Verdict::new(Level::Warn, "Deleting")
            .why("its namespace waits to be deleted")
            .next("see which finalizers hold it");
        return (verdict, Some("TENANT_DELETING"), Some(since));
    }
    let running = workloads.iter().filter(|w| w.verdict.level != Level::Off).count();
    if suspended || (!workloads.is_empty() && running == 0) {
        return (Verdict::new(Level::Off, "Suspended").why("all its workloads are scaled to 0"), None, None);
    }
    if let Some(worst) = workloads
        .iter()
        .filter(|w| w.verdict.level > Level::Busy)
        .max_by_key(|w| (w.verdict.level, w.blocks.last().map(|b| b.rank)))
    {
        let why = format!("{}: {}", worst.name, worst.verdict.why);
        let verdict = Verdict::new(worst.verdict.level, "Degraded").why(why).next(worst.verdict.next.clone());
        return (verdict, Some("TENANT_DEGRADED"), worst.since);
    }
    if let Some(full) = quota.iter().find(|q| q.share.is_some_and(|s| s >= 1.0)) {
        let why = format!("quota used up: {} {} of {}", full.resource, full.used, full.hard);
        return (
            Verdict::new(Level::Warn, "Quota full").why(why).next("raise the quota, or take something away"),
            Some("TENANT_QUOTA_FULL"),
            None,
        );
    }
    if workloads.iter().any(|w| w.verdict.level == Level::Busy) {
        return (Verdict::new(Level::Busy, "Starting"), None, None);
    }
    (Verdict::new(Level::Good, "Ready"), None, None)
}
