//! The end of history: what a watch and a list are told whose place has been forgotten (410).

use crate::talk::{Keep, Talk, as_table, get, patch, post};
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/NS/configmaps";
/// What a client goes by; the message tells versions, which each server makes up for itself.
const TOLD: Keep<'_> = Keep::Only(&["/type", "/object/kind", "/object/status", "/object/reason", "/object/code"]);

/// `forget` makes the server forget all versions before the present one.
pub fn talk(t: &mut Talk, forget: &dyn Fn(&Talk)) {
    for name in ["a", "b", "c", "d", "e"] {
        t.quietly(post(MAPS, json!({"metadata": {"name": name}, "data": {"n": "1"}})));
    }
    let first = t.quietly(get(&format!("{MAPS}?limit=2")));
    let token = first["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
    assert!(!token.is_empty(), "a second page: {first}");
    let version = first["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
    t.quietly(patch("merge", &format!("{MAPS}/a"), json!({"data": {"n": "2"}})));
    forget(t);

    // From a version that nobody remembers: the watch begins, says so, and ends.
    t.watch(
        "a watch from the beginning of time",
        get(&format!("{MAPS}?watch=true&resourceVersion=1")),
        2,
        TOLD,
        |_| {},
    );
    let table = as_table(get(&format!("{MAPS}?watch=true&resourceVersion=1")));
    t.watch("the same as a table", table, 2, TOLD, |_| {});

    let next = |token: &str| get(&format!("{MAPS}?limit=2&continue={}", token.replace('=', "%3D")));
    // The real server keeps pictures of its lists for a moment after etcd has forgotten them.
    t.settle(&next(&token), 410);
    let answer = t.refused(next(&token));
    let told = Keep::Only(&["/kind", "/status", "/message", "/reason", "/code", "/metadata/continue"]);
    t.note("a list that goes on after its version was forgotten", &answer, told);
    // The answer holds a token for those who take the rest as it is now.
    let again = answer["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
    let rest = t.quietly(next(&again));
    t.note("the rest as it is now", &rest, Keep::Only(&["/items/*/metadata/name"]));
    let exact = t.refused(get(&format!("{MAPS}?resourceVersion={version}&resourceVersionMatch=Exact")));
    t.note("a list as it was then", &exact, Keep::Only(&["/kind", "/status", "/reason", "/code"]));
    let from: Value = t.quietly(get(MAPS));
    let now = from["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
    let event = Keep::Only(&["/type", "/object/metadata/name"]);
    t.quietly(patch("merge", &format!("{MAPS}/b"), json!({"data": {"n": "2"}})));
    t.watch_from("a new list, and on from there", &format!("{MAPS}?watch=true"), &now, 1, event);
}
