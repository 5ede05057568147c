//! The embedded worlds seen as a whole: what the home page has to say.

use super::sources::{SourceState, SourceWord};
use super::testing::{at, crowded, world};
use super::{Overview, Sources};
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
    // The workloads of all four run, but the certificates of two hosts cannot be issued.
    assert_eq!((o.counts.tenants.good, o.counts.tenants.total), (2, 4));
    let acme = &o.tenants[0];
    assert_eq!((&*acme.name, &*acme.verdict.word, acme.findings), ("acme", "Degraded", 1));
    assert_eq!(acme.verdict.why, "Certificate api-tls: DNS: api.acme.app.ominis.ai has no A record");
    assert_eq!((o.counts.apps.good, o.counts.apps.total), (7, 8));
}

#[test]
fn a_secret_is_not_blamed_before_its_certificate_is_there() {
    let mut snapshot = world("ominis", at(NOW));
    snapshot.certificates = Default::default();
    let alone = Overview::derive(&snapshot, at(NOW));
    assert!(alone.findings.iter().any(|f| f.kind == "Secret" && f.title == "docs/legacy-docs-tls"));
    let state = SourceState {
        resource: "certificates.cert-manager.io".into(),
        state: SourceWord::Loading,
        since: None,
        problems: Vec::new(),
    };
    snapshot.sources = Sources(vec![state]);
    let early = Overview::derive(&snapshot, at(NOW));
    assert!(!early.findings.iter().any(|f| f.kind == "Secret"), "{:?}", early.findings);
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

/// Name, types, first namespace, hosts, needs and the verdict of each app of the catalogue that is installed.
fn rows(o: &Overview) -> Vec<String> {
    let words = |list: Vec<&str>| if list.is_empty() { "-".to_owned() } else { list.join("+") };
    let row = |a: &crate::platform::AppView| {
        assert!(a.total > 0 && !a.types.is_empty(), "{}: {a:?}", a.name);
        let types = words(a.types.iter().map(|t| t.word()).collect());
        let hosts = words(a.hosts.iter().map(|h| &**h).collect());
        let needs = words(a.needs.iter().map(|n| &**n).collect());
        format!("{} {types} {} {hosts} {needs} {}", a.name, a.namespaces[0], a.verdict.word)
    };
    o.apps.iter().filter(|a| a.catalogued).map(row).collect()
}

#[test]
fn the_otomi_world_has_its_twenty_apps() {
    let o = overview("otomi");
    assert_eq!(o.platform.id, "otomi-classic", "{:?}", o.platform.evidence);
    assert_eq!(o.platform.evidence[0], "ConfigMap otomi/otomi-status");
    let rows = rows(&o);
    for row in [
        "istio core istio-system - - Healthy",
        "velero optional velero - minio Healthy",
        "argocd core+shared argocd argocd.demo.otomi.cloud keycloak Healthy",
        "kubeclarity optional+shared kubeclarity kubeclarity.demo.otomi.cloud - Down",
        "knative optional knative-serving - istio Healthy",
        "prometheus optional+team monitoring prometheus.demo.otomi.cloud - Healthy",
        "loki optional+team monitoring - grafana+prometheus+minio Healthy",
        "harbor optional+shared harbor harbor.demo.otomi.cloud keycloak+cnpg Starting",
        "vault optional+shared vault vault.demo.otomi.cloud keycloak Healthy",
        "kubeapps optional+shared kubeapps kubeapps.demo.otomi.cloud - Healthy",
        "keycloak core keycloak keycloak.demo.otomi.cloud cnpg Healthy",
        "gatekeeper optional gatekeeper-system - - Healthy",
        "cert-manager core cert-manager - - Healthy",
        "jaeger optional+shared jaeger jaeger.demo.otomi.cloud istio Healthy",
        "kiali optional kiali kiali.demo.otomi.cloud istio+prometheus Healthy",
        "external-dns core external-dns - - Healthy",
        "drone optional+shared drone drone.demo.otomi.cloud gitea Out of sync",
        "gitea core+shared gitea gitea.demo.otomi.cloud cnpg Healthy",
        "ingress-nginx core ingress - - Healthy",
        "minio optional minio minio.demo.otomi.cloud - Healthy",
    ] {
        assert!(rows.iter().any(|r| r == row), "{row} is not among\n{}", rows.join("\n"));
    }
    let others: Vec<&str> = o.apps.iter().filter(|a| !a.catalogued).map(|a| &*a.name).collect();
    assert!(others.is_empty(), "the catalogue names all that runs: {others:?}");
    assert_eq!(reason(&o, "kubeclarity").0, "APP_DEGRADED");
    let tenants: Vec<&str> = o.tenants.iter().map(|t| &*t.name).collect();
    assert_eq!(tenants, ["demo", "alpha", "beta"], "the worst first, team-admin is none");
    assert_eq!(o.tenants[0].verdict.level, Level::Bad);
}

#[test]
fn the_app_platform_is_told_from_its_forerunner() {
    let o = overview("apl");
    assert_eq!(o.platform.id, "apl", "{:?}", o.platform.evidence);
    assert_eq!(o.platform.evidence[0], "ConfigMap apl-operator/apl-operator-state");
    let rows = rows(&o);
    for row in [
        "git-server core git-server git.apl.example.org - Healthy",
        "apl-operator core apl-operator - git-server Healthy",
        "keycloak core keycloak keycloak.apl.example.org cnpg Healthy",
        "console core+shared otomi console.apl.example.org keycloak+oauth2-proxy+git-server Healthy",
        "harbor optional+shared harbor harbor.apl.example.org keycloak+cnpg Degraded",
        "gateways core istio-system - istio+cert-manager Healthy",
        "tekton optional+team tekton-pipelines tekton.apl.example.org harbor Healthy",
        "kyverno optional kyverno - - Healthy",
    ] {
        assert!(rows.iter().any(|r| r == row), "{row} is not among\n{}", rows.join("\n"));
    }
    assert_eq!(rows.len(), 29);
    let harbor = o.app("harbor").and_then(|a| a.object()).map(|o| o.name.to_string());
    assert_eq!(harbor.as_deref(), Some("harbor-harbor"), "the Application to act on is not its operator's");
    let tenants: Vec<&str> = o.tenants.iter().map(|t| &*t.name).collect();
    assert_eq!(tenants, ["alpha", "demo"]);
    let lost = o.profiles().into_iter().find(|w| w.id == "otomi-classic").expect("weighed");
    assert_eq!((lost.fits, lost.against.as_str()), (false, "namespace apl-operator"));
}

#[test]
fn the_ominis_world_has_its_six_services() {
    assert_eq!(
        rows(&overview("ominis")),
        [
            "cert-manager core cert-manager - - Healthy",
            "flow-proxy core+shared flow-proxy - - Healthy",
            "authentik core+shared authentik auth.ominis.ai cert-manager Healthy",
            "vaultwarden shared vaultwarden vault.ominis.ai cert-manager Healthy",
            "excalidraw shared+optional excalidraw draw.ominis.ai - Healthy",
            "homer shared+optional homer homer.ominis.ai - Degraded",
        ]
    );
    let o = overview("ominis");
    let workloads = |app: &str| {
        o.app(app).map(|a| a.workloads.iter().map(|w| format!("{} {}", w.kind, w.name)).collect::<Vec<_>>())
    };
    assert_eq!(
        workloads("homer").unwrap_or_default(),
        ["DaemonSet heplify", "Deployment homer-app", "StatefulSet postgres"]
    );
    assert!(workloads("authentik").unwrap_or_default().contains(&"StatefulSet authentik-postgresql".to_owned()));
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

#[test]
fn the_profile_that_the_docs_show_works() {
    let docs = include_str!("../../../docs/platforms.md");
    let yaml = docs.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of YAML");
    assert!(crate::platform::check::read(yaml).1.is_empty(), "{:?}", crate::platform::check::read(yaml).1);
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("harbour.yaml");
    std::fs::write(&file, yaml).expect("written");
    let (platforms, _) = crate::platform::Library::open(None, file.to_str()).expect("a good profile");
    let o = Overview::derive(&super::Snapshot { platforms, ..world("plain", at(NOW)) }, at(NOW));
    assert_eq!((o.platform.id.as_str(), o.platform.chosen_by.as_str()), ("harbour", "--platform"));
    assert_eq!(
        rows(&o),
        [
            "ingress core ingress-nginx - - Healthy",
            "database core shop - - Healthy",
            "blog optional blog - - Healthy",
            "shop core+shared shop shop.example.com ingress+database Degraded",
        ]
    );
    assert_eq!(o.app("shop").and_then(|a| a.url.clone()).as_deref(), Some("https://shop.example.com/cart"));
    assert_eq!(o.app("database").map(|a| a.workloads.len()), Some(1));
}
