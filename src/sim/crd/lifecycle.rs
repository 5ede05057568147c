//! What a CRD does to the kinds that are served.

use std::sync::Arc;

use serde_json::{Value, json};

use super::convert::schema_of;
use crate::{
    hooks::Column,
    status::Cause,
    storage::{DeleteOptions, Inner, KindInfo, ListQuery, Object, ScalePaths},
};

/// The storage of CRDs.
pub(crate) const STORAGE: &str = "customresourcedefinitions.apiextensions.k8s.io";

impl Inner {
    /// Serves the kind of a CRD that was created or changed.
    pub(crate) fn after_write(&mut self, kind: &KindInfo, _previous: Option<&Arc<Object>>, stored: &Arc<Object>) {
        if kind.storage != STORAGE {
            return;
        }
        let mut crd = stored.value();
        if crd["metadata"]["deletionTimestamp"].is_string() {
            return;
        }
        let (group, plural) = (text(&crd["spec"]["group"]), text(&crd["spec"]["names"]["plural"]));
        self.registry.remove(&group, &plural);
        for served in kinds_of(&crd) {
            let served = self.registry.add(served);
            // A table from the start, so that watches can wait on it.
            self.table(&served);
        }
        if accept(&mut crd, &self.clock.rfc3339()) {
            self.commit(kind, Some(stored), crd, false);
        }
    }

    /// Ends what came with an object that is gone.
    pub(crate) fn after_remove(&mut self, kind: &KindInfo, gone: &Arc<Object>) {
        if kind.storage == STORAGE {
            self.end_kind(&gone.value());
        }
    }

    /// Empties the kind of a CRD that is marked for deletion.
    pub(crate) fn retire_crd(&mut self, crd: &Arc<Object>) {
        self.end_kind(&crd.value());
    }

    fn end_kind(&mut self, crd: &Value) {
        let (group, plural) = (text(&crd["spec"]["group"]), text(&crd["spec"]["names"]["plural"]));
        let Some(kind) = self.registry.any_version(&group, &plural).filter(|k| k.custom) else { return };
        for object in self.list(&kind, &ListQuery::default()).items {
            // Objects with finalizers go as well: nobody could reach them any more.
            let done = self.delete(&kind, &object.namespace, &object.name, &DeleteOptions::default());
            if done.is_ok()
                && let Some(left) = self.find(&kind, &object.key())
            {
                self.remove(&kind, &left, None);
            }
        }
        self.registry.remove(&group, &plural);
        // The log stays, for watches that have not read it to its end; they end after it.
        let version = self.version;
        self.table(&kind).changed = tokio::sync::watch::Sender::new(version);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

/// The served kinds of a CRD, the storage version first.
fn kinds_of(crd: &Value) -> Vec<KindInfo> {
    let spec = &crd["spec"];
    let names = &spec["names"];
    let mut versions: Vec<&Value> =
        spec["versions"].as_array().into_iter().flatten().filter(|v| v["served"] == true).collect();
    versions.sort_by_key(|v| v["storage"] != true);
    let kind = |version: &&Value| {
        let subresources = &version["subresources"];
        let path = |key: &str| subresources["scale"][key].as_str().map(str::to_owned);
        let scale = subresources["scale"].is_object().then(|| ScalePaths {
            spec: path("specReplicasPath").unwrap_or_default(),
            status: path("statusReplicasPath").unwrap_or_default(),
            selector: path("labelSelectorPath"),
        });
        let mut served = Vec::new();
        if subresources["status"].is_object() {
            served.push("status".to_owned());
        }
        if scale.is_some() {
            served.push("scale".to_owned());
        }
        let singular = text(&names["singular"]);
        let group = text(&spec["group"]);
        let plural = text(&names["plural"]);
        KindInfo {
            storage: crate::status::qualified(&group, &plural),
            version: text(&version["name"]),
            singular: if singular.is_empty() { text(&names["kind"]).to_lowercase() } else { singular },
            kind: text(&names["kind"]),
            short_names: texts(&names["shortNames"]),
            categories: texts(&names["categories"]),
            namespaced: spec["scope"] == "Namespaced",
            subresources: served,
            columns: version["additionalPrinterColumns"].as_array().into_iter().flatten().map(column).collect(),
            scale,
            schema: version["schema"]["openAPIV3Schema"]
                .is_object()
                .then(|| Arc::new(schema_of(&version["schema"]["openAPIV3Schema"]))),
            generation: true,
            custom: true,
            virtual_only: false,
            measured: false,
            group,
            plural,
        }
    };
    versions.iter().map(kind).collect()
}

fn column(source: &Value) -> Column {
    let name = text(&source["name"]);
    let description = text(&source["description"]);
    Column {
        description: if description.is_empty() {
            format!("Custom resource definition column (in JSONPath format): {}", text(&source["jsonPath"]))
        } else {
            description
        },
        kind: text(&source["type"]),
        format: text(&source["format"]),
        priority: source["priority"].as_i64().unwrap_or(0) as i32,
        json_path: Some(text(&source["jsonPath"])),
        name,
    }
}

/// Writes names and conditions into the status; false when they are there already.
fn accept(crd: &mut Value, now: &str) -> bool {
    let established = crd["status"]["conditions"]
        .as_array()
        .is_some_and(|list| list.iter().any(|c| c["type"] == "Established" && c["status"] == "True"));
    if established && crd["status"]["acceptedNames"] == crd["spec"]["names"] {
        return false;
    }
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message});
    let versions = crd["spec"]["versions"].as_array();
    let stored: Vec<Value> =
        versions.into_iter().flatten().filter(|v| v["storage"] == true).map(|v| v["name"].clone()).collect();
    crd["status"] = json!({
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "acceptedNames": crd["spec"]["names"],
        "storedVersions": stored,
    });
    true
}

