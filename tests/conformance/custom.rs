//! Kinds that are registered: schema, defaults, pruning, columns, subresources, and what happens when they go.

use std::time::Duration;

use crate::talk::{Keep, Talk, as_table, delete, get, patch, post, put};
use serde_json::{Value, json};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const DEFINITION: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/ships.conform.example.org";
const SHIPS: &str = "/apis/conform.example.org/v1/namespaces/NS/ships";

fn definition() -> Value {
    let spec = json!({
        "type": "object",
        "required": ["flag"],
        "properties": {
            "flag": {"type": "string", "pattern": "^[a-z]{2}$"},
            "kind": {"type": "string", "enum": ["tug", "ferry"], "default": "tug"},
            "crew": {"type": "integer", "minimum": 1, "maximum": 30, "default": 3},
            "length": {"type": "number"},
            "sunk": {"type": "boolean"},
            "ports": {"type": "array", "maxItems": 2, "items": {"type": "string", "minLength": 3}},
            "cargo": {"type": "object", "additionalProperties": {"type": "integer"}},
            "log": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "berth": {"x-kubernetes-int-or-string": true},
            "note": {"type": "string", "nullable": true},
            "engine": {"type": "object", "default": {}, "properties": {"fuel": {"type": "string", "default": "diesel"}}},
        },
    });
    let columns = json!([
        {"name": "Flag", "type": "string", "jsonPath": ".spec.flag"},
        {"name": "Crew", "type": "integer", "jsonPath": ".spec.crew"},
        {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"},
        {"name": "Sunk", "type": "boolean", "jsonPath": ".spec.sunk", "priority": 1},
        {"name": "Launched", "type": "date", "jsonPath": ".status.launched", "description": "when she was launched"},
        {"name": "Ports", "type": "string", "jsonPath": ".spec.ports"},
    ]);
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "ships.conform.example.org"},
        "spec": {
            "group": "conform.example.org", "scope": "Namespaced",
            "names": {"plural": "ships", "singular": "ship", "kind": "Ship", "shortNames": ["sh"], "categories": ["fleet"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": spec,
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }}},
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.crew", "statusReplicasPath": ".status.crew"}},
                "additionalPrinterColumns": columns,
            }],
        },
    })
}

fn ship(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "conform.example.org/v1", "kind": "Ship", "metadata": {"name": name}, "spec": spec})
}

