//! A certificate as it is shown: of cert-manager, or a TLS Secret that somebody else writes.

use super::diagnose::{Role, Trail};
use super::objects::IssuerRef;
use super::secret::Leaf;
use super::verdict::{Judged, judge};
use crate::Str;
use crate::findings::Finding;
use crate::overview::index::Index;
use crate::resources::{Kind, Level, ObjectRef, Verdict};

/// A certificate.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateView {
    /// The Certificate, or the Secret where nobody manages it.
    #[serde(skip)]
    pub object: ObjectRef,
    pub uid: Str,
    pub namespace: Str,
    pub name: Str,
    /// Whether cert-manager issues it.
    pub managed: bool,
    /// The names it is for.
    pub hosts: Vec<Str>,
    pub issuer: IssuerRef,
    /// Whether browsers trust nothing of this issuer (staging).
    pub staging: bool,
    pub secret: Str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal_time: Option<i64>,
    /// The share of the lifetime that is used, 0 to 1 and more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// Failed attempts in a row.
    pub attempts: i64,
    /// When cert-manager tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_try: Option<i64>,
    /// Since when the verdict holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    pub verdict: Verdict,
    /// Code of its finding; while it is issued, of what has stood in the way so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The first broken link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<Role>,
    /// Hosts of routes that use its Secret.
    pub used_by: Vec<Str>,
    /// What the Secret holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<Leaf>,
    /// The tenant it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Str>,
    /// When its verdict may change by the time alone.
    #[serde(skip)]
    pub until: Option<i64>,
}

/// An issuer.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuerView {
    #[serde(skip)]
    pub object: ObjectRef,
    pub uid: Str,
    pub kind: &'static str,
    pub namespace: Str,
    pub name: Str,
    /// `ACME`, `CA`, `Vault`, `Venafi`, `self-signed`.
    pub sort: &'static str,
    pub server: Str,
    pub certificates: usize,
    pub verdict: Verdict,
}

impl CertificateView {
    pub(super) fn put(mut self, judged: Judged) -> Self {
        self.verdict = judged.verdict;
        self.code = judged.code;
        self.broken = judged.broken;
        self.since = judged.since;
        self.until = judged.until;
        self
    }
    /// Its finding, if something is wrong.
    pub fn finding(&self) -> Option<Finding> {
        let code = self.code.filter(|_| self.verdict.level >= Level::Warn)?;
        let mut finding = Finding::new(code, &self.object, self.verdict.why.clone())
            .next(self.verdict.next.clone())
            .since(self.since)
            .evidence("issuer", self.issuer.name.to_string())
            .evidence("hosts", self.hosts.join(", "));
        finding.level = self.verdict.level;
        if code == "CERT_RENEWAL_OVERDUE"
            && let Some(retry) = self.verdict.next.rsplit("; ").find(|part| part.starts_with("next try"))
        {
            // At three in the morning: will it mend itself, and when?
            finding.reason = format!("{retry}: {}", self.verdict.why);
            finding.next = self.verdict.next.trim_end_matches(retry).trim_end_matches("; ").to_owned();
        }
        Some(finding)
    }
}

/// The view of a Certificate of cert-manager.
pub fn view(kind: &Kind, trail: &Trail<'_>, now: i64) -> CertificateView {
    let c = trail.certificate;
    let leaf = trail.secret.and_then(|(_, s)| s.leaf.as_ref().ok()).cloned();
    let not_before = leaf.as_ref().map(|l| l.not_before).or(c.status.not_before);
    let not_after = leaf.as_ref().map(|l| l.not_after).or(c.status.not_after);
    let view = CertificateView {
        object: ObjectRef::with_meta(kind.clone(), c.meta()),
        uid: c.meta().uid.clone(),
        namespace: c.meta().namespace.clone(),
        name: c.meta().name.clone(),
        managed: true,
        hosts: c.names(),
        issuer: c.spec.issuer_ref.clone(),
        staging: trail.issuer.is_some_and(|(_, i)| i.is_staging()),
        secret: c.spec.secret_name.clone(),
        not_before,
        not_after,
        renewal_time: c.status.renewal_time,
        used: share(not_before, not_after, now),
        revision: c.status.revision,
        attempts: c.status.failed_issuance_attempts.unwrap_or_default(),
        next_try: c.next_try(),
        since: None,
        verdict: Verdict::new(Level::Unknown, "Unknown"),
        code: None,
        broken: None,
        used_by: Vec::new(),
        leaf,
        tenant: None,
        until: None,
    };
    view.put(judge(trail, now))
}

