//! What Let's Encrypt's weekly limits leave, counted from the orders and Certificates of this cluster. Other clusters that
//! ask for the same domains are not seen here, and of what was issued again only the last is known where cert-manager has
//! cleaned the order up: it is a lower bound.

use super::ledger::{self, Ledger};
use super::objects::{Issuer, Order};
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

/// What is used, for every registered domain that something was issued or refused for in the last week.
pub fn all(index: &Index<'_>, now: i64) -> Vec<Budget> {
    let server_of = |reference, namespace| {
        let (_, issuer) = index.issuer(reference, namespace)?;
        issuer.spec.acme.as_ref().filter(|_| limited(issuer)).map(|acme| &*acme.server)
    };
    let mut ledgers: FxHashMap<&str, Ledger> = FxHashMap::default();
    let mut failures: FxHashMap<(&str, &str, &str), u32> = FxHashMap::default();
    let counted = |order: &Order| {
        let recent = order.meta.created.filter(|at| *at > now - WEEK && *at <= now + 300);
        recent.filter(|_| ledger::counts(&order.status.state))
    };
    for order in index.snapshot.orders.values() {
        let Some(server) = server_of(&order.spec.issuer_ref, &order.meta.namespace) else { continue };
        if let Some(at) = counted(order) {
            ledgers.entry(server).or_default().add(&texts(&order.spec.dns_names), at);
        } else if &*order.status.state == "invalid"
            && order.status.failure_time.or(order.meta.created).is_some_and(|at| at > now - 3600)
        {
            for name in &order.spec.dns_names {
                let domain = registered(name).unwrap_or(name);
                *failures.entry((server, domain, name)).or_default() += 1;
            }
        }
    }
    // cert-manager cleans orders up; what was issued counts all the same.
    for certificate in index.snapshot.certificates.values() {
        let meta = certificate.meta();
        let Some(server) = server_of(&certificate.spec.issuer_ref, &meta.namespace) else { continue };
        let requests = index.requests.get(&*meta.uid).into_iter().flatten();
        let mut orders = requests.flat_map(|(_, r)| index.orders.get(&*r.meta().uid).into_iter().flatten());
        if orders.any(|(_, order)| counted(order).is_some()) {
            continue;
        }
        let issuing = certificate.issuing().is_some();
        if let Some(at) = ledger::issued_at(issuing, certificate.status.not_before, now) {
            ledgers.entry(server).or_default().add(&texts(&certificate.names()), at);
        }
    }
    let domains = ledgers.iter().flat_map(|(server, ledger)| ledger.all_domains().map(|domain| (*server, domain)));
    let mut found: Vec<(&str, &str)> =
        domains.chain(failures.keys().map(|(server, domain, _)| (*server, *domain))).collect();
    found.sort_unstable();
    found.dedup();
    let none = Ledger::default();
    let same: FxHashMap<&str, _> = ledgers.iter().map(|(server, ledger)| (*server, ledger.most_of_sets(now))).collect();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut all: Vec<Budget> = found
        .into_iter()
        .map(|(server, domain)| {
            let ledger = ledgers.get(server).unwrap_or(&none);
            let failed = failures.iter().filter(|((s, d, _), _)| *s == server && *d == domain);
            Budget {
                server: server.into(),
                domain: domain.into(),
                certificates: number(ledger.of_domain(domain, now)),
                limit: CERTIFICATES_A_WEEK,
                duplicates: number(same.get(server).and_then(|s| s.get(domain)).copied().unwrap_or_default()),
                duplicates_limit: DUPLICATES_A_WEEK,
                failures: failed.map(|(_, n)| *n).max().unwrap_or_default(),
                failures_limit: FAILURES_AN_HOUR,
                free_at: ledger.next_free(domain, now),
            }
        })
        .collect();
    all.sort_by(|a, b| (b.certificates, &a.domain, &a.server).cmp(&(a.certificates, &b.domain, &b.server)));
    all
}

fn texts(names: &[Str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_795_143_600;

    #[test]
    fn the_board_counts_what_one_authority_issued_or_is_about_to() {
        let at = |seconds: i64| crate::clock::format_time(NOW + seconds);
        let issuer = json!({"name": "le", "kind": "ClusterIssuer"});
        let order = |name: &str, state: &str, age: i64| {
            json!({"apiVersion": "acme.cert-manager.io/v1", "kind": "Order",
                "metadata": {"namespace": "a", "name": name, "uid": name, "creationTimestamp": at(-age)},
                "spec": {"issuerRef": issuer, "dnsNames": ["x.ominis.ai"]},
                "status": {"state": state, "failureTime": at(-age)}})
        };
        let certificate = |name: &str, issuer: &str, host: &str, age: i64| {
            json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
                "metadata": {"namespace": "a", "name": name, "uid": name},
                "spec": {"secretName": name, "dnsNames": [host], "issuerRef": {"name": issuer, "kind": "ClusterIssuer"}},
                "status": {"notBefore": at(-age), "conditions": []}})
        };
        let acme = |name: &str, spec: serde_json::Value| {
            json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": name, "uid": name},
                "spec": spec})
        };
        let mut s = crate::overview::Snapshot::default();
        for object in [
            acme("le", json!({"acme": {"server": "https://acme-v02.api.letsencrypt.org/directory"}})),
            acme("ca", json!({"ca": {"secretName": "root"}})),
            order("issued", "valid", 3600),
            order("under way", "pending", 60),
            order("refused", "invalid", 60),
            order("old", "valid", WEEK + 60),
            // Its order was cleaned up.
            certificate("cleaned", "le", "y.ominis.ai", 2 * 86_400),
            certificate("long ago", "le", "z.ominis.ai", 30 * 86_400),
            certificate("private", "ca", "w.ominis.ai", 3600),
        ] {
            crate::overview::testing::add(&mut s, &object);
        }
        let all = all(&Index::new(&s), NOW);
        let one = &all[0];
        assert_eq!((all.len(), &*one.domain), (1, "ominis.ai"), "{all:?}");
        assert_eq!((one.certificates, one.duplicates, one.failures), (3, 2, 1));
        assert_eq!(one.free_at, Some(NOW - 2 * 86_400 + 3600 + WEEK), "when the cleaned one counts no more");
        assert_eq!(one.words(), "3 of 50 this week for ominis.ai");
    }

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
