//! May this user do that? Asked of the server by access reviews, cached, and explained.

use super::{Cluster, Method, Request};
use crate::Result;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Answers are asked for again after this long; Roles change seldom.
const FRESH: Duration = Duration::from_secs(300);

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
        let name = if self.name.is_empty() { String::new() } else { format!(" {}", self.name) };
        format!("{} {}{group}{name} {place}", self.verb, self.resource)
    }
    /// The Role (or ClusterRole) that would give it, as YAML for whoever grants rights.
    pub fn role_yaml(&self) -> String {
        let (kind, namespace) = if self.namespace.is_empty() {
            ("ClusterRole", String::new())
        } else {
            ("Role", format!("\n  namespace: {}", self.namespace))
        };
        let names =
            if self.name.is_empty() { String::new() } else { format!("  resourceNames: [\"{}\"]\n", self.name) };
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: quarterdeck-{}-{}{namespace}\nrules:\n- apiGroups: [\"{}\"]\n  resources: [\"{}\"]\n{names}  verbs: [\"{}\"]\n",
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

/// What is known of rights.
#[derive(Default)]
pub(super) struct AccessCache {
    rights: Mutex<FxHashMap<Right, (Access, Instant)>>,
    rules: Mutex<FxHashMap<String, (Arc<Rules>, Instant)>>,
}

impl AccessCache {
    /// The server refused what this right would allow: what was known of it is wrong.
    pub(super) fn forget(&self, right: &Right) {
        let thought = |r: &Right, a: Access| {
            a != Access::Denied
                && r.verb == right.verb
                && r.resource == right.resource
                && r.namespace == right.namespace
        };
        self.rights.lock().retain(|r, (a, _)| !thought(r, *a));
        let mut rules = self.rules.lock();
        if rules.get(&right.namespace).is_some_and(|(rules, _)| rules.allow(right)) {
            rules.remove(&right.namespace);
        }
    }

    fn clear(&self) {
        self.rights.lock().clear();
        self.rules.lock().clear();
    }
}

/// What a user may do in one namespace, as SelfSubjectRulesReview tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// The server could not tell all (other authorizers than RBAC): what is missing may be allowed still.
    incomplete: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Rule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
    resource_names: Vec<String>,
}

impl Rules {
    fn allow(&self, right: &Right) -> bool {
        let has = |list: &[String], wanted: &str| list.iter().any(|v| v == "*" || v == wanted);
        // `*/scale` stands for that subresource of everything.
        let any_of = right.resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
        self.rules.iter().any(|rule| {
            has(&rule.verbs, &right.verb)
                && has(&rule.api_groups, &right.group)
                && (has(&rule.resources, &right.resource)
                    || any_of.as_ref().is_some_and(|any| rule.resources.contains(any)))
                && (rule.resource_names.is_empty() || rule.resource_names.contains(&right.name))
        })
    }

    /// Whether there is anything in it that not everybody has: everybody may review their own rights.
    pub(super) fn any_of_substance(&self) -> bool {
        self.rules.iter().any(|rule| {
            rule.api_groups.iter().any(|g| !matches!(g.as_str(), "authorization.k8s.io" | "authentication.k8s.io"))
        })
    }

    /// Whether it allows something that the other does not.
    pub(super) fn more_than(&self, other: &Self) -> bool {
        self.rules.iter().any(|rule| !other.rules.contains(rule))
    }
}

#[derive(serde::Deserialize)]
struct Review<S> {
    status: S,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct AccessStatus {
    allowed: bool,
    denied: bool,
    #[serde(rename = "evaluationError")]
    error: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RulesStatus {
    resource_rules: Vec<Rule>,
    incomplete: bool,
}

fn review(kind: &str, spec: &serde_json::Value) -> Request {
    let path = format!("/apis/authorization.k8s.io/v1/{}s", kind.to_lowercase());
    let body = serde_json::json!({ "apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec });
    Request::write(Method::Post, path, body.to_string())
}

impl Cluster {
    /// May this user do that? Cached for five minutes. One request tells all rights in a namespace; where
    /// that says too little, the right is asked for by itself.
    pub async fn may(&self, right: &Right) -> Access {
        let fresh = |at: &Instant| at.elapsed() < FRESH;
        if let Some((access, at)) = self.inner.access.rights.lock().get(right)
            && fresh(at)
        {
            return *access;
        }
        if !right.namespace.is_empty()
            && let Ok(rules) = self.rules(&right.namespace).await
        {
            if rules.allow(right) {
                return Access::Allowed;
            }
            if !rules.incomplete {
                return Access::Denied;
            }
        }
        let (resource, subresource) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
        let spec = serde_json::json!({ "resourceAttributes": {
            "verb": right.verb, "group": right.group, "resource": resource, "subresource": subresource,
            "namespace": right.namespace, "name": right.name,
        }});
        let answer: Result<Review<AccessStatus>> = self.json(review("SelfSubjectAccessReview", &spec)).await;
        let access = match answer {
            Ok(r) if r.status.allowed => Access::Allowed,
            Ok(r) if r.status.denied || r.status.error.is_empty() => Access::Denied,
            _ => return Access::Unknown,
        };
        self.inner.access.rights.lock().insert(right.clone(), (access, Instant::now()));
        access
    }

    /// The last known answer without asking, however old.
    pub fn may_known(&self, right: &Right) -> Option<Access> {
        let access = &self.inner.access;
        if let Some((known, _)) = access.rights.lock().get(right) {
            return Some(*known);
        }
        let rules = access.rules.lock();
        let (rules, _) = rules.get(&right.namespace)?;
        match (rules.allow(right), rules.incomplete) {
            (true, _) => Some(Access::Allowed),
            (false, false) => Some(Access::Denied),
            (false, true) => None,
        }
    }

    /// Many rights at once, in their order. Namespaces are asked for in parallel.
    pub async fn may_all(&self, rights: &[Right]) -> Vec<Access> {
        use futures::StreamExt;
        futures::stream::iter(rights).map(|r| self.may(r)).buffered(8).collect().await
    }

    /// Forgets what is known of rights: after signing in, after Roles were changed.
    pub fn invalidate_access(&self) {
        self.inner.access.clear();
    }

    pub(super) async fn rules(&self, namespace: &str) -> Result<Arc<Rules>> {
        if let Some((rules, at)) = self.inner.access.rules.lock().get(namespace)
            && at.elapsed() < FRESH
        {
            return Ok(rules.clone());
        }
        let spec = serde_json::json!({ "namespace": namespace });
        let answer: Review<RulesStatus> = self.json(review("SelfSubjectRulesReview", &spec)).await?;
        let mut rules = Rules { rules: answer.status.resource_rules, incomplete: answer.status.incomplete };
        rules.rules.sort();
        let rules = Arc::new(rules);
        self.inner.access.rules.lock().insert(namespace.into(), (rules.clone(), Instant::now()));
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_allow_what_rbac_allows() {
        let rule = |verbs: &[&str], groups: &[&str], resources: &[&str], names: &[&str]| {
            let own = |l: &[&str]| l.iter().map(|s| (*s).to_string()).collect::<Vec<_>>();
            Rule { verbs: own(verbs), api_groups: own(groups), resources: own(resources), resource_names: own(names) }
        };
        let rules = Rules {
            rules: vec![
                rule(&["get", "list"], &[""], &["pods", "pods/log"], &[]),
                rule(&["patch"], &["apps"], &["*/scale"], &[]),
                rule(&["get"], &[""], &["secrets"], &["mine"]),
            ],
            incomplete: false,
        };
        assert!(rules.allow(&Right::new("list", "", "pods", "a")));
        assert!(!rules.allow(&Right::new("delete", "", "pods", "a")));
        assert!(rules.allow(&Right::new("patch", "apps", "deployments/scale", "a")));
        assert!(!rules.allow(&Right::new("patch", "apps", "deployments", "a")));
        let mut secret = Right::new("get", "", "secrets", "a");
        assert!(!rules.allow(&secret));
        secret.name = "mine".into();
        assert!(rules.allow(&secret));
        assert!(rules.any_of_substance() && rules.more_than(&Rules::default()));
    }
}
