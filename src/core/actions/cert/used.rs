//! What is used of the limits of the authorities that are asked, by what this cluster holds. Counted as the board counts it
//! ([`crate::certificates::budget`]), from the objects as the server has them now.

use super::allowance::{Ledger, WEEK, counts, issued_at};
use super::issuance::{self, GROUP, certificates, holds, names, orders, text};
use crate::actions::action::Target;
use crate::clock::parse_time;
use crate::cluster::{Cluster, Request};
use crate::resources::Kind;
use crate::{ProblemKind, Result};
use futures::StreamExt;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Issuers that are asked for at once.
const AT_ONCE: usize = 8;

/// What each authority has issued ([`Issuers::authority`]).
pub(crate) type Ledgers = BTreeMap<String, Ledger>;

/// What the authorities of some Certificates have issued within a week: the orders that cert-manager has kept, and
/// Certificates without one.
pub(crate) async fn read(
    cluster: &Cluster,
    targets: &[&Target],
    issuers: &Issuers,
    now: i64,
    warnings: &mut Vec<String>,
) -> Ledgers {
    let spaces: BTreeSet<&str> = targets.iter().map(|t| &*t.reference.namespace).collect();
    let mut all = [Vec::new(), Vec::new()];
    for (kind, found) in [orders(), certificates()].into_iter().zip(&mut all) {
        let objects = everywhere(cluster, &kind, &spaces, warnings).await;
        let target = |object| Target { reference: issuance::reference(kind.clone(), &object), object };
        found.extend(objects.into_iter().map(target));
    }
    let [orders, certificates] = all;
    let named: Vec<&Target> = orders.iter().chain(&certificates).collect();
    let issuers = issuers.clone().with(cluster, &named).await;
    let asked = targets.iter().map(|t| issuers.authority(t)).collect();
    count(&orders, &certificates, &issuers, &asked, now)
}

/// Counts what these authorities have issued.
fn count(
    orders: &[Target],
    certificates: &[Target],
    issuers: &Issuers,
    authorities: &BTreeSet<String>,
    now: i64,
) -> Ledgers {
    let mut ledgers = Ledgers::new();
    let asked = |target: &Target| Some(issuers.authority(target)).filter(|authority| authorities.contains(authority));
    let mut seen: BTreeSet<(&str, String)> = BTreeSet::new();
    for order in orders {
        let Some(authority) = asked(order) else { continue };
        let at = order.object["metadata"]["creationTimestamp"].as_str().and_then(parse_time).unwrap_or(0);
        if at > now - WEEK && counts(order.object["status"]["state"].as_str().unwrap_or_default()) {
            ledgers.entry(authority).or_default().add(&names(&order.object), at);
            let certificate = &order.object["metadata"]["annotations"]["cert-manager.io/certificate-name"];
            seen.insert((&*order.reference.namespace, text(certificate)));
        }
    }
    for certificate in certificates {
        let Some(authority) = asked(certificate) else { continue };
        if seen.contains(&(&*certificate.reference.namespace, certificate.reference.name.to_string())) {
            continue;
        }
        let object = &certificate.object;
        let not_before = object["status"]["notBefore"].as_str().and_then(parse_time);
        if let Some(at) = issued_at(holds(object, "Issuing"), not_before, now) {
            ledgers.entry(authority).or_default().add(&names(object), at);
        }
    }
    ledgers
}

/// All objects of a kind, or those of some namespaces where no more may be read.
async fn everywhere(cluster: &Cluster, kind: &Kind, spaces: &BTreeSet<&str>, warnings: &mut Vec<String>) -> Vec<Value> {
    let items = |mut list: Value| match list["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    match cluster.json::<Value>(Request::list(kind, None)).await {
        Ok(list) => return items(list),
        Err(p) if p.kind == ProblemKind::NotFound => return Vec::new(),
        Err(_) => {}
    }
    let mut all = Vec::new();
    for space in spaces {
        all.extend(cluster.json::<Value>(Request::list(kind, Some(space))).await.map(items).unwrap_or_default());
    }
    let what = format!("you may not list all {}: the budget counts these namespaces only", kind.plural);
    if !warnings.contains(&what) {
        warnings.push(what);
    }
    all
}

