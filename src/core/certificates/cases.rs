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
    let mut snapshot = Snapshot::default();
    objects.iter().for_each(|o| add(&mut snapshot, o));
    let o = Overview::derive(&snapshot, at(NOW));
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
