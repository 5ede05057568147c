//! What can be the matter, one by one: the code and the first broken link.

use super::diagnose::Role;
use crate::overview::testing::{add, at, from_yaml};
use crate::overview::{Overview, Snapshot};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

const NOW: &str = "2026-11-21T03:00:00Z";

fn pair(names: &[&str], from: (i32, u8, u8), to: (i32, u8, u8)) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
    params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
    params.not_after = rcgen::date_time_ymd(to.0, to.1, to.2);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn secret(namespace: &str, name: &str, kind: &str, crt: &str, key: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind,
        "metadata": {"namespace": namespace, "name": name, "uid": format!("s-{namespace}-{name}"),
            "labels": {"controller.cert-manager.io/fao": "true"}},
        "data": {"tls.crt": STANDARD.encode(crt), "tls.key": STANDARD.encode(key)},
    })
}

fn certificate(name: &str, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
        "metadata": {"namespace": "shop", "name": name, "uid": name, "creationTimestamp": "2026-10-01T00:00:00Z"},
        "spec": {"secretName": "tls", "dnsNames": ["shop.example"], "issuerRef": {"name": "ca", "kind": "ClusterIssuer"}},
        "status": {"revision": 1, "notAfter": "2027-01-01T00:00:00Z", "renewalTime": "2026-12-10T00:00:00Z",
            "conditions": [{"type": "Ready", "status": "True", "reason": "Ready", "lastTransitionTime": "2026-11-01T00:00:00Z"}]},
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        object["spec"][key] = value.clone();
    }
    object
}

fn told(objects: &[Value], name: &str) -> (Option<&'static str>, Option<Role>, String) {
    told_of(&snapshot(objects), name)
}

fn snapshot(objects: &[Value]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    objects.iter().for_each(|o| add(&mut snapshot, o));
    snapshot
}

fn told_of(snapshot: &Snapshot, name: &str) -> (Option<&'static str>, Option<Role>, String) {
    let o = Overview::derive(snapshot, at(NOW));
    let c = o.certificates.iter().find(|c| &*c.name == name).unwrap_or_else(|| panic!("{name}"));
    (c.code, c.broken, c.verdict.why.clone())
}

#[test]
fn a_secret_that_does_not_fit_is_told_from_one_that_does() {
    let (crt, key) = pair(&["shop.example", "*.shop.example"], (2026, 11, 1), (2027, 1, 1));
    let (_, other) = pair(&["x.example"], (2026, 11, 1), (2027, 1, 1));
    let tls = "kubernetes.io/tls";
    let good = secret("shop", "tls", tls, &crt, &key);
    let code = |spec: Value, secret: &Value| told(&[certificate("web", spec), secret.clone()], "web").0;
    assert_eq!(code(json!({}), &good), None);
    assert_eq!(code(json!({"dnsNames": ["a.shop.example"]}), &good), None);
    assert_eq!(code(json!({"dnsNames": ["a.b.shop.example"]}), &good), Some("CERT_WILDCARD_DEPTH"));
    assert_eq!(code(json!({"dnsNames": ["other.example"]}), &good), Some("CERT_NAMES_DIFFER"));
    assert_eq!(code(json!({"privateKey": {"algorithm": "ECDSA"}}), &good), None);
    assert_eq!(code(json!({"privateKey": {"algorithm": "RSA"}}), &good), Some("CERT_KEY_DIFFERS"));
    assert_eq!(code(json!({}), &secret("shop", "tls", tls, &crt, &other)), Some("CERT_KEY_MISMATCH"));
    assert_eq!(code(json!({}), &secret("shop", "tls", tls, &crt, "")), Some("CERT_SECRET_BROKEN"));
    assert_eq!(code(json!({}), &secret("shop", "tls", "Opaque", &crt, &key)), Some("CERT_SECRET_TYPE"));
    let spec = json!({"renewal": {"policy": "Disabled"}});
    assert_eq!(code(spec, &secret("shop", "tls", tls, &crt, &key)), None, "a third of its life is over");
}

#[test]
fn one_secret_has_one_owner_and_the_other_certificate_waits() {
    let (crt, key) = pair(&["shop.example"], (2026, 11, 1), (2027, 1, 1));
    let mut held = secret("shop", "tls", "kubernetes.io/tls", &crt, &key);
    held["metadata"]["annotations"] = json!({"cert-manager.io/certificate-name": "web"});
    let mut second = certificate("api", json!({}));
    second["metadata"]["creationTimestamp"] = "2026-09-01T00:00:00Z".into();
    let objects = [certificate("web", json!({})), second, held];
    let (code, _, why) = told(&objects, "api");
    assert_eq!(code, Some("CERT_SECRET_SHARED"));
    assert!(why.contains("belongs to Certificate web"), "the annotation counts before the age: {why}");
    assert!(told(&objects, "web").2.contains("also api"));
}

