//! Groups, versions and resources in the order they are listed, and what subresources are.

use crate::storage::{Kind, KindInfo};

/// Groups in the order the real server lists them; others follow by name.
const GROUP_ORDER: [&str; 18] = [
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
];

/// All groups but core.
pub(crate) fn groups(kinds: &[Kind]) -> Vec<String> {
    let mut names: Vec<String> = kinds.iter().map(|k| k.group.clone()).filter(|g| !g.is_empty()).collect();
    let rank = |g: &String| GROUP_ORDER.iter().position(|o| o == g).unwrap_or(GROUP_ORDER.len());
    names.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    names.dedup();
    names
}

/// The versions of a group, the preferred one first.
pub(crate) fn versions(kinds: &[Kind], group: &str) -> Vec<String> {
    let mut names: Vec<String> = kinds.iter().filter(|k| k.group == group).map(|k| k.version.clone()).collect();
    names.sort_by_key(|v| std::cmp::Reverse(rank(v)));
    names.dedup();
    names
}

/// Stable before beta before alpha, then the higher number.
pub(crate) fn rank(version: &str) -> (u8, u32, u32, std::cmp::Reverse<String>) {
    let number = |text: &str| text.parse::<u32>().ok();
    let plain = std::cmp::Reverse(version.to_owned());
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0, plain) };
    if let Some(major) = number(rest) {
        return (3, major, 0, plain);
    }
    for (word, stage) in [("beta", 2), ("alpha", 1)] {
        if let Some((major, minor)) = rest.split_once(word)
            && let (Some(major), Some(minor)) = (number(major), number(minor))
        {
            return (stage, major, minor, plain);
        }
    }
    (0, 0, 0, plain)
}

/// The kinds of one group and version by name.
pub(crate) fn resources(kinds: &[Kind], group: &str, version: &str) -> Vec<Kind> {
    let mut found: Vec<Kind> = kinds.iter().filter(|k| k.group == group && k.version == version).cloned().collect();
    found.sort_by(|a, b| a.plural.cmp(&b.plural));
    found
}

/// Group, version and kind of what a subresource takes and gives, and its verbs.
pub(crate) fn subresource(kind: &KindInfo, name: &str) -> ((String, String, String), &'static [&'static str]) {
    let own = (kind.group.clone(), kind.version.clone(), kind.kind.clone());
    let other = |g: &str, v: &str, k: &str| (g.to_owned(), v.to_owned(), k.to_owned());
    match name {
        "scale" => (other("autoscaling", "v1", "Scale"), &["get", "patch", "update"]),
        "eviction" => (other("policy", "v1", "Eviction"), &["create"]),
        "binding" => (other("", "v1", "Binding"), &["create"]),
        "token" => (other("authentication.k8s.io", "v1", "TokenRequest"), &["create"]),
        "log" => (own, &["get"]),
        "exec" => (other("", "v1", "PodExecOptions"), &["create", "get"]),
        "attach" => (other("", "v1", "PodAttachOptions"), &["create", "get"]),
        "portforward" => (other("", "v1", "PodPortForwardOptions"), &["create", "get"]),
        "proxy" => {
            (other("", "v1", &format!("{}ProxyOptions", kind.kind)), &["create", "delete", "get", "patch", "update"])
        }
        "finalize" => (own, &["update"]),
        _ => (own, &["get", "patch", "update"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_versions_come_first() {
        let mut versions = vec!["v1alpha1", "v1", "v2beta1", "v2", "v1beta3", "odd"];
        versions.sort_by_key(|v| std::cmp::Reverse(rank(v)));
        assert_eq!(versions, ["v2", "v1", "v2beta1", "v1beta3", "v1alpha1", "odd"]);
    }
}
