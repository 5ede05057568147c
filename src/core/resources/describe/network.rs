//! Services, Ingresses and EndpointSlices.

use super::model::{Description, list, words};
use crate::resources::Level;
use serde_json::Value;

pub(super) fn service(d: &mut Description, object: &Value) {
    let spec = &object["spec"];
    d.section("Service");
    d.field("Type", &spec["type"])
        .field("Cluster IP", &spec["clusterIP"])
        .field("External name", &spec["externalName"]);
    let addresses = list(&object["status"]["loadBalancer"]["ingress"])
        .map(|i| if i["ip"].is_null() { words(&i["hostname"]) } else { words(&i["ip"]) })
        .collect::<Vec<_>>()
        .join(", ");
    if spec["type"] == "LoadBalancer" && addresses.is_empty() {
        d.item(0, "Address", "none so far: the load balancer has not been made", Level::Warn);
    }
    d.line("Address", addresses).field("Selector", &spec["selector"]);
    let ports = list(&spec["ports"]).map(|p| {
        let node =
            if p["nodePort"].is_null() { String::new() } else { format!(", node port {}", words(&p["nodePort"])) };
        let name = if p["name"].is_null() { String::new() } else { format!("{} ", words(&p["name"])) };
        format!("{name}{}/{} → {}{node}", words(&p["port"]), words(&p["protocol"]), words(&p["targetPort"]))
    });
    d.line("Ports", ports.collect::<Vec<_>>().join("\n"));
    d.field("Affinity", &spec["sessionAffinity"]).field("Traffic policy", &spec["externalTrafficPolicy"]);
}

pub(super) fn ingress(d: &mut Description, object: &Value) {
    let spec = &object["spec"];
    d.section("Ingress");
    d.field("Class", &spec["ingressClassName"]);
    let addresses = list(&object["status"]["loadBalancer"]["ingress"])
        .map(|i| if i["ip"].is_null() { words(&i["hostname"]) } else { words(&i["ip"]) });
    d.line("Address", addresses.collect::<Vec<_>>().join(", "));
    for tls in list(&spec["tls"]) {
        let secret = words(&tls["secretName"]);
        let secret =
            if secret.is_empty() { "the controller's default certificate".into() } else { format!("Secret {secret}") };
        d.line("TLS", format!("{} by {secret}", words(&tls["hosts"])));
    }
    d.section("Rules");
    let backend = |b: &Value| match b["service"].as_object() {
        Some(service) => {
            let port = service.get("port").cloned().unwrap_or_default();
            let port = if port["name"].is_null() { words(&port["number"]) } else { words(&port["name"]) };
            format!("Service {}:{port}", service.get("name").map(words).unwrap_or_default())
        }
        None => format!("{} {}", words(&b["resource"]["kind"]), words(&b["resource"]["name"])),
    };
    for rule in list(&spec["rules"]) {
        let host = words(&rule["host"]);
        let host = if host.is_empty() { "any host".to_string() } else { host };
        for path in list(&rule["http"]["paths"]) {
            let at = words(&path["path"]);
            let at = if at.is_empty() { "/".to_string() } else { at };
            d.line(&format!("{host}{at}"), format!("{} ({})", backend(&path["backend"]), words(&path["pathType"])));
        }
    }
    if !spec["defaultBackend"].is_null() {
        d.line("all else", backend(&spec["defaultBackend"]));
    }
    d.end();
}

pub(super) fn endpoint_slice(d: &mut Description, object: &Value) {
    d.section("Endpoints");
    for endpoint in list(&object["endpoints"]) {
        let ready = endpoint["conditions"]["ready"] != false;
        let target = format!("{} {}", words(&endpoint["targetRef"]["kind"]), words(&endpoint["targetRef"]["name"]));
        let text = format!("{} · {}", if ready { "ready" } else { "not ready" }, target.trim());
        d.item(0, &words(&endpoint["addresses"]), text, if ready { Level::Good } else { Level::Warn });
    }
    let ports = list(&object["ports"]).map(|p| format!("{} {}", words(&p["port"]), words(&p["name"])));
    d.line("Ports", ports.collect::<Vec<_>>().join(", "));
}