#[test]
fn a_copy_that_is_older_than_its_source_is_told() {
    let (old, old_key) = pair(&["demo.example"], (2026, 10, 1), (2026, 12, 30));
    let (new, new_key) = pair(&["demo.example"], (2026, 11, 15), (2027, 2, 15));
    let tls = "kubernetes.io/tls";
    let source = secret("team-demo", "web", tls, &new, &new_key);
    let copy = secret("istio-system", "copy-demo-web", tls, &old, &old_key);
    let (code, _, why) = told(&[source.clone(), copy], "copy-demo-web");
    assert_eq!(code, Some("CERT_COPY_OLD"));
    assert!(why.contains("team-demo/web"), "{why}");
    let fresh = secret("istio-system", "copy-team-demo-web", tls, &new, &new_key);
    assert_eq!(told(&[source, fresh], "copy-team-demo-web").0, None);
}

#[test]
fn bundles_requests_and_the_controller_itself_are_looked_at() {
    let (expired, _) = pair(&["ca"], (2026, 1, 1), (2026, 11, 1));
    let webhook = |bundle: String| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "hook", "uid": "h"},
            "webhooks": [{"name": "a.example", "clientConfig": {"caBundle": bundle}}]})
    };
    let mut s = from_yaml(
        "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: csr-1, uid: c, creationTimestamp: '2026-11-21T01:00:00Z'}\nspec: {signerName: kubernetes.io/kubelet-serving, username: 'system:node:n1'}\nstatus: {}",
    );
    add(&mut s, &webhook(STANDARD.encode(&expired)));
    add(
        &mut s,
        &json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"namespace": "cert-manager", "name": "cert-manager", "uid": "d", "labels": {"app.kubernetes.io/component": "controller"}},
            "spec": {"replicas": 0}, "status": {}}),
    );
    let mut waiting = certificate("web", json!({}));
    waiting["status"] = json!({});
    add(&mut s, &waiting);
    let o = Overview::derive(&s, at(NOW));
    let codes: Vec<&str> = o.findings.iter().map(|f| f.code).collect();
    for code in ["CSR_PENDING", "CA_BUNDLE_BROKEN", "CERT_MANAGER_DOWN"] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    let web = o.certificate("shop", "web").expect("web");
    assert_eq!((web.code, web.broken), (Some("CERT_MANAGER_DOWN"), Some(Role::Certificate)), "{:?}", web.verdict);
    let mut s = Snapshot::default();
    add(&mut s, &webhook("!".into()));
    let o = Overview::derive(&s, at(NOW));
    assert!(o.findings.iter().any(|f| f.reason.contains("no base64")), "{:?}", o.findings);
}

#[test]
fn a_short_life_raises_nothing_before_the_renewal_time() {
    // 45 days, renewed after 30: at day 29 nothing is wrong, at day 31 it is overdue.
    let (crt, key) = pair(&["shop.example"], (2026, 10, 23), (2026, 12, 7));
    let held = secret("shop", "tls", "kubernetes.io/tls", &crt, &key);
    let mut soon = certificate("web", json!({}));
    soon["status"]["notAfter"] = "2026-12-07T00:00:00Z".into();
    soon["status"]["renewalTime"] = "2026-11-22T00:00:00Z".into();
    assert_eq!(told(&[soon.clone(), held.clone()], "web").0, None);
    soon["status"]["renewalTime"] = "2026-11-20T00:00:00Z".into();
    assert_eq!(told(&[soon, held], "web").0, Some("CERT_RENEWAL_OVERDUE"));
}

/// Who uses the Secret of a certificate, as `Kind name: words`.
fn users(s: &Snapshot, namespace: &str, name: &str) -> Vec<String> {
    let o = Overview::derive(s, at(NOW));
    let view = o.certificate(namespace, name).unwrap_or_else(|| panic!("{name}"));
    o.used_by(view)
        .into_iter()
        .map(|(_, object, words)| format!("{} {}: {words}", object.kind.kind, object.name))
        .collect()
}

