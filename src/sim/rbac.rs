//! Role-based access, evaluated from the Roles, ClusterRoles and bindings that
//! are in the store at that moment, as the API server's RBAC authorizer does.

use crate::auth::User;
use crate::hooks::{Attributes, Decision};
use crate::storage::Store;
use crate::value::{labels_match, list, map, name, namespace, text};
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io/v1";

/// Whether a rule covers what is wanted.
pub fn rule_covers(rule: &Value, wanted: &Attributes) -> bool {
    let has = |key: &str, what: &str| list(rule, key).iter().any(|v| v == "*" || v == what);
    if !has("verbs", &wanted.verb) {
        return false;
    }
    if let Some(path) = &wanted.path {
        return list(rule, "nonResourceURLs").iter().filter_map(Value::as_str).any(|pattern| {
            pattern == "*" || pattern == path || pattern.strip_suffix('*').is_some_and(|start| path.starts_with(start))
        });
    }
    if !has("apiGroups", &wanted.group) {
        return false;
    }
    let resource = match wanted.subresource.as_str() {
        "" => wanted.resource.clone(),
        sub => format!("{}/{sub}", wanted.resource),
    };
    let every = format!("*/{}", wanted.subresource);
    let covers =
        |r: &Value| r == "*" || r == resource.as_str() || (!wanted.subresource.is_empty() && r == every.as_str());
    if !list(rule, "resources").iter().any(covers) {
        return false;
    }
    let names = list(rule, "resourceNames");
    names.is_empty() || (!wanted.name.is_empty() && names.iter().any(|n| n == wanted.name.as_str()))
}

/// The subject of a binding that means this user, in the words of the authorizer.
fn subject(binding: &Value, user: &User) -> Option<String> {
    list(binding, "subjects").iter().find_map(|s| {
        let who = text(s, "name");
        match text(s, "kind") {
            "User" if who == user.name => Some(format!("User \"{who}\"")),
            "Group" if user.groups.iter().any(|g| g == who) => Some(format!("Group \"{who}\"")),
            "ServiceAccount" => {
                let ns = match text(s, "namespace") {
                    "" => namespace(binding),
                    ns => ns,
                };
                (user.name == format!("system:serviceaccount:{ns}:{who}"))
                    .then(|| format!("ServiceAccount \"{who}/{ns}\""))
            }
            _ => None,
        }
    })
}

/// The rules of a ClusterRole; those of an aggregated one are gathered from
/// all roles that its selectors choose, over any number of steps.
pub fn cluster_role_rules(role: &Value, all: &[Value]) -> Vec<Value> {
    let mut rules = Vec::new();
    let mut seen = Vec::new();
    gather(role, all, &mut seen, &mut rules);
    rules
}

