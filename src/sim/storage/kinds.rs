//! Which kinds are served, and how they are found.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use crate::{hooks::Column, schema::Schema};

/// Where the numbers of the scale subresource live in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalePaths {
    /// Dotted path of the wanted replicas, e.g. `.spec.replicas`.
    pub spec: String,
    /// Dotted path of the observed replicas.
    pub status: String,
    /// Dotted path of a selector in text form, if any.
    pub selector: Option<String>,
}

/// One served kind in one version.
#[derive(Debug, Clone, Default)]
pub struct KindInfo {
    /// API group, empty for core.
    pub group: String,
    /// API version, e.g. `v1`.
    pub version: String,
    /// Resource name in paths, e.g. `pods`.
    pub plural: String,
    /// Resource name in the singular.
    pub singular: String,
    /// Kind, e.g. `Pod`.
    pub kind: String,
    /// Abbreviations for kubectl.
    pub short_names: Vec<String>,
    /// Groups of kinds for kubectl, e.g. `all`.
    pub categories: Vec<String>,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// `status`, `scale`, `log`, …
    pub subresources: Vec<String>,
    /// Extra columns of a CRD; empty for built-in kinds.
    pub columns: Vec<Column>,
    /// Where the scale subresource reads and writes.
    pub scale: Option<ScalePaths>,
    /// The type of its objects.
    pub schema: Option<Arc<Schema>>,
    /// Whether `metadata.generation` counts changes of the spec.
    pub generation: bool,
    /// Served from a CustomResourceDefinition.
    pub custom: bool,
    /// A request in the form of an object (access reviews): create only, never stored.
    pub virtual_only: bool,
    /// Made when it is asked for (metrics.k8s.io): read only, never stored, never watched.
    pub measured: bool,
    /// Kinds with the same value share their objects, e.g. two versions of a CRD.
    pub storage: String,
}

/// A kind as everything passes it around.
pub type Kind = Arc<KindInfo>;

impl KindInfo {
    /// `v1` or `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`.
    pub fn resource_name(&self) -> String {
        crate::status::qualified(&self.group, &self.plural)
    }

    /// Whether the subresource is served.
    pub fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|s| s == subresource)
    }

    /// The verbs that discovery shows for the kind itself.
    pub fn verbs(&self) -> &'static [&'static str] {
        if self.virtual_only {
            &["create"]
        } else if self.measured {
            &["get", "list"]
        } else if self.custom {
            // The order in which the real server lists them for custom kinds.
            &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
        } else if self.plural == "componentstatuses" {
            &["get", "list"]
        } else if self.group.is_empty() && self.plural == "namespaces" {
            &["create", "delete", "get", "list", "patch", "update", "watch"]
        } else {
            &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        }
    }
}

/// All served kinds.
#[derive(Default)]
pub struct Registry {
    kinds: Vec<Kind>,
    by_path: BTreeMap<(String, String, String), Kind>,
    /// Changes with every registration; part of discovery's ETag.
    pub generation: u64,
}

impl Registry {
    /// The built-in kinds.
    pub fn builtin() -> Self {
        let mut registry = Self::default();
        for kind in super::builtin::kinds() {
            registry.add(kind);
        }
        registry
    }

    /// Serves `kind`, replacing one of the same group, version and plural.
    pub fn add(&mut self, kind: KindInfo) -> Kind {
        let kind = Arc::new(kind);
        let path = (kind.group.clone(), kind.version.clone(), kind.plural.clone());
        if self.by_path.insert(path, kind.clone()).is_some() {
            self.kinds.retain(|k| (&k.group, &k.version, &k.plural) != (&kind.group, &kind.version, &kind.plural));
        }
        self.kinds.push(kind.clone());
        self.generation += 1;
        kind
    }

    /// Stops serving every version of a resource.
    pub fn remove(&mut self, group: &str, plural: &str) {
        self.kinds.retain(|k| k.group != group || k.plural != plural);
        self.by_path.retain(|_, k| k.group != group || k.plural != plural);
        self.generation += 1;
    }

    /// By path: `("apps", "v1", "deployments")`.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<Kind> {
        self.by_path.get(&(group.to_owned(), version.to_owned(), plural.to_owned())).cloned()
    }

    /// By `apiVersion` and `kind`.
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<Kind> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.kinds.iter().find(|k| k.group == group && k.version == version && k.kind == kind).cloned()
    }

    /// The kind an object says it is.
    pub fn kind_of(&self, object: &Value) -> Option<Kind> {
        self.kind(object["apiVersion"].as_str()?, object["kind"].as_str()?)
    }

    /// By group and plural in the first registered version.
    pub fn any_version(&self, group: &str, plural: &str) -> Option<Kind> {
        self.kinds.iter().find(|k| k.group == group && k.plural == plural).cloned()
    }

    /// By group and Kind in the first registered version.
    pub fn group_kind(&self, group: &str, kind: &str) -> Option<Kind> {
        self.kinds.iter().find(|k| k.group == group && k.kind == kind).cloned()
    }

    /// All kinds in order of registration.
    pub fn all(&self) -> &[Kind] {
        &self.kinds
    }
}
