//! Snapshots from YAML and from the embedded worlds, for tests.

use super::Snapshot;
use crate::resources::Kind;
use serde_json::Value;

/// The moment at which the fixtures are looked at.
pub fn at(text: &str) -> i64 {
    crate::clock::parse_time(text).expect("an RFC 3339 time")
}

/// Adds objects written as YAML documents.
pub fn add_yaml(snapshot: &mut Snapshot, yaml: &str) {
    for document in yaml.split("\n---\n") {
        let value: Value = serde_saphyr::from_str(document).expect("YAML");
        match value["items"].as_array() {
            Some(items) => items.iter().for_each(|i| add(snapshot, i)),
            None => add(snapshot, &value),
        }
    }
}

/// Adds one object.
pub fn add(snapshot: &mut Snapshot, object: &Value) {
    let (version, kind) =
        (object["apiVersion"].as_str().unwrap_or_default(), object["kind"].as_str().unwrap_or_default());
    let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
    if kind == "ConfigMap" {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        std::sync::Arc::make_mut(&mut snapshot.config_maps).insert((text("namespace"), text("name")));
    }
    let plural = match kind {
        "Ingress" => "ingresses".to_owned(),
        "IngressClass" => "ingressclasses".to_owned(),
        "GitRepository" => "gitrepositories".to_owned(),
        other => format!("{}s", other.to_lowercase()),
    };
    let kind = Kind::of(group, version, kind, &plural, object["metadata"]["namespace"].is_string());
    snapshot.insert(&kind, &serde_json::to_vec(object).expect("JSON")).expect("an object that can be read");
}

pub fn from_yaml(yaml: &str) -> Snapshot {
    let mut snapshot = Snapshot::default();
    add_yaml(&mut snapshot, yaml);
    snapshot
}

/// A world of the embedded cluster at this moment, with everything that its server would offer readable.
pub fn world(name: &str, now: i64) -> Snapshot {
    crowded(name, now, 0)
}

/// The same with so many further certificates.
pub fn crowded(name: &str, now: i64, certificates: usize) -> Snapshot {
    let time = jiff::Timestamp::from_second(now).expect("a time");
    let mut snapshot = Snapshot { context: name.into(), ..Snapshot::default() };
    for object in quarterdeck_sim::world::build(name, time, 0, certificates).expect("a world") {
        let object = as_served(object);
        add(&mut snapshot, &object);
    }
    snapshot
}

/// What the server does to an object when it is stored: `stringData` becomes `data`.
fn as_served(mut object: Value) -> Value {
    if let Some(Value::Object(texts)) = object.get_mut("stringData").map(Value::take) {
        for (key, text) in texts {
            let bytes = text.as_str().unwrap_or_default();
            object["data"][key] = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes).into();
        }
    }
    object
}
