//! That the ground holds: what works is issued and served, what is broken is broken the way it was meant.

use crate::lab::lab;
use quarterdeck_testing::edge::Serves;
use serde_json::Value;

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn certificates_are_issued_by_dns_by_http_and_by_a_ca_and_then_served() {
    let Some(lab) = lab("certificates_are_issued_by_dns_by_http_and_by_a_ca_and_then_served") else { return };
    let _calm = lab.calm();
    let namespace = lab.cluster.namespace("issued");
    let orders = [("by-dns", "acme-dns"), ("by-http", "acme-http"), ("by-ca", "ca")];
    for (name, issuer) in orders {
        lab.order(&namespace, name, &format!("{name}.lab.test"), issuer);
    }
    for (name, _) in orders {
        lab.issued(&namespace, name);
        assert_eq!(lab.verdict(&namespace, name)["verdict"]["level"], "good", "{name}");
        let (host, secret) = (format!("{name}.lab.test"), format!("{name}-tls"));
        let stranger = lab.edge.served(&host).expect("a chain");
        lab.edge.serve(&host, Serves::Secret(namespace.clone(), secret));
        let served = lab.edge.served(&host).expect("a chain");
        assert_ne!(served[0], stranger[0], "{host}: still the default certificate");
    }
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn an_order_that_the_authority_refuses_by_policy_is_named() {
    let Some(lab) = lab("an_order_that_the_authority_refuses_by_policy_is_named") else { return };
    let _calm = lab.calm();
    let namespace = lab.cluster.namespace("refused");
    lab.order(&namespace, "shop", quarterdeck_testing::acme::REFUSED, "acme-http");
    lab.wait_for_any("orders", &namespace, "ended", |order| order["status"]["state"] == "errored");
    let path = crate::lab::certificate_path(&namespace, "shop");
    lab.wait(&path, "has failed once", |found| found["status"]["failedIssuanceAttempts"] == 1);
    let found = lab.verdict(&namespace, "shop");
    assert_eq!(found["verdict"]["level"], "bad", "{found:#}");
    let said = found.to_string();
    assert!(said.contains("rejectedIdentifier") || said.contains("blocked.lab.test"), "{found:#}");
    assert_eq!(found["broken"], "order", "{found:#}");
    assert_eq!(found["attempts"], 1, "{found:#}");
    assert_ne!(found["nextTry"], Value::Null, "{found:#}");
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_deleted_secret_is_missed_and_comes_back_while_the_old_leaf_is_still_served() {
    let Some(lab) = lab("a_deleted_secret_is_missed_and_comes_back_while_the_old_leaf_is_still_served") else { return };
    let namespace = lab.cluster.namespace("deleted");
    let host = "deleted.lab.test";
    let alone = lab.alone();
    lab.order(&namespace, "shop", host, "ca");
    lab.ingress(&namespace, "shop", host, "shop-tls");
    lab.issued(&namespace, "shop");
    lab.edge.pin(host, &namespace, "shop-tls").expect("it is issued");
    let old = lab.edge.served(host).expect("a chain");
    lab.cert_manager.controller.stop();
    let secret = format!("/api/v1/namespaces/{namespace}/secrets/shop-tls");
    lab.delete(&secret);
    let found = lab.verdict(&namespace, "shop");
    assert_ne!(found["verdict"]["level"], "good", "{found:#}");
    assert_eq!(found["broken"], "secret", "{found:#}");
    assert!(found["usedBy"].to_string().contains(host), "{found:#}");
    drop(alone);
    lab.wait(&secret, "is back", |secret| secret["data"]["tls.crt"].is_string());
    assert_eq!(lab.edge.served(host).expect("a chain"), old);
    lab.edge.serve(host, Serves::Secret(namespace, "shop-tls".to_owned()));
    assert_ne!(lab.edge.served(host).expect("a chain"), old);
}
