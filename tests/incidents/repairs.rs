//! What can be repaired is repaired by the tool's own action, on the real cert-manager, Pebble and BIND, and followed to
//! the new leaf that the edge serves.

use crate::hands::{Hands, seen};
use crate::lab::{certificate_path, condition, lab};
use quarterdeck_testing::acme::REFUSED;
use quarterdeck_testing::edge::Answer;
use serde_json::{Value, json};

/// Of an issuance by an ACME issuer.
const STAGES: [&str; 6] = ["written", "request", "order", "challenge", "secret", "served"];

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_renewal_is_followed_to_the_new_served_leaf_by_command_and_by_key() {
    let Some(lab) = lab("a_renewal_is_followed_to_the_new_served_leaf_by_command_and_by_key") else { return };
    let _calm = lab.calm();
    let hands = Hands::new(lab, "renewed");
    let (place, host) = (format!("{}/shop", hands.namespace), "renewed.lab.test");
    let before = hands.issued("shop", host, "acme-http");
    let plan = hands.told(&format!("cert renew {place} --dry-run"));
    for part in ["attempt 1, no backoff", "dry run accepted by the server", "take the wish back"] {
        assert!(plan.contains(part), "{part:?}: {plan}");
    }
    assert_eq!(hands.served(host), before, "nothing was done");
    let all = hands.done(&format!("cert renew {place}"));
    let second = hands.new_leaf(&all, &STAGES, host, &before);
    let states = all["run"]["steps"][0]["stages"].as_array().expect("stages");
    assert!(states.iter().all(|s| s["state"] == "done"), "{states:#?}");
    let id = all["outcome"]["journal"].as_str().expect("an entry").to_owned();
    let told = hands.refused(&format!("undo {id} --yes"));
    assert!(told.contains("somebody changed it since"), "what is issued is not taken back: {told}");

    let screen = hands.screen();
    hands.at(&screen, "certificates", "shop");
    screen.keys("R");
    seen(&screen, "budget");
    screen.keys("<enter>");
    seen(&screen, "accepted by the server");
    screen.keys("<enter>");
    let told = seen(&screen, "serves the new one");
    assert!(told.contains("issued, revision 3"), "{told}");
    assert_ne!(hands.served(host), second, "a third leaf is served");
    assert_eq!(hands.certificate("shop")["status"]["revision"], 3);
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_failed_issuance_is_tried_again_as_soon_as_its_cause_is_gone() {
    let Some(lab) = lab("a_failed_issuance_is_tried_again_as_soon_as_its_cause_is_gone") else { return };
    let _calm = lab.calm();
    let hands = Hands::new(lab, "retried");
    let host = "retried.lab.test";
    lab.edge.answer(host, Answer::Inside);
    hands.host("shop", host, "acme-http");
    let before = hands.served(host);
    hands.failed("shop", 1);
    let found = hands.verdict("shop");
    assert_eq!((&found["verdict"]["level"], &found["attempts"]), (&json!("bad"), &json!(1)), "{found:#}");
    assert!(found["nextTry"].is_i64(), "cert-manager itself comes back in an hour: {found:#}");

    // While the cause lasts it fails again, and is told so.
    let again = hands.json("do retry certificates/shop --yes --wait -o json");
    assert_eq!(again["outcome"]["ok"], false, "{again:#}");
    let why = again["outcome"]["text"].as_str().unwrap_or_default();
    assert!(why.contains("404"), "{again:#}");
    hands.failed("shop", 1);

    lab.edge.answer(host, Answer::Solver);
    let all = hands.done("do retry certificates/shop");
    Hands::warned(&all, "shop failed last: ");
    Hands::warned(&all, "unless the cause is mended it fails again");
    let title = all["plan"]["steps"][0]["title"].as_str().unwrap_or_default();
    assert_eq!(title, "try again now; the count of 1 failures and its backoff begin anew");
    hands.new_leaf(&all, &STAGES, host, &before);
    let status = &hands.certificate("shop")["status"];
    assert!(status["failedIssuanceAttempts"].is_null() && status["lastFailureTime"].is_null(), "{status:#}");
    assert_eq!(hands.verdict("shop")["verdict"]["level"], "good");
    let told = hands.refused("do retry certificates/shop --yes");
    assert!(told.contains("nothing of it failed") && told.contains("renew issues it again"), "{told}");
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_secret_that_is_lost_in_the_backoff_is_bridged_by_a_temporary_certificate_until_the_real_one_comes() {
    let name = "a_secret_that_is_lost_in_the_backoff_is_bridged_by_a_temporary_certificate_until_the_real_one_comes";
    let Some(lab) = lab(name) else { return };
    let _calm = lab.calm();
    let hands = Hands::new(lab, "bridged");
    let host = "bridged.lab.test";
    let before = hands.issued("shop", host, "acme-http");
    lab.edge.answer(host, Answer::Inside);
    let place = format!("{}/shop", hands.namespace);
    let failed = hands.json(&format!("cert renew {place} --yes --wait -o json"));
    assert_eq!(failed["outcome"]["ok"], false, "{failed:#}");
    assert_eq!(hands.served(host), before, "the old one is served on");
    hands.delete(&hands.secret_path("shop"));
    assert_ne!(hands.served(host), before, "its proxy has nothing of its own to serve");
    assert_eq!(hands.verdict("shop")["code"], "CERT_SECRET_MISSING", "{:#}", hands.verdict("shop"));

    // The authority takes its time from here on.
    lab.edge.answer(host, Answer::Fixed(404, "not yet".into()));
    let all = hands.done("do temporary-certificate certificates/shop");
    Hands::warned(&all, "nobody trusts it");
    let temporary = hands.new_leaf(&all, &["written", "filled", "served"], host, &before);
    let said = all["run"]["steps"][1]["stages"][1]["text"].as_str().unwrap_or_default();
    assert_eq!(said, "holds the temporary certificate", "{all:#}");
    let id = all["outcome"]["journal"].as_str().expect("an entry");
    hands.told(&format!("undo {id} --yes"));
    let annotations = &hands.certificate("shop")["metadata"]["annotations"];
    assert!(annotations["cert-manager.io/issue-temporary-certificate"].is_null(), "{annotations}");

    lab.edge.answer(host, Answer::Solver);
    lab.wait(&certificate_path(&hands.namespace, "shop"), "is issued again", |c| c["status"]["revision"] == 2);
    assert_ne!(hands.served(host), temporary, "the real one is served");
    assert_eq!(hands.verdict("shop")["verdict"]["level"], "good");
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_lost_secret_comes_back_by_a_retry() {
    let Some(lab) = lab("a_lost_secret_comes_back_by_a_retry") else { return };
    let _calm = lab.calm();
    let hands = Hands::new(lab, "lost");
    let host = "lost.lab.test";
    let before = hands.issued("shop", host, "acme-http");
    lab.edge.answer(host, Answer::Inside);
    hands.json(&format!("cert renew {}/shop --yes --wait -o json", hands.namespace));
    hands.delete(&hands.secret_path("shop"));
    let found = hands.verdict("shop");
    assert_eq!((&found["code"], &found["broken"]), (&json!("CERT_SECRET_MISSING"), &json!("challenge")), "{found:#}");
    let told = hands.refused("do recreate-secret certificates/shop --yes");
    assert!(told.contains("retry tries a failed issuance now"), "{told}");

    lab.edge.answer(host, Answer::Solver);
    let screen = hands.screen();
    hands.at(&screen, "certificates", "shop");
    screen.keys("r");
    seen(&screen, "the count of 1 failures");
    seen(&screen, "accepted by the server");
    screen.keys("<enter>");
    seen(&screen, "serves the new one");
    assert_ne!(hands.served(host), before);
    assert_eq!(hands.verdict("shop")["verdict"]["level"], "good");
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_recreated_secret_brings_a_new_key_and_what_does_not_come_is_put_back() {
    let Some(lab) = lab("a_recreated_secret_brings_a_new_key_and_what_does_not_come_is_put_back") else { return };
    let _calm = lab.calm();
    let hands = Hands::new(lab, "recreated");
    let host = "recreated.lab.test";
    let before = hands.issued("shop", host, "ca");
    let key = |name: &str| hands.secret(name)["data"]["tls.key"].as_str().unwrap_or_default().to_owned();
    let leaked = key("shop");
    let all = hands.done("do recreate-secret certificates/shop");
    Hands::warned(&all, "kept in the memory of this qd only, never on disk");
    Hands::warned(&all, "from now until the new one is issued there is no Secret shop-tls");
    hands.new_leaf(&all, &["written", "gone", "secret", "served"], host, &before);
    assert_ne!(key("shop"), leaked, "the key is another one");
    assert_eq!(all["outcome"]["canUndo"], false, "this qd has ended: {all:#}");
    assert_eq!(hands.entry(&all["outcome"]["journal"])["canUndo"], false);

    // Another issuer is to sign, and its authority refuses the name: what is there stays.
    let before = hands.issued("blocked", REFUSED, "ca");
    let kept = hands.secret("blocked");
    let failed = hands.json("do set-issuer certificates/blocked --issuer acme-http --yes --wait -o json");
    assert_eq!(failed["outcome"]["ok"], false, "{failed:#}");
    assert_eq!(hands.served(REFUSED), before);
    let line = "do recreate-secret certificates/blocked --yes --wait --undo-on-failure -o json";
    let failed = hands.json(line);
    Hands::warned(&failed, "its last issuance failed: mend that first");
    assert_eq!(failed["outcome"]["ok"], false, "{failed:#}");
    assert_eq!(failed["undone"]["outcome"]["ok"], true, "{failed:#}");
    assert_eq!(hands.secret("blocked")["data"], kept["data"], "it is the old one, to the byte");
    assert_eq!(hands.served(REFUSED), before);
    assert_ne!(hands.entry(&failed["outcome"]["journal"])["undoneBy"], Value::Null);

    // The same on the screen, where the way back is a key.
    let screen = hands.screen();
    hands.at(&screen, "certificates", "blocked");
    screen.keys(":recreate<enter>");
    seen(&screen, "blocked-tls");
    seen(&screen, "accepted by the server");
    screen.keys("blocked<tab><tab><enter>");
    seen(&screen, "not issued: ");
    let gone = hands.secret("blocked");
    assert_eq!(gone["code"], 404, "{gone}");
    screen.keys("u");
    seen(&screen, "Undo: Recreate");
    seen(&screen, "accepted by the server");
    screen.keys("<enter>");
    lab.wait(&hands.secret_path("blocked"), "is back", |s| s["data"] == kept["data"]);
    assert_eq!(hands.served(REFUSED), before);
    hands.not_on_disk(&leaked);
    hands.not_on_disk(kept["data"]["tls.key"].as_str().unwrap_or_default());
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn an_issuer_that_is_not_there_is_replaced_by_one_that_is_and_set_back() {
    let Some(lab) = lab("an_issuer_that_is_not_there_is_replaced_by_one_that_is_and_set_back") else { return };
    let _calm = lab.calm();
    let hands = Hands::new(lab, "replaced");
    let host = "replaced.lab.test";
    hands.host("shop", host, "nobody");
    let before = hands.served(host);
    lab.wait_for_any("certificaterequests", &hands.namespace, "waits", |r| condition(r, "Ready") == Some("False"));
    assert_eq!(hands.verdict("shop")["code"], "CERT_ISSUER_MISSING");
    let told = hands.refused("do set-issuer certificates/shop --issuer nowhere --yes");
    assert!(told.contains("there is no ClusterIssuer nowhere"), "{told}");
    let all = hands.done("do set-issuer certificates/shop --issuer acme-http");
    assert_eq!(all["plan"]["steps"][0]["title"], "from ClusterIssuer nobody to ClusterIssuer acme-http");
    hands.new_leaf(&all, &STAGES, host, &before);
    assert_eq!(hands.verdict("shop")["verdict"]["level"], "good");

    // Of the authority of the house there is no order; everything else is the same.
    let before = hands.served(host);
    let all = hands.done("do set-issuer certificates/shop --issuer ca");
    Hands::warned(&all, "clients trust ca only where its certificate was given to them");
    hands.new_leaf(&all, &STAGES, host, &before);
    let states: Vec<&Value> =
        all["run"]["steps"][0]["stages"].as_array().into_iter().flatten().map(|s| &s["state"]).collect();
    assert_eq!(states, ["done", "done", "skipped", "skipped", "done", "done"], "{all:#}");
    let id = all["outcome"]["journal"].as_str().expect("an entry");
    hands.told(&format!("undo {id} --yes"));
    assert_eq!(hands.certificate("shop")["spec"]["issuerRef"]["name"], "acme-http");
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_stuck_order_is_cleared_and_its_certificate_followed_to_the_served_leaf() {
    let Some(lab) = lab("a_stuck_order_is_cleared_and_its_certificate_followed_to_the_served_leaf") else { return };
    let _calm = lab.calm();
    let hands = Hands::new(lab, "stuck");
    let host = "stuck.lab.test";
    lab.edge.answer(host, Answer::Fixed(404, "no".into()));
    hands.host("shop", host, "acme-http");
    let before = hands.served(host);
    let says_why = |c: &Value| c["status"]["reason"].as_str().is_some_and(|r| r.contains("404"));
    lab.wait_for_any("challenges", &hands.namespace, "says why", says_why);
    let order = lab.wait_for_any("orders", &hands.namespace, "waits", |o| o["status"]["state"] == "pending");
    let name = order["metadata"]["name"].as_str().expect("a name");
    let line = format!("do clear-stuck orders.acme.cert-manager.io/{name}");
    let clearing = hands.begin(&format!("{line} --yes --wait -o json"));
    let another = |o: &Value| o["metadata"]["uid"] != order["metadata"]["uid"] && o["status"]["state"] == "pending";
    lab.wait_for_any("orders", &hands.namespace, "is another one", another);
    lab.edge.answer(host, Answer::Solver);
    let all = hands.end(&line, clearing);
    Hands::warned(&all, "its Challenges go with it, with their solvers and TXT records");
    Hands::warned(&all, "its request makes a new Order at once: that counts");
    hands.new_leaf(&all, &["written", "gone", "request", "order", "challenge", "secret", "served"], host, &before);
    assert_eq!(hands.verdict("shop")["verdict"]["level"], "good");
    assert_eq!(all["outcome"]["canUndo"], false, "{all:#}");
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_challenge_that_hangs_in_its_deletion_is_let_go_and_what_stays_behind_is_told() {
    let name = "a_challenge_that_hangs_in_its_deletion_is_let_go_and_what_stays_behind_is_told";
    let Some(lab) = lab(name) else { return };
    let _calm = lab.calm();
    let hands = Hands::new(lab, "hangs");
    lab.edge.answer("hangs.lab.test", Answer::Fixed(404, "no".into()));
    hands.host("shop", "hangs.lab.test", "acme-http");
    let challenge =
        lab.wait_for_any("challenges", &hands.namespace, "is presented", |c| c["status"]["presented"] == true);
    let name = challenge["metadata"]["name"].as_str().expect("a name").to_owned();
    let path = format!("/apis/acme.cert-manager.io/v1/namespaces/{}/challenges/{name}", hands.namespace);
    // Somebody who has gone has left a finalizer of their own.
    lab.patch(&path, &json!({"metadata": {"finalizers": ["lab.test/left-behind"]}}));
    hands.delete(&path);
    let line = format!("do clear-stuck challenges.acme.cert-manager.io/{name}");
    let told = hands.refused(&format!("{line} --yes"));
    assert!(told.contains("waits for its finalizers") && told.contains("--drop-finalizers"), "{told}");
    let told = hands.told(&format!("{line} --drop-finalizers --yes"));
    assert!(told.contains("stays and is yours to remove") && told.contains("gone"), "{told}");
    let another = |c: &Value| c["metadata"]["uid"] != challenge["metadata"]["uid"];
    lab.wait_for_any("challenges", &hands.namespace, "is another one", another);
}
