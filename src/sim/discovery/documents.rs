//! The discovery documents: one a group and version, or all in one.

use serde_json::{Value, json};

use super::groups::{groups, resources, subresource, versions};
use crate::storage::{Kind, KindInfo};

/// `/api`.
pub(super) fn core_versions(address: &str) -> Value {
    json!({
        "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

/// `/apis`.
pub(super) fn group_list(kinds: &[Kind]) -> Value {
    let list: Vec<Value> = groups(kinds)
        .iter()
        .filter_map(|g| {
            let mut group = group(kinds, g)?;
            let map = group.as_object_mut()?;
            map.shift_remove("kind");
            map.shift_remove("apiVersion");
            Some(group)
        })
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": list})
}

/// `/apis/GROUP`.
pub(super) fn group(kinds: &[Kind], group: &str) -> Option<Value> {
    let versions = versions(kinds, group);
    let entry = |v: &String| json!({"groupVersion": format!("{group}/{v}"), "version": v});
    let preferred = entry(versions.first()?);
    let versions: Vec<Value> = versions.iter().map(entry).collect();
    Some(
        json!({"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": versions, "preferredVersion": preferred}),
    )
}

/// `/api/v1` and `/apis/GROUP/VERSION`.
pub(super) fn resource_list(kinds: &[Kind], group: &str, version: &str) -> Option<Value> {
    let kinds = resources(kinds, group, version);
    if kinds.is_empty() {
        return None;
    }
    let mut list = Vec::new();
    for kind in &kinds {
        list.push(resource(kind));
        let mut names = kind.subresources.clone();
        names.sort();
        if kind.custom {
            // The real server lists status before scale, for custom kinds only.
            names.reverse();
        }
        for name in names {
            let ((g, v, k), verbs) = subresource(kind, &name);
            let mut entry =
                json!({"name": format!("{}/{name}", kind.plural), "singularName": "", "namespaced": kind.namespaced});
            if g != kind.group || v != kind.version {
                if !g.is_empty() {
                    entry["group"] = g.into();
                }
                entry["version"] = v.into();
            }
            entry["kind"] = k.into();
            entry["verbs"] = json!(verbs);
            list.push(entry);
        }
    }
    let group_version = kinds[0].api_version();
    let mut document = json!({"kind": "APIResourceList"});
    if !group.is_empty() {
        document["apiVersion"] = "v1".into();
    }
    document["groupVersion"] = group_version.into();
    document["resources"] = list.into();
    Some(document)
}

fn resource(kind: &KindInfo) -> Value {
    let mut entry = json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced,
        "kind": kind.kind, "verbs": kind.verbs(),
    });
    if !kind.short_names.is_empty() {
        entry["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        entry["categories"] = json!(kind.categories);
    }
    entry
}

/// All resources of core (`core`) or of all other groups, in one document.
pub(super) fn aggregated(kinds: &[Kind], core: bool, version: &str) -> Value {
    let names = if core { vec![String::new()] } else { groups(kinds) };
    let items: Vec<Value> = names
        .iter()
        .map(|group| {
            let versions: Vec<Value> =
                versions(kinds, group).iter().map(|v| aggregated_version(kinds, group, v)).collect();
            let meta = if group.is_empty() { json!({}) } else { json!({"name": group}) };
            json!({"metadata": meta, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{version}"), "metadata": {}, "items": items})
}

fn aggregated_version(kinds: &[Kind], group: &str, version: &str) -> Value {
    // The group and version of the entry itself are left out.
    let response_kind = |(g, v, k): (String, String, String)| {
        let own = g == group && v == version;
        let (g, v) = if own { (String::new(), String::new()) } else { (g, v) };
        json!({"group": g, "version": v, "kind": k})
    };
    let list: Vec<Value> = resources(kinds, group, version)
        .iter()
        .map(|kind| {
            let own = (kind.group.clone(), kind.version.clone(), kind.kind.clone());
            let mut entry = json!({
                "resource": kind.plural, "responseKind": response_kind(own),
                "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": kind.singular, "verbs": kind.verbs(),
            });
            if !kind.short_names.is_empty() {
                entry["shortNames"] = json!(kind.short_names);
            }
            if !kind.categories.is_empty() {
                entry["categories"] = json!(kind.categories);
            }
            let mut names = kind.subresources.clone();
            names.sort();
            let subs: Vec<Value> = names
                .iter()
                .map(|name| {
                    let (kind, verbs) = subresource(kind, name);
                    json!({"subresource": name, "responseKind": response_kind(kind), "verbs": verbs})
                })
                .collect();
            if !subs.is_empty() {
                entry["subresources"] = subs.into();
            }
            entry
        })
        .collect();
    json!({"version": version, "resources": list, "freshness": "Current"})
}
