//! Paths and what may be done on them.

use serde_json::{Map, Value, json};

use crate::storage::KindInfo;

/// How a document of one OpenAPI version writes an operation.
pub(super) type Style = fn(parameters: Vec<Value>, patch: &[&str]) -> Value;

/// The media types of patches; the first is for built-in kinds only.
const PATCHES: [&str; 4] = [
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
];

fn base(kind: &KindInfo) -> String {
    if kind.group.is_empty() {
        format!("/api/{}", kind.version)
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    }
}

/// The paths of one kind.
pub(super) fn paths(kind: &KindInfo, parameter: fn(&str, &str) -> Value, style: Style, out: &mut Map<String, Value>) {
    let scope = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
    let all = format!("{}{scope}/{}", base(kind), kind.plural);
    let one = format!("{all}/{{name}}");
    let verbs = kind.verbs();
    let mut place = |path: &str, operations: &[(&str, &str, &str)]| {
        let mut item = Map::new();
        for (method, verb, action) in operations {
            let subresource = path.rsplit('/').next() != Some("{name}")
                && *action != "list"
                && *action != "post"
                && *action != "deletecollection";
            if !verbs.contains(verb) && !subresource {
                continue;
            }
            let writes = matches!(*method, "post" | "put" | "patch");
            let mut parameters = Vec::new();
            if writes {
                for name in ["dryRun", "fieldManager", "fieldValidation"] {
                    parameters.push(parameter(name, "string"));
                }
            }
            if *method == "patch" {
                parameters.push(parameter("force", "boolean"));
            }
            let patches: &[&str] = match (*method, kind.custom) {
                ("patch", true) => &PATCHES[1..],
                ("patch", false) => &PATCHES,
                _ => &[],
            };
            let mut operation = style(parameters, patches);
            operation["x-kubernetes-action"] = (*action).into();
            operation["x-kubernetes-group-version-kind"] =
                json!({"group": kind.group, "kind": kind.kind, "version": kind.version});
            item.insert((*method).into(), operation);
        }
        out.insert(path.to_owned(), Value::Object(item));
    };
    place(
        &all,
        &[("get", "list", "list"), ("post", "create", "post"), ("delete", "deletecollection", "deletecollection")],
    );
    if kind.virtual_only {
        return;
    }
    let single =
        [("get", "get", "get"), ("put", "update", "put"), ("patch", "patch", "patch"), ("delete", "delete", "delete")];
    place(&one, &single);
    for subresource in kind.subresources.iter().filter(|s| matches!(s.as_str(), "status" | "scale")) {
        place(&format!("{one}/{subresource}"), &single[..3]);
    }
}
