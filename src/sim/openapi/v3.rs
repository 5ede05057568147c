//! OpenAPI 3: one document a group and version.

use serde_json::{Map, Value, json};

use super::{operations, schemas::Schemas};
use crate::storage::Kind;

/// `/openapi/v3`: where the documents are. `tag` changes with the served kinds.
pub(crate) fn index(kinds: &[Kind], tag: u64) -> Value {
    let mut paths = Map::new();
    for kind in kinds {
        let path = if kind.group.is_empty() {
            format!("api/{}", kind.version)
        } else {
            format!("apis/{}", kind.api_version())
        };
        let url = format!("/openapi/v3/{path}?hash={tag:016X}");
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

/// `/openapi/v3/apis/GROUP/VERSION`.
pub(crate) fn document(kinds: &[Kind], group: &str, version: &str) -> Option<Value> {
    let mut paths = Map::new();
    let mut schemas = Schemas::new("#/components/schemas/");
    let mut any = false;
    for kind in kinds.iter().filter(|k| k.group == group && k.version == version) {
        any = true;
        schemas.object(kind);
        operations::paths(kind, parameter, operation, &mut paths);
    }
    schemas.reference("meta.v1.DeleteOptions");
    let components = schemas.finish();
    any.then(|| {
        json!({
            "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.36.3"},
            "paths": paths, "components": {"schemas": components},
        })
    })
}

fn parameter(name: &str, kind: &str) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}})
}

fn operation(parameters: Vec<Value>, patch: &[&str]) -> Value {
    let mut operation = json!({"parameters": parameters, "responses": {"200": {"description": "OK"}}});
    if !patch.is_empty() {
        let body = json!({"schema": {"type": "object"}});
        let content: Map<String, Value> = patch.iter().map(|media| ((*media).to_owned(), body.clone())).collect();
        operation["requestBody"] = json!({"content": content});
    }
    operation
}
