//! Defaults of services, and the addresses that the server gives out.

use serde_json::{Value, json};

use super::fill::set;

/// What does not need the other services.
pub(super) fn defaults(object: &mut Value) {
    let spec = &mut object["spec"];
    if !spec.is_object() {
        return;
    }
    set(spec, "type", "ClusterIP");
    set(spec, "sessionAffinity", "None");
    let outside = matches!(spec["type"].as_str(), Some("NodePort" | "LoadBalancer"));
    if outside {
        set(spec, "externalTrafficPolicy", "Cluster");
    }
    if spec["type"] == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", true);
    }
    if spec["type"] != "ExternalName" {
        set(spec, "internalTrafficPolicy", "Cluster");
    }
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        set(port, "protocol", "TCP");
        let own = port["port"].clone();
        set(port, "targetPort", own);
    }
}

/// Gives a new service its address and node ports. `count` spreads the choice, `taken` says what is in use.
pub(crate) fn allocate_service(object: &mut Value, count: usize, taken: impl Fn(&str) -> bool) {
    let spec = &mut object["spec"];
    if !spec.is_object() || spec["type"] == "ExternalName" {
        return;
    }
    if spec["clusterIP"].as_str().unwrap_or_default().is_empty() {
        let free =
            (count as u32 + 2..65_000).map(|n| format!("10.96.{}.{}", (n >> 8) & 255, n & 255)).find(|ip| !taken(ip));
        spec["clusterIP"] = free.unwrap_or_else(|| "10.96.255.254".into()).into();
    }
    set(spec, "clusterIPs", json!([spec["clusterIP"].clone()]));
    // Nobody knows the addresses behind a headless service without a selector.
    let open = spec["clusterIP"] == "None" && spec["selector"].as_object().is_none_or(serde_json::Map::is_empty);
    set(spec, "ipFamilies", if open { json!(["IPv4", "IPv6"]) } else { json!(["IPv4"]) });
    set(spec, "ipFamilyPolicy", if open { "RequireDualStack" } else { "SingleStack" });
    node_ports(spec, count);
}

fn node_ports(spec: &mut Value, count: usize) {
    if !matches!(spec["type"].as_str(), Some("NodePort" | "LoadBalancer"))
        || spec["allocateLoadBalancerNodePorts"] == false
    {
        return;
    }
    for (i, port) in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
        set(port, "nodePort", 30_000 + (count * 7 + i * 3 + 11) % 2_768);
    }
}

/// What an update leaves out but the server has given out stays.
pub(super) fn keep_allocated(old: &Value, new: &mut Value) {
    if new["spec"]["type"] == "ExternalName" {
        return;
    }
    for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"] {
        if !old["spec"][key].is_null() && new["spec"].is_object() {
            set(&mut new["spec"], key, old["spec"][key].clone());
        }
    }
    let before = old["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let outside = matches!(new["spec"]["type"].as_str(), Some("NodePort" | "LoadBalancer"));
    for port in new["spec"].get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let same = before
            .iter()
            .find(|b| b["port"] == port["port"] && (b["protocol"] == port["protocol"] || port["protocol"].is_null()));
        if outside && let Some(node_port) = same.and_then(|b| b.get("nodePort")) {
            set(port, "nodePort", node_port.clone());
        }
    }
    if outside {
        node_ports(&mut new["spec"], before.len());
    }
}
