//! Renewals in waves, on the real cert-manager: the first failure stops the rest.

use crate::hands::{Hands, seen};
use crate::lab::lab;
use quarterdeck_testing::edge::Answer;
use serde_json::Value;

const NAMES: [&str; 3] = ["alpha", "bravo", "charlie"];

/// In the order in which they are renewed: what ends first comes first. The authority gives them ends of its own choice.
fn in_turn(hands: &Hands) -> Vec<&'static str> {
    let end = |name: &&str| hands.certificate(name)["status"]["notAfter"].as_str().map(str::to_owned);
    let mut names = NAMES.to_vec();
    names.sort_by_key(end);
    names
}

#[test]
#[ignore = "heavy: cert-manager, Pebble and BIND"]
fn a_wave_that_fails_stops_the_renewals_behind_it_within_the_budget() {
    let Some(lab) = lab("a_wave_that_fails_stops_the_renewals_behind_it_within_the_budget") else { return };
    let _calm = lab.calm();
    let hands = Hands::new(lab, "waves");
    let host = |name: &str| format!("{name}-wave.lab.test");
    for name in NAMES {
        hands.issued(name, &host(name), "acme-http");
    }
    let served = || NAMES.map(|name| hands.served(&host(name)));
    let revision = |name: &str| hands.certificate(name)["status"]["revision"].as_i64().unwrap_or_default();
    let untouched = |name: &str| !hands.certificate(name)["status"]["conditions"].to_string().contains("Issuing");
    let before = served();
    let turn = in_turn(&hands);
    let broken = turn[1];
    lab.edge.answer(&host(broken), Answer::Inside);
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
    assert!(of("object").iter().zip(&turn).all(|(o, name)| o.ends_with(name)), "{outcome:#}");
    let said = outcome["text"].as_str().unwrap_or_default();
    assert!(said.starts_with("1 of 3 done, then stopped: ") && said.contains(broken), "{said}");
    assert_eq!([revision(turn[0]), revision(broken), revision(turn[2])], [2, 1, 1]);
    assert!(untouched(turn[2]), "the third was never asked for");
    let now = served();
    for (name, (then, now)) in NAMES.iter().zip(before.iter().zip(&now)) {
        assert_eq!(then != now, *name == turn[0], "what failed and what was not begun serve what they served: {name}");
    }
    let entry = hands.entry(&outcome["journal"]);
    assert_eq!((&entry["ok"], &entry["outcome"]), (&Value::Bool(false), &outcome["text"]), "{entry:#}");

    // The same by key, with three marks.
    let turn = in_turn(&hands);
    let done = turn.iter().position(|name| *name == broken).expect("it is one of them");
    let revisions = || NAMES.map(revision);
    let then = revisions();
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
    assert!(told.contains(&format!("{done} of 3 done")), "{told}");
    assert!(turn[done + 1..].iter().all(|name| untouched(name)), "nothing behind it was asked for");
    let grown: i64 = revisions().iter().zip(then).map(|(now, then)| now - then).sum();
    assert_eq!(grown, done as i64);

    // With its cause gone all three are renewed, one after the other.
    lab.edge.answer(&host(broken), Answer::Solver);
    let (then, now) = (revisions(), served());
    let all = hands.json(&line);
    assert_eq!(all["outcome"]["ok"], true, "{:#}", all["outcome"]);
    assert_eq!(revisions(), then.map(|n| n + 1));
    let after = served();
    assert!(after.iter().zip(&now).all(|(a, b)| a != b), "{now:?} {after:?}");
}
