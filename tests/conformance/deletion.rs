//! The end of objects: preconditions, finalizers, collections, owners, namespaces.

use crate::talk::{Keep, Talk, delete, get, patch, post};
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/NS/configmaps";

fn path(name: &str) -> String {
    format!("{MAPS}/{name}")
}

/// Deleting one object, and many by a selector.
pub fn talk(t: &mut Talk) {
    let map = |name: &str, more: Value| {
        let mut metadata = json!({"name": name, "labels": {"wreck": "yes"}});
        for (key, value) in more.as_object().into_iter().flatten() {
            metadata[key] = value.clone();
        }
        json!({"metadata": metadata})
    };
    t.quietly(post(MAPS, map("a", json!({}))));
    let other = json!({"preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}});
    t.ask("another one of that name", delete(&path("a"), other));
    t.ask("an old version", delete(&path("a"), json!({"preconditions": {"resourceVersion": "1"}})));
    let uid = t.quietly(get(&path("a")))["metadata"]["uid"].clone();
    t.ask("this one", delete(&path("a"), json!({"preconditions": {"uid": uid}})));
    t.ask("it is gone", get(&path("a")));
    t.ask("twice", delete(&path("a"), Value::Null));
    let policies = json!({"propagationPolicy": "Sideways"});
    t.quietly(post(MAPS, map("b", json!({"finalizers": ["example.org/anchor"]}))));
    t.ask("a policy that is none", delete(&path("b"), policies));
    t.ask("held by a finalizer", delete(&path("b"), Value::Null));
    t.ask("held, asked again", delete(&path("b"), Value::Null));
    t.ask("still there", get(&path("b")));
    let more = json!({"metadata": {"finalizers": ["example.org/anchor", "example.org/chain"]}});
    t.ask("no new finalizer now", patch("merge", &path("b"), more));
    t.ask("but other changes", patch("merge", &path("b"), json!({"data": {"last": "words"}})));
    t.ask("let go", patch("merge", &path("b"), json!({"metadata": {"finalizers": null}})));
    t.ask("and it is gone", get(&path("b")));
    for name in ["d", "e", "f"] {
        t.quietly(post(MAPS, map(name, json!({}))));
    }
    t.quietly(post(MAPS, json!({"metadata": {"name": "keep"}})));
    t.ask_for(
        "a collection, dry",
        delete(&format!("{MAPS}?labelSelector=wreck%3Dyes&dryRun=All"), Value::Null),
        Keep::Only(&["/kind", "/items/*/metadata/name"]),
    );
    t.ask_for(
        "a collection",
        delete(&format!("{MAPS}?labelSelector=wreck%3Dyes"), Value::Null),
        Keep::Only(&["/kind", "/items/*/metadata/name"]),
    );
    t.ask_for("who is left", get(MAPS), Keep::Only(&["/items/*/metadata/name"]));
    let pod = json!({"metadata": {"name": "p"}, "spec": {"nodeName": "berth-9", "automountServiceAccountToken": false,
        "containers": [{"name": "c", "image": "c:1"}]}});
    t.quietly(post("/api/v1/namespaces/NS/pods", pod));
    let kept =
        Keep::Only(&["/kind", "/metadata/name", "/metadata/deletionTimestamp", "/metadata/deletionGracePeriodSeconds"]);
    let pod = "/api/v1/namespaces/NS/pods/p";
    t.ask_for("a running pod gets time", delete(pod, json!({"gracePeriodSeconds": 20})), kept);
    t.ask_for("less time", delete(pod, json!({"gracePeriodSeconds": 5})), kept);
    t.ask_for("a running pod, now", delete(pod, json!({"gracePeriodSeconds": 0})), kept);
    t.ask("no pod any more", get(pod));
}

/// What goes with its owner, and with its namespace.
pub fn garbage(t: &mut Talk) {
    let owner =
        |t: &Talk, name: &str| t.quietly(post(MAPS, json!({"metadata": {"name": name}})))["metadata"]["uid"].clone();
    let owned = |t: &Talk, name: &str, by: &str, uid: &Value, block: bool| {
        let reference =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "name": by, "uid": uid, "blockOwnerDeletion": block});
        t.quietly(post(MAPS, json!({"metadata": {"name": name, "ownerReferences": [reference]}})));
    };
    let uid = owner(t, "fleet");
    owned(t, "ship", "fleet", &uid, false);
    t.ask("an owner, in the background", delete(&path("fleet"), json!({"propagationPolicy": "Background"})));
    t.until_gone(&path("ship"));
    let uid = owner(t, "convoy");
    owned(t, "tug", "convoy", &uid, false);
    t.ask("an owner without its own", delete(&path("convoy"), json!({"propagationPolicy": "Orphan"})));
    t.until_gone(&path("convoy"));
    t.until("the orphan", &path("tug"), |tug| tug["metadata"].get("ownerReferences").is_none());
    t.ask("an orphan", get(&path("tug")));
    let uid = owner(t, "yard");
    let reference =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "yard", "uid": uid, "blockOwnerDeletion": true});
    let dock =
        json!({"metadata": {"name": "dock", "finalizers": ["example.org/anchor"], "ownerReferences": [reference]}});
    t.quietly(post(MAPS, dock));
    t.ask("an owner after its own", delete(&path("yard"), json!({"propagationPolicy": "Foreground"})));
    t.until("the dock to be going", &path("dock"), |dock| dock["metadata"].get("deletionTimestamp").is_some());
    t.ask("the owner waits", get(&path("yard")));
    t.quietly(patch("merge", &path("dock"), json!({"metadata": {"finalizers": null}})));
    t.until_gone(&path("yard"));
    t.ask(
        "an owner that is no reference",
        post(MAPS, json!({"metadata": {"name": "x", "ownerReferences": [{"kind": "ConfigMap"}]}})),
    );

    let space = json!({"metadata": {"name": "NS.harbour"}});
    t.ask("a namespace with a dot", post("/api/v1/namespaces", space));
    let harbour = "/api/v1/namespaces/NS-harbour";
    t.quietly(post("/api/v1/namespaces", json!({"metadata": {"name": "NS-harbour"}})));
    let anchored = json!({"metadata": {"name": "x", "finalizers": ["example.org/anchor"]}});
    t.quietly(post(&format!("{harbour}/configmaps"), anchored));
    let kept = Keep::Only(&["/kind", "/metadata/name", "/metadata/deletionTimestamp", "/spec", "/status/phase"]);
    t.ask_for("a namespace", delete(harbour, Value::Null), kept);
    t.until("the namespace to be going", harbour, |ns| ns["status"]["phase"] == "Terminating");
    t.ask("nothing new in it", post(&format!("{harbour}/configmaps"), json!({"metadata": {"name": "y"}})));
    let going = format!("{harbour}/configmaps/x");
    t.until("its content to be going", &going, |x| x["metadata"].get("deletionTimestamp").is_some());
    t.quietly(patch("merge", &going, json!({"metadata": {"finalizers": null}})));
    t.until_gone(harbour);
    t.ask("the default namespace stays", delete("/api/v1/namespaces/kube-system", Value::Null));
}
