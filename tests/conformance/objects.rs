//! Create, read, replace; versions, dry runs, and refusals with their reasons.

use crate::talk::{Keep, Talk, as_metadata, delete, get, patch, post, post_text, put};
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/NS/configmaps";
const LOG: &str = "/api/v1/namespaces/NS/configmaps/log";

fn map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

/// A life without accidents, and the usual accidents.
pub fn talk(t: &mut Talk) {
    let first = t.ask("create", post(MAPS, map("log", json!({"heading": "090"}))));
    t.ask("create it again", post(MAPS, map("log", json!({}))));
    t.ask("read it", get(LOG));
    t.ask("read what is not there", get("/api/v1/namespaces/NS/configmaps/none"));
    let mut second = first.clone();
    second["data"]["heading"] = json!("180");
    second["metadata"]["labels"] = json!({"watch": "dog"});
    let second_answer = t.ask("replace it", put(LOG, second.clone()));
    assert_ne!(first["metadata"]["resourceVersion"], second_answer["metadata"]["resourceVersion"]);
    assert_eq!(first["metadata"]["uid"], second_answer["metadata"]["uid"]);
    t.ask("replace it from an old version", put(LOG, second));
    let mut same = second_answer.clone();
    let unchanged = t.ask("replace it with itself", put(LOG, same.clone()));
    assert_eq!(unchanged["metadata"]["resourceVersion"], second_answer["metadata"]["resourceVersion"]);
    same["metadata"]["uid"] = json!("00000000-0000-4000-8000-000000000000");
    t.ask("replace another one of that name", put(LOG, same));
    t.ask("replace without a version", put(LOG, map("log", json!({"heading": "270"}))));
    t.ask("replace under another name", put(LOG, map("other", json!({}))));
    t.ask("replace what is not there", put("/api/v1/namespaces/NS/configmaps/none", map("none", json!({}))));
    let stale = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "none", "resourceVersion": "1"}});
    t.ask("replace an old version of what is not there", put("/api/v1/namespaces/NS/configmaps/none", stale));

    t.ask("create, dry", post(&format!("{MAPS}?dryRun=All"), map("dry", json!({"a": "b"}))));
    t.ask("it was dry", get("/api/v1/namespaces/NS/configmaps/dry"));
    t.ask("replace, dry", put(&format!("{LOG}?dryRun=All"), map("log", json!({"heading": "000"}))));
    t.ask("patch, dry", patch("merge", &format!("{LOG}?dryRun=All"), json!({"data": {"dry": "yes"}})));
    t.ask_for("delete, dry", delete(&format!("{LOG}?dryRun=All"), Value::Null), Keep::All);
    t.ask("all of that was dry", get(LOG));
    t.ask("a dry run of half", post(&format!("{MAPS}?dryRun=Half"), map("half", json!({}))));

    let made = t.quietly(post(MAPS, json!({"metadata": {"generateName": "page-"}})));
    let name = made["metadata"]["name"].as_str().unwrap_or_default();
    assert!(name.starts_with("page-") && name.len() == 10, "{name}");

    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"a": "b"}});
    t.ask("a secret from text", post("/api/v1/namespaces/NS/secrets", secret));
    t.ask("another namespace's door", post("/api/v1/namespaces/nowhere/configmaps", map("x", json!({}))));
    let note = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "elsewhere"}});
    t.ask("a body for another namespace", post(MAPS, note));
    t.ask("read metadata only", as_metadata(get(LOG), false));
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: b\n";
    t.ask("create from YAML", post_text(MAPS, "application/yaml", yaml));
}

/// What is refused, with which code, reason and causes.
pub fn refusals(t: &mut Talk) {
    t.ask("a name with capitals", post(MAPS, map("Log", json!({}))));
    t.ask("no name", post(MAPS, json!({"apiVersion": "v1", "kind": "ConfigMap"})));
    t.ask("a key with a space", post(MAPS, map("keys", json!({"a b": "c"}))));
    let labels = json!({"metadata": {"name": "labels", "labels": {"a": "b c", "-": "d"}}});
    t.ask("labels that are none", post(MAPS, labels));
    let annotations = json!({"metadata": {"name": "annotations", "annotations": {"a b": ""}}});
    t.ask("annotations that are none", post(MAPS, annotations));
    let version = json!({"metadata": {"name": "v", "resourceVersion": "12"}});
    t.ask("a version before birth", post(MAPS, version));
    t.ask("not JSON", post_text(MAPS, "application/json", "{\"kind\":"));
    t.ask("an empty body", post_text(MAPS, "application/json", ""));
    t.ask("the wrong kind", post(MAPS, json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}})));
    t.ask("the wrong version", post(MAPS, json!({"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "x"}})));
    t.ask("a wrong type in a field", post(MAPS, json!({"metadata": {"name": "x"}, "data": {"a": 1}})));
    t.ask("an unknown content type", post_text(MAPS, "text/plain", "hello"));
    t.ask("an unknown accept", get(MAPS).header("Accept", "text/html"));
    let strange = json!({"metadata": {"name": "strange"}, "data": {"a": "b"}, "sails": {"main": 1}});
    t.ask("an unknown field, strictly", post(&format!("{MAPS}?fieldValidation=Strict"), strange.clone()));
    t.ask("an unknown field, with a warning", post(MAPS, strange.clone()));
    let mut again = strange.clone();
    again["metadata"]["name"] = json!("stranger");
    t.ask("an unknown field, ignored", post(&format!("{MAPS}?fieldValidation=Ignore"), again));
    t.ask("an unknown field validation", post(&format!("{MAPS}?fieldValidation=Maybe"), strange));
    let twice = "{\"metadata\":{\"name\":\"twice\"},\"data\":{\"a\":\"1\",\"a\":\"2\"}}";
    let strictly = format!("{MAPS}?fieldValidation=Strict");
    t.ask("a key twice, strictly", post_text(&strictly, "application/json", twice));
    let deployment = json!({"metadata": {"name": "web"}, "spec": {"replicas": -1}});
    t.ask("a deployment without anything", post("/apis/apps/v1/namespaces/NS/deployments", deployment));
    let pod = json!({"metadata": {"name": "web"}, "spec": {"containers": []}});
    t.ask("a pod without containers", post("/api/v1/namespaces/NS/pods", pod));
    let service = json!({"metadata": {"name": "web"}, "spec": {"ports": []}});
    t.ask("a service without ports", post("/api/v1/namespaces/NS/services", service));
}
