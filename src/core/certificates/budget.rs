//! What Let's Encrypt's weekly limits leave, counted from the orders of this cluster. Other clusters that ask for the
//! same domains are not seen here, and orders that cert-manager cleaned up are not counted: it is a lower bound.

use super::objects::Issuer;
use crate::Str;
use crate::overview::index::Index;
use rustc_hash::FxHashMap;

/// Let's Encrypt's limits (letsencrypt.org/docs/rate-limits).
pub const CERTIFICATES_A_WEEK: u32 = 50;
pub const DUPLICATES_A_WEEK: u32 = 5;
pub const FAILURES_AN_HOUR: u32 = 5;
pub const ORDERS_IN_3_HOURS: u32 = 300;
pub const ACCOUNTS_IN_3_HOURS: u32 = 10;
/// The time that the weekly limits look back.
pub const WEEK: i64 = 7 * 86_400;

/// The registered domain of a host: `ominis.ai` for `api.acme.app.ominis.ai`. From the public suffix list.
pub fn registered(host: &str) -> Option<&str> {
    let host = host.strip_prefix("*.").unwrap_or(host);
    psl::domain_str(host.strip_suffix('.').unwrap_or(host))
}

/// What is used of the limits for one registered domain at one authority.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// The authority's directory.
    pub server: Str,
    pub domain: Str,
    /// Certificates issued for names of the domain in the last seven days.
    pub certificates: u32,
    pub limit: u32,
    /// The most for one exact set of names.
    pub duplicates: u32,
    pub duplicates_limit: u32,
    /// The most failed validations of one name within the last hour.
    pub failures: u32,
    pub failures_limit: u32,
    /// When the oldest of them no longer counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_at: Option<i64>,
}

impl Budget {
    /// `12 of 50 this week for ominis.ai`
    pub fn words(&self) -> String {
        format!("{} of {} this week for {}", self.certificates, self.limit, self.domain)
    }
    /// Whether little is left: nine tenths are used.
    pub fn low(&self) -> bool {
        self.certificates * 10 >= self.limit * 9 || self.duplicates >= self.duplicates_limit
    }
}

/// Whether these limits hold there: for Let's Encrypt's production directory.
pub fn limited(issuer: &Issuer) -> bool {
    issuer.spec.acme.as_ref().is_some_and(|a| a.server.contains("letsencrypt.org")) && !issuer.is_staging()
}

/// What is used, for every registered domain that had an order in the last week.
pub fn all(index: &Index<'_>, now: i64) -> Vec<Budget> {
    #[derive(Default)]
    struct Counting<'a> {
        certificates: u32,
        oldest: Option<i64>,
        sets: FxHashMap<Vec<&'a str>, u32>,
        failures: FxHashMap<&'a str, u32>,
    }
    let mut counts: FxHashMap<(&str, &str), Counting<'_>> = FxHashMap::default();
    for order in index.snapshot.orders.values() {
        let Some(created) = order.meta.created.filter(|at| *at > now - WEEK && *at <= now + 300) else { continue };
        let Some((_, issuer)) = index.issuer(&order.spec.issuer_ref, &order.meta.namespace) else { continue };
        let Some(acme) = issuer.spec.acme.as_ref().filter(|_| limited(issuer)) else { continue };
        let mut domains: Vec<&str> = order.spec.dns_names.iter().filter_map(|n| registered(n)).collect();
        domains.sort_unstable();
        domains.dedup();
        for domain in domains {
            let count = counts.entry((&acme.server, domain)).or_default();
            match &*order.status.state {
                "valid" | "ready" | "processing" => {
                    count.certificates += 1;
                    count.oldest = Some(count.oldest.map_or(created, |o| o.min(created)));
                    let mut set: Vec<&str> = order.spec.dns_names.iter().map(|n| &**n).collect();
                    set.sort_unstable();
                    *count.sets.entry(set).or_default() += 1;
                }
                "invalid" if order.status.failure_time.unwrap_or(created) > now - 3600 => {
                    for name in &order.spec.dns_names {
                        *count.failures.entry(name).or_default() += 1;
                    }
                }
                _ => {}
            }
        }
    }
    let mut all: Vec<Budget> = counts
        .into_iter()
        .map(|((server, domain), count)| Budget {
            server: server.into(),
            domain: domain.into(),
            certificates: count.certificates,
            limit: CERTIFICATES_A_WEEK,
            duplicates: count.sets.values().copied().max().unwrap_or_default(),
            duplicates_limit: DUPLICATES_A_WEEK,
            failures: count.failures.values().copied().max().unwrap_or_default(),
            failures_limit: FAILURES_AN_HOUR,
            free_at: count.oldest.map(|at| at + WEEK),
        })
        .collect();
    all.sort_by(|a, b| (b.certificates, &a.domain, &a.server).cmp(&(a.certificates, &b.domain, &b.server)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_domain_is_one_label_above_the_public_suffix() {
        for (host, domain) in [
            ("api.acme.app.ominis.ai", Some("ominis.ai")),
            ("*.shop.example.co.uk", Some("example.co.uk")),
            ("ominis.ai.", Some("ominis.ai")),
            ("co.uk", None),
            ("", None),
        ] {
            assert_eq!(registered(host), domain, "{host}");
        }
    }
}
