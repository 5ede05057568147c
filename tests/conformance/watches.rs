//! Watches: events, bookmarks, streaming lists, the end of history.

use crate::talk::{Keep, Talk, as_metadata, as_table, delete, get, patch, post};
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/NS/configmaps";
const EVENT: Keep<'_> =
    Keep::Only(&["/type", "/object/kind", "/object/metadata/name", "/object/metadata/labels", "/object/data"]);
const BOOKMARK: Keep<'_> =
    Keep::Only(&["/type", "/object/kind", "/object/metadata/name", "/object/metadata/annotations"]);

fn map(name: &str, tier: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"tier": tier}}, "data": {"n": "1"}})
}

/// What comes when something changes, and what when nothing can come any more.
pub fn talk(t: &mut Talk) {
    let path = |name: &str| format!("{MAPS}/{name}");
    t.watch("a life", get(&format!("{MAPS}?watch=true")), 3, EVENT, |t| {
        t.quietly(post(MAPS, map("a", "front")));
        t.quietly(patch("merge", &path("a"), json!({"data": {"n": "2"}})));
        t.quietly(delete(&path("a"), Value::Null));
    });
    t.quietly(post(MAPS, map("b", "front")));
    let front = format!("{MAPS}?watch=true&labelSelector=tier%3Dfront");
    t.watch("into and out of a selection", get(&front), 5, EVENT, |t| {
        t.quietly(patch("merge", &path("b"), json!({"metadata": {"labels": {"tier": "back"}}})));
        t.quietly(patch("merge", &path("b"), json!({"data": {"n": "2"}})));
        t.quietly(patch("merge", &path("b"), json!({"metadata": {"labels": {"tier": "front"}}})));
        t.quietly(patch("merge", &path("b"), json!({"data": {"n": "3"}})));
        t.quietly(delete(&path("b"), Value::Null));
    });
    t.quietly(post(MAPS, map("c", "front")));
    t.quietly(post(MAPS, map("d", "back")));
    t.watch("one object", get(&format!("{MAPS}?watch=true&fieldSelector=metadata.name%3Dc")), 2, EVENT, |t| {
        t.quietly(patch("merge", &path("d"), json!({"data": {"n": "4"}})));
        t.quietly(patch("merge", &path("c"), json!({"data": {"n": "4"}})));
    });
    let streaming =
        format!("{MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    t.watch("a streaming list, its mark, and on", get(&streaming), 4, BOOKMARK, |t| {
        t.quietly(post(MAPS, map("e", "back")));
    });
    let selected = format!("{streaming}&labelSelector=tier%3Dfront");
    t.watch("a streaming list of a selection", get(&selected), 2, EVENT, |_| {});
    t.watch("a streaming list of nothing", get(&streaming.replace("configmaps", "endpoints")), 1, BOOKMARK, |_| {});
    t.watch("metadata of a streaming list", as_metadata(get(&selected), false), 2, EVENT, |_| {});
    let rows = Keep::Only(&[
        "/type",
        "/object/kind",
        "/object/columnDefinitions/*/name",
        "/object/rows/*/cells",
        "/object/rows/*/object/kind",
        "/object/rows/*/object/metadata/name",
        "/object/rows/*/object/metadata/annotations",
    ]);
    t.watch("a streaming list of tables, and on", as_table(get(&selected)), 3, rows, |t| {
        t.quietly(patch("merge", &path("c"), json!({"data": {"n": "5", "m": "6"}})));
    });
    t.ask(
        "a streaming list without a match",
        get(&format!("{MAPS}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true")),
    );
    t.ask(
        "a list that streams without a watch",
        get(&format!("{MAPS}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan")),
    );
    t.ask("a version that is none", get(&format!("{MAPS}?watch=true&resourceVersion=abc")));
    let list = t.quietly(get(MAPS));
    let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
    t.quietly(patch("merge", &path("d"), json!({"data": {"n": "7"}})));
    t.quietly(delete(&path("d"), Value::Null));
    t.watch_from("resumed after a list", &format!("{MAPS}?watch=true"), &version, 2, EVENT);
    t.watch(
        "for a second",
        get(&format!("{MAPS}?watch=true&timeoutSeconds=1&labelSelector=tier%3Dnone")),
        1,
        EVENT,
        |_| {},
    );
    t.watch(
        "the old way",
        get("/api/v1/watch/namespaces/NS/configmaps?fieldSelector=metadata.name%3Dc"),
        1,
        EVENT,
        |_| {},
    );
}
