//! Which object is meant, and what every object has.

use super::Kind;
use crate::Str;
use std::sync::Arc;

/// Points at one object. Two are the same object only when their UIDs are equal: a deleted and
/// recreated object of the same name is another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectRef {
    pub kind: Kind,
    /// Empty for cluster-scoped kinds.
    pub namespace: Str,
    pub name: Str,
    /// Empty when only the name is known.
    pub uid: Str,
    /// The resource version that was on screen; empty when unknown.
    pub resource_version: Str,
}

impl ObjectRef {
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into(), uid: "".into(), resource_version: "".into() }
    }
    pub fn with_meta(kind: Kind, meta: &Meta) -> Self {
        Self {
            kind,
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            uid: meta.uid.clone(),
            resource_version: meta.resource_version.clone(),
        }
    }
    /// The namespace, if it has one.
    pub fn namespace(&self) -> Option<&str> {
        (!self.namespace.is_empty()).then_some(&*self.namespace)
    }
    /// `namespace/name`, or the name alone.
    pub fn short(&self) -> String {
        if self.namespace.is_empty() { self.name.to_string() } else { format!("{}/{}", self.namespace, self.name) }
    }
    /// The object's path below the server's root.
    pub fn path(&self, subresource: Option<&str>) -> String {
        self.kind.path(self.namespace(), Some(&self.name), subresource)
    }
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.kind, self.short())
    }
}

/// An owner reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    pub api_version: Str,
    pub kind: Str,
    pub name: Str,
    pub uid: Str,
    pub controller: bool,
}

/// What is kept of every object's metadata. managedFields and annotations are not.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    pub uid: Str,
    pub namespace: Str,
    pub name: Str,
    pub resource_version: Str,
    /// Seconds since 1970.
    pub created: Option<i64>,
    /// Set while the object waits for its finalizers (deletionTimestamp).
    pub deleting: Option<i64>,
    /// Sorted by key; shared among rows with the same labels.
    pub labels: Arc<[(Str, Str)]>,
    pub owners: Arc<[Owner]>,
    /// When something last wrote it (the latest time in managedFields), else when it was created.
    pub changed: Option<i64>,
}

impl Meta {
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.binary_search_by(|(k, _)| (**k).cmp(key)).ok().map(|i| &*self.labels[i].1)
    }
}