fn gather(role: &Value, all: &[Value], seen: &mut Vec<String>, rules: &mut Vec<Value>) {
    if seen.iter().any(|s| s == name(role)) {
        return;
    }
    seen.push(name(role).to_owned());
    let selectors = list(role, "aggregationRule.clusterRoleSelectors");
    if selectors.is_empty() {
        for rule in list(role, "rules") {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
        return;
    }
    for other in all {
        if selectors.iter().any(|s| labels_match(map(s, "matchLabels"), map(other, "metadata.labels"))) {
            gather(other, all, seen, rules);
        }
    }
}

/// A binding that means the user, with the rules it grants.
struct Grant {
    why: String,
    rules: Vec<Value>,
}

fn grants(store: &Store, user: &User, wanted_namespace: &str) -> Vec<Grant> {
    let roles = store.all(GROUP, "ClusterRole", None);
    let cluster_rules =
        |role: &str| roles.iter().find(|r| name(r) == role).map(|r| cluster_role_rules(r, &roles)).unwrap_or_default();
    let mut out = Vec::new();
    for binding in store.all(GROUP, "ClusterRoleBinding", None) {
        if let Some(who) = subject(&binding, user) {
            let role = text(&binding, "roleRef.name");
            let why = format!(
                "RBAC: allowed by ClusterRoleBinding \"{}\" of ClusterRole \"{role}\" to {who}",
                name(&binding)
            );
            out.push(Grant { why, rules: cluster_rules(role) });
        }
    }
    if wanted_namespace.is_empty() {
        return out;
    }
    for binding in store.all(GROUP, "RoleBinding", Some(wanted_namespace)) {
        let Some(who) = subject(&binding, user) else { continue };
        let (kind, role) = (text(&binding, "roleRef.kind"), text(&binding, "roleRef.name"));
        let mut rules = match kind {
            "ClusterRole" => cluster_rules(role),
            _ => store
                .find(GROUP, "Role", wanted_namespace, role)
                .map(|r| list(&r, "rules").to_vec())
                .unwrap_or_default(),
        };
        // A binding in a namespace grants nothing beyond it.
        rules.retain(|r| list(r, "nonResourceURLs").is_empty());
        let why = format!(
            "RBAC: allowed by RoleBinding \"{}/{wanted_namespace}\" of {kind} \"{role}\" to {who}",
            name(&binding)
        );
        out.push(Grant { why, rules });
    }
    out
}

/// May the user do this?
pub fn authorize(store: &Store, user: &User, wanted: &Attributes) -> Decision {
    if user.is_master() {
        return Decision::allow("");
    }
    let grants = grants(store, user, &wanted.namespace);
    match grants.iter().find(|g| g.rules.iter().any(|r| rule_covers(r, wanted))) {
        Some(grant) => Decision::allow(grant.why.clone()),
        None => Decision::deny(""),
    }
}

/// The `status` of a SelfSubjectRulesReview: everything the user may do in a namespace.
pub fn rules(store: &Store, user: &User, wanted_namespace: &str) -> Value {
    let mut resource = Vec::new();
    let mut other = Vec::new();
    if user.is_master() {
        resource.push(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}));
        other.push(json!({"verbs": ["*"], "nonResourceURLs": ["*"]}));
    }
    for rule in grants(store, user, wanted_namespace).into_iter().flat_map(|g| g.rules) {
        let (into, keys): (&mut Vec<Value>, &[&str]) = if list(&rule, "nonResourceURLs").is_empty() {
            (&mut resource, &["verbs", "apiGroups", "resources", "resourceNames"])
        } else {
            (&mut other, &["verbs", "nonResourceURLs"])
        };
        let mut entry = json!({});
        for key in keys.iter().filter(|k| !rule[**k].is_null()) {
            entry[*key] = rule[*key].clone();
        }
        if !into.contains(&entry) {
            into.push(entry);
        }
    }
    json!({"resourceRules": resource, "nonResourceRules": other, "incomplete": false})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    fn store() -> Store {
        let store = Store::empty(Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap()));
        let role = |kind: &str, meta: Value, rest: Value| {
            let mut object = json!({"apiVersion": GROUP, "kind": kind, "metadata": meta});
            object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            store.apply_object(object, "test").unwrap();
        };
        role(
            "ClusterRole",
            json!({"name": "view", "labels": {"to-edit": "true"}}),
            json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to-view": "true"}}]}, "rules": []}),
        );
        role(
            "ClusterRole",
            json!({"name": "edit"}),
            json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to-edit": "true"}}]}, "rules": []}),
        );
        role(
            "ClusterRole",
            json!({"name": "base", "labels": {"to-view": "true"}}),
            json!({"rules": [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}]}),
        );
        role(
            "ClusterRole",
            json!({"name": "urls"}),
            json!({"rules": [{"nonResourceURLs": ["/healthz", "/apis/*"], "verbs": ["get"]}]}),
        );
        role(
            "ClusterRoleBinding",
            json!({"name": "urls"}),
            json!({"roleRef": {"kind": "ClusterRole", "name": "urls"}, "subjects": [{"kind": "Group", "name": "system:authenticated"}]}),
        );
        role(
            "RoleBinding",
            json!({"name": "team", "namespace": "default"}),
            json!({"roleRef": {"kind": "ClusterRole", "name": "edit"}, "subjects": [{"kind": "User", "name": "vera"}]}),
        );
        role(
            "Role",
            json!({"name": "one", "namespace": "default"}),
            json!({"rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["api"], "verbs": ["patch"]}]}),
        );
        role(
            "RoleBinding",
            json!({"name": "one", "namespace": "default"}),
            json!({"roleRef": {"kind": "Role", "name": "one"}, "subjects": [{"kind": "ServiceAccount", "name": "bot", "namespace": "default"}]}),
        );
        store
    }

    fn wanted(verb: &str, group: &str, resource: &str, ns: &str, object: &str) -> Attributes {
        Attributes {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            namespace: ns.into(),
            name: object.into(),
            ..Attributes::default()
        }
    }

    #[test]
    fn aggregated_roles_grant_what_they_gather_and_only_in_their_namespace() {
        let (store, vera) = (store(), User::new("vera", &[]));
        let answer = authorize(&store, &vera, &wanted("list", "", "pods", "default", ""));
        assert_eq!(
            answer.reason,
            "RBAC: allowed by RoleBinding \"team/default\" of ClusterRole \"edit\" to User \"vera\""
        );
        assert!(!authorize(&store, &vera, &wanted("list", "", "pods", "", "")).allowed);
        assert!(!authorize(&store, &vera, &wanted("delete", "", "pods", "default", "x")).allowed);
        let log = Attributes { subresource: "log".into(), ..wanted("get", "", "pods", "default", "x") };
        assert!(authorize(&store, &vera, &log).allowed);
        let exec = Attributes { subresource: "exec".into(), ..wanted("get", "", "pods", "default", "x") };
        assert!(!authorize(&store, &vera, &exec).allowed);
    }

    #[test]
    fn resource_names_and_paths_are_exact() {
        let store = store();
        let bot = User::service_account("default", "bot", "");
        assert!(authorize(&store, &bot, &wanted("patch", "apps", "deployments", "default", "api")).allowed);
        assert!(!authorize(&store, &bot, &wanted("patch", "apps", "deployments", "default", "web")).allowed);
        assert!(!authorize(&store, &bot, &wanted("patch", "apps", "deployments", "default", "")).allowed);
        let path = |p: &str| Attributes { verb: "get".into(), path: Some(p.into()), ..Attributes::default() };
        assert!(authorize(&store, &bot, &path("/apis/apps/v1")).allowed);
        assert!(!authorize(&store, &bot, &path("/metrics")).allowed);
    }

    #[test]
    fn a_rules_review_lists_each_rule_once() {
        let store = store();
        let review = rules(&store, &User::new("vera", &[]), "default");
        let all = review["resourceRules"].as_array().unwrap();
        let pods = all.iter().filter(|r| r["resources"].as_array().unwrap().iter().any(|x| x == "pods"));
        assert_eq!(pods.count(), 1, "{all:?}");
        let paths: Vec<_> =
            review["nonResourceRules"].as_array().unwrap().iter().map(|r| &r["nonResourceURLs"]).collect();
        assert!(paths.iter().any(|p| p.as_array().unwrap().iter().any(|x| x == "/healthz")), "{paths:?}");
        assert_eq!(rules(&store, &User::admin(), "x")["resourceRules"][0]["verbs"][0], "*");
    }
}