/// The share of a lifetime that is used.
pub fn share(from: Option<i64>, to: Option<i64>, now: i64) -> Option<f64> {
    let (from, to) = (from?, to?);
    (to > from).then(|| (now - from) as f64 / (to - from) as f64)
}

/// All certificates: cert-manager's, then Secrets that nobody manages. The worst first, then who is furthest
/// beyond the renewal that is due.
pub fn all(index: &Index<'_>, now: i64) -> Vec<CertificateView> {
    let mut views: Vec<CertificateView> = Vec::with_capacity(index.snapshot.certificates.len());
    for (kind, certificate) in index.snapshot.certificates.iter() {
        let trail = Trail::of(kind, certificate, index);
        let mut view = view(kind, &trail, now);
        if trail.rivals.len() > 1 && view.code.is_none() {
            let cause = super::verdict::shared(&trail);
            view.verdict = Verdict::new(Level::Warn, "Shared").why(cause.why).next(cause.next);
            view.code = Some(cause.code);
            view.broken = Some(Role::Secret);
        }
        if view.code == Some("CERT_DNS_NO_RECORD")
            && let Some(address) = address(index, &view.hosts)
        {
            view.verdict.next = view.verdict.next.replace("the ingress's address", &address);
        }
        views.push(view);
    }
    super::tls_secrets::unmanaged(index, now, &mut views);
    views.sort_by(|a, b| super::rank::order(a, b, now));
    views
}

/// Where the name of a certificate should point: the address of an Ingress that has its host.
fn address(index: &Index<'_>, hosts: &[Str]) -> Option<String> {
    let has = |i: &&std::sync::Arc<crate::routes::objects::Ingress>| {
        i.spec.rules.iter().any(|r| r.host.as_ref().is_some_and(|h| hosts.contains(h)))
    };
    let mut ingresses = index.snapshot.ingresses.values().filter(has);
    ingresses.find_map(|i| i.status.load_balancer.address().map(str::to_owned))
}

/// All issuers, those that are not ready first.
pub fn issuers(index: &Index<'_>, certificates: &[CertificateView], now: i64) -> Vec<IssuerView> {
    let mut views: Vec<IssuerView> = index
        .snapshot
        .issuers
        .iter()
        .map(|(kind, issuer)| {
            let (level, words) = super::issuer::state(issuer, index, now);
            let word = match level {
                Level::Good => "Ready",
                Level::Bad => "Not ready",
                _ => "New",
            };
            let ready = issuer.status.conditions.get("Ready");
            let next = match (level, ready) {
                (Level::Bad, Some(r)) => {
                    crate::findings::cert_manager::issuer(&r.reason, &r.message, &issuer.meta.name).next
                }
                _ => String::new(),
            };
            let cluster = issuer.meta.namespace.is_empty();
            let uses = |c: &&CertificateView| {
                c.issuer.name == issuer.meta.name
                    && c.managed
                    && c.issuer.is_cluster() == cluster
                    && (cluster || c.namespace == issuer.meta.namespace)
            };
            IssuerView {
                object: ObjectRef::with_meta(kind.clone(), &issuer.meta),
                uid: issuer.meta.uid.clone(),
                kind: issuer.kind(),
                namespace: issuer.meta.namespace.clone(),
                name: issuer.meta.name.clone(),
                sort: issuer.sort(),
                server: issuer
                    .spec
                    .acme
                    .as_ref()
                    .map(|a| a.server.clone())
                    .or(issuer.spec.vault.as_ref().map(|v| v.server.clone()))
                    .unwrap_or_default(),
                certificates: certificates.iter().filter(uses).count(),
                verdict: Verdict::new(level, word).why(words).next(next),
            }
        })
        .collect();
    views.sort_by(|a, b| {
        (std::cmp::Reverse(a.verdict.level), &a.namespace, &a.name).cmp(&(
            std::cmp::Reverse(b.verdict.level),
            &b.namespace,
            &b.name,
        ))
    });
    views
}
