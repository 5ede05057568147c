//! OpenAPI 2: everything in one document, for older clients.

use serde_json::{Map, Value, json};

use super::{operations, schemas::Schemas};
use crate::storage::Kind;

/// `/openapi/v2`.
pub(crate) fn document(kinds: &[Kind]) -> Value {
    let mut paths = Map::new();
    let mut schemas = Schemas::new("#/definitions/");
    for kind in kinds {
        schemas.object(kind);
        operations::paths(kind, parameter, operation, &mut paths);
    }
    schemas.reference("meta.v1.DeleteOptions");
    json!({
        "swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.36.3"},
        "paths": paths, "definitions": schemas.finish(),
    })
}

fn parameter(name: &str, kind: &str) -> Value {
    json!({"name": name, "in": "query", "type": kind, "uniqueItems": true})
}

fn operation(parameters: Vec<Value>, patch: &[&str]) -> Value {
    let mut operation = json!({"parameters": parameters, "responses": {"200": {"description": "OK"}}});
    if !patch.is_empty() {
        operation["consumes"] = json!(patch);
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, storage::Store};

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document(&Store::new(Clock::system()).kinds());
        let text = document.to_string();
        for part in text.split("\"#/definitions/").skip(1) {
            let name = part.split('"').next().unwrap_or_default();
            assert!(document["definitions"][name].is_object(), "no {name}");
        }
        let containers = &document["definitions"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
        assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
    }
}