/// What is wrong with a CRD itself.
pub(crate) fn check(crd: &Value) -> Vec<Cause> {
    let spec = &crd["spec"];
    let mut found = Vec::new();
    let mut required = |missing: bool, field: &str| {
        if missing {
            found.push(Cause { reason: "FieldValueRequired", message: "Required value".into(), field: field.into() });
        }
    };
    let empty = |v: &Value| v.as_str().unwrap_or_default().is_empty();
    required(empty(&spec["group"]), "spec.group");
    required(empty(&spec["scope"]), "spec.scope");
    required(empty(&spec["names"]["plural"]), "spec.names.plural");
    required(empty(&spec["names"]["kind"]), "spec.names.kind");
    for (i, version) in spec["versions"].as_array().into_iter().flatten().enumerate() {
        let missing = !version["schema"]["openAPIV3Schema"].is_object();
        required(missing, &format!("spec.versions[{i}].schema.openAPIV3Schema"));
    }
    let wanted = format!("{}.{}", text(&spec["names"]["plural"]), text(&spec["group"]));
    let name = text(&crd["metadata"]["name"]);
    if name != wanted {
        let message = format!("Invalid value: \"{name}\": must be spec.names.plural+\".\"+spec.group");
        found.insert(0, Cause { reason: "FieldValueInvalid", message, field: "metadata.name".into() });
    }
    let storing = spec["versions"].as_array().into_iter().flatten().filter(|v| v["storage"] == true).count();
    if storing != 1 {
        let message =
            format!("Invalid value: {}: must have exactly one version marked as storage version", spec["versions"]);
        found.push(Cause { reason: "FieldValueInvalid", message, field: "spec.versions".into() });
    }
    found
}

/// Fills in what a CRD may leave out.
pub(crate) fn complete(crd: &mut Value) {
    let kind = text(&crd["spec"]["names"]["kind"]);
    let names = &mut crd["spec"]["names"];
    if names.is_object() {
        if names["singular"].as_str().unwrap_or_default().is_empty() {
            names["singular"] = kind.to_lowercase().into();
        }
        if names["listKind"].as_str().unwrap_or_default().is_empty() {
            names["listKind"] = format!("{kind}List").into();
        }
    }
    if crd["spec"].is_object() && !crd["spec"]["conversion"].is_object() {
        crd["spec"]["conversion"] = json!({"strategy": "None"});
    }
}