/// The issuers of some Certificates.
#[derive(Clone, Default)]
pub(crate) struct Issuers(BTreeMap<String, Result<Value>>);

impl Issuers {
    pub(crate) async fn of(cluster: &Cluster, targets: &[&Target]) -> Self {
        Self::default().with(cluster, targets).await
    }
    /// With those of more objects that name one, each asked once.
    async fn with(self, cluster: &Cluster, targets: &[&Target]) -> Self {
        let mut all = self.0;
        let paths: BTreeSet<String> =
            targets.iter().filter_map(|t| issuer_path(t)).filter(|path| !all.contains_key(path)).collect();
        let asks = paths.into_iter().map(|path| async move {
            let found = cluster.json::<Value>(Request::get(path.clone())).await;
            (path, found)
        });
        let mut answers = futures::stream::iter(asks).buffer_unordered(AT_ONCE);
        while let Some((path, found)) = answers.next().await {
            all.insert(path, found);
        }
        Self(all)
    }
    fn get(&self, target: &Target) -> Option<&Result<Value>> {
        self.0.get(&issuer_path(target)?)
    }
    /// Whether Let's Encrypt's limits hold for it.
    pub(crate) fn limited(&self, target: &Target) -> bool {
        self.server(target).is_some_and(|server| server.contains("letsencrypt.org") && !server.contains("staging"))
    }
    /// The ACME directory that it is asked for at.
    fn server(&self, target: &Target) -> Option<String> {
        let issuer = self.get(target)?.as_ref().ok()?;
        Some(text(&issuer["spec"]["acme"]["server"])).filter(|server| !server.is_empty())
    }
    /// By whom it is issued: what one authority has issued uses nothing of another's budget. The ACME directory, however
    /// many issuers ask there; else the issuer itself.
    pub(crate) fn authority(&self, target: &Target) -> String {
        let reference = &target.object["spec"]["issuerRef"];
        self.server(target).or_else(|| issuer_path(target)).unwrap_or_else(|| reference.to_string())
    }
    /// What stands against an issuance beforehand.
    pub(crate) fn warning(&self, target: &Target) -> Option<String> {
        let reference = &target.object["spec"]["issuerRef"];
        let name = text(&reference["name"]);
        match self.get(target)? {
            Ok(issuer) if holds(issuer, "Ready") => None,
            Ok(_) => Some(format!("{}: its issuer {name} is not ready, so it waits", target.reference.short())),
            Err(p) if p.kind == ProblemKind::NotFound => {
                Some(format!("{}: its issuer {name} is not there, so it waits", target.reference.short()))
            }
            Err(_) => None,
        }
    }
}

