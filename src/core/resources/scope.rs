//! Which namespaces are looked at: all, or a set (a tenant is a set).

use crate::Str;
use std::collections::BTreeSet;

/// The namespaces that are looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    #[default]
    All,
    /// One or more; never empty.
    Namespaces(BTreeSet<Str>),
}

impl Scope {
    pub fn one(namespace: &str) -> Self {
        Self::Namespaces(BTreeSet::from([namespace.into()]))
    }
    /// A set of namespaces; all of them when the set is empty.
    pub fn of<'a>(namespaces: impl IntoIterator<Item = &'a str>) -> Self {
        let set: BTreeSet<Str> = namespaces.into_iter().map(Into::into).collect();
        if set.is_empty() { Self::All } else { Self::Namespaces(set) }
    }
    pub fn contains(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Namespaces(set) => namespace.is_empty() || set.contains(namespace),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all namespaces"),
            Self::Namespaces(set) => {
                for (i, n) in set.iter().enumerate() {
                    if i > 0 {
                        f.write_str(",")?;
                    }
                    f.write_str(n)?;
                }
                Ok(())
            }
        }
    }
}
