//! An authenticated identity.

use std::collections::BTreeMap;

/// Who a request comes from, after impersonation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// `alice`, `system:serviceaccount:NS:NAME`.
    pub name: String,
    /// Identifies the user beyond reuse of the name; may be empty.
    pub uid: String,
    /// Always holds `system:authenticated` for a user with a token.
    pub groups: Vec<String>,
    /// Further attributes of the authenticator.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// A named user in `groups` and `system:authenticated`.
    pub fn new(name: impl Into<String>, groups: &[&str]) -> Self {
        let mut groups: Vec<String> = groups.iter().map(|g| (*g).to_owned()).collect();
        groups.push("system:authenticated".into());
        Self { name: name.into(), groups, ..Self::default() }
    }

    /// A member of `system:masters`, whom no rule stops.
    pub fn admin() -> Self {
        Self::new("kubernetes-admin", &["system:masters"])
    }

    /// A service account, with the groups that it has by being one.
    pub fn service_account(namespace: &str, name: &str, uid: &str) -> Self {
        let group = format!("system:serviceaccounts:{namespace}");
        let mut user =
            Self::new(format!("system:serviceaccount:{namespace}:{name}"), &["system:serviceaccounts", &group]);
        user.uid = uid.to_owned();
        user
    }

    /// Whether no rule applies to this user.
    pub fn is_master(&self) -> bool {
        self.groups.iter().any(|g| g == "system:masters")
    }
}
