//! JSON patch, merge patch, strategic merge patch, server-side apply.

use crate::talk::{Keep, Talk, get, patch, post};
use serde_json::{Value, json};

const MAP: &str = "/api/v1/namespaces/NS/configmaps/chart";
const WEB: &str = "/apis/apps/v1/namespaces/NS/deployments/web";

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {
            "replicas": 1, "paused": true,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [
                    {"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
                    {"name": "proxy", "image": "proxy:1"},
                ]},
            },
        },
    })
}

/// The three patches that say what to change.
pub fn talk(t: &mut Talk) {
    let chart = json!({"metadata": {"name": "chart", "labels": {"sea": "north"}}, "data": {"a": "1", "b": "2"}});
    t.quietly(post("/api/v1/namespaces/NS/configmaps", chart));
    let steps = json!([
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "replace", "path": "/data/a", "value": "one"},
        {"op": "add", "path": "/data/c", "value": "3"},
        {"op": "remove", "path": "/data/b"},
        {"op": "copy", "from": "/data/c", "path": "/data/d"},
        {"op": "move", "from": "/data/d", "path": "/data/e"},
        {"op": "add", "path": "/metadata/annotations", "value": {"example.org/slash": "yes"}},
        {"op": "replace", "path": "/metadata/annotations/example.org~1slash", "value": "no"},
    ]);
    t.ask("JSON patch", patch("json", MAP, steps));
    t.ask("a test that fails", patch("json", MAP, json!([{"op": "test", "path": "/data/a", "value": "2"}])));
    t.ask("a path that is not there", patch("json", MAP, json!([{"op": "remove", "path": "/data/none"}])));
    t.ask("a JSON patch that is none", patch("json", MAP, json!({"op": "remove"})));
    t.ask(
        "merge patch",
        patch("merge", MAP, json!({"data": {"a": null, "f": "6"}, "metadata": {"labels": {"sea": "south"}}})),
    );
    t.ask(
        "merge patch of an old version",
        patch("merge", MAP, json!({"metadata": {"resourceVersion": "1"}, "data": {"g": "7"}})),
    );
    let other = json!({"metadata": {"uid": "00000000-0000-4000-8000-000000000000"}});
    t.ask("merge patch of another one", patch("merge", MAP, other));
    t.ask("merge patch that changes the name", patch("merge", MAP, json!({"metadata": {"name": "map"}})));
    t.ask("merge patch that breaks it", patch("merge", MAP, json!({"data": {"a b": "c"}})));
    t.ask("merge patch of what is not there", patch("merge", "/api/v1/namespaces/NS/configmaps/none", json!({})));
    let nothing = patch("merge", MAP, json!({}));
    let same = t.ask("merge patch of nothing", nothing.clone());
    assert_eq!(same["metadata"]["resourceVersion"], t.quietly(nothing)["metadata"]["resourceVersion"]);

    t.quietly(post("/apis/apps/v1/namespaces/NS/deployments", deployment()));
    let spec = [
        "/metadata/generation",
        "/spec/replicas",
        "/spec/template/metadata",
        "/spec/template/spec/containers/*/name",
        "/spec/template/spec/containers/*/image",
        "/spec/template/spec/containers/name=web/env",
    ];
    let containers = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "web", "image": "web:2", "env": [{"name": "B", "value": "two"}, {"name": "C", "value": "3"}]},
    ]}}}});
    t.ask_for("strategic: merge a container by its name", patch("strategic", WEB, containers), Keep::Only(&spec));
    let remove = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "proxy", "$patch": "delete"},
        {"name": "web", "env": [{"name": "A", "$patch": "delete"}]},
    ]}}}});
    t.ask_for("strategic: delete by name", patch("strategic", WEB, remove), Keep::Only(&spec));
    let order = json!({"spec": {"template": {"spec": {
        "$setElementOrder/containers": [{"name": "sidecar"}, {"name": "web"}],
        "containers": [{"name": "sidecar", "image": "sidecar:1"}],
    }}}});
    t.ask_for("strategic: add, in an order", patch("strategic", WEB, order), Keep::Only(&spec));
    let replace = json!({"spec": {"template": {"spec": {"containers": [
        {"$patch": "replace"}, {"name": "only", "image": "only:1"},
    ]}}}});
    t.ask_for("strategic: replace a list", patch("strategic", WEB, replace), Keep::Only(&spec));
    let restart =
        json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}});
    t.ask_for("strategic: restart", patch("strategic", WEB, restart), Keep::Only(&spec));
    let merge = json!({"spec": {"template": {"spec": {"containers": [{"name": "last", "image": "last:1"}]}}}});
    t.ask_for("merge patch replaces lists", patch("merge", WEB, merge), Keep::Only(&spec));
    t.ask_for(
        "metadata does not count as a generation",
        patch("merge", WEB, json!({"metadata": {"labels": {"x": "y"}}})),
        Keep::Only(&spec),
    );
    t.ask(
        "a selector does not change",
        patch("merge", WEB, json!({"spec": {"selector": {"matchLabels": {"app": "x"}}}})),
    );
    let kind = crate::talk::get(MAP).body("application/json", "{}");
    let kind = quarterdeck_testing::http::Request { method: "PATCH".to_owned(), ..kind };
    t.ask("a patch of no known type", kind);
}