#[test]
fn whoever_mounts_reads_serves_signs_or_trusts_is_a_user() {
    let (crt, key) = pair(&["shop.example"], (2026, 11, 1), (2027, 1, 1));
    let mut s = from_yaml(
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d1}
spec: {selector: {matchLabels: {app: web}}, template: {spec: {containers: [{image: a}],
  volumes: [{projected: {sources: [{secret: {name: tls}}]}}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, uid: d2}
spec: {selector: {matchLabels: {app: db}}, template: {spec: {containers: [{image: a, envFrom: [{secretRef: {name: tls}}]}]}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: other, namespace: elsewhere, uid: d3}
spec: {template: {spec: {volumes: [{secret: {secretName: tls}}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop, uid: d4}
spec: {jobTemplate: {spec: {template: {spec: {volumes: [{secret: {secretName: tls}}]}}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, uid: p1, labels: {app: web}}
spec: {volumes: [{secret: {secretName: tls}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: job-1, namespace: shop, uid: p2, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: job, uid: j, controller: true}]}
spec: {volumes: [{secret: {secretName: tls}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: job-2, namespace: shop, uid: p3, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: job, uid: j, controller: true}]}
spec: {volumes: [{secret: {secretName: tls}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: done, namespace: shop, uid: p4}
spec: {volumes: [{secret: {secretName: tls}}]}
status: {phase: Succeeded}
---
apiVersion: traefik.io/v1alpha1
kind: TLSOption
metadata: {name: mutual, namespace: shop, uid: t1}
spec: {clientAuth: {secretNames: [tls]}}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: own, namespace: shop, uid: i1}
spec: {ca: {secretName: tls}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hook, uid: w1, annotations: {cert-manager.io/inject-ca-from: shop/web}}
webhooks: [{name: a.example, clientConfig: {caBundle: ''}}]",
    );
    add(&mut s, &certificate("web", json!({})));
    add(&mut s, &secret("shop", "tls", "kubernetes.io/tls", &crt, &key));
    let mut copy = secret("copies", "tls", "kubernetes.io/tls", &crt, &key);
    copy["metadata"]["annotations"] = json!({"replicator.v1.mittwald.de/replicate-from": "shop/tls"});
    add(&mut s, &copy);
    assert_eq!(
        users(&s, "shop", "web"),
        [
            "TLSOption mutual: checks clients' certificates with it",
            "Deployment web: mounts it",
            "StatefulSet db: reads it into its environment: restart it after a renewal",
            "CronJob nightly: mounts it",
            "Pod job-1: mounts it (as 1 more of its owner)",
            "Issuer own: signs with it",
            "Secret tls: is a copy of it",
            "ValidatingWebhookConfiguration hook: has no caBundle yet: see cert-manager's cainjector",
        ],
        "once each, pods of a workload not beside it"
    );
    let o = Overview::derive(&s, at(NOW));
    let free = o.coverage().unused;
    assert!(!free.contains(&"web".into()), "{free:?}");
    assert!(free.contains(&"s-copies-tls".into()), "nobody uses the copy: {free:?}");
    let chain = o.chain(o.certificate("shop", "web").expect("web")).expect("a chain");
    let hook = chain.links.iter().find(|l| l.title == "ValidatingWebhookConfiguration").expect("a link");
    assert_eq!((hook.role, hook.level), (Role::UsedBy, crate::resources::Level::Warn));
    let alone = users(&snapshot(&[certificate("lonely", json!({"secretName": "lonely"}))]), "shop", "lonely");
    assert!(alone.is_empty(), "{alone:?}");
}

/// What Traefik serves by default is in `shop/tls`.
fn with_default_store(routes: &str) -> Snapshot {
    from_yaml(&format!(
        "apiVersion: traefik.io/v1alpha1
kind: TLSStore
metadata: {{name: default, namespace: shop, uid: t1}}
spec: {{defaultCertificate: {{secretName: tls}}}}
---
{routes}"
    ))
}

#[test]
fn what_traefik_serves_by_default_is_used_by_routes_that_name_no_secret() {
    let (crt, key) = pair(&["*.shop.example"], (2026, 11, 1), (2027, 1, 1));
    let mut s = with_default_store(
        "apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: web, namespace: app, uid: r1}
spec: {routes: [{match: 'Host(`a.shop.example`)'}], tls: {}}
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: deep, namespace: app, uid: r2}
spec: {routes: [{match: 'Host(`a.b.shop.example`)'}], tls: {}}",
    );
    add(&mut s, &certificate("web", json!({"dnsNames": ["*.shop.example"]})));
    add(&mut s, &secret("shop", "tls", "kubernetes.io/tls", &crt, &key));
    let o = Overview::derive(&s, at(NOW));
    let view = o.certificate("shop", "web").expect("web");
    assert!(view.used_by.contains(&"a.shop.example".into()), "{:?}", view.used_by);
    let told = users(&s, "shop", "web");
    assert!(told.contains(&"IngressRoute web: a.shop.example by default".to_owned()), "{told:?}");
    assert!(told.contains(&"TLSStore default: serves it where a route names no Secret".to_owned()), "{told:?}");
    let coverage = o.coverage();
    let hosts: Vec<&str> = coverage.uncovered.iter().map(|u| &*u.host).collect();
    assert_eq!(hosts, ["a.b.shop.example"], "a wildcard is one label deep");
    assert!(coverage.uncovered[0].verdict.why.contains("Secret tls lacks it"), "{:?}", coverage.uncovered[0]);
}

#[test]
fn traefik_takes_what_it_has_for_the_name_before_its_default() {
    let (crt, key) = pair(&["fallback.example"], (2026, 11, 1), (2027, 1, 1));
    let mut s = with_default_store(
        "apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: named, namespace: app, uid: r1}
spec: {routes: [{match: 'Host(`a.shop.example`) && PathPrefix(`/a`)'}], tls: {secretName: wild}}
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: open, namespace: other, uid: r2}
spec: {routes: [{match: 'Host(`b.shop.example`)'}], tls: {}}
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: stranger, namespace: other, uid: r3}
spec: {routes: [{match: 'Host(`c.elsewhere.example`)'}], tls: {}}",
    );
    add(&mut s, &secret("shop", "tls", "kubernetes.io/tls", &crt, &key));
    let (wild, wild_key) = pair(&["*.shop.example"], (2026, 11, 1), (2027, 1, 1));
    add(&mut s, &secret("app", "wild", "kubernetes.io/tls", &wild, &wild_key));
    let o = Overview::derive(&s, at(NOW));
    let served = |host: &str| {
        let tls = &o.routes.iter().find(|r| &*r.host == host).expect(host).tls;
        (tls.mode, tls.secret.to_string(), tls.covers)
    };
    assert_eq!(served("b.shop.example"), ("default", "wild".into(), Some(true)), "another route brought it");
    assert_eq!(served("c.elsewhere.example"), ("default", "tls".into(), Some(false)));
    let hosts: Vec<String> = o.coverage().uncovered.iter().map(|u| u.host.to_string()).collect();
    assert_eq!(hosts, ["c.elsewhere.example"]);
}

#[test]
fn a_secret_that_only_has_the_name_of_a_mesh_authority_is_not_blamed() {
    let mut trust = secret("shop", "cacerts", "Opaque", "", "");
    trust["data"] = json!({"cacerts.jks": "/u3+7Q=="});
    let mut broken = secret("istio-system", "cacerts", "Opaque", "", "");
    broken["data"] = json!({"ca-cert.pem": STANDARD.encode("nonsense"), "ca-key.pem": ""});
    let o = Overview::derive(&snapshot(&[trust, broken]), at(NOW));
    let shown: Vec<String> = o.certificates.iter().map(|c| format!("{} {}", c.namespace, c.verdict.word)).collect();
    assert_eq!(shown, ["istio-system Unreadable"]);
}

#[test]
fn istio_finds_a_credential_where_the_pods_of_the_gateway_run() {
    let (crt, key) = pair(&["shop.example"], (2026, 11, 1), (2027, 1, 1));
    let mut s = from_yaml(
        "apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: team, uid: g1}
spec: {selector: {istio: ingress}, servers: [{hosts: ['*/shop.example'], tls: {mode: SIMPLE, credentialName: tls}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: team, uid: v1}
spec: {hosts: [shop.example], gateways: [public], http: [{route: [{destination: {host: web}}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress, namespace: istio-system, uid: d1}
spec: {selector: {matchLabels: {app: ingress, istio: ingress}}, template: {spec: {containers: [{image: a}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system, uid: d2, labels: {app: istiod}}
spec: {selector: {matchLabels: {app: istiod}}, template: {spec: {containers: [{image: a}]}}}",
    );
    add(&mut s, &secret("istio-system", "tls", "kubernetes.io/tls", &crt, &key));
    add(&mut s, &secret("team", "tls", "kubernetes.io/tls", &crt, &key));
    // The mesh's own root: other names of fields, and a type of its own.
    let (root, root_key) = pair(&["mesh"], (2026, 1, 1), (2026, 12, 10));
    let mut own = secret("istio-system", "istio-ca-secret", "istio.io/ca-root", "", "");
    own["metadata"]["labels"] = json!({});
    own["data"] =
        json!({"ca-cert.pem": STANDARD.encode(&root), "ca-key.pem": STANDARD.encode(&root_key), "root-cert.pem": ""});
    add(&mut s, &own);
    assert_eq!(
        users(&s, "istio-system", "tls"),
        ["VirtualService web: shop.example", "Gateway public: serves it for shop.example"]
    );
    assert_eq!(users(&s, "team", "tls"), Vec::<String>::new());
    assert_eq!(
        users(&s, "istio-system", "istio-ca-secret"),
        ["Deployment istiod: signs the certificates of the mesh with it"]
    );
    let (code, _, why) = told_of(&s, "istio-ca-secret");
    assert_eq!(code, Some("CERT_UNMANAGED_EXPIRING"), "more than four fifths of its life are over: {why}");
    assert!(why.contains("istiod has not renewed it"), "{why}");
}