/// Where the issuer of a Certificate or an order is, if it is one of cert-manager's own.
pub(crate) fn issuer_path(target: &Target) -> Option<String> {
    let reference = &target.object["spec"]["issuerRef"];
    let group = reference["group"].as_str().filter(|g| !g.is_empty()).unwrap_or(GROUP);
    let name = reference["name"].as_str()?;
    let kind = match reference["kind"].as_str() {
        Some("ClusterIssuer") => Kind::of(GROUP, "v1", "ClusterIssuer", "clusterissuers", false),
        _ => Kind::of(GROUP, "v1", "Issuer", "issuers", true),
    };
    (group == GROUP).then(|| kind.path(target.reference.namespace(), Some(name), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::budget;
    use crate::overview::index::Index;
    use serde_json::json;

    const NOW: i64 = 1_795_143_600;
    const PRODUCTION: &str = "https://acme-v02.api.letsencrypt.org/directory";
    const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

    fn at(seconds: i64) -> String {
        crate::clock::format_time(NOW + seconds)
    }

    fn order(name: &str, issuer: &str, state: &str, age: i64) -> Value {
        json!({"apiVersion": "acme.cert-manager.io/v1", "kind": "Order",
            "metadata": {"namespace": "a", "name": name, "uid": name, "creationTimestamp": at(-age),
                "annotations": {"cert-manager.io/certificate-name": "shop"}},
            "spec": {"issuerRef": {"name": issuer, "kind": "ClusterIssuer"}, "dnsNames": ["x.ominis.ai"]},
            "status": {"state": state, "failureTime": at(-age)}})
    }

    fn certificate(name: &str, issuer: &str, host: &str, age: i64) -> Value {
        json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"namespace": "a", "name": name, "uid": name},
            "spec": {"secretName": name, "dnsNames": [host],
                "issuerRef": {"name": issuer, "kind": "ClusterIssuer"}},
            "status": {"notBefore": at(-age), "conditions": []}})
    }

    #[test]
    fn a_plan_and_the_board_count_the_same_objects_and_nothing_of_another_authority() {
        let acme = |name: &str, server: &str| {
            json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer",
                "metadata": {"name": name, "uid": name}, "spec": {"acme": {"server": server}}})
        };
        let issuers = [
            acme("le", PRODUCTION),
            // Another account at the same authority.
            acme("le-dns", PRODUCTION),
            acme("staging", STAGING),
            json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer",
                "metadata": {"name": "ca", "uid": "ca"}, "spec": {"ca": {"secretName": "root"}}}),
        ];
        let mut orders: Vec<Value> = (0..5).map(|n| order(&format!("try-{n}"), "staging", "valid", 600)).collect();
        orders.extend([
            order("issued", "le", "valid", 3600),
            order("elsewhere", "le-dns", "valid", 3600),
            order("under way", "le", "pending", 60),
            order("refused", "le", "invalid", 60),
            order("old", "le", "valid", WEEK + 60),
        ]);
        let certificates = [
            // Its order was cleaned up.
            certificate("cleaned", "le", "y.ominis.ai", 2 * 86_400),
            certificate("long ago", "le", "z.ominis.ai", 30 * 86_400),
            certificate("private", "ca", "w.ominis.ai", 3600),
            certificate("tried", "staging", "v.ominis.ai", 3600),
        ];

        let mut seen = crate::overview::Snapshot::default();
        for object in issuers.iter().chain(&orders).chain(&certificates) {
            crate::overview::testing::add(&mut seen, object);
        }
        let board = budget::all(&Index::new(&seen), NOW);
        let board: Vec<(&str, u32, u32)> = board.iter().map(|b| (&*b.server, b.certificates, b.duplicates)).collect();

        let target = |kind: Kind, object: &Value| Target {
            reference: issuance::reference(kind, object),
            object: object.clone(),
        };
        let orders: Vec<Target> = orders.iter().map(|o| target(super::orders(), o)).collect();
        let certificates: Vec<Target> = certificates.iter().map(|c| target(super::certificates(), c)).collect();
        let paths = |issuer: &Value| {
            let kind = Kind::of(GROUP, "v1", "ClusterIssuer", "clusterissuers", false);
            (kind.path(None, issuer["metadata"]["name"].as_str(), None), Ok(issuer.clone()))
        };
        let known = Issuers(issuers.iter().map(paths).collect());
        let wanted = [PRODUCTION.to_owned()].into();
        let ledgers = count(&orders, &certificates, &known, &wanted, NOW);
        let plan: Vec<(&str, u32, u32)> = ledgers
            .iter()
            .map(|(server, ledger)| {
                let same = ledger.of_names(&["x.ominis.ai".to_owned()], NOW);
                (server.as_str(), ledger.of_domain("ominis.ai", NOW) as u32, same as u32)
            })
            .collect();
        assert_eq!(plan, board);
        assert_eq!(plan, [(PRODUCTION, 4, 3)]);

        // Staging has a budget of its own, and a private authority is told by its issuer.
        let wanted = [STAGING.to_owned(), known.authority(&certificates[2])].into();
        let others = count(&orders, &certificates, &known, &wanted, NOW);
        let counted: Vec<usize> = others.values().map(|l| l.of_domain("ominis.ai", NOW)).collect();
        assert_eq!(counted, [1, 6], "{:?}", others.keys());
    }
}