/// Who owns which field, and what happens when two want the same.
pub fn server_side_apply(t: &mut Talk) {
    let path =
        |manager: &str, more: &str| format!("/api/v1/namespaces/NS/configmaps/owned?fieldManager={manager}{more}");
    let map =
        |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned"}, "data": data});
    let keep = Keep::Fields;
    t.ask_for("apply creates", patch("apply", &path("anna", ""), map(json!({"a": "1", "b": "2"}))), keep);
    t.ask_for("apply by another", patch("apply", &path("boris", ""), map(json!({"c": "3"}))), keep);
    t.ask_for("apply in agreement", patch("apply", &path("boris", ""), map(json!({"a": "1", "c": "3"}))), keep);
    t.ask_for("apply in conflict", patch("apply", &path("boris", ""), map(json!({"a": "x", "b": "y"}))), keep);
    t.ask_for(
        "apply in conflict, by force",
        patch("apply", &path("boris", "&force=true"), map(json!({"a": "x", "c": "3"}))),
        keep,
    );
    t.ask_for("apply without a field gives it up", patch("apply", &path("anna", ""), map(json!({"b": "2"}))), keep);
    t.ask_for("apply less removes what nobody else owns", patch("apply", &path("anna", ""), map(json!({}))), keep);
    let again = patch("apply", &path("anna", ""), map(json!({})));
    let before = t.quietly(again.clone());
    assert_eq!(before["metadata"]["resourceVersion"], t.quietly(again)["metadata"]["resourceVersion"]);
    t.ask_for("apply, dry", patch("apply", &path("anna", "&dryRun=All"), map(json!({"dry": "1"}))), keep);
    t.ask_for("update takes ownership", patch("merge", &path("carl", ""), json!({"data": {"c": "4"}})), keep);
    t.ask_for(
        "apply after an update is a conflict",
        patch("apply", &path("boris", ""), map(json!({"a": "x", "c": "3"}))),
        keep,
    );
    t.ask_for("what came of it", get("/api/v1/namespaces/NS/configmaps/owned"), keep);
    t.ask_for(
        "apply without a manager",
        patch("apply", "/api/v1/namespaces/NS/configmaps/owned", map(json!({}))),
        keep,
    );
    t.ask_for("force without apply", patch("merge", &path("anna", "&force=true"), json!({})), keep);
    t.ask_for(
        "apply under another name",
        patch("apply", &path("anna", "").replace("owned?", "mine?"), map(json!({}))),
        keep,
    );
    let kindless = json!({"metadata": {"name": "owned"}, "data": {}});
    t.ask_for("apply without a kind", patch("apply", &path("anna", ""), kindless), keep);

    let web = |manager: &str, more: &str| format!("{WEB}?fieldManager={manager}{more}");
    let containers = |list: Value| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"template": {"spec": {"containers": list}}},
        })
    };
    t.quietly(patch("apply", &web("anna", ""), deployment()));
    let image = containers(json!([{"name": "proxy", "image": "proxy:2"}]));
    t.ask("two want one image", patch("apply", &web("boris", ""), image.clone()));
    let kept =
        Keep::Only(&["/spec/replicas", "/spec/template/spec/containers/*/image", "/metadata/managedFields/*/manager"]);
    t.ask_for(
        "a container more",
        patch("apply", &web("boris", ""), containers(json!([{"name": "extra", "image": "extra:1"}]))),
        kept,
    );
    t.ask_for("and gone again", patch("apply", &web("boris", ""), containers(json!([]))), kept);
}