/// From the registration to the end of the kind.
pub fn talk(t: &mut Talk) {
    t.ask("a kind that is not registered", get(SHIPS));
    let mut bad = definition();
    bad["metadata"]["name"] = json!("boats.conform.example.org");
    t.ask("a definition whose name does not fit", post(DEFINITIONS, bad));
    let mut bare = definition();
    bare["spec"]["versions"][0].as_object_mut().expect("a version").shift_remove("schema");
    t.ask("a definition without a schema", post(DEFINITIONS, bare));
    t.quietly(post(DEFINITIONS, definition()));
    t.until("the definition", DEFINITION, |crd| {
        let conditions = crd["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().any(|c| c["type"] == "Established" && c["status"] == "True")
    });
    t.until("the kind", SHIPS, |_| true);
    // The group is published by another loop of the server than the kind.
    t.until("the group", "/apis/conform.example.org/v1", |list| {
        list["resources"].as_array().is_some_and(|r| r.len() == 3)
    });
    t.ask_for(
        "accepted",
        get(DEFINITION),
        Keep::Only(&[
            "/status/acceptedNames",
            "/status/storedVersions",
            "/spec/conversion",
            "/spec/names/listKind",
            "/status/conditions/type=Established/status",
            "/status/conditions/type=NamesAccepted/reason",
        ]),
    );
    t.ask("its group", get("/apis/conform.example.org/v1"));
    t.ask("an empty list of it", get(SHIPS));

    let first = t.ask(
        "one with defaults",
        post(SHIPS, ship("ada", json!({"flag": "fr", "oars": 4, "log": {"any": ["thing"]}}))),
    );
    t.ask("one that breaks every rule", post(SHIPS, ship("bad", json!({
        "flag": "FRA", "kind": "yacht", "crew": 0, "length": "long", "sunk": "no", "ports": ["a", "bcd", "efg"],
        "cargo": {"salt": "much"},
    }))));
    t.ask("one without what is required", post(SHIPS, ship("bad", json!({"kind": "tug"}))));
    t.ask(
        "one without a spec",
        post(SHIPS, json!({"apiVersion": "conform.example.org/v1", "kind": "Ship", "metadata": {"name": "empty"}})),
    );
    t.ask(
        "an unknown field, strictly",
        post(&format!("{SHIPS}?fieldValidation=Strict"), ship("bad", json!({"flag": "fr", "oars": 4}))),
    );
    t.ask("null where it may be", post(SHIPS, ship("nil", json!({"flag": "nl", "note": null, "berth": "b7"}))));
    t.ask("null where a default is", post(SHIPS, ship("nil2", json!({"flag": "nl", "crew": null, "berth": 7}))));
    t.ask("a fraction for a whole number", post(SHIPS, ship("half", json!({"flag": "nl", "crew": 1.5}))));
    t.ask(
        "the wrong version",
        post(SHIPS, json!({"apiVersion": "conform.example.org/v2", "kind": "Ship", "metadata": {"name": "x"}})),
    );

    let ada = format!("{SHIPS}/ada");
    t.ask("merge patch", patch("merge", &ada, json!({"spec": {"ports": ["oslo"], "cargo": {"salt": 2}}})));
    t.ask("merge patch against the schema", patch("merge", &ada, json!({"spec": {"crew": 31}})));
    t.ask("a strategic patch has no plan here", patch("strategic", &ada, json!({"spec": {"crew": 4}})));
    t.ask("JSON patch", patch("json", &ada, json!([{"op": "replace", "path": "/spec/crew", "value": 5}])));
    let mut blind = first.clone();
    blind["metadata"].as_object_mut().expect("metadata").shift_remove("resourceVersion");
    t.ask("replaced without a version", put(&ada, blind));
    let status = json!({"spec": {"crew": 29}, "status": {"crew": 5, "launched": "2026-01-01T00:00:00Z",
        "conditions": [{"type": "Ready", "status": "True"}]}});
    t.ask("its status", patch("merge", &format!("{ada}/status"), status));
    t.ask("a status by the wrong door", patch("merge", &ada, json!({"status": {"crew": 100}})));
    t.ask("its scale", get(&format!("{ada}/scale")));
    t.ask("its scale, changed", patch("merge", &format!("{ada}/scale"), json!({"spec": {"replicas": 7}})));
    t.ask("its scale, beyond the schema", patch("merge", &format!("{ada}/scale"), json!({"spec": {"replicas": 70}})));
    t.ask("its table", as_table(get(SHIPS)));
    t.ask_for(
        "applied",
        patch(
            "apply",
            &format!("{SHIPS}/eva?fieldManager=anna"),
            ship("eva", json!({"flag": "de", "ports": ["kiel"]})),
        ),
        Keep::Fields,
    );
    t.ask(
        "applied by another",
        patch("apply", &format!("{SHIPS}/eva?fieldManager=boris"), ship("eva", json!({"flag": "dk"}))),
    );
    t.watch(
        "watched",
        get(&format!("{SHIPS}?watch=true&fieldSelector=metadata.name%3Deva")),
        1,
        Keep::Only(&["/type", "/object/spec"]),
        |_| {},
    );
    t.ask_for(
        "metadata of it",
        crate::talk::as_metadata(get(SHIPS), true),
        Keep::Only(&["/kind", "/items/*/metadata/name", "/items/*/kind"]),
    );
    t.ask_for(
        "in all namespaces",
        get("/apis/conform.example.org/v1/ships"),
        Keep::Only(&["/kind", "/items/*/metadata/name"]),
    );

    t.quietly(delete(DEFINITION, Value::Null));
    t.until_gone(DEFINITION);
    // The definition goes first, its handler a moment later.
    for _ in 0..200 {
        std::thread::sleep(Duration::from_millis(20));
        if t.status(get(SHIPS)) == 404 {
            break;
        }
    }
    t.ask("no kind any more", get(SHIPS));
}
