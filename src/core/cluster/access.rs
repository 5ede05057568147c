//! May this user do that? Asked of the server by access reviews, cached, and explained.

/// A right as RBAC names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Right {
    pub verb: String,
    pub group: String,
    /// Plural, with `/subresource` where one is meant: `deployments/scale`.
    pub resource: String,
    /// Empty for cluster-wide.
    pub namespace: String,
    /// Empty for any name.
    pub name: String,
}

impl Right {
    pub fn new(verb: &str, group: &str, resource: &str, namespace: &str) -> Self {
        Self {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            namespace: namespace.into(),
            name: String::new(),
        }
    }
    /// In words: `patch deployments.apps in client-acme`.
    pub fn line(&self) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        let place =
            if self.namespace.is_empty() { "in the whole cluster".into() } else { format!("in {}", self.namespace) };
        format!("{} {}{group} {place}", self.verb, self.resource)
    }
    /// The Role (or ClusterRole) that would give it, as YAML for whoever grants rights.
    pub fn role_yaml(&self) -> String {
        let (kind, namespace) = if self.namespace.is_empty() {
            ("ClusterRole", String::new())
        } else {
            ("Role", format!("\n  namespace: {}", self.namespace))
        };
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: quarterdeck-{}-{}{namespace}\nrules:\n- apiGroups: [\"{}\"]\n  resources: [\"{}\"]\n  verbs: [\"{}\"]\n",
            self.verb,
            self.resource.replace('/', "-"),
            self.group,
            self.resource,
            self.verb
        )
    }
}

/// The server's answer to a [`Right`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Allowed,
    Denied,
    /// The server could not be asked; the action may be tried.
    Unknown,
}
