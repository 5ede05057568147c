//! Renewals in waves, on the real cert-manager: the first failure stops the rest.

use crate::hands::{Hands, seen};
use crate::lab::lab;
use quarterdeck_testing::edge::Answer;
use serde_json::Value;

/// Three Certificates, those that end first first; the second one will fail.
const NAMES: [&str; 3] = ["alpha", "bravo", "charlie"];

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_wave_that_fails_stops_the_renewals_behind_it_within_the_budget() {
    let Some(lab) = lab("a_wave_that_fails_stops_the_renewals_behind_it_within_the_budget") else { return };
    let _calm = lab.calm();
    let hands = Hands::new(lab, "waves");
    let hosts = NAMES.map(|name| format!("{name}-wave.lab.test"));
    let mut before = Vec::new();
    for (name, host) in NAMES.iter().zip(&hosts) {
        // One after the other, so that the order of their ends is that of their names.
        before.push(hands.issued(name, host, "acme-http"));
    }
    lab.edge.answer(&hosts[1], Answer::Inside);
    let places: Vec<String> = NAMES.iter().map(|name| format!("{}/{name}", hands.namespace)).collect();
    let line = format!("cert renew {} --wave 1 --budget 1000 --yes --wait -o json", places.join(" "));
    let output = hands.qd(&line);
    assert_eq!(output.status.code(), Some(1));
    let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    Hands::warned(&all, "budget lab.test: ");
    assert_eq!(all["plan"]["wave"], 1, "{:#}", all["plan"]);
    let outcome = &all["outcome"];
    let of = |field: &str| -> Vec<String> {
        let all = outcome["results"].as_array().into_iter().flatten();
        all.map(|r| r[field].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(of("state"), ["done", "failed", "waiting"], "{outcome:#}");
    assert!(of("object").iter().zip(NAMES).all(|(o, name)| o.ends_with(name)), "{outcome:#}");
    let said = outcome["text"].as_str().unwrap_or_default();
    assert!(said.starts_with("1 of 3 done, then stopped: ") && said.contains("bravo"), "{said}");
    let revisions = || NAMES.map(|name| hands.certificate(name)["status"]["revision"].as_i64().unwrap_or_default());
    assert_eq!(revisions(), [2, 1, 1]);
    let untouched = |name: &str| !hands.certificate(name)["status"]["conditions"].to_string().contains("Issuing");
    assert!(untouched("charlie"), "the third was never asked for");
    let served = || hosts.each_ref().map(|host| hands.served(host));
    let now = served();
    assert_ne!(now[0], before[0]);
    assert_eq!(now[1..], before[1..], "what failed and what was not begun serve what they served");
    let entry = hands.entry(&outcome["journal"]);
    assert_eq!((&entry["ok"], &entry["outcome"]), (&Value::Bool(false), &outcome["text"]), "{entry:#}");

    // The same by key, with three marks: what ends first is first, and that is the broken one now.
    let screen = hands.screen();
    screen.keys(":certificates<enter>");
    seen(&screen, "charlie");
    screen.keys("g<space><space><space>R");
    seen(&screen, "budget");
    screen.keys("<enter>");
    seen(&screen, "accepted by the server");
    screen.keys("w");
    seen(&screen, "How many at once");
    screen.keys("<enter>");
    seen(&screen, "wave 3 of 3");
    screen.keys("<enter>");
    let told = seen(&screen, "then stopped");
    assert!(told.contains("0 of 3 done"), "{told}");
    assert_eq!(revisions(), [2, 1, 1]);
    assert!(untouched("charlie") && untouched("alpha"), "nothing behind it was asked for");

    // With its cause gone all three are renewed, one after the other.
    lab.edge.answer(&hosts[1], Answer::Solver);
    let all = hands.json(&line);
    assert_eq!(all["outcome"]["ok"], true, "{:#}", all["outcome"]);
    assert_eq!(revisions(), [3, 2, 2]);
    let after = served();
    assert!(after.iter().zip(&now).all(|(a, b)| a != b), "{now:?} {after:?}");
}
