//! Notes about what is wrong in the embedded worlds.

use super::about::{About, Asked, Thing, app, certificate, route};
use super::note::{file_name, markdown, save};
use crate::ProblemKind;
use crate::journal::Entry;
use crate::overview::Overview;
use crate::overview::testing::{at, world};
use crate::resources::Level;

const NOW: &str = "2026-11-20T03:00:00Z";

fn seen() -> Overview {
    let now = at(NOW);
    let mut seen = Overview::derive(&world("ominis", now), now);
    seen.context = "demo".into();
    seen
}

fn entry(objects: &[&str], title: &str) -> Entry {
    let value = serde_json::json!({"id": "a1", "at": at(NOW) - 60, "context": "demo", "user": "ann", "action": "label",
        "title": title, "objects": objects, "risk": "reversible", "ok": true, "outcome": "done", "canUndo": true});
    serde_json::from_value(value).expect("an entry")
}

fn asked<'a>(seen: &'a Overview, done: &'a [Entry]) -> Asked<'a> {
    Asked {
        context: "demo",
        seen,
        facts: &[],
        untold: &[],
        looks: None,
        served: &[],
        revisions: &[],
        done,
        now: at(NOW),
    }
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_note_tells_verdict_chain_truths_and_what_was_done() {
    let seen = seen();
    let view = seen.certificate("client-acme", "api-tls").expect("the broken one");
    let chain = seen.chain(view).expect("a chain");
    let done = [
        entry(&["Certificate client-acme/api-tls"], "Renew it"),
        entry(&["Deployment client-acme/api"], "Scale something else"),
    ];
    let text = markdown(&certificate(view, Some(&chain), &asked(&seen, &done)));
    assert!(text.starts_with("# Incident: Certificate client-acme/api-tls\n"), "{text}");
    holds(
        &text,
        &[
            "**Verdict: ",
            "**Next step:** ",
            "← first broken link",
            "| wanted |",
            "ann: Renew it: done, `qd undo a1`",
            "`qd open qd://demo/certificates.v1.cert-manager.io/client-acme/api-tls?view=chain`",
        ],
    );
    assert!(!text.contains("Scale something else"));
    let folder = tempfile::tempdir().expect("a folder");
    let name = file_name(&About::Certificate(view.object.clone()).name(), at(NOW));
    assert_eq!(name, "incident-client-acme-api-tls-20261120T0300.md");
    let path = folder.path().join(name);
    save(&path, &text).expect("written");
    let again = save(&path, "other").expect_err("never over a file");
    assert_eq!((again.kind, std::fs::read_to_string(&path).expect("kept")), (ProblemKind::Conflict, text));
}

#[test]
fn a_note_about_an_app_names_what_blocks_it() {
    let seen = seen();
    let about = About::App("homer".into());
    let Thing::App(homer) = about.find(&seen).expect("homer") else { panic!("an app") };
    let workload = homer.workloads.iter().find(|w| w.ready < w.wanted).expect("one that is not ready");
    let done = [entry(&[&workload.object.to_string()], "Restart it"), entry(&["Pod homer/other"], "Something else")];
    let text = markdown(&app(homer, &asked(&seen, &done)));
    assert!(text.starts_with("# Incident: App homer\n"), "{text}");
    holds(
        &text,
        &[
            "**Verdict: Degraded",
            "(`APP_DEGRADED`)",
            "volume not bound",
            "← first broken link",
            "## Workloads",
            "| **wrong** | PersistentVolumeClaim |",
            "ann: Restart it: done",
            "`qd app why homer --context demo`",
            "<https://homer.ominis.ai",
        ],
    );
    assert!(!text.contains("Something else"), "{text}");
    assert_eq!(file_name(&about.name(), at(NOW)), "incident-app-homer-20261120T0300.md");
    assert_eq!(About::App("nothing".into()).find(&seen).expect_err("no such app").kind, ProblemKind::NotFound);
}

#[test]
fn a_note_about_a_route_tells_who_else_claims_the_host() {
    let seen = seen();
    let lost = seen.routes.iter().find(|r| r.code == Some("ROUTE_HOST_CONFLICT")).expect("a host claimed twice");
    let about = About::route(lost);
    let Thing::Route(found) = about.find(&seen).expect("the same") else { panic!("a route") };
    assert_eq!(found.uid, lost.uid);
    let text = markdown(&route(found, &asked(&seen, &[])));
    assert!(text.starts_with(&format!("# Incident: Route {}", lost.host)), "{text}");
    holds(
        &text,
        &["(`ROUTE_HOST_CONFLICT`)", "wins over", "## The same host elsewhere", "| TLS |", "`qd open qd://demo/"],
    );
    assert!(file_name(&about.name(), at(NOW)).starts_with("incident-route-docs.app.ominis.ai"));
}

#[test]
fn the_way_of_a_route_is_not_broken_while_its_certificate_is_being_issued() {
    let seen = seen();
    let tls = |host: &str| {
        let route = seen.routes.iter().find(|r| &*r.host == host).expect(host);
        let hop = seen.way(route).into_iter().next().expect("its TLS");
        (hop.what.to_string(), hop.level, hop.words)
    };
    let (what, level, words) = tls("wiki.app.ominis.ai");
    assert_eq!((what.as_str(), level), ("TLS", Level::Busy), "{words}");
    assert!(words.contains("is being issued"), "{words}");
    assert_eq!(tls("api.acme.app.ominis.ai").1, Level::Bad, "one that cannot be issued is");
}
