//! Lists: selectors, pages, versions.

use crate::talk::{Keep, Talk, as_metadata, get, post};
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/NS/configmaps";
const NAMES: Keep<'_> = Keep::Only(&["/kind", "/apiVersion", "/metadata/remainingItemCount", "/items/*/metadata/name"]);

/// Which objects come, in which order, how many at a time.
pub fn talk(t: &mut Talk) {
    t.ask("an empty list", get("/api/v1/namespaces/NS/secrets"));
    for (name, labels) in [
        ("e", json!({"tier": "back", "ring": "1"})),
        ("a", json!({"tier": "front", "ring": "1"})),
        ("c", json!({"tier": "front", "ring": "2"})),
        ("b", json!({"tier": "back"})),
        ("d", json!({})),
    ] {
        t.quietly(post(MAPS, json!({"metadata": {"name": name, "labels": labels}, "data": {"n": name}})));
    }
    t.ask("by name", get(MAPS));
    for (step, selector) in [
        ("label: equal", "tier=front"),
        ("label: equal, twice the sign", "tier==front,ring=1"),
        ("label: not equal", "tier!=front"),
        ("label: in", "tier in (front, back),ring"),
        ("label: not in", "tier notin (front)"),
        ("label: there", "ring"),
        ("label: not there", "!ring"),
        ("label: greater", "ring>1"),
        ("label: nonsense", "tier in front"),
        ("label: bad value", "tier=a b"),
    ] {
        t.ask_for(step, get(&format!("{MAPS}?labelSelector={}", encoded(selector))), NAMES);
    }
    for (step, selector) in [
        ("field: name", "metadata.name=c"),
        ("field: not name", "metadata.name!=c"),
        ("field: namespace", "metadata.namespace=elsewhere"),
        ("field: unknown", "data.n=c"),
        ("field: nonsense", "metadata.name"),
    ] {
        t.ask_for(step, get(&format!("{MAPS}?fieldSelector={}", encoded(selector))), NAMES);
    }
    let page = |t: &mut Talk, step: &str, last: &Value| {
        let token = last["metadata"]["continue"].as_str().map(encoded).unwrap_or_default();
        // The token is the server's own; the recorded request must not carry it.
        let request = get(&format!("{MAPS}?limit=2&continue={token}"));
        let answer = t.quietly(request);
        t.note(step, &answer, NAMES);
        answer
    };
    let first = t.ask("page 1", get(&format!("{MAPS}?limit=2")));
    let second = page(t, "page 2", &first);
    let third = page(t, "page 3", &second);
    assert!(third["metadata"]["continue"].as_str().unwrap_or_default().is_empty());
    t.ask_for(
        "a page of all",
        get(&format!("{MAPS}?limit=500")),
        Keep::Only(&["/metadata/continue", "/items/*/metadata/name"]),
    );
    t.ask("a token that is none", get(&format!("{MAPS}?limit=2&continue=nonsense")));
    t.ask_for("pages of a selection", get(&format!("{MAPS}?limit=1&labelSelector=tier%3Dfront")), NAMES);
    t.ask_for("any version", get(&format!("{MAPS}?resourceVersion=0")), NAMES);
    t.ask("a version that is none", get(&format!("{MAPS}?resourceVersion=abc")));
    t.ask("a match without a version", get(&format!("{MAPS}?resourceVersionMatch=Exact")));
    t.ask("an unknown match", get(&format!("{MAPS}?resourceVersion=5&resourceVersionMatch=Sometimes")));
    let version = first["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
    t.quietly(post(MAPS, json!({"metadata": {"name": "f"}})));
    let then = t.quietly(get(&format!("{MAPS}?resourceVersion={version}&resourceVersionMatch=Exact")));
    t.note("as it was at a version", &then, NAMES);
    let later = t.quietly(get(&format!("{MAPS}?resourceVersion={version}&resourceVersionMatch=NotOlderThan")));
    t.note("not older than a version", &later, NAMES);
    t.ask("metadata of a list", as_metadata(get(&format!("{MAPS}?labelSelector=ring%3D2")), true));
    let everywhere = Keep::Only(&["/items/*/metadata/name", "/items/*/metadata/namespace"]);
    t.ask_for("in all namespaces", get("/api/v1/configmaps?labelSelector=tier%3Dback"), everywhere);
    for (name, node) in [("p1", "berth-1"), ("p2", "berth-2"), ("p3", "")] {
        let mut spec = json!({"containers": [{"name": "c", "image": "c:1"}], "automountServiceAccountToken": false});
        if !node.is_empty() {
            spec["nodeName"] = json!(node);
        }
        t.quietly(post("/api/v1/namespaces/NS/pods", json!({"metadata": {"name": name}, "spec": spec})));
    }
    for (step, selector) in [
        ("pods: node", "spec.nodeName=berth-1"),
        ("pods: without a node", "spec.nodeName="),
        ("pods: phase", "status.phase=Pending"),
        ("pods: not phase", "status.phase!=Pending"),
        ("pods: both", "spec.nodeName!=berth-1,metadata.name!=p3"),
        ("pods: unknown", "spec.hostname=x"),
    ] {
        t.ask_for(step, get(&format!("/api/v1/namespaces/NS/pods?fieldSelector={}", encoded(selector))), NAMES);
    }
    t.ask("one object of a name that is a word", get("/api/v1/namespaces/NS/configmaps/watch"));
}

fn encoded(text: &str) -> String {
    let keep = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
    text.bytes().map(|c| if keep(c) { char::from(c).to_string() } else { format!("%{c:02X}") }).collect()
}
