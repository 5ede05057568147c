//! Rows of services, endpoints, ingresses and network policies.

use super::columns::{AGE, Column, NAME, text, wide};
use super::{age, selector};
use crate::value::{annotation, at, int, list, name, text as str_at};
use jiff::Timestamp;
use serde_json::Value;

/// Columns of services.
pub const SERVICE: &[Column] =
    &[NAME, text("Type"), text("Cluster-IP"), text("External-IP"), text("Port(s)"), AGE, wide("Selector")];
/// Columns of endpoints.
pub const ENDPOINTS: &[Column] = &[NAME, text("Endpoints"), AGE];
/// Columns of endpoint slices.
pub const SLICE: &[Column] = &[NAME, text("AddressType"), text("Ports"), text("Endpoints"), AGE];
/// Columns of ingresses.
pub const INGRESS: &[Column] = &[NAME, text("Class"), text("Hosts"), text("Address"), text("Ports"), AGE];
/// Columns of ingress classes.
pub const INGRESS_CLASS: &[Column] = &[NAME, text("Controller"), text("Parameters"), AGE];
/// Columns of network policies.
pub const POLICY: &[Column] = &[NAME, text("Pod-Selector"), AGE];

/// Addresses of a load balancer, sorted, each once.
fn balancer(object: &Value) -> String {
    let mut addresses: Vec<&str> = list(object, "status.loadBalancer.ingress")
        .iter()
        .map(|i| if str_at(i, "ip").is_empty() { str_at(i, "hostname") } else { str_at(i, "ip") })
        .filter(|a| !a.is_empty())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.join(",")
}

/// One service.
pub fn service(s: &Value, now: Timestamp) -> Vec<Value> {
    let externals: Vec<&str> = list(s, "spec.externalIPs").iter().filter_map(Value::as_str).collect();
    let external = match str_at(s, "spec.type") {
        "ExternalName" => str_at(s, "spec.externalName").to_owned(),
        "LoadBalancer" => {
            let mut all = vec![balancer(s)];
            all.retain(|a| !a.is_empty());
            all.extend(externals.iter().map(|e| (*e).to_owned()));
            if all.is_empty() { "<pending>".into() } else { all.join(",") }
        }
        "ClusterIP" | "NodePort" if externals.is_empty() => "<none>".into(),
        "ClusterIP" | "NodePort" => externals.join(","),
        _ => "<unknown>".into(),
    };
    let ports = list(s, "spec.ports").iter().map(|p| {
        let protocol = if str_at(p, "protocol").is_empty() { "TCP" } else { str_at(p, "protocol") };
        match int(p, "nodePort") {
            0 => format!("{}/{protocol}", int(p, "port")),
            node => format!("{}:{node}/{protocol}", int(p, "port")),
        }
    });
    let ports = ports.collect::<Vec<_>>().join(",");
    vec![
        name(s).into(),
        str_at(s, "spec.type").into(),
        list(s, "spec.clusterIPs").first().and_then(Value::as_str).unwrap_or("<none>").into(),
        external.into(),
        if ports.is_empty() { "<none>".into() } else { ports.into() },
        age::of(s, now),
        selector::labels(s, "spec.selector").into(),
    ]
}

/// `a,b,c + 2 more...`, or `empty` for nothing.
fn shorten(all: Vec<String>, empty: &str) -> String {
    match all.len() {
        0 => empty.into(),
        1..=3 => all.join(","),
        n => format!("{} + {} more...", all[..3].join(","), n - 3),
    }
}

fn host_port(ip: &str, port: i64) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

/// One endpoints object.
pub fn endpoints(e: &Value, now: Timestamp) -> Vec<Value> {
    let mut all = Vec::new();
    for subset in list(e, "subsets") {
        let ips = || list(subset, "addresses").iter().map(|a| str_at(a, "ip").to_owned());
        match list(subset, "ports") {
            [] => all.extend(ips()),
            ports => {
                for port in ports {
                    all.extend(ips().map(|ip| host_port(&ip, int(port, "port"))));
                }
            }
        }
    }
    // Without subsets there is nothing to say; with subsets that have no ready address the cell is empty.
    let empty = if list(e, "subsets").is_empty() { "<none>" } else { "" };
    vec![name(e).into(), shorten(all, empty).into(), age::of(e, now)]
}

/// One endpoint slice. Endpoints that are not ready are listed too, as the server does.
pub fn slice(s: &Value, now: Timestamp) -> Vec<Value> {
    let ports = list(s, "ports").iter().map(|p| match (p["port"].as_i64(), p["name"].as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    });
    let addresses = list(s, "endpoints").iter().flat_map(|e| list(e, "addresses")).filter_map(Value::as_str);
    vec![
        name(s).into(),
        str_at(s, "addressType").into(),
        shorten(ports.collect(), "<unset>").into(),
        shorten(addresses.map(str::to_owned).collect(), "<unset>").into(),
        age::of(s, now),
    ]
}

/// One ingress.
pub fn ingress(i: &Value, now: Timestamp) -> Vec<Value> {
    let class = match str_at(i, "spec.ingressClassName") {
        "" => "<none>",
        class => class,
    };
    let rules = list(i, "spec.rules");
    let named: Vec<&str> = rules.iter().map(|r| str_at(r, "host")).filter(|h| !h.is_empty()).collect();
    let hosts = match named.len() {
        0 => "*".to_owned(),
        1..=3 => named.join(","),
        _ => format!("{} + {} more...", named[..3].join(","), rules.len() - 3),
    };
    let ports = if list(i, "spec.tls").is_empty() { "80" } else { "80, 443" };
    vec![name(i).into(), class.into(), hosts.into(), balancer(i).into(), ports.into(), age::of(i, now)]
}

/// One ingress class; the default one says so behind its name.
pub fn ingress_class(c: &Value, now: Timestamp) -> Vec<Value> {
    let default = annotation(c, "ingressclass.kubernetes.io/is-default-class") == Some("true");
    let parameters = at(c, "spec.parameters");
    let parameters = match (str_at(parameters, "kind"), str_at(parameters, "apiGroup")) {
        ("", _) => "<none>".to_owned(),
        (kind, "") => format!("{kind}/{}", str_at(parameters, "name")),
        (kind, group) => format!("{kind}.{group}/{}", str_at(parameters, "name")),
    };
    let shown = if default { format!("{} (default)", name(c)) } else { name(c).to_owned() };
    vec![shown.into(), str_at(c, "spec.controller").into(), parameters.into(), age::of(c, now)]
}

/// One network policy.
pub fn policy(p: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(p).into(), selector::selector(p, "spec.podSelector").into(), age::of(p, now)]
}
