//! A kind of object that a server offers, as discovery tells it.

use std::fmt;
use std::sync::Arc;

/// What discovery says of a kind (Kubernetes API: `APIResourceDiscovery`).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindInfo {
    /// API group; empty for the core group.
    pub group: String,
    pub version: String,
    /// e.g. `Certificate`
    pub kind: String,
    /// The resource's name in paths, e.g. `certificates`.
    pub plural: String,
    pub singular: String,
    pub short_names: Vec<String>,
    pub categories: Vec<String>,
    pub namespaced: bool,
    pub verbs: Vec<String>,
    /// e.g. `status`, `scale`, `log`, `exec`
    pub subresources: Vec<String>,
}

/// A kind, shared and cheap to clone. Equal when group, version and plural are.
#[derive(Clone)]
pub struct Kind(Arc<KindInfo>);

impl Kind {
    pub fn new(info: KindInfo) -> Self {
        Self(Arc::new(info))
    }
    /// A kind known without discovery; verbs and short names are empty.
    pub fn of(group: &str, version: &str, kind: &str, plural: &str, namespaced: bool) -> Self {
        Self::new(KindInfo {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            singular: kind.to_lowercase(),
            namespaced,
            ..KindInfo::default()
        })
    }
    /// `apps/v1` or `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
    /// The name that is unique in a cluster: `deployments.apps`, `pods`.
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
    /// Whether the server offers this verb (`list`, `watch`, `patch`, …) for it.
    pub fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|v| v == verb)
    }
    pub fn has_subresource(&self, name: &str) -> bool {
        self.subresources.iter().any(|s| s == name)
    }
    /// The path below the server's root. Without a namespace a namespaced kind's path spans all namespaces.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>, subresource: Option<&str>) -> String {
        let mut path = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if let (true, Some(namespace)) = (self.namespaced, namespace) {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        for part in [Some(self.plural.as_str()), name, subresource].into_iter().flatten() {
            path.push('/');
            path.push_str(part);
        }
        path
    }
}

impl std::ops::Deref for Kind {
    type Target = KindInfo;
    fn deref(&self) -> &KindInfo {
        &self.0
    }
}
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.plural == other.plural && self.group == other.group && self.version == other.version)
    }
}
impl Eq for Kind {}
impl std::hash::Hash for Kind {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.plural.hash(state);
        self.group.hash(state);
        self.version.hash(state);
    }
}
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.api_version(), self.plural)
    }
}

/// All kinds that a server offers.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    all: Vec<Kind>,
}

impl Kinds {
    /// In order of preference: of several versions of a kind the preferred one comes first.
    pub fn new(all: Vec<Kind>) -> Self {
        Self { all }
    }
    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.all.iter()
    }
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
    /// The kind of this group and plural in the server's preferred version.
    pub fn get(&self, group: &str, plural: &str) -> Option<&Kind> {
        self.all.iter().find(|k| k.group == group && k.plural == plural)
    }
    /// The kind of an object's `apiVersion` and `kind`; another version of it if that one is not served.
    pub fn of_object(&self, api_version: &str, kind: &str) -> Option<&Kind> {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let same = |k: &&Kind| k.group == group && k.kind == kind;
        self.all.iter().find(|k| same(k) && k.version == version).or_else(|| self.all.iter().find(same))
    }
    /// What a person typed: plural, singular, short name, kind (any case), `certificates.cert-manager.io`,
    /// `deployments.v1.apps` or `apps/v1/deployments`. Core and built-in groups win over custom ones, as in kubectl.
    pub fn find(&self, typed: &str) -> Option<&Kind> {
        let t = typed.to_lowercase();
        let named = |k: &&Kind, n: &str| {
            k.plural == n || k.singular == n || k.kind.to_lowercase() == n || k.short_names.iter().any(|s| s == n)
        };
        if let Some((group_version, plural)) = t.rsplit_once('/') {
            let (group, version) = group_version.rsplit_once('/').unwrap_or(("", group_version));
            return self.all.iter().find(|k| k.group == group && k.version == version && named(k, plural));
        }
        if let Some(kind) = self.all.iter().find(|k| named(k, &t)) {
            return Some(kind);
        }
        let (name, rest) = t.split_once('.')?;
        self.all.iter().find(|k| named(k, name) && k.group == rest).or_else(|| {
            let (version, group) = rest.split_once('.').unwrap_or((rest, ""));
            self.all.iter().find(|k| named(k, name) && k.version == version && k.group == group)
        })
    }
}
