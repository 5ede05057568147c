//! A certificate that was issued, and yet does not fit: its Secret, its route, its copies, what is served.

use crate::lab::{Incident, lab};
use serde_json::json;

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn secrets_that_do_not_fit_are_told_and_mended() {
    let Some(lab) = lab("secrets_that_do_not_fit_are_told_and_mended") else { return };
    let _calm = lab.calm();
    let namespace = lab.cluster.namespace("unfit");
    let of_ca = json!({"name": "ca", "kind": "ClusterIssuer"});
    // Somebody made the Secret by hand before: its type stays.
    let opaque = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "stringData": {"note": "mine"},
        "metadata": {"name": "typed-tls", "namespace": namespace}});
    lab.cluster.apply("secrets", &opaque);
    lab.order(&namespace, "typed", "typed.lab.test", "ca");
    let spec = |host: &str| json!({"secretName": "one-tls", "dnsNames": [host], "issuerRef": of_ca});
    lab.certificate(&namespace, "first", spec("first.lab.test"));
    lab.issued(&namespace, "first");
    lab.certificate(&namespace, "second", spec("second.lab.test"));
    let wide = json!({"secretName": "wide-tls", "dnsNames": ["*.lab.test"], "issuerRef": of_ca});
    lab.certificate(&namespace, "wide", wide);
    lab.ingress(&namespace, "deep", "a.b.lab.test", "wide-tls");
    lab.issued(&namespace, "wide");
    let unfit = |name, code, broken, why, next| Incident { name, code, broken, why, next };
    lab.expect(
        &namespace,
        &[
            unfit("typed", "CERT_SECRET_TYPE", "secret", "of the type Opaque", "delete the Secret"),
            unfit("second", "CERT_SECRET_SHARED", "certificate", "belongs to Certificate first", "a Secret of its own"),
        ],
    );
    let check = lab.json(&["check", "-n", &namespace, "-o", "json"]);
    let routes: Vec<_> = check["items"].as_array().into_iter().flatten().filter(|f| f["name"] == "deep").collect();
    assert!(routes.iter().any(|f| f["code"] == "ROUTE_CERT_MISMATCH"), "{check:#}");
    assert!(routes.iter().any(|f| f.to_string().contains("does not cover a.b.lab.test")), "{check:#}");

    // The next steps, done.
    let secret = format!("/api/v1/namespaces/{namespace}/secrets/typed-tls");
    lab.delete(&secret);
    lab.wait(&secret, "is of the right type", |s| s["type"] == "kubernetes.io/tls" && s["data"]["tls.crt"].is_string());
    lab.order(&namespace, "second", "second.lab.test", "ca");
    lab.issued(&namespace, "second");
    for name in ["typed", "second"] {
        let found = lab.verdict(&namespace, name);
        assert_eq!(found["verdict"]["level"], "good", "{found:#}");
    }
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_copy_that_was_left_behind_by_a_renewal_is_told() {
    let Some(lab) = lab("a_copy_that_was_left_behind_by_a_renewal_is_told") else { return };
    let _calm = lab.calm();
    let namespace = lab.cluster.namespace("copied");
    let elsewhere = lab.cluster.namespace("copies");
    lab.order(&namespace, "web", "copied.lab.test", "ca");
    lab.issued(&namespace, "web");
    let path = format!("/api/v1/namespaces/{namespace}/secrets/web-tls");
    let held = lab.client().get(&path).expect("an answer").json();
    let copy = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": held["data"],
        "metadata": {"name": "web-tls", "namespace": elsewhere, "annotations":
            {"replicator.v1.mittwald.de/replicate-from": format!("{namespace}/web-tls")}}});
    lab.cluster.apply("secrets", &copy);
    let valid = |s: &serde_json::Value| s["metadata"]["resourceVersion"] != held["metadata"]["resourceVersion"];
    lab.delete(&path);
    lab.wait(&path, "is issued again", |s| s["data"]["tls.crt"].is_string() && valid(s));
    let old = Incident {
        name: "web-tls",
        code: "CERT_COPY_OLD",
        broken: "secret",
        why: "older than its source",
        next: "delete the copy",
    };
    lab.expect(&elsewhere, &[old]);
}
