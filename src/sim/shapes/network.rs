//! Services with their addresses, and the endpoints behind them.

use super::{names, times};
use crate::value::{at, condition, labels_match, list, map, name, namespace, owned_by, text};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Fills what the API server gives a service: type, cluster IP, families, ports.
pub fn default_service(s: &mut Value) {
    use super::pod::fill;
    let (ns, svc) = (namespace(s).to_owned(), name(s).to_owned());
    let spec = &mut s["spec"];
    fill(spec, "type", "ClusterIP");
    fill(spec, "sessionAffinity", "None");
    for port in spec["ports"].as_array_mut().into_iter().flatten() {
        fill(port, "protocol", "TCP");
        let number = port["port"].clone();
        fill(port, "targetPort", number);
    }
    if spec["type"] == "ExternalName" {
        return;
    }
    let n = names::number(&["clusterIP", &ns, &svc], 250 * 250);
    fill(spec, "clusterIP", format!("10.96.{}.{}", n / 250, n % 250 + 2));
    let ip = spec["clusterIP"].clone();
    fill(spec, "clusterIPs", json!([ip]));
    fill(spec, "ipFamilies", json!(["IPv4"]));
    fill(spec, "ipFamilyPolicy", "SingleStack");
    fill(spec, "internalTrafficPolicy", "Cluster");
    if matches!(spec["type"].as_str(), Some("LoadBalancer" | "NodePort")) {
        fill(spec, "externalTrafficPolicy", "Cluster");
        for (i, port) in spec["ports"].as_array_mut().into_iter().flatten().enumerate() {
            fill(port, "nodePort", 30_000 + names::number(&["nodePort", &ns, &svc, &i.to_string()], 2700));
        }
        if spec["type"] == "LoadBalancer" {
            fill(spec, "allocateLoadBalancerNodePorts", true);
        }
    }
    fill(s, "status", json!({"loadBalancer": {}}));
}

/// A service port's number on a pod: as given, or looked up by name in the pod.
fn target(port: &Value, pod: Option<&Value>) -> Option<i64> {
    let target = match &port["targetPort"] {
        Value::Null => &port["port"],
        given => given,
    };
    let Some(wanted) = target.as_str() else { return target.as_i64() };
    let containers = pod.map(|p| list(p, "spec.containers")).unwrap_or_default();
    containers.iter().flat_map(|c| list(c, "ports")).find(|p| p["name"] == wanted)?["containerPort"].as_i64()
}

fn serves<'a>(service: &Value, pods: &[&'a Value]) -> Vec<&'a Value> {
    let chosen = map(service, "spec.selector");
    pods.iter()
        .copied()
        .filter(|p| namespace(p) == namespace(service) && labels_match(chosen, map(p, "metadata.labels")))
        .filter(|p| !text(p, "status.podIP").is_empty() && !matches!(text(p, "status.phase"), "Succeeded" | "Failed"))
        .collect()
}

/// The endpoint slice and the endpoints of a service over the given pods.
/// Empty for services without a selector.
pub fn endpoints(service: &Value, pods: &[&Value], created: Timestamp) -> Vec<Value> {
    if map(service, "spec.selector").is_none_or(serde_json::Map::is_empty) {
        return Vec::new();
    }
    let behind = serves(service, pods);
    let first = behind.first().copied();
    let ports: Vec<Value> = list(service, "spec.ports")
        .iter()
        .filter_map(|p| {
            Some(json!({"name": p["name"].as_str().unwrap_or_default(), "port": target(p, first)?, "protocol": p["protocol"]}))
        })
        .collect();
    let ready = |p: &Value| condition(p, "Ready")["status"] == "True" && at(p, "metadata.deletionTimestamp").is_null();
    let reference =
        |p: &Value| json!({"kind": "Pod", "name": name(p), "namespace": namespace(p), "uid": p["metadata"]["uid"]});
    let slice_endpoints: Vec<Value> = behind
        .iter()
        .map(|p| {
            let leaving = !at(p, "metadata.deletionTimestamp").is_null();
            json!({
                "addresses": [at(p, "status.podIP")],
                "conditions": {"ready": ready(p), "serving": ready(p), "terminating": leaving},
                "nodeName": at(p, "spec.nodeName"), "targetRef": reference(p),
            })
        })
        .collect();
    let (ns, svc) = (namespace(service), name(service));
    let slice_name = format!("{svc}-{}", names::suffix(&["slice", ns, svc, crate::value::uid(service)], 5));
    let mut labels = at(service, "metadata.labels").as_object().cloned().unwrap_or_default();
    let endpoints_labels = labels.clone();
    labels.insert("endpointslice.kubernetes.io/managed-by".into(), "endpointslice-controller.k8s.io".into());
    labels.insert("kubernetes.io/service-name".into(), svc.into());
    let created = times::text(created);
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "name": slice_name, "generateName": format!("{svc}-"), "namespace": ns, "uid": names::uid(&["EndpointSlice", ns, &slice_name]),
            "creationTimestamp": created, "labels": labels, "ownerReferences": [owned_by(service)], "generation": 1,
        },
        "addressType": "IPv4", "endpoints": slice_endpoints, "ports": ports,
    });
    let address = |p: &&Value| json!({"ip": at(p, "status.podIP"), "nodeName": at(p, "spec.nodeName"), "targetRef": reference(p)});
    let (up, down): (Vec<&Value>, Vec<&Value>) = behind.iter().copied().partition(|p| ready(p));
    let mut subset = json!({"ports": ports});
    if !up.is_empty() {
        subset["addresses"] = up.iter().map(address).collect();
    }
    if !down.is_empty() {
        subset["notReadyAddresses"] = down.iter().map(address).collect();
    }
    let mut endpoints = json!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"name": svc, "namespace": ns, "uid": names::uid(&["Endpoints", ns, svc]), "creationTimestamp": created},
    });
    if !endpoints_labels.is_empty() {
        endpoints["metadata"]["labels"] = endpoints_labels.into();
    }
    if !behind.is_empty() {
        endpoints["subsets"] = json!([subset]);
    }
    vec![slice, endpoints]
}
