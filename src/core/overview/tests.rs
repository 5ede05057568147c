//! The embedded worlds seen as a whole: what the home page has to say.

use super::Overview;
use super::testing::{at, crowded, world};
use crate::certificates::diagnose::Role;
use crate::resources::Level;

const NOW: &str = "2026-11-21T03:00:00Z";

fn overview(name: &str) -> Overview {
    Overview::derive(&world(name, at(NOW)), at(NOW))
}

fn reason<'a>(o: &'a Overview, title: &str) -> (&'static str, &'a str) {
    let found = o.findings.iter().find(|f| f.title == title);
    found.map_or_else(|| panic!("no finding {title}: {:?}", o.findings), |f| (f.code, f.reason.as_str()))
}

#[test]
fn the_home_page_of_ominis_says_what_is_wrong_right_now() {
    let o = overview("ominis");
    assert_eq!((o.platform.id.as_str(), o.platform.tenant_word.as_str()), ("ominis", "client"));
    assert!(o.platform.evidence.contains(&"namespace flow-proxy".to_owned()));
    assert_eq!(
        reason(&o, "client-acme/api-tls"),
        ("CERT_DNS_NO_RECORD", "DNS: api.acme.app.ominis.ai has no A record")
    );
    assert_eq!(reason(&o, "client-hotel/api-tls"), ("CERT_RATE_LIMIT", "rate limit: 50 of 50 this week for ominis.ai"));
    let (code, why) = reason(&o, "authentik/auth-tls");
    assert_eq!(code, "CERT_RENEWAL_OVERDUE");
    assert!(why.starts_with("next try 04:00 UTC (attempt 3, backoff 4 h)"), "{why}");
    assert_eq!(reason(&o, "homer"), ("APP_DEGRADED", "waits for postgres-0: volume not bound"));
    let (code, why) = reason(&o, "docs.app.ominis.ai");
    assert_eq!(code, "ROUTE_HOST_CONFLICT");
    assert!(why.starts_with("Ingress docs/web wins over IngressRoute kb/docs"), "{why}");
    let titles: Vec<&str> = o.groups.iter().map(|g| g.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "1 certificate has expired",
            "6 certificates cannot be issued",
            "1 app is degraded",
            "1 certificate is past its renewal time",
            "1 host claimed twice",
        ],
        "one trouble is told once: no route for homer's pods, no issuer beside its certificates"
    );
    assert_eq!((o.counts.tenants.good, o.counts.tenants.total), (4, 4));
    assert_eq!((o.counts.apps.good, o.counts.apps.total), (7, 8));
}

#[test]
fn the_chain_names_the_first_broken_link() {
    let o = overview("ominis");
    let broken = |namespace: &str, name: &str| {
        let chain = o.chain(o.certificate(namespace, name).expect(name)).expect(name);
        let link = chain.links[chain.broken.expect("a broken link")].clone();
        (link.role, link.words)
    };
    assert_eq!(
        broken("client-acme", "api-tls"),
        (Role::Challenge, "DNS: api.acme.app.ominis.ai has no A record".into())
    );
    assert_eq!(broken("client-hotel", "api-tls").0, Role::Order);
    assert_eq!(broken("docs", "metrics-tls"), (Role::Issuer, "there is no such issuer".into()));
    assert_eq!(broken("docs", "search-internal-tls").0, Role::Issuer);
    let acme = o.certificate("client-acme", "api-tls").expect("acme");
    assert!(acme.verdict.next.contains("51.77.12.9"), "where the record must point: {}", acme.verdict.next);
    assert_eq!(acme.used_by.first().map(|h| &**h), Some("api.acme.app.ominis.ai"));
    assert_eq!(acme.tenant.as_deref(), Some("acme"));
    let well = o.certificate("client-zoo", "zoo-api-tls").expect("zoo");
    assert_eq!(o.chain(well).expect("zoo").broken, None);
}

#[test]
fn the_otomi_world_has_its_twenty_apps() {
    let o = overview("otomi");
    assert_eq!(o.platform.id, "otomi-classic", "{:?}", o.platform.evidence);
    for name in [
        "istio",
        "velero",
        "argocd",
        "kubeclarity",
        "knative",
        "prometheus",
        "loki",
        "harbor",
        "vault",
        "kubeapps",
        "keycloak",
        "gatekeeper",
        "cert-manager",
        "jaeger",
        "kiali",
        "external-dns",
        "drone",
        "gitea",
        "ingress-nginx",
        "minio",
    ] {
        let app =
            o.app(name).unwrap_or_else(|| panic!("{name}: {:?}", o.apps.iter().map(|a| &a.name).collect::<Vec<_>>()));
        assert!(app.catalogued && app.total > 0, "{name} {:?}", app.verdict);
    }
    assert_eq!(reason(&o, "kubeclarity").0, "APP_DEGRADED");
    let tenants: Vec<&str> = o.tenants.iter().map(|t| &*t.name).collect();
    assert_eq!(tenants, ["demo", "alpha", "beta"], "the worst first, team-admin is none");
    assert_eq!(o.tenants[0].verdict.level, Level::Bad);
}

#[test]
fn a_plain_cluster_has_apps_too() {
    let o = overview("plain");
    assert_eq!(o.platform.id, "kubernetes");
    assert!(o.app("shop").is_some_and(|a| a.code == Some("APP_DEGRADED")));
    assert!(o.app("ghost").is_some_and(|a| a.origins.iter().any(|x| x.manager == "Helm")));
    assert!(o.tenants.is_empty());
}

#[test]
fn two_thousand_certificates_are_judged_each() {
    let snapshot = crowded("ominis", at(NOW), 2000);
    let begin = std::time::Instant::now();
    let o = Overview::derive(&snapshot, at(NOW));
    println!("derived in {:?}", begin.elapsed());
    assert!(o.counts.certificates.total >= 2000);
    assert!(o.counts.certificates.bad >= 50, "every fortieth is stuck");
    assert!(o.next_moment.is_some_and(|t| t > at(NOW)));
}

#[test]
fn json_has_stable_camel_case_fields() {
    let json = serde_json::to_value(overview("ominis")).expect("JSON");
    assert!(json["certificates"][0]["notAfter"].is_i64() || json["certificates"][0]["verdict"]["word"].is_string());
    for field in ["apps", "tenants", "certificates", "issuers", "routes", "findings", "groups"] {
        assert!(json[field].is_array(), "{field}");
    }
    assert!(json["tenants"][0]["certificatesReady"].is_u64());
    assert!(!json.to_string().contains("PRIVATE KEY"));
}
