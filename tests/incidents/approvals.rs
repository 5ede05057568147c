//! A cert-manager that waits for people, or that does not answer: requests are approved and denied, and a renewal that is
//! overdue is asked for while nobody works on it. Each test has the lab for itself.

use crate::hands::{Hands, seen};
use crate::lab::{certificate_path, lab};
use quarterdeck_core::clock::format_time;
use serde_json::{Value, json};

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn requests_are_approved_and_denied_and_followed_to_the_served_leaf_and_to_the_verdict() {
    let name = "requests_are_approved_and_denied_and_followed_to_the_served_leaf_and_to_the_verdict";
    let Some(lab) = lab(name) else { return };
    let hands = Hands::new(lab, "answered");
    let alone = lab.alone();
    lab.cert_manager.controller.stop();
    lab.cert_manager.unapproving.start().expect("it starts");
    let hosts = ["by-command", "by-key", "denied"].map(|name| (name, format!("{name}.lab.test")));
    for (name, host) in &hosts {
        hands.host(name, host, "ca");
    }
    let of =
        |name: &'static str| move |r: &Value| r["metadata"]["annotations"]["cert-manager.io/certificate-name"] == name;
    for (name, _) in &hosts {
        lab.wait_for_any("certificaterequests", &hands.namespace, "is there", of(name));
    }
    assert_eq!(hands.verdict("by-command")["code"], "CERT_NOT_APPROVED");
    let before = hands.served("by-command.lab.test");
    let told = hands.told("do approve certificaterequests/by-command-1 --dry-run");
    assert!(told.contains("asks ClusterIssuer ca for by-command.lab.test"), "{told}");
    assert!(told.contains("there is no way back") && told.contains("accepted by the server"), "{told}");
    let all = hands.done("do approve certificaterequests/by-command-1");
    hands.new_leaf(&all, &["written", "signed", "secret", "served"], "by-command.lab.test", &before);
    assert_eq!(hands.verdict("by-command")["verdict"]["level"], "good");
    let told = hands.refused("do deny certificaterequests/by-command-1 --yes");
    assert!(told.contains("it is approved already"), "{told}");

    let before = hands.served("by-key.lab.test");
    let screen = hands.screen();
    hands.at(&screen, "certificaterequests", "by-key-1");
    screen.keys("a");
    seen(&screen, "message");
    screen.keys("seen by the on-call<enter>");
    seen(&screen, "accepted by the server");
    screen.keys("by-key-1<tab><tab><enter>");
    seen(&screen, "by-key.lab.test serves the new one");
    assert_ne!(hands.served("by-key.lab.test"), before);
    assert_eq!(hands.verdict("by-key")["verdict"]["level"], "good");

    let all = hands.done("do deny certificaterequests/denied-1 --message not-one-of-ours");
    Hands::warned(&all, "asks again after its backoff");
    assert_eq!(all["outcome"]["text"], "denied");
    hands.failed("denied", 1);
    let found = hands.verdict("denied");
    assert_eq!(found["code"], "CERT_REQUEST_DENIED", "{found:#}");
    assert!(found["verdict"]["why"].as_str().is_some_and(|w| w.contains("not-one-of-ours")), "{found:#}");
    let told = hands.refused("do approve certificaterequests/denied-1 --yes");
    assert!(told.contains("it is denied already (not-one-of-ours)"), "{told}");
    drop(alone);
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn an_overdue_renewal_is_asked_for_and_followed_until_cert_manager_answers_again() {
    let Some(lab) = lab("an_overdue_renewal_is_asked_for_and_followed_until_cert_manager_answers_again") else {
        return;
    };
    let hands = Hands::new(lab, "overdue");
    let host = "overdue.lab.test";
    let alone = lab.alone();
    let before = hands.issued("shop", host, "acme-http");
    lab.cert_manager.controller.stop();
    let path = certificate_path(&hands.namespace, "shop");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let late = format_time(i64::try_from(now).expect("before the end of time") - 7200);
    lab.patch(&format!("{path}/status"), &json!({"status": {"renewalTime": late}}));
    let found = hands.verdict("shop");
    assert_eq!(found["code"], "CERT_RENEWAL_OVERDUE", "{found:#}");
    let line = format!("cert renew {}/shop", hands.namespace);
    let renewing = hands.begin(&format!("{line} --yes --wait -o json"));
    lab.wait(&path, "is to be issued", |c| crate::lab::condition(c, "Issuing") == Some("True"));
    assert_eq!(hands.served(host), before, "nobody works on it");
    lab.cert_manager.controller.start().expect("it starts");
    let all = hands.end(&line, renewing);
    hands.new_leaf(&all, &["written", "request", "order", "challenge", "secret", "served"], host, &before);
    assert_eq!(hands.verdict("shop")["verdict"]["level"], "good");
    drop(alone);
}
